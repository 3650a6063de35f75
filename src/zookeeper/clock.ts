// The time that waits for ZooKeeper are measured in: it goes on evenly, whatever is set as the time
// of day. A simulation has a clock of its own.
export interface Clock {
  nowMs(): number;
  /** What it returns cancels that. */
  after(delayMs: number, run: () => void): () => void;
}

export const evenClock: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
