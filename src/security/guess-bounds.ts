// How many secrets may be tried, whatever they come with. Each place (an address, or a network of
// IPv6) has a number of tries, which come back with time. A principal that many places guess at is
// tried from each of them once a minute; a place that has not guessed wrong meanwhile may always
// try, so that nobody is locked out by those elsewhere.
import { networkOf } from '../model/origin.ts';

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
  readonly backMs: number;
  readonly lastMs: number;
  /** The latest wrong ones. */
  readonly wrong: readonly string[];
}

/** From where, and at whose secret; `principal` is empty for one that is not known. */
interface Guess {
  readonly address: string;
  readonly principal: string;
}

export class GuessBounds {
  /** Those that have guessed wrong, who did so longest ago first. */
  private readonly places = new Map<string, Place>();
  /** By principal, when all tries are back; those not known share one. */
  private readonly principals = new Map<string, number>();

  /** How long the next try has to wait; 0 for one that may be made. */
  waitMs({ address, principal }: Guess, nowMs: number): number {
    const place = this.places.size === 0 ? undefined : this.places.get(networkOf(address));
    if (place === undefined) {
      return 0;
    }
    const ofPlace = place.backMs - (TRIES_OF_PLACE - 1) * PLACE_MS - nowMs;
    const backMs = this.principals.get(principal) ?? 0;
    const isGuessedAt = backMs - (TRIES_OF_PRINCIPAL - 1) * PRINCIPAL_MS > nowMs;
    return Math.max(0, ofPlace, isGuessedAt ? place.lastMs + PAUSE_MS - nowMs : 0);
  }

  /** False for one that was tried before there, and is no guess; an undefined one is always new. */
  wrong({ address, principal }: Guess, tried: string | undefined, nowMs: number): boolean {
    const name = networkOf(address);
    const place = this.places.get(name) ?? { backMs: 0, lastMs: 0, wrong: [] };
    if (tried !== undefined && place.wrong.includes(tried)) {
      return false;
    }
    const backMs = this.principals.get(principal) ?? 0;
    this.principals.set(principal, Math.max(nowMs, backMs) + PRINCIPAL_MS);
    this.places.delete(name);
    this.places.set(name, {
      backMs: Math.max(nowMs, place.backMs) + PLACE_MS,
      lastMs: nowMs,
      wrong: tried === undefined ? [] : [...place.wrong.slice(1 - MAX_REPEATED), tried],
    });
    this.forget(nowMs);
    return true;
  }

  private forget(nowMs: number): void {
    for (const [name, { backMs, lastMs }] of this.places) {
      const isOver = backMs <= nowMs && lastMs + PAUSE_MS <= nowMs;
      if (!isOver && this.places.size <= MAX_PLACES) {
        break;
      }
      this.places.delete(name);
    }
  }
}
