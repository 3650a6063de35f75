// One turn of the I/O loop: writes are gathered, and reading is limited. All that is written to a
// connection during a turn leaves in one system call; a writer only asks for a flush. And a turn
// that read from every connection without limit would take too long: ten thousand agents that
// register at once send megabytes, and all other connections would wait for them.
import { Fifo } from '../model/fifo.ts';

/**
 * Milliseconds of a turn for data that was read; the state machine has a slice of its own
 * (event-loop.ts).
 */
const READING_MS = 8;

/** Runs each requested flush once, after the I/O callbacks of the current turn. */
export class IoTurn {
  #asked: (() => void)[] = [];
  #spare: (() => void)[] = [];
  #scheduled = false;
  readonly #read = new Fifo<() => void>();
  readonly #mayLeave: () => boolean;
  #isReading = false;
  #readingEndMs = 0;

  /** `mayLeave`: asked before each flush; where it says no, that is left out: the process ends. */
  constructor(mayLeave: () => boolean = () => true) {
    this.#mayLeave = mayLeave;
  }

  /** Requests a flush; the caller must not request it twice in a turn. */
  atEnd(flush: () => void): void {
    this.#asked.push(flush);
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(this.#run);
    }
  }

  /**
   * Whether data that was read must wait for another turn. The first question in a turn starts the
   * clock.
   */
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
   * Takes data that was read too late for this turn in one of the next, in the order of these
   * calls.
   */
  takeLater(take: () => void): void {
    this.#read.push(take);
  }

  readonly #run = () => {
    this.#scheduled = false;
    const now = this.#asked;
    this.#asked = this.#spare;
    for (const flush of now) {
      if (this.#mayLeave()) {
        flush();
      }
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
