// Where time comes from at the edges. Pure rooms never see a clock: time reaches them in events.

export interface Clock {
  /** Milliseconds since 1970. */
  nowMs(): number;
}

export const systemClock: Clock = { nowMs: () => Date.now() };
