// How many requests a master relays at once, and how fast: they share its loop with all else.

/** All that are relayed at once; those of one address, as many pages have; those to one agent. */
const MOST = 1_024;
const MOST_OF_ORIGIN = 128;
const MOST_TO_AGENT = 128;

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
  /** What waits, by the address that it is for; whose turn is next comes first. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #timer: NodeJS.Timeout | undefined;

  /** How many are relayed. */
  get size(): number {
    return this.#count;
  }

  /** Called when a relay is over; or why there is no room for one. */
  take(origin: string, agent: string): (() => void) | { readonly full: string } {
    if (this.#count >= MOST) {
      return { full: `${MOST} requests are relayed to agents, which is as many as may be` };
    }
    if (this.#of(`from ${origin}`) >= MOST_OF_ORIGIN) {
      return {
        full: `${MOST_OF_ORIGIN} requests of ${origin} are relayed to agents, which is as many as may be`,
      };
    }
    if (this.#of(`to ${agent}`) >= MOST_TO_AGENT) {
      return {
        full: `${MOST_TO_AGENT} requests are relayed to agent ${agent}, which is as many as may be`,
      };
    }
    this.#add(origin, agent, 1);
    let isOver = false;
    return () => {
      if (!isOver) {
        isOver = true;
        this.#add(origin, agent, -1);
      }
    };
  }

  /** Calls back when so many more bytes may pass. Addresses take turns, however much they ask. */
  pass(origin: string, bytes: number, go: () => void): void {
    if (this.#bytes > 0 && this.#waiting.size === 0) {
      this.#spend(bytes);
      go();
      return;
    }
    const waiting = this.#waiting.get(origin) ?? [];
    this.#waiting.set(origin, waiting);
    waiting.push(() => {
      this.#spend(bytes);
      go();
    });
  }

  #next(): (() => void) | undefined {
    for (const [origin, waiting] of this.#waiting) {
      const next = waiting.shift();
      this.#waiting.delete(origin);
      if (waiting.length > 0) {
        this.#waiting.set(origin, waiting);
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

  #add(origin: string, agent: string, sign: 1 | -1): void {
    this.#count += sign;
    for (const key of [`from ${origin}`, `to ${agent}`]) {
      const count = this.#of(key) + sign;
      if (count === 0) {
        this.#byKey.delete(key);
      } else {
        this.#byKey.set(key, count);
      }
    }
  }
}
