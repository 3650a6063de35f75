// Responses that are being made. Another request for the same, by the same principal, shares the
// response.

export interface SharedResponsesOptions {
  /**
   * Schedules forgetting a response that was made at once, so that it is shared until then. Without
   * it only responses that take time are shared.
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

  /** How many requests shared the response of another. */
  get shared(): number {
    return this.#shared;
  }

  /**
   * The response that is being made for the key, or else what `make` returns; undefined is not
   * kept.
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
