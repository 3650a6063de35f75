// Messages of agents name sandboxes by their whole paths, which hide the rest of a line.

/** The longest path that a person reads. */
const LONGEST = 60;

/** Long paths without their middle; results.jsonl has them whole. */
export const withShortPaths = (message: string): string =>
  message.replaceAll(/\/[^\s'",;]+/g, (path) =>
    path.length <= LONGEST ? path : `${path.slice(0, LONGEST / 2)}…${path.slice(-LONGEST / 4)}`,
  );
