// Turns of the event loop for work that waits for the disk or for /proc: each piece takes a
// millisecond or less, but an agent may be asked for thousands at the same moment, and all else
// that it does would wait for them.
import { Fifo } from '../model/fifo.ts';

/** Milliseconds of a turn for such work; what is left waits for the next turn. */
const SLICE_MS = 8;

export class Turns {
  readonly #waiting = new Fifo<() => void>();
  #isOpen = false;
  #endMs = 0;

  /**
   * Does a piece of work at once, or in a later turn of the loop where this one is used up, in the
   * order of these calls. Settles as the work does.
   */
  run<T>(work: () => T | Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const piece = () => {
      try {
        resolve(work());
      } catch (error) {
        reject(error);
      }
    };
    if (this.#waiting.length === 0 && this.#hasTime()) {
      piece();
    } else {
      this.#waiting.push(piece);
    }
    return promise;
  }

  #hasTime(): boolean {
    if (!this.#isOpen) {
      this.#isOpen = true;
      this.#endMs = performance.now() + SLICE_MS;
      setImmediate(this.#next);
    }
    return performance.now() < this.#endMs;
  }

  readonly #next = () => {
    this.#isOpen = false;
    this.#more();
  };

  /** What follows from a piece at once, by way of promises, takes its part of the turn, too. */
  readonly #more = () => {
    if (this.#waiting.length > 0 && this.#hasTime()) {
      this.#waiting.take()?.();
      queueMicrotask(() => process.nextTick(this.#more));
    }
  };
}
