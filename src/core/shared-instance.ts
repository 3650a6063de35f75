// The instance that algebra, pools, ledgers and the matcher share. When it traps, a new instance
// replaces it and the call is repeated: sums keep nothing in the instance, and pools and ledgers
// can write themselves into the new one. So no caller gets half a sum. A call that traps again
// throws.

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

  /** How often an instance has trapped so far. */
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
   * Runs the work on the instance, and if that traps, once more on a new one. So the work must be
   * repeatable.
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
