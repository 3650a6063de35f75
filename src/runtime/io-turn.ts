// What a turn of the I/O loop is asked to do once, and how long it may take. Everything written to
// one connection during a turn leaves in one system call, and a writer says only that it has
// something to flush. A turn reads from every connection that has something: ten thousand agents
// that register at once have megabytes, and taken in one turn all other connections
// would wait for them.
import { Fifo } from '../model/fifo.ts';

/**
 * Milliseconds a turn may spend on what was read; the machine has its own slice (event-loop.ts).
 */
const READING_MS = 8;

/** Runs each asked-for flush once, after the I/O callbacks of the current turn. */
export class IoTurn {
  #asked: (() => void)[] = [];
  #spare: (() => void)[] = [];
  #scheduled = false;
  readonly #read = new Fifo<() => void>();
  #isReading = false;
  #readingEndMs = 0;

  /** The caller keeps itself from asking twice in a turn. */
  atEnd(flush: () => void): void {
    this.#asked.push(flush);
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(this.#run);
    }
  }

  /** True when what was read has to wait for another turn. The first question begins the time. */
  get readingIsOver(): boolean {
    if (!this.#isReading) {
      this.#isReading = true;
      this.#readingEndMs = performance.now() + READING_MS;
      setImmediate(this.#nextReading);
      return false;
    }
    return performance.now() >= this.#readingEndMs;
  }

  /**
   * For what was read when reading was over: taken in one of the next turns, in the order of
   * asking.
   */
  takeLater(take: () => void): void {
    this.#read.push(take);
  }

  readonly #run = () => {
    this.#scheduled = false;
    const now = this.#asked;
    this.#asked = this.#spare;
    for (const flush of now) {
      flush();
    }
    now.length = 0;
    this.#spare = now;
  };

  readonly #nextReading = () => {
    this.#isReading = false;
    while (this.#read.length > 0 && !this.readingIsOver) {
      this.#read.take()?.();
    }
  };
}
