// What the log has said already, so that a sender that repeats itself does not fill the log.

/** As many are remembered; one that is forgotten is said again. */
const MAX_REMEMBERED = 1_000;

export class Mentioned {
  readonly #keys = new Set<string>();

  /** True the first time that this is asked. */
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
