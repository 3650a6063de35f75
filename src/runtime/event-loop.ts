// Drives a pure state machine: one event at a time, in order, and the effects of each step in
// order. It owns the queue of events; what an effect does is up to its performer.
//
// If possible, an event is processed at once, so that an idle machine answers without delay. Under
// load, one turn of the I/O loop spends at most a slice here, and the rest waits for the next turn,
// so that sockets are read and short requests are answered in between.
//
// Events that begin new work (a scheduler's ACCEPT) wait until other events are done: launching
// more and more tasks while updates of earlier ones wait would only delay the updates, and delayed
// updates are sent again.
import { Fifo } from '../model/fifo.ts';
import { sliceMs } from './io-turn.ts';

export interface Machine<Event, Effect> {
  step(event: Event): readonly Effect[];
}

export interface EventLoopOptions<Event, Effect> {
  readonly machine: Machine<Event, Effect>;
  readonly perform: (effect: Effect) => void;
  /** The longest time for events in one turn of the I/O loop; by default as io-turn.ts says. */
  readonly sliceMs?: number;
  /** The queue length above which producers are told to pause. */
  readonly pauseAbove?: number;
}

/** The queue length above which producers stop reading; they resume at a quarter of it. */
const PAUSE_ABOVE = 4_096;
/** The same for events that begin new work, which wait longer, and behind all others. */
const PAUSE_ABOVE_NEW = 16_384;
/** How many events of new work a turn takes if it had other events as well. */
const NEW_IN_BUSY_TURN = 8;
/**
 * An event of new work does not wait for other events when this long has passed since the last one.
 */
const NEW_AT_LEAST_EVERY_MS = 100;

export class EventLoop<Event, Effect> {
  readonly #machine: Machine<Event, Effect>;
  readonly #perform: (effect: Effect) => void;
  readonly #sliceMs: () => number;
  readonly #pauseAbove: number;
  readonly #queue = new Fifo<Event>();
  readonly #newWork = new Fifo<() => Event>();
  /** How many more events of new work this turn may take. */
  #newLeft = Number.POSITIVE_INFINITY;
  #lastNewMs = 0;
  /** Whether this turn has had an event that was no new work. */
  #busy = false;
  #running = false;
  #stopped = false;
  /** Whether the current turn has begun; its slice ends at `#sliceEnd`. */
  #turnOpen = false;
  #sliceEnd = 0;
  /** Whether the slice is used up: events are only queued until the next turn. */
  #exhausted = false;
  /** The effects of the last step; all are carried out before the next step. */
  #effects: readonly Effect[] = [];
  #nextEffect = 0;
  #steps = 0;
  #waiters: (() => void)[] = [];

  constructor(options: EventLoopOptions<Event, Effect>) {
    this.#machine = options.machine;
    this.#perform = options.perform;
    const { sliceMs: fixedMs } = options;
    this.#sliceMs = fixedMs === undefined ? sliceMs : () => fixedMs;
    this.#pauseAbove = options.pauseAbove ?? PAUSE_ABOVE;
  }

  /** How many steps were taken. While it does not change, the machine's state does not either. */
  get steps(): number {
    return this.#steps;
  }

  /** How many events wait. */
  get length(): number {
    return this.#queue.length + this.#newWork.length;
  }

  /** Whether producers should stop reading; `whenDrained` tells when to resume. */
  get saturated(): boolean {
    return this.#queue.length > this.#pauseAbove || this.#newWork.length > PAUSE_ABOVE_NEW;
  }

  /** Processes an event, or queues it behind those that wait. */
  dispatch(event: Event): void {
    if (this.#stopped) {
      return;
    }
    this.#queue.push(event);
    if (!this.#running && !this.#exhausted) {
      this.#drain();
    }
  }

  /**
   * Processes an event that begins new work after all others; such events keep their order. `make`
   * creates the event when its turn comes, so that it has the time of that moment.
   */
  dispatchNewWork(make: () => Event): void {
    if (this.#stopped) {
      return;
    }
    this.#newWork.push(make);
    if (!this.#running && !this.#exhausted) {
      this.#drain();
    }
  }

  /** Calls `resume` once, as soon as the queue is short. */
  whenDrained(resume: () => void): void {
    if (!this.saturated) {
      resume();
      return;
    }
    this.#waiters.push(resume);
  }

  /** Takes no more events, and drops those that wait. */
  stop(): void {
    this.#stopped = true;
    this.#queue.clear();
    this.#newWork.clear();
    this.#effects = [];
    this.#waiters = [];
  }

  #drain(): void {
    if (!this.#turnOpen) {
      this.#turnOpen = true;
      this.#sliceEnd = performance.now() + this.#sliceMs();
      setImmediate(this.#nextTurn);
    }
    this.#running = true;
    try {
      this.#runSlice();
    } finally {
      this.#running = false;
    }
  }

  #runSlice(): void {
    this.#performAll();
    for (;;) {
      const event = this.#exhausted ? undefined : this.#next();
      if (event === undefined) {
        return;
      }
      this.#steps++;
      this.#effects = this.#machine.step(event);
      this.#nextEffect = 0;
      if (this.#effects.length > 0) {
        this.#performAll();
      } else {
        this.#lookAtClock();
      }
    }
  }

  #next(): Event | undefined {
    if (this.#queue.length > 0 && !this.#newIsOverdue()) {
      this.#busy = true;
      return this.#queue.take();
    }
    if (this.#newLeft <= 0) {
      return undefined;
    }
    const make = this.#newWork.take();
    if (make === undefined) {
      return undefined;
    }
    this.#newLeft--;
    this.#lastNewMs = performance.now();
    return make();
  }

  #newIsOverdue(): boolean {
    return (
      this.#newWork.length > 0 &&
      this.#newLeft > 0 &&
      performance.now() - this.#lastNewMs > NEW_AT_LEAST_EVERY_MS
    );
  }

  /** A step may have thousands of effects, so the slice may end between any two of them. */
  #performAll(): void {
    while (this.#nextEffect < this.#effects.length) {
      this.#perform(this.#effects[this.#nextEffect++] as Effect);
      this.#lookAtClock();
      if (this.#exhausted) {
        return;
      }
    }
    this.#effects = [];
    this.#nextEffect = 0;
  }

  #lookAtClock(): void {
    if (performance.now() >= this.#sliceEnd) {
      this.#exhausted = true;
    }
  }

  readonly #nextTurn = () => {
    this.#turnOpen = false;
    this.#exhausted = false;
    this.#newLeft = this.#busy ? NEW_IN_BUSY_TURN : Number.POSITIVE_INFINITY;
    this.#busy = false;
    if (this.length > 0 || this.#effects.length > 0) {
      this.#drain();
    }
    if (this.#waiters.length > 0 && this.#isShort()) {
      const waiters = this.#waiters;
      this.#waiters = [];
      for (const resume of waiters) {
        resume();
      }
    }
  };

  #isShort(): boolean {
    return (
      this.#queue.length <= this.#pauseAbove / 4 && this.#newWork.length <= PAUSE_ABOVE_NEW / 4
    );
  }
}
