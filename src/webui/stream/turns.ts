// Long work in turns with all else that the page does.

/** How long it may hold up the page at once: half a frame. */
const TURN_MS = 8;

let turnBeganMs = 0;

/** Resolves at once where the turn is not over yet. */
export async function giveWay(): Promise<void> {
  if (performance.now() - turnBeganMs < TURN_MS) {
    return;
  }
  await new Promise((resolve) => {
    window.setTimeout(resolve);
  });
  turnBeganMs = performance.now();
}
