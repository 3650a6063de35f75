// The source of time at the edges. Pure rooms have no clock: events bring them the time.

export interface Clock {
  /** Milliseconds since 1970. */
  nowMs(): number;
}

/** The system's clock, which can be set: for what is compared with others' clocks. */
export const systemClock: Clock = { nowMs: () => Date.now() };

/** How fast a steady clock goes while the system's is behind it. */
const SLOW = 0.9;

/**
 * The time of state machines, which wait until a moment has come, by comparing it. It follows the
 * system's clock, and never goes back: where that is set back by an hour, all that waits would do
 * so for an hour more. Then it goes a tenth slower until the two meet.
 */
export class SteadyClock implements Clock {
  readonly #system: Clock;
  readonly #elapsedMs: () => number;
  #nowMs: number;
  #readMs: number;

  /** `elapsedMs` are milliseconds that nobody sets. */
  constructor(system = systemClock, elapsedMs = () => performance.now()) {
    this.#system = system;
    this.#elapsedMs = elapsedMs;
    this.#nowMs = system.nowMs();
    this.#readMs = elapsedMs();
  }

  /** A whole number. */
  nowMs(): number {
    const readMs = this.#elapsedMs();
    const slowMs = this.#nowMs + (readMs - this.#readMs) * SLOW;
    this.#nowMs = Math.max(this.#system.nowMs(), slowMs);
    this.#readMs = readMs;
    return Math.floor(this.#nowMs);
  }
}

/** That of this process. */
export const steadyClock: Clock = new SteadyClock();
