// What an elected master asks of the world passes here, one effect after the other, and again what
// has been gathered when a turn of the loop ends, as long as it leads by its own clock. A process
// that was stopped for longer than its session lasts, and goes on in the middle of a turn, would
// otherwise still offer, launch and acknowledge while another leads.
import type { Contender } from '../../coordination/interface.ts';
import type { MasterEffect } from '../../master/effects.ts';

export class LeadershipGate {
  readonly #contender: Pick<Contender, 'leads'>;
  readonly #onClosed: (reason: string) => void;
  #isElected = false;
  #isClosed = false;

  /** `onClosed` is called once, with the reason, when the first thing does not pass. */
  constructor(contender: Pick<Contender, 'leads'>, onClosed: (reason: string) => void) {
    this.#contender = contender;
    this.#onClosed = onClosed;
  }

  /** From here on it matters whether the master leads: before, all that leaves are refusals. */
  elected(): void {
    this.#isElected = true;
  }

  /** Whether what waits may leave now. */
  isOpen(): boolean {
    if (!this.#isElected || (!this.#isClosed && this.#contender.leads())) {
      return true;
    }
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#onClosed('the session with ZooKeeper may have expired');
    }
    return false;
  }

  /** Whether the effect may be carried out. */
  passes({ type }: MasterEffect): boolean {
    // That it ends, and why, always may.
    return this.isOpen() || type === 'abort' || type === 'log';
  }
}
