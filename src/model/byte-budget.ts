// Bytes that several histories share. When they are used up, the history that has most forgets its oldest
// entry: one owner of large things loses its own history, and not that of others.

/** A history that counts in a budget. */
export interface Weighed {
  /** Changed by the budget only. */
  bytes: number;
  /** Gives the bytes of its oldest entry back. */
  forgetOldest(): void;
}

export class ByteBudget {
  readonly #limit: number;
  readonly #histories = new Set<Weighed>();
  #used = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  /** For an entry that is in the history already; it may be forgotten at once. */
  take(history: Weighed, bytes: number): void {
    history.bytes += bytes;
    this.#used += bytes;
    this.#histories.add(history);
    while (this.#used > this.#limit) {
      this.#heaviest(history).forgetOldest();
    }
  }

  /** The first of equals, which is the older one. */
  #heaviest(some: Weighed): Weighed {
    let heaviest: Weighed | undefined;
    for (const history of this.#histories) {
      if (history.bytes > (heaviest?.bytes ?? 0)) {
        heaviest = history;
      }
    }
    return heaviest ?? some;
  }

  giveBack(history: Weighed, bytes: number): void {
    history.bytes -= bytes;
    this.#used -= bytes;
    if (history.bytes === 0) {
      this.#histories.delete(history);
    }
  }
}
