// Histories that forget their oldest entry when they are full.

/** The last so many values, oldest first. */
export class BoundedList<T> implements Iterable<T> {
  readonly #limit: number;
  #values: T[] = [];
  #oldest = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#values.length;
  }

  push(value: T): void {
    if (this.#values.length < this.#limit) {
      this.#values.push(value);
    } else if (this.#limit > 0) {
      this.#values[this.#oldest] = value;
      this.#oldest = (this.#oldest + 1) % this.#limit;
    }
  }

  /** Forgets what the test picks. */
  remove(picks: (value: T) => boolean): void {
    this.#values = [...this].filter((value) => !picks(value));
    this.#oldest = 0;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let i = 0; i < this.#values.length; i++) {
      yield this.#values[(this.#oldest + i) % this.#values.length] as T;
    }
  }
}

/** A map that forgets the entry that was set first. */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #limit: number;

  constructor(limit: number) {
    super();
    this.#limit = limit;
  }

  override set(key: K, value: V): this {
    if (this.#limit <= 0) {
      return this;
    }
    if (!this.has(key) && this.size >= this.#limit) {
      for (const oldest of this.keys()) {
        this.delete(oldest);
        break;
      }
    }
    return super.set(key, value);
  }
}
