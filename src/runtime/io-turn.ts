// One turn of the I/O loop: writes are gathered, and reading is limited. All that is written to a
// connection during a turn leaves in one system call; a writer only asks for a flush. And a turn
// that read from every connection without limit would take too long: ten thousand agents that
// register at once send megabytes, and all other connections would wait for them.
//
// A turn accepts one connection, however many wait. So as long as there are some, turns are short:
// behind a thousand of them, of whomever, a new one would wait for a thousand full turns.
import { Fifo } from '../model/fifo.ts';

/** Milliseconds of a turn for one kind of work, well below the 50 ms that /health may take. */
const SLICE_MS = 8;
/** The same while connections are being accepted: for a step or a message at least. */
const SHORT_SLICE_MS = 0.5;
/** After one has been accepted, how long the next is waited for: longer than short turns take. */
const ACCEPTING_MS = 10;

/** When a connection was accepted last; the loop is one for all of a process, and so is this. */
let acceptedMs = Number.NEGATIVE_INFINITY;

/** A connection has been accepted. */
export function noteAccepted(): void {
  acceptedMs = performance.now();
}

/** Whether more connections may be waiting to be accepted. */
export const isAccepting = () => performance.now() - acceptedMs < ACCEPTING_MS;

/** How many milliseconds of this turn there are for one kind of work. */
export const sliceMs = () => (isAccepting() ? SHORT_SLICE_MS : SLICE_MS);

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
      this.#readingEndMs = performance.now() + sliceMs();
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
