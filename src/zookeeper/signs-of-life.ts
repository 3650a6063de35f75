// How long a session lasts for sure, by the signs of life that were answered. The ensemble's leader
// ends a session when it has not heard of it for the timeout; a server tells the leader which
// sessions it has heard of with each answer to a ping, every half tick.
//
// A read is answered by one server from its own copy. That server may be cut off from the others,
// which it notices after some ticks: until then, its answers prove nothing. So who leads by a
// session has its signs agreed on by the ensemble, as if each were a change. One that is answered
// proves that the server was not cut off, and that the leader has heard of the sign before it:
// between two of them there is a ping, for a timeout has at least two ticks.

export interface SignsOptions {
  readonly timeoutMs: number;
  /** Whether the signs are agreed on. */
  readonly areAgreed: boolean;
  readonly nowMs: number;
}

/**
 * The parts of the timeout: a sign is sent after one, and a connection without any given up after
 * two, so that there is time to find another server.
 */
const PARTS = 3;
/** Here the first part has passed before the sign that counts is answered. */
const PARTS_OF_AGREED = 4;

export class SignsOfLife {
  readonly #areAgreed: boolean;
  #timeoutMs: number;
  #sentMs = -Infinity;
  #isOpen = false;
  /** From when on the ensemble counts at the earliest; undefined before the first answer. */
  #heldSinceMs: number | undefined;
  /**
   * When a sign was sent, or a connection looked for, of which the leader has heard if the next one
   * is answered: it is told of each new connection.
   */
  #beforeMs: number;
  /** When the present connection, or the search for one, has last shown that it works. */
  #seenMs: number;

  constructor({ timeoutMs, areAgreed, nowMs }: SignsOptions) {
    this.#timeoutMs = timeoutMs;
    this.#areAgreed = areAgreed;
    this.#beforeMs = nowMs;
    this.#seenMs = nowMs;
  }

  get partMs(): number {
    return this.#timeoutMs / (this.#areAgreed ? PARTS_OF_AGREED : PARTS);
  }

  /** Whether there was an answer ever. */
  get isProved(): boolean {
    return this.#heldSinceMs !== undefined;
  }

  isHeld(nowMs: number): boolean {
    return this.#heldSinceMs !== undefined && nowMs < this.#heldSinceMs + this.#timeoutMs;
  }

  isDue(nowMs: number): boolean {
    return !this.#isOpen && nowMs - this.#sentMs >= this.partMs;
  }

  /** Nothing has come for so long that another connection is better. */
  isSilent(nowMs: number): boolean {
    return nowMs - this.#seenMs >= 2 * this.partMs;
  }

  /** The ensemble has its own bounds for the timeout. */
  connected(timeoutMs: number, nowMs: number): void {
    this.#timeoutMs = timeoutMs;
    this.#seenMs = nowMs;
  }

  /** A connection has ended, or was given up, and another one is looked for. */
  interrupted(nowMs: number): void {
    this.#isOpen = false;
    this.#seenMs = nowMs;
    this.#beforeMs = nowMs;
  }

  sent(nowMs: number): void {
    this.#isOpen = true;
    this.#sentMs = nowMs;
  }

  /** The last sign that was sent is answered. */
  answered(nowMs: number): void {
    const sinceMs = this.#areAgreed ? this.#beforeMs : this.#sentMs;
    this.#heldSinceMs = Math.max(this.#heldSinceMs ?? -Infinity, sinceMs);
    this.#beforeMs = this.#sentMs;
    this.#seenMs = nowMs;
    this.#isOpen = false;
  }
}
