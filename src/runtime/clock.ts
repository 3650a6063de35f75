// The source of time at the edges. Pure rooms have no clock: events bring them the time.

export interface Clock {
  /** Milliseconds since 1970. */
  nowMs(): number;
}

export const systemClock: Clock = { nowMs: () => Date.now() };
