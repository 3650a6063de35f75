// Bytes that several histories share. When they are used up, the history that has most forgets its
// oldest entry: one owner of large things loses its own history, and not that of others.

/** A history that counts in a budget. */
export interface Weighed {
  /** Changed by the budget only. */
  bytes: number;
  /** Gives the bytes of its oldest entry back. */
  forgetOldest(): void;
}

export class ByteBudget {
  private readonly limit: number;
  /**
   * By the length of their bytes in binary digits: the one with most is found without a look at
   * all.
   */
  private readonly histories: Set<Weighed>[] = [];
  private used = 0;

  constructor(limitBytes: number) {
    this.limit = limitBytes;
  }

  /** For an entry that is in the history already; it may be forgotten at once. */
  take(history: Weighed, bytes: number): void {
    this.change(history, bytes);
    while (this.used > this.limit) {
      this.heaviest(history).forgetOldest();
    }
  }

  giveBack(history: Weighed, bytes: number): void {
    this.change(history, -bytes);
  }

  private change(history: Weighed, bytes: number): void {
    const before = digits(history.bytes);
    history.bytes += bytes;
    this.used += bytes;
    const after = digits(history.bytes);
    if (after === before) {
      return;
    }
    this.histories[before]?.delete(history);
    if (after > 0) {
      this.histories[after] ??= new Set();
      this.histories[after]?.add(history);
    }
  }

  /** None has twice as much. */
  private heaviest(some: Weighed): Weighed {
    const [heaviest = some] = this.histories.findLast((all) => (all?.size ?? 0) > 0) ?? [];
    return heaviest;
  }
}

const digits = (bytes: number) => 32 - Math.clz32(bytes);
