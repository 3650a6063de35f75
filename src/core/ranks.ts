// Gives names whole numbers that order like the names, so that the module can break ties by name without
// knowing any. New names get numbers between their neighbours; where there is no room, numbers are spread anew
// over the smallest range around that is not crowded. What counts as crowded is less for larger ranges, so
// that a name costs a few renumberings of others on average, however many there are and wherever they come.

const BITS = 24;
const LIMIT = 2 ** BITS;
const STEP = 256;

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

  /** Spreads the ranks around a place evenly, over the smallest aligned range that has room. */
  #makeRoom(at: number): void {
    const ranks = this.#ranks;
    const rank = ranks[at] as number;
    // Each doubling of a range may be filled by so much less that all names fit twice into the largest.
    const growth = Math.max(1, (2 * ranks.length) ** (1 / BITS));
    let capacity = 1;
    let from = at;
    let to = at + 1;
    for (let bits = 1; bits <= BITS; bits++) {
      const size = 2 ** bits;
      const base = rank - (rank % size);
      capacity *= growth;
      while (from > 0 && (ranks[from - 1] as number) >= base) from--;
      while (to < ranks.length && (ranks[to] as number) < base + size) to++;
      if (to - from <= Math.min(capacity, size / 2) || bits === BITS) {
        this.#spread(from, to, { base, size, except: at });
        return;
      }
    }
  }

  #spread(
    from: number,
    to: number,
    over: { readonly base: number; readonly size: number; readonly except: number },
  ): void {
    const step = over.size / (to - from + 1);
    for (let index = from; index < to; index++) {
      const rank = over.base + Math.floor((index - from + 1) * step);
      if (this.#ranks[index] === rank) continue;
      this.#ranks[index] = rank;
      if (index !== over.except) this.#renumbered(this.#names[index] as string, rank);
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
