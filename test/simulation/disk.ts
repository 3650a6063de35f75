// A disk that takes its time: writes become durable in order, sometimes several at once. A crash
// loses writes that were not durable yet; of a durable one the writer may not have heard.
import type { Agenda } from './agenda.ts';
import type { Chance } from './chance.ts';
import type { Process } from './network.ts';

interface Write {
  readonly apply: () => void;
  readonly done: (error: string | undefined) => void;
}

export class Disk {
  /** The longest time of a commit. */
  maxDelayMs = 20;
  /** The probability that a commit fails; then all later ones of the process fail, too. */
  failures = 0;
  readonly #agenda: Agenda;
  readonly #chance: Chance;
  #waiting: Write[] = [];
  #process: Process | undefined;
  #isBusy = false;
  #hasFailed = false;

  constructor(agenda: Agenda, chance: Chance) {
    this.#agenda = agenda;
    this.#chance = chance;
  }

  /**
   * A new process takes over. Writes that an earlier one had not seen become durable may be so,
   * completely and in order.
   */
  open(process: Process): void {
    this.#process = process;
    this.#isBusy = false;
    this.#hasFailed = false;
  }

  write(apply: () => void, done: (error: string | undefined) => void): void {
    this.#waiting.push({ apply, done });
    this.#commit();
  }

  /** The process has crashed. */
  crash(): void {
    const kept = this.#hasFailed ? 0 : this.#chance.int(0, this.#waiting.length);
    for (const { apply } of this.#waiting.slice(0, kept)) {
      apply();
    }
    this.#waiting = [];
    this.#process = undefined;
  }

  /** The process ends in order: everything is written. */
  close(): void {
    for (const { apply } of this.#hasFailed ? [] : this.#waiting) {
      apply();
    }
    this.#waiting = [];
    this.#process = undefined;
  }

  #commit(): void {
    const process = this.#process;
    if (this.#isBusy || this.#waiting.length === 0 || process === undefined) {
      return;
    }
    this.#isBusy = true;
    const count = this.#chance.of(0.5) ? this.#waiting.length : 1;
    this.#agenda.after(this.#chance.delay(0, this.maxDelayMs), () => {
      if (this.#process !== process) {
        return;
      }
      const taken = this.#waiting.splice(0, count);
      this.#hasFailed ||= this.failures > 0 && this.#chance.of(this.failures);
      this.#isBusy = false;
      for (const { apply } of this.#hasFailed ? [] : taken) {
        apply();
      }
      for (const { done } of taken) {
        done(this.#hasFailed ? 'simulated failure' : undefined);
      }
      this.#commit();
    });
  }
}
