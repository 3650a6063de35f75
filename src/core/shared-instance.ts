// The instance that algebra, pools, ledgers and the matcher share. When it traps, it is replaced at
// once and what was asked is asked again: sums keep nothing in it, and of pools and ledgers this
// side knows enough to write them into the new one. So no caller is left with half a sum; a trap
// that comes back is thrown.

import { ExchangeBuffer } from './exchange-buffer.ts';
import { CoreModule, type Instantiate } from './module.ts';
import { ResourceInterner } from './resource-interner.ts';
import { CoreTrap } from './trap.ts';

export class SharedInstance {
  readonly #instantiate: Instantiate;
  #buffer: ExchangeBuffer;
  #traps = 0;
  #lastTrap: CoreTrap | undefined;

  constructor(instantiate: Instantiate) {
    this.#instantiate = instantiate;
    this.#buffer = this.#make();
  }

  #make(): ExchangeBuffer {
    const module = new CoreModule(this.#instantiate);
    return new ExchangeBuffer(module, new ResourceInterner(module, { sweepsNames: true }));
  }

  /** How often it has trapped so far. */
  get traps(): number {
    return this.#traps;
  }

  get lastTrap(): CoreTrap | undefined {
    return this.#lastTrap;
  }

  get abiVersion(): number {
    return this.run(({ module }) => module.exports.abiVersion());
  }

  /**
   * Works on the instance; once more, on a new one, if that traps. The work must be one that can be
   * repeated.
   */
  run<T>(work: (buffer: ExchangeBuffer) => T): T {
    if (this.#buffer.module.trap !== undefined) {
      this.#buffer = this.#make();
    }
    try {
      return work(this.#buffer);
    } catch (error) {
      if (!(error instanceof CoreTrap)) {
        throw error;
      }
      this.#count(error);
    }
    this.#buffer = this.#make();
    try {
      return work(this.#buffer);
    } catch (error) {
      if (error instanceof CoreTrap) {
        this.#count(error);
      }
      throw error;
    }
  }

  #count(trap: CoreTrap): void {
    this.#traps++;
    this.#lastTrap = trap;
  }
}
