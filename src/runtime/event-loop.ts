// Drives a pure machine: events in order, one at a time, each step's effects carried out in
// order. It owns the queue of events and nothing else; what an effect does is its performer's.
//
// Events are processed at once where that is possible, so an idle machine answers without delay.
// Under load a turn of the I/O loop spends at most `sliceMs` here; the rest waits for the next
// turn, so that sockets are read and short requests answered in between.

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

export class EventLoop<Event, Effect> {
  readonly #machine: Machine<Event, Effect>;
  readonly #perform: (effect: Effect) => void;
  readonly #sliceMs: number;
  readonly #pauseAbove: number;
  /** A ring that only grows: events from #head on wait. */
  #queue: (Event | undefined)[] = [];
  #head = 0;
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
    return this.#queue.length - this.#head;
  }

  /** True while producers should stop reading; `whenDrained` tells when to go on. */
  get saturated(): boolean {
    return this.length > this.#pauseAbove;
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
    this.#queue = [];
    this.#head = 0;
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
    while (!this.#exhausted && this.#head < this.#queue.length) {
      const event = this.#queue[this.#head] as Event;
      this.#queue[this.#head++] = undefined;
      this.#steps++;
      this.#effects = this.#machine.step(event);
      this.#nextEffect = 0;
      if (this.#effects.length > 0) {
        this.#performAll();
      } else {
        this.#lookAtClock();
      }
    }
    if (this.#head === this.#queue.length) {
      this.#queue.length = 0;
      this.#head = 0;
    }
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
    if (this.length > 0 || this.#effects.length > 0) {
      this.#compact();
      this.#drain();
    }
    if (this.#waiters.length > 0 && this.length <= this.#pauseAbove / 4) {
      const waiters = this.#waiters;
      this.#waiters = [];
      for (const resume of waiters) {
        resume();
      }
    }
  };

  /** Drops what has been processed, so that a queue that never empties does not grow. */
  #compact(): void {
    if (this.#head > 1_024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }
}
