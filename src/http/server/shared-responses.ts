// Responses that are being written. A request for the same, of the same principal, that comes
// meanwhile gets the same response.

export interface SharedResponsesOptions {
  /**
   * Runs what forgets an answer that was made at once: until then it is shared, too. Absent: only
   * those that take their time are.
   */
  readonly soon?: ((forget: () => void) => void) | undefined;
}

export class SharedResponses<Made extends object | string> {
  readonly #options: SharedResponsesOptions;
  readonly #known = new Map<string, Made>();
  #shared = 0;

  constructor(options: SharedResponsesOptions = {}) {
    this.#options = options;
  }

  /** How many got the answer of another. */
  get shared(): number {
    return this.#shared;
  }

  /**
   * The answer that is being made under the key, or what `make` gives; undefined is not remembered.
   */
  get<T extends Made | undefined>(key: string, make: () => T): Made | T {
    const known = this.#known.get(key);
    if (known !== undefined) {
      this.#shared++;
      return known;
    }
    const made = make();
    const forget = () => void this.#known.delete(key);
    if (made instanceof Promise) {
      made.then(forget, forget);
    } else if (made === undefined || this.#options.soon === undefined) {
      return made;
    } else {
      this.#options.soon(forget);
    }
    this.#known.set(key, made as Made);
    return made;
  }
}
