// How many secrets may be tried. What counts is a wrong one that is new: a client that repeats an
// old secret guesses nothing. Each place (an address, or a network of IPv6) has a number of tries,
// which come back with time. A principal that many places guess at is tried from each of them once
// a minute; a place that has not guessed wrong meanwhile may always try, so that nobody is locked
// out by those elsewhere. Nor is who has an open connection on which the secret was right.
import { createHmac, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { networkOf } from '../../model/origin.ts';

/** Wrong ones of a place at once, and after how long each next one. */
const TRIES_OF_PLACE = 20;
const PLACE_MS = 3_000;
/** The same of a principal, by all places together. */
const TRIES_OF_PRINCIPAL = 100;
const PRINCIPAL_MS = 6_000;
/** How long a place that has guessed waits, once the tries of the principal are used up. */
const PAUSE_MS = 60_000;

/** Places are forgotten when their tries are back, or when there are more than these. */
const MAX_PLACES = 4_096;
/** Wrong ones of a place that are known when they come again. */
const MAX_REPEATED = 8;

interface Place {
  /** When all tries are back. */
  backMs: number;
  lastMs: number;
  /** Digests of the latest wrong ones. */
  readonly wrong: string[];
}

export class Guesses {
  readonly #nowMs: () => number;
  readonly #key = randomBytes(32);
  /** Those that have guessed wrong, who did so longest ago first. */
  readonly #places = new Map<string, Place>();
  /** By principal of credentials, when all tries are back; those not known share one. */
  readonly #principals = new Map<string, number>();
  /** As whom somebody was right there, and nobody wrong since. */
  readonly #right = new WeakMap<Duplex, string>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** How long the next try has to wait; 0 for one that may be made. */
  waitMs(address: string, principal: string, connection: Duplex | undefined): number {
    const place = this.#places.size === 0 ? undefined : this.#places.get(networkOf(address));
    if (place === undefined || this.#isRight(principal, connection)) {
      return 0;
    }
    const nowMs = this.#nowMs();
    const ofPlace = place.backMs - (TRIES_OF_PLACE - 1) * PLACE_MS - nowMs;
    const backMs = this.#principals.get(principal) ?? 0;
    const isGuessedAt = backMs - (TRIES_OF_PRINCIPAL - 1) * PRINCIPAL_MS > nowMs;
    return Math.max(0, ofPlace, isGuessedAt ? place.lastMs + PAUSE_MS - nowMs : 0);
  }

  right(principal: string, connection: Duplex | undefined): void {
    if (connection !== undefined && !this.#isRight(principal, connection)) {
      this.#right.set(connection, principal);
    }
  }

  /** `principal` is empty for one that is not known. */
  wrong(tried: string, address: string, principal: string, connection: Duplex | undefined): void {
    const nowMs = this.#nowMs();
    const name = networkOf(address);
    const place = this.#places.get(name) ?? { backMs: 0, lastMs: 0, wrong: [] };
    const digest = createHmac('sha256', this.#key).update(tried).digest('base64');
    if (place.wrong.includes(digest)) {
      return;
    }
    if (connection !== undefined) {
      this.#right.delete(connection);
    }
    place.wrong.splice(0, place.wrong.length - MAX_REPEATED + 1);
    place.wrong.push(digest);
    place.backMs = Math.max(nowMs, place.backMs) + PLACE_MS;
    place.lastMs = nowMs;
    this.#principals.set(
      principal,
      Math.max(nowMs, this.#principals.get(principal) ?? 0) + PRINCIPAL_MS,
    );
    this.#places.delete(name);
    this.#places.set(name, place);
    this.#forget(nowMs);
  }

  #isRight(principal: string, connection: Duplex | undefined): boolean {
    return connection !== undefined && this.#right.get(connection) === principal;
  }

  #forget(nowMs: number): void {
    for (const [name, { backMs, lastMs }] of this.#places) {
      const isOver = backMs <= nowMs && lastMs + PAUSE_MS <= nowMs;
      if (!isOver && this.#places.size <= MAX_PLACES) {
        break;
      }
      this.#places.delete(name);
    }
  }
}
