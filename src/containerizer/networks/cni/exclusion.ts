// What may go on beside others of its kind, and what only alone.

export class Exclusion {
  readonly #shared = new Set<Promise<unknown>>();
  #alone: Promise<unknown> = Promise.resolve();

  /** Waits for what goes on alone, and for what waits for that already. */
  async shared<T>(work: () => Promise<T>): Promise<T> {
    for (let last: unknown; last !== this.#alone; ) {
      last = this.#alone;
      await this.#alone;
    }
    const done = work();
    const settled = done.catch(() => {});
    this.#shared.add(settled);
    void settled.then(() => this.#shared.delete(settled));
    return await done;
  }

  /** Waits for all that has begun; what begins later waits for this. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#alone;
    const done = before.then(() => Promise.all(this.#shared)).then(work);
    this.#alone = done.catch(() => {});
    return await done;
  }
}
