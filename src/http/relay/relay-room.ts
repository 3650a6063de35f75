// How many requests a master relays at once, and how fast: they share its loop with all else. A
// party - a principal, or an address where nobody says who he is - has no more than a quarter of
// what is free beside it, so that who has nothing yet finds room beside a few that hold all they
// can, however long an agent takes to decide about those. Where many hold all there is, who has
// less than half of what another has gets the newest place of that one: nobody is kept out by
// parties of whom one has two places.

/** All that are relayed at once; those of one party, as many pages have; those to one agent. */
const MOST = 1_024;
const MOST_OF_PARTY = 128;
const MOST_TO_AGENT = 256;

/** What of all bodies together goes through in a second: a twentieth of a loop's time, or so. */
const BYTES_PER_SECOND = 64 * 1024 * 1024;
/** A share of a second after which the next part of these bytes may pass. */
const TICK_MS = 20;
const BYTES_PER_TICK = (BYTES_PER_SECOND * TICK_MS) / 1_000;

/** What who has lost a place is told. */
export const GIVEN_WAY = 'Others need room, and you have most of what is relayed to agents';

/** The place of one request. */
export interface RelayPlace {
  /** Called when the relay is over. */
  over(): void;
  /** Ends the relay, whose place another party has got. Whoever has the place sets this. */
  giveWay: () => void;
}

interface Held extends RelayPlace {
  readonly party: string;
  readonly agent: string;
}

export class RelayRoom {
  /** The oldest first. */
  readonly #held = new Set<Held>();
  readonly #byKey = new Map<string, number>();
  /** What may pass at once. */
  #bytes = BYTES_PER_TICK;
  /** What waits, by the party that it is for; whose turn is next comes first. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #timer: NodeJS.Timeout | undefined;

  /** How many are relayed. */
  get size(): number {
    return this.#held.size;
  }

  /** A place, or why there is no room for one. */
  take(party: string, agent: string): RelayPlace | { readonly full: string } {
    const [to, both] = [`to ${agent}`, `to ${agent} of ${party}`];
    const [own, ownThere] = [this.#of(party), this.#of(both)];
    const isFull = own >= quarter(MOST - this.size);
    const isFullThere = ownThere >= quarter(MOST_TO_AGENT - this.#of(to));
    const leaving = isFull ? this.#newestOfMost(own, () => true) : undefined;
    const leavingThere = isFullThere
      ? this.#newestOfMost(ownThere, (held) => held.agent === agent)
      : undefined;
    if (own >= MOST_OF_PARTY || (isFull && leaving === undefined)) {
      return {
        full: `${own} requests of ${party} are relayed to agents, and others need room, too`,
      };
    }
    if (isFullThere && leavingThere === undefined) {
      return {
        full: `${ownThere} requests of ${party} are relayed to agent ${agent}, and others need room, too`,
      };
    }
    for (const held of [leaving, leavingThere]) {
      held?.over();
      held?.giveWay();
    }
    return this.#hold(party, agent);
  }

  #hold(party: string, agent: string): RelayPlace {
    const keys = [party, `to ${agent}`, `to ${agent} of ${party}`];
    const held: Held = {
      ...{ party, agent },
      giveWay: () => {},
      over: () => {
        if (this.#held.delete(held)) {
          this.#add(keys, -1);
        }
      },
    };
    this.#held.add(held);
    this.#add(keys, 1);
    return held;
  }

  /** The newest place, of those that fit, of who has most, where one more is half of that. */
  #newestOfMost(own: number, fits: (held: Held) => boolean): Held | undefined {
    const fitting = [...this.#held].filter(fits);
    const counts = new Map<string, number>();
    let [most, count] = ['', 0];
    for (const { party } of fitting) {
      const more = (counts.get(party) ?? 0) + 1;
      counts.set(party, more);
      if (more > count) {
        [most, count] = [party, more];
      }
    }
    return count < 2 * (own + 1) ? undefined : fitting.findLast(({ party }) => party === most);
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
