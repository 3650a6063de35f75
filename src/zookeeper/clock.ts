// The time that waits for ZooKeeper are measured in: it goes on evenly, whatever is set as the time
// of day. A simulation has a clock of its own.
export interface Clock {
  nowMs(): number;
  /** What it returns cancels that. */
  after(delayMs: number, run: () => void): () => void;
}

/** A longer delay would end at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

export const evenClock: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, Math.min(delayMs, LONGEST_DELAY_MS));
    return () => clearTimeout(timer);
  },
};
