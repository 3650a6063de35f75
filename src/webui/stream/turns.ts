// Long work in turns with all else that the page does.

/** How long it may hold up the page at once: half a frame. */
const TURN_MS = 8;

let turnBeganMs = 0;

/** Messages come in turn; browsers delay timers of long work by some milliseconds each. */
const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.onmessage = () => waiting.shift()?.();

const turn = () =>
  new Promise<void>((resolve) => {
    waiting.push(resolve);
    channel.port2.postMessage(undefined);
  });

/** Resolves at once where the turn is not over yet. */
export async function giveWay(): Promise<void> {
  if (performance.now() - turnBeganMs < TURN_MS) {
    return;
  }
  await turn();
  turnBeganMs = performance.now();
}
