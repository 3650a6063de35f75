// The clock of a machine, which may be set to another time. Timers are not affected.
import type { Agenda } from './agenda.ts';
import type { Chance } from './chance.ts';

const LONGEST_JUMP_MS = 300_000;

export class MachineClock {
  readonly #agenda: Agenda;
  #aheadMs = 0;

  constructor(agenda: Agenda) {
    this.#agenda = agenda;
  }

  get nowMs(): number {
    return this.#agenda.nowMs + this.#aheadMs;
  }

  jump(chance: Chance): void {
    this.#aheadMs = chance.int(-LONGEST_JUMP_MS, LONGEST_JUMP_MS);
  }
}
