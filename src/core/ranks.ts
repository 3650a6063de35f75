// Gives names whole numbers that order like the names, so that the module can break ties by name without
// knowing any. New names get numbers between their neighbours; when there is no room, those around are renumbered.

const LIMIT = 1 << 24;
const STEP = 256;
/** The least distance that renumbering leaves between neighbours, unless it comes to all of them. */
const ROOM = 16;

/** The order of names: by code units, which for ids and roles is the order of their bytes. */
const before = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

export class Ranks {
  readonly #names: string[] = [];
  readonly #ranks: number[] = [];
  /** Called for every name that gets another number; not for the one being added. */
  readonly #renumbered: (name: string, rank: number) => void;

  constructor(renumbered: (name: string, rank: number) => void) {
    this.#renumbered = renumbered;
  }

  #find(name: string): number {
    let low = 0;
    let high = this.#names.length;
    // Names mostly come in order.
    if (high > 0 && before(this.#names[high - 1] as string, name) < 0) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (before(this.#names[middle] as string, name) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  add(name: string): number {
    const at = this.#find(name);
    if (this.#names[at] === name) return this.#ranks[at] as number;
    const low = at === 0 ? 0 : (this.#ranks[at - 1] as number);
    const high = at === this.#ranks.length ? LIMIT : (this.#ranks[at] as number);
    const rank = Math.min(low + STEP, (low + high) >> 1);
    this.#names.splice(at, 0, name);
    this.#ranks.splice(at, 0, rank);
    if (rank > low && rank < high) return rank;
    this.#makeRoom(at);
    return this.#ranks[at] as number;
  }

  /** Spreads the ranks around a place evenly, over as many neighbours as it takes to find room. */
  #makeRoom(at: number): void {
    const last = this.#names.length - 1;
    for (let width = 16; ; width *= 2) {
      const from = Math.max(0, at - width);
      const to = Math.min(last, at + width);
      const low = from === 0 ? 0 : (this.#ranks[from - 1] as number);
      const high = to === last ? LIMIT : (this.#ranks[to + 1] as number);
      // Behind the last one stays room for those to come.
      const even = Math.floor((high - low) / (to - from + 2));
      const step = to === last ? Math.min(even, STEP) : even;
      if (step < ROOM && (from > 0 || to < last)) continue;
      for (let index = from; index <= to; index++) {
        this.#ranks[index] = low + (index - from + 1) * step;
      }
      for (let index = from; index <= to; index++) {
        if (index === at) continue;
        this.#renumbered(this.#names[index] as string, this.#ranks[index] as number);
      }
      return;
    }
  }

  remove(name: string): void {
    const at = this.#find(name);
    if (this.#names[at] !== name) return;
    this.#names.splice(at, 1);
    this.#ranks.splice(at, 1);
  }

  /** Names and ranks in order, to be given to `restore` of an empty instance. */
  save(): readonly (readonly [string, number])[] {
    return this.#names.map((name, index) => [name, this.#ranks[index] as number] as const);
  }

  restore(saved: readonly (readonly [string, number])[]): void {
    for (const [name, rank] of saved) {
      this.#names.push(name);
      this.#ranks.push(rank);
    }
  }
}
