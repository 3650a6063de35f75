// The timers of an executor's state machine, by name: a later one takes the place of an earlier
// one.
import { timerDelay } from '../model/timer-delay.ts';

export class ExecutorTimers {
  readonly #timers = new Map<string, NodeJS.Timeout>();

  set(name: string, delayMs: number, fire: () => void): void {
    this.clear(name);
    const handle = setTimeout(() => {
      this.#timers.delete(name);
      fire();
    }, timerDelay(delayMs));
    this.#timers.set(name, handle);
  }

  clear(name: string): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }

  clearAll(): void {
    for (const timer of this.#timers.values()) {
      clearTimeout(timer);
    }
    this.#timers.clear();
  }
}
