// Gives names whole numbers, their ranks, that are ordered as the names are, so that the module can
// break ties by name without knowing names. A new name gets a rank between its neighbours. Where
// there is none left, ranks are spread evenly over the smallest range around the place that is not
// crowded. The larger the range, the emptier it has to be, so that adding a name renumbers only a
// few others on average, however many there are and in whatever order they come. Names are kept in
// blocks, so that adding or removing one moves only names of its block.

const BITS = 24;
const LIMIT = 2 ** BITS;
const STEP = 256;
/** The most names of a block; a larger one is divided. */
const MAX_BLOCK = 512;

/** The order of names: by code units, which for ids and roles is the order of their bytes. */
const before = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

interface Block {
  readonly names: string[];
  readonly ranks: number[];
}

interface Place {
  block: number;
  index: number;
}

export class NameOrder {
  /** The blocks in order. None is empty, unless it is the only one. */
  readonly #blocks: Block[] = [{ names: [], ranks: [] }];
  #size = 0;
  /** Called for each name whose rank changes, except the one that is being added. */
  readonly #renumbered: (name: string, rank: number) => void;

  constructor(renumbered: (name: string, rank: number) => void) {
    this.#renumbered = renumbered;
  }

  #block(at: number): Block {
    return this.#blocks[at] as Block;
  }

  /** The place of a name, or the place where it would be inserted. */
  #find(name: string): Place {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (before(name, this.#block(middle).names[0] as string) < 0) {
        high = middle - 1;
      } else {
        low = middle;
      }
    }
    const { names } = this.#block(low);
    let from = 0;
    let to = names.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (before(names[middle] as string, name) < 0) {
        from = middle + 1;
      } else {
        to = middle;
      }
    }
    return { block: low, index: from };
  }

  add(name: string): number {
    const place = this.#find(name);
    const { names, ranks } = this.#block(place.block);
    if (names[place.index] === name) {
      return ranks[place.index] as number;
    }
    const low = Math.max(0, this.#rankBefore(place));
    const high = this.#rankFrom(place);
    const rank = Math.min(low + STEP, (low + high) >> 1);
    names.splice(place.index, 0, name);
    ranks.splice(place.index, 0, rank);
    this.#size++;
    if (names.length > MAX_BLOCK) {
      this.#divide(place);
    }
    if (rank > low && rank < high) {
      return rank;
    }
    this.#makeRoom(place);
    return this.#block(place.block).ranks[place.index] as number;
  }

  /** Divides the block of a place in two; the place stays at its name. */
  #divide(place: Place): void {
    const { names, ranks } = this.#block(place.block);
    const half = names.length >> 1;
    this.#blocks.splice(place.block + 1, 0, {
      names: names.splice(half),
      ranks: ranks.splice(half),
    });
    if (place.index >= half) {
      place.block++;
      place.index -= half;
    }
  }

  /** The rank of the name before a place; -1 where there is none. */
  #rankBefore({ block, index }: Place): number {
    if (index > 0) {
      return this.#block(block).ranks[index - 1] as number;
    }
    return block > 0 ? (this.#block(block - 1).ranks.at(-1) as number) : -1;
  }

  /**
   * The rank of the name at a place; at the end of a block, of the next block's first name; LIMIT
   * at the very end.
   */
  #rankFrom({ block, index }: Place): number {
    const { ranks } = this.#block(block);
    return ranks[index] ?? this.#blocks[block + 1]?.ranks[0] ?? LIMIT;
  }

  /** Spreads the ranks around a place evenly, over the smallest aligned range that has room. */
  #makeRoom(at: Place): void {
    const rank = this.#block(at.block).ranks[at.index] as number;
    const name = this.#block(at.block).names[at.index] as string;
    // Each time the range doubles, it may hold more names by this factor only. The factor is chosen
    // so that the largest range may hold twice the names that there are.
    const growth = Math.max(1, (2 * this.#size) ** (1 / BITS));
    let capacity = 1;
    const from = { ...at };
    const to = { block: at.block, index: at.index + 1 };
    let count = 1;
    for (let bits = 1; bits <= BITS; bits++) {
      const size = 2 ** bits;
      const base = rank - (rank % size);
      capacity *= growth;
      for (; this.#rankBefore(from) >= base; count++) {
        this.#back(from);
      }
      for (; this.#rankFrom(to) < base + size; count++) {
        this.#on(to);
      }
      if (count <= Math.min(capacity, size / 2) || bits === BITS) {
        this.#spread(from, count, { base, size, except: name });
        return;
      }
    }
  }

  #back(place: Place): void {
    if (place.index === 0) {
      place.block--;
      place.index = this.#block(place.block).names.length;
    }
    place.index--;
  }

  /** Moves to the next name; from the end of a block, to the second name of the next block. */
  #on(place: Place): void {
    if (place.index >= this.#block(place.block).names.length) {
      place.block++;
      place.index = 0;
    }
    place.index++;
  }

  #spread(
    { block, index }: Place,
    count: number,
    over: { readonly base: number; readonly size: number; readonly except: string },
  ): void {
    const step = over.size / (count + 1);
    let { names, ranks } = this.#block(block);
    for (let done = 1; done <= count; done++) {
      if (index === names.length) {
        ({ names, ranks } = this.#block(++block));
        index = 0;
      }
      const rank = over.base + Math.floor(done * step);
      const name = names[index] as string;
      if (ranks[index] !== rank) {
        ranks[index] = rank;
        if (name !== over.except) {
          this.#renumbered(name, rank);
        }
      }
      index++;
    }
  }

  remove(name: string): void {
    const { block, index } = this.#find(name);
    const { names, ranks } = this.#block(block);
    if (names[index] !== name) {
      return;
    }
    names.splice(index, 1);
    ranks.splice(index, 1);
    this.#size--;
    if (names.length === 0 && this.#blocks.length > 1) {
      this.#blocks.splice(block, 1);
    }
  }

  /** Names and ranks in order, for `restore` of an empty instance. */
  save(): readonly (readonly [string, number])[] {
    return this.#blocks.flatMap(({ names, ranks }) =>
      names.map((name, index) => [name, ranks[index] as number] as const),
    );
  }

  restore(saved: readonly (readonly [string, number])[]): void {
    for (let at = 0; at < saved.length; at += MAX_BLOCK / 2) {
      const part = saved.slice(at, at + MAX_BLOCK / 2);
      const block = { names: part.map(([name]) => name), ranks: part.map(([, rank]) => rank) };
      if (at === 0) {
        this.#blocks[0] = block;
      } else {
        this.#blocks.push(block);
      }
    }
    this.#size = saved.length;
  }
}
