// Remembers what was logged, so that a sender that repeats itself does not fill the log.

/** How many keys are remembered; a forgotten one counts as new. */
const MAX_REMEMBERED = 1_000;

export class Mentioned {
  readonly #keys = new Set<string>();

  /** True the first time that it is called with the key. */
  isNew(key: string): boolean {
    if (this.#keys.has(key)) {
      return false;
    }
    this.#keys.add(key);
    if (this.#keys.size > MAX_REMEMBERED) {
      for (const oldest of this.#keys) {
        this.#keys.delete(oldest);
        break;
      }
    }
    return true;
  }
}
