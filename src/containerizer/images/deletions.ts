// What is deleted beside all else, one after the other. All of it lies where the next agent deletes
// what it finds, so that the end of this one need not wait for it.
import { setTimeout as delay } from 'node:timers/promises';

/** The files of hundreds of containers take a busy disk longer than the end of an agent may. */
const PATIENCE_MS = 1_000;

export class Deletions {
  #last: Promise<void> = Promise.resolve();
  #isClosed = false;

  /** `work` does not reject. */
  add(work: () => Promise<void>): void {
    this.#last = this.#last.then(() => (this.#isClosed ? undefined : work()));
  }

  /** Resolves when nothing is left, or after a time; then no more of it begins. */
  async close(patienceMs = PATIENCE_MS): Promise<void> {
    await Promise.race([this.#last, delay(patienceMs, undefined, { ref: false })]);
    this.#isClosed = true;
  }
}
