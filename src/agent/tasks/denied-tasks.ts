// Tasks of which the agent has told the master that it does not have them, while their
// RunTaskMessage may still be on the way: such a task must not run when the message arrives.

/** So many are remembered; what is late is late by seconds. */
const MAX_DENIED = 10_000;

export class Denials {
  readonly #keys = new Set<string>();

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  /** Beyond the bound the oldest is forgotten. */
  add(key: string): void {
    const [oldest] = this.#keys.size < MAX_DENIED ? [] : this.#keys;
    if (oldest !== undefined) {
      this.#keys.delete(oldest);
    }
    this.#keys.add(key);
  }

  /** Whether it was denied; the next one of that name is another one. */
  take(key: string): boolean {
    return this.#keys.delete(key);
  }
}
