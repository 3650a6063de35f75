// A budget of bytes that several histories share. When it is used up, the history with the most
// bytes forgets its oldest entry: a task with large messages costs its own history, not those of
// others.

/** A history whose bytes are counted in a budget. */
export interface Weighed {
  /** Set by the budget only. */
  bytes: number;
  /** Drops the oldest entry and gives its bytes back to the budget. */
  forgetOldest(): void;
}

export class ByteBudget {
  private readonly limit: number;
  /**
   * The histories, grouped by the number of binary digits of their size: the largest is found
   * without a look at all of them.
   */
  private readonly histories: Set<Weighed>[] = [];
  private used = 0;

  constructor(limitBytes: number) {
    this.limit = limitBytes;
  }

  /** Counts an entry that the history has already; the history may have to forget it at once. */
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

  /** One of the largest histories: no other has twice as many bytes. `some` is any of them. */
  private heaviest(some: Weighed): Weighed {
    const [heaviest = some] = this.histories.findLast((all) => (all?.size ?? 0) > 0) ?? [];
    return heaviest;
  }
}

const digits = (bytes: number) => 32 - Math.clz32(bytes);
