// How long one turn of the I/O loop may spend on what was read. A turn reads from every connection that has
// something, and a thousand agents that register, or schedulers that answer all at once, have megabytes:
// taken at once they would keep everybody else waiting. What does not fit is taken in the next turns, in
// the order in which it came.
import { Fifo } from '../runtime/fifo.ts';

/** Milliseconds of a turn; besides these the machine has its own slice (event-loop.ts). */
const READING_MS = 8;

export class ReadingTurn {
  readonly #readingMs: number;
  readonly #waiting = new Fifo<() => void>();
  #isOpen = false;
  #endMs = 0;

  constructor(readingMs = READING_MS) {
    this.#readingMs = readingMs;
  }

  /** True when what was read has to wait for another turn. The first question begins a turn. */
  get isOver(): boolean {
    if (!this.#isOpen) {
      this.#begin();
      return false;
    }
    return performance.now() >= this.#endMs;
  }

  /** Takes it when its time has come: one at least in every turn. */
  later(take: () => void): void {
    this.#waiting.push(take);
  }

  #begin(): void {
    this.#isOpen = true;
    this.#endMs = performance.now() + this.#readingMs;
    setImmediate(this.#nextTurn);
  }

  readonly #nextTurn = () => {
    this.#isOpen = false;
    while (this.#waiting.length > 0 && !this.isOver) {
      this.#waiting.take()?.();
    }
  };
}
