// How many requests a master relays at once, and how fast: they share its loop with all else. A
// party - a principal, or an address where nobody says who he is - has no more than a quarter of
// what is free beside it, so that who has nothing yet finds room beside a few that hold all they
// can, however long an agent takes to decide about those.

/** All that are relayed at once; those of one party, as many pages have; those to one agent. */
const MOST = 1_024;
const MOST_OF_PARTY = 128;
const MOST_TO_AGENT = 256;

/** What of all bodies together goes through in a second: a twentieth of a loop's time, or so. */
const BYTES_PER_SECOND = 64 * 1024 * 1024;
/** A share of a second after which the next part of these bytes may pass. */
const TICK_MS = 20;
const BYTES_PER_TICK = (BYTES_PER_SECOND * TICK_MS) / 1_000;

export class RelayRoom {
  readonly #byKey = new Map<string, number>();
  #count = 0;
  /** What may pass at once. */
  #bytes = BYTES_PER_TICK;
  /** What waits, by the party that it is for; whose turn is next comes first. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #timer: NodeJS.Timeout | undefined;

  /** How many are relayed. */
  get size(): number {
    return this.#count;
  }

  /** Called when a relay is over; or why there is no room for one. */
  take(party: string, agent: string): (() => void) | { readonly full: string } {
    const [to, both] = [`to ${agent}`, `to ${agent} of ${party}`];
    const [own, ownThere] = [this.#of(party), this.#of(both)];
    if (own >= MOST_OF_PARTY || own >= quarter(MOST - this.#count)) {
      return {
        full: `${own} requests of ${party} are relayed to agents, and others need room, too`,
      };
    }
    if (ownThere >= quarter(MOST_TO_AGENT - this.#of(to))) {
      return {
        full: `${ownThere} requests of ${party} are relayed to agent ${agent}, and others need room, too`,
      };
    }
    const keys = [party, to, both];
    this.#add(keys, 1);
    let isOver = false;
    return () => {
      if (!isOver) {
        isOver = true;
        this.#add(keys, -1);
      }
    };
  }

  /** Calls back when so many more bytes may pass. Parties take turns, however much they ask. */
  pass(party: string, bytes: number, go: () => void): void {
    if (this.#bytes > 0 && this.#waiting.size === 0) {
      this.#spend(bytes);
      go();
      return;
    }
    const waiting = this.#waiting.get(party) ?? [];
    this.#waiting.set(party, waiting);
    waiting.push(() => {
      this.#spend(bytes);
      go();
    });
  }

  #next(): (() => void) | undefined {
    for (const [party, waiting] of this.#waiting) {
      const next = waiting.shift();
      this.#waiting.delete(party);
      if (waiting.length > 0) {
        this.#waiting.set(party, waiting);
      }
      return next;
    }
    return undefined;
  }

  #spend(bytes: number): void {
    this.#bytes -= bytes;
    this.#timer ??= setTimeout(() => this.#tick(), TICK_MS).unref();
  }

  #tick(): void {
    this.#timer = undefined;
    this.#bytes = Math.min(BYTES_PER_TICK, this.#bytes + BYTES_PER_TICK);
    while (this.#bytes > 0) {
      const next = this.#next();
      if (next === undefined) {
        break;
      }
      next();
    }
    if (this.#waiting.size > 0) {
      this.#timer ??= setTimeout(() => this.#tick(), TICK_MS).unref();
    }
  }

  #of(key: string): number {
    return this.#byKey.get(key) ?? 0;
  }

  #add(keys: readonly string[], sign: 1 | -1): void {
    this.#count += sign;
    for (const key of keys) {
      const count = this.#of(key) + sign;
      if (count === 0) {
        this.#byKey.delete(key);
      } else {
        this.#byKey.set(key, count);
      }
    }
  }
}

const quarter = (free: number) => Math.ceil(free / 4);
