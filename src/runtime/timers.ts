// Named timers that fire once, for state machines, which have no clock. Setting a timer replaces
// the one of the same name. All share one timer of the platform and are ordered by a heap: timers
// of the same instant fire in the order in which they were set, a bounded number in each turn.
import { timerDelay } from '../model/timer-delay.ts';

interface Entry<Name extends string> {
  readonly name: Name;
  at: number;
  /** Orders timers of the same instant by when they were set. */
  order: number;
  /** The place in the heap. */
  index: number;
}

/** The platform's timer and clock, replaceable in tests. */
export interface TimerSource {
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** Calls back once after `delayMs`; the returned function cancels that. */
  schedule(delayMs: number, callback: () => void): () => void;
}

const platformTimers: TimerSource = {
  now: () => performance.now(),
  schedule: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** How many timers fire before the I/O loop gets a turn. */
const FIRED_A_TURN = 512;

/** `Name` is the type of the timers' names. */
export class Timers<Name extends string = string> {
  readonly #heap: Entry<Name>[] = [];
  readonly #byName = new Map<Name, Entry<Name>>();
  readonly #fire: (name: Name) => void;
  readonly #source: TimerSource;
  #order = 0;
  #wakeAt = Number.POSITIVE_INFINITY;
  #withdraw: (() => void) | undefined;
  readonly #wake = () => {
    this.#wakeAt = Number.POSITIVE_INFINITY;
    this.#withdraw = undefined;
    this.#fireDue();
    this.#schedule();
  };

  constructor(fire: (name: Name) => void, source: TimerSource = platformTimers) {
    this.#fire = fire;
    this.#source = source;
  }

  get size(): number {
    return this.#heap.length;
  }

  set(name: Name, delayMs: number): void {
    const at = this.#source.now() + Math.max(0, delayMs);
    const known = this.#byName.get(name);
    if (known) {
      known.at = at;
      known.order = this.#order++;
      this.#sift(known);
    } else {
      const entry = { name, at, order: this.#order++, index: this.#heap.length };
      this.#byName.set(name, entry);
      this.#heap.push(entry);
      this.#up(entry);
    }
    this.#schedule();
  }

  clear(name: Name): void {
    const entry = this.#byName.get(name);
    if (entry) {
      this.#remove(entry);
    }
  }

  /** Cancels all timers. */
  close(): void {
    this.#heap.length = 0;
    this.#byName.clear();
    this.#withdraw?.();
    this.#withdraw = undefined;
    this.#wakeAt = Number.POSITIVE_INFINITY;
  }

  #fireDue(): void {
    const now = this.#source.now();
    for (let fired = 0; fired < FIRED_A_TURN; fired++) {
      const first = this.#heap[0];
      if (!first || first.at > now) {
        return;
      }
      this.#remove(first);
      this.#fire(first.name);
    }
  }

  /** Schedules the platform's timer for the first in the heap. */
  #schedule(): void {
    const first = this.#heap[0];
    if (!first || first.at >= this.#wakeAt) {
      return;
    }
    this.#withdraw?.();
    this.#wakeAt = first.at;
    // One that is later than the platform's timers can wait is scheduled again then.
    const delay = timerDelay(first.at - this.#source.now());
    this.#withdraw = this.#source.schedule(delay, this.#wake);
  }

  #remove(entry: Entry<Name>): void {
    this.#byName.delete(entry.name);
    const last = this.#heap.pop();
    if (last && last !== entry) {
      last.index = entry.index;
      this.#heap[entry.index] = last;
      this.#sift(last);
    }
  }

  #sift(entry: Entry<Name>): void {
    this.#up(entry);
    this.#down(entry);
  }

  #up(entry: Entry<Name>): void {
    while (entry.index > 0) {
      const parent = this.#heap[(entry.index - 1) >> 1] as Entry<Name>;
      if (!earlier(entry, parent)) {
        return;
      }
      this.#swap(entry, parent);
    }
  }

  #down(entry: Entry<Name>): void {
    for (;;) {
      const left = this.#heap[entry.index * 2 + 1];
      if (!left) {
        return;
      }
      const right = this.#heap[entry.index * 2 + 2];
      const child = right && earlier(right, left) ? right : left;
      if (!earlier(child, entry)) {
        return;
      }
      this.#swap(entry, child);
    }
  }

  #swap(a: Entry<Name>, b: Entry<Name>): void {
    const at = a.index;
    a.index = b.index;
    b.index = at;
    this.#heap[a.index] = a;
    this.#heap[b.index] = b;
  }
}

const earlier = (a: Entry<string>, b: Entry<string>) =>
  a.at < b.at || (a.at === b.at && a.order < b.order);
