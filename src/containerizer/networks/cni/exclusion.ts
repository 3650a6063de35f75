// What may go on beside others of its kind, and what only alone: in the order in which they come.

export class Exclusion {
  /** All that goes on beside others, or waits for that. */
  readonly #shared = new Set<Promise<unknown>>();
  /** The last that goes on alone, or waits for that. */
  #alone: Promise<unknown> | undefined;

  /** Rejects as the work does. */
  async shared<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#alone === undefined ? work() : this.#alone.then(work);
    const settled = done.catch(() => {});
    this.#shared.add(settled);
    void settled.then(() => this.#shared.delete(settled));
    return await done;
  }

  /** Rejects as the work does. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    const done = Promise.all([this.#alone, ...this.#shared]).then(work);
    const settled = done.catch(() => {});
    this.#alone = settled;
    void settled.then(() => {
      if (this.#alone === settled) {
        this.#alone = undefined;
      }
    });
    return await done;
  }
}
