// Drives a pure machine: events in order, one at a time, each step's effects carried out in
// order. It owns the queue of events and nothing else; what an effect does is its performer's.
//
// Events are processed at once where that is possible, so an idle machine answers without delay.
// Under load a turn of the I/O loop spends at most `sliceMs` here; the rest waits for the next
// turn, so that sockets are read and short requests answered in between.
//
// What begins new work (a scheduler's ACCEPT) waits until what has begun is done: launching ever
// more tasks while updates of earlier ones wait would only make these late, and late updates are
// sent again.
import { Fifo } from '../model/fifo.ts';

export interface Machine<Event, Effect> {
  step(event: Event): readonly Effect[];
}

export interface EventLoopOptions<Event, Effect> {
  readonly machine: Machine<Event, Effect>;
  readonly perform: (effect: Effect) => void;
  /** Longest time spent on events in one turn of the I/O loop. */
  readonly sliceMs?: number;
  /** Queue length above which producers are told to pause. */
  readonly pauseAbove?: number;
}

/** Milliseconds of work in one turn: well below the 50 ms in which /health has to answer. */
const SLICE_MS = 8;
/** Waiting events above which producers stop reading; they go on at a quarter of it. */
const PAUSE_ABOVE = 4_096;
/** The same for events that begin new work: they wait longer, and behind everything else. */
const PAUSE_ABOVE_NEW = 16_384;
/** Events of new work in a turn that had other events as well. */
const NEW_IN_BUSY_TURN = 8;
/** New work that has waited so long since the last of its kind does not wait for a quiet moment. */
const NEW_AT_LEAST_EVERY_MS = 100;

export class EventLoop<Event, Effect> {
  readonly #machine: Machine<Event, Effect>;
  readonly #perform: (effect: Effect) => void;
  readonly #sliceMs: number;
  readonly #pauseAbove: number;
  readonly #queue = new Fifo<Event>();
  readonly #newWork = new Fifo<() => Event>();
  /** How many events of new work this turn may still take. */
  #newLeft = Number.POSITIVE_INFINITY;
  #lastNewMs = 0;
  /** This turn has had an event besides those of new work. */
  #busy = false;
  #running = false;
  #stopped = false;
  /** The end of this turn is awaited; until then the slice below holds. */
  #turnOpen = false;
  #sliceEnd = 0;
  /** The slice is used up: events only queue until the next turn. */
  #exhausted = false;
  /** Effects of the last step that have to be carried out before the next one. */
  #effects: readonly Effect[] = [];
  #nextEffect = 0;
  #steps = 0;
  #waiters: (() => void)[] = [];

  constructor(options: EventLoopOptions<Event, Effect>) {
    this.#machine = options.machine;
    this.#perform = options.perform;
    this.#sliceMs = options.sliceMs ?? SLICE_MS;
    this.#pauseAbove = options.pauseAbove ?? PAUSE_ABOVE;
  }

  /** Steps taken so far: two equal readings mean that the machine's state has not changed. */
  get steps(): number {
    return this.#steps;
  }

  /** Events that wait. */
  get length(): number {
    return this.#queue.length + this.#newWork.length;
  }

  /** True while producers should stop reading; `whenDrained` tells when to go on. */
  get saturated(): boolean {
    return this.#queue.length > this.#pauseAbove || this.#newWork.length > PAUSE_ABOVE_NEW;
  }

  /** Takes an event. During a step it is queued behind those that wait. */
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
   * Takes an event that begins new work: it waits until what was dispatched has been done. Such
   * events keep their order. The event is made when its time has come, so that it carries the time
   * it happens.
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

  /** Calls back once, when the queue has become short again. */
  whenDrained(resume: () => void): void {
    if (!this.saturated) {
      resume();
      return;
    }
    this.#waiters.push(resume);
  }

  /** Takes no more events and forgets those that wait. */
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
      this.#sliceEnd = performance.now() + this.#sliceMs;
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

  /** A step may have thousands of effects: the slice may end between any two of them. */
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
