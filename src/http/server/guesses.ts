// Secrets that come with requests, and are wrong. What counts is one that is new: a client that
// repeats an old secret guesses nothing. Nor has anybody to wait who has an open connection on
// which the secret was right. How many may be tried otherwise: security/guess-bounds.ts.
import { createHmac, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { GuessBounds } from '../../security/guess-bounds.ts';

export class Guesses {
  readonly #nowMs: () => number;
  readonly #key = randomBytes(32);
  readonly #bounds = new GuessBounds();
  /** As whom somebody was right there, and nobody wrong since. */
  readonly #right = new WeakMap<Duplex, string>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** How long the next try has to wait; 0 for one that may be made. */
  waitMs(address: string, principal: string, connection: Duplex | undefined): number {
    return this.#isRight(principal, connection)
      ? 0
      : this.#bounds.waitMs({ address, principal }, this.#nowMs());
  }

  right(principal: string, connection: Duplex | undefined): void {
    if (connection !== undefined && !this.#isRight(principal, connection)) {
      this.#right.set(connection, principal);
    }
  }

  /** `principal` is empty for one that is not known. */
  wrong(tried: string, address: string, principal: string, connection: Duplex | undefined): void {
    const digest = createHmac('sha256', this.#key).update(tried).digest('base64');
    const isNew = this.#bounds.wrong({ address, principal }, digest, this.#nowMs());
    if (isNew && connection !== undefined) {
      this.#right.delete(connection);
    }
  }

  #isRight(principal: string, connection: Duplex | undefined): boolean {
    return connection !== undefined && this.#right.get(connection) === principal;
  }
}
