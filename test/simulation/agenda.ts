// Virtual time: planned events, in the order of time, and of planning where times are equal.

export interface Planned {
  readonly atMs: number;
  readonly order: number;
  run: (() => void) | undefined;
}

export class Agenda {
  nowMs: number;
  readonly #heap: Planned[] = [];
  #order = 0;

  constructor(startMs: number) {
    this.nowMs = startMs;
  }

  get length(): number {
    return this.#heap.length;
  }

  after(delayMs: number, run: () => void): Planned {
    const planned = {
      atMs: this.nowMs + Math.max(0, Math.round(delayMs)),
      order: this.#order++,
      run,
    };
    this.#heap.push(planned);
    this.#up(this.#heap.length - 1);
    return planned;
  }

  cancel(planned: Planned | undefined): void {
    if (planned !== undefined) {
      planned.run = undefined;
    }
  }

  /**
   * Lets the next event happen, unless it is later than the given time. False where there was none.
   */
  step(untilMs: number): boolean {
    const first = this.#heap[0];
    if (first === undefined || first.atMs > untilMs) {
      this.nowMs = Math.max(this.nowMs, untilMs);
      return false;
    }
    this.#pop();
    this.nowMs = first.atMs;
    first.run?.();
    return true;
  }

  #pop(): void {
    const last = this.#heap.pop() as Planned;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#down(0);
    }
  }

  #up(start: number): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isEarlier(this.#at(index), this.#at(parent))) {
        return;
      }
      this.#swap(index, parent);
      index = parent;
    }
  }

  #down(start: number): void {
    let index = start;
    for (;;) {
      let least = index;
      for (const child of [index * 2 + 1, index * 2 + 2]) {
        if (child < this.#heap.length && isEarlier(this.#at(child), this.#at(least))) {
          least = child;
        }
      }
      if (least === index) {
        return;
      }
      this.#swap(index, least);
      index = least;
    }
  }

  #at(index: number): Planned {
    return this.#heap[index] as Planned;
  }

  #swap(a: number, b: number): void {
    [this.#heap[a], this.#heap[b]] = [this.#at(b), this.#at(a)];
  }
}

const isEarlier = (a: Planned, b: Planned) =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/**
 * The named timers of one process, which state machines set by effects; they end with the process.
 */
export class ProcessTimers {
  readonly #agenda: Agenda;
  readonly #fire: (name: string) => void;
  readonly #byName = new Map<string, Planned>();

  constructor(agenda: Agenda, fire: (name: string) => void) {
    this.#agenda = agenda;
    this.#fire = fire;
  }

  get names(): string[] {
    return [...this.#byName.keys()];
  }

  set(name: string, delayMs: number): void {
    this.clear(name);
    const planned = this.#agenda.after(delayMs, () => {
      this.#byName.delete(name);
      this.#fire(name);
    });
    this.#byName.set(name, planned);
  }

  clear(name: string): void {
    this.#agenda.cancel(this.#byName.get(name));
    this.#byName.delete(name);
  }

  close(): void {
    for (const name of this.names) {
      this.clear(name);
    }
  }
}
