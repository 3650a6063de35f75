// What others cause, as often as they like, on its way to a log: those that are alike are told
// together, soon for the first time, and then the less often the longer they go on. So nobody
// pushes what a log holds out of its files, and what is known of each meanwhile has a bound.

/** Those that are alike, and that have come since the last time. */
export interface Gathered<Item, Caller> {
  /** The first of them; none where they have no line of their own. */
  readonly items: readonly Item[];
  /** Undefined: many. */
  readonly caller: Caller | undefined;
  readonly count: number;
}

interface GathererOptions<Item, Caller> {
  readonly tell: (gathered: Gathered<Item, Caller>) => void;
  /** The most items that are told together; the others are counted. */
  readonly mostItems: number;
  /** The first one of a kind is told by itself, before `add` returns; not after a tick. */
  readonly isFirstAtOnce?: boolean;
}

/** How long the first ones are gathered; pauses are counted in it. */
const TICK_MS = 200;
/** How long the next ones are gathered: each time twice as long as before. */
const FIRST_PAUSE = 1_000 / TICK_MS;
const LONGEST_PAUSE = 64_000 / TICK_MS;
/** Without any for so long, the next one is a first one. */
const FORGOTTEN_AFTER = 600_000 / TICK_MS;

/** Kinds that are known at once, and those of one caller; what comes beyond is counted together. */
const MOST_KINDS = 1_024;
const MOST_OF_CALLER = 128;

interface Kind<Item, Caller> {
  readonly caller: Caller | undefined;
  /** The caller, for the bound. */
  readonly whose: string;
  readonly hasOwnLine: boolean;
  items: Item[];
  /** Those that are not told yet. */
  count: number;
  /** Ticks. */
  pause: number;
  wait: number;
  quiet: number;
}

/** `Caller`: as plain data. */
export class Gatherer<Item, Caller> {
  readonly #options: GathererOptions<Item, Caller>;
  readonly #kinds = new Map<string, Kind<Item, Caller>>();
  readonly #ofCaller = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: GathererOptions<Item, Caller>) {
    this.#options = options;
  }

  /** `what`: in what they are alike. `itemOf` is called for the few that are told. */
  add(caller: Caller, what: string, itemOf: () => Item, count = 1): void {
    const kind = this.#kindOf(caller, what);
    if (kind.hasOwnLine && kind.items.length < this.#options.mostItems) {
      kind.items.push(itemOf());
    }
    kind.count += count;
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref();
    const isFirst = kind.hasOwnLine && kind.pause === FIRST_PAUSE;
    if (isFirst && this.#options.isFirstAtOnce === true) {
      this.#tellInTurn(kind);
    }
  }

  /** Tells of what has been gathered, and begins anew. */
  flush(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    const kinds = [...this.#kinds.values()];
    this.#kinds.clear();
    this.#ofCaller.clear();
    for (const kind of kinds) {
      this.#tellOf(kind);
    }
  }

  #kindOf(caller: Caller, what: string): Kind<Item, Caller> {
    const whose = JSON.stringify(caller);
    const key = `${whose} ${what}`;
    const known = this.#kinds.get(key);
    if (known !== undefined) {
      return known;
    }
    const ofCaller = this.#ofCaller.get(whose) ?? 0;
    if (this.#kinds.size < MOST_KINDS && ofCaller < MOST_OF_CALLER) {
      this.#ofCaller.set(whose, ofCaller + 1);
      return this.#begin(key, { caller, whose, hasOwnLine: true });
    }
    const rest = ofCaller === 0 ? 'rest' : `rest ${whose}`;
    return (
      this.#kinds.get(rest) ??
      this.#begin(rest, {
        caller: ofCaller === 0 ? undefined : caller,
        whose,
        hasOwnLine: false,
      })
    );
  }

  #begin(
    key: string,
    kind: Pick<Kind<Item, Caller>, 'caller' | 'whose' | 'hasOwnLine'>,
  ): Kind<Item, Caller> {
    const begun = { ...kind, items: [], count: 0, pause: FIRST_PAUSE, wait: 1, quiet: 0 };
    this.#kinds.set(key, begun);
    return begun;
  }

  #tick(): void {
    for (const [key, kind] of this.#kinds) {
      kind.wait--;
      if (kind.count === 0) {
        kind.quiet++;
        if (kind.quiet >= FORGOTTEN_AFTER) {
          this.#forget(key, kind);
        }
      } else if (kind.wait <= 0) {
        this.#tellInTurn(kind);
      }
    }
    if (this.#kinds.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  #tellInTurn(kind: Kind<Item, Caller>): void {
    this.#tellOf(kind);
    kind.wait = kind.pause;
    kind.pause = Math.min(kind.pause * 2, LONGEST_PAUSE);
  }

  #tellOf(kind: Kind<Item, Caller>): void {
    const { items, caller, count } = kind;
    if (count > 0) {
      kind.items = [];
      kind.count = 0;
      kind.quiet = 0;
      this.#options.tell({ items, caller, count });
    }
  }

  #forget(key: string, { whose, hasOwnLine }: Kind<Item, Caller>): void {
    this.#kinds.delete(key);
    const left = (this.#ofCaller.get(whose) ?? 0) - (hasOwnLine ? 1 : 0);
    if (left > 0) {
      this.#ofCaller.set(whose, left);
    } else {
      this.#ofCaller.delete(whose);
    }
  }
}
