// Real traps of the real module, when a test wants one. For one call, the whole memory of the
// instance is overwritten with one byte value, so that the call follows addresses out of the
// memory. A call that returns even so, because it reads hardly anything, is repeated with the
// original memory, and the next call is tried.
import type { Instantiate } from '../../src/core/module.ts';

/** Several byte values, for calls that look at a flag first. */
const BYTES = [0xff, 0x7f, 0x55, 0xaa, 0x01];

type Call = (...args: number[]) => number;

export class Traps {
  /** For createCore. */
  readonly instantiate: Instantiate;
  /** The exports in which a call has trapped. */
  readonly sprung: string[] = [];
  #calls = 0;
  #passed = 0;
  #armed: { readonly skipped: number; readonly exports: RegExp } | undefined;
  /** How many calls in a row trap. */
  #times = 0;

  constructor(module: WebAssembly.Module) {
    this.instantiate = () => {
      const { exports } = new WebAssembly.Instance(module, {});
      const memory = exports.memory as WebAssembly.Memory;
      const entries = Object.entries(exports).map(([name, value]) =>
        typeof value === 'function'
          ? ([name, (...args: number[]) => this.#call(memory, name, value as Call, args)] as const)
          : ([name, value] as const),
      );
      return { exports: Object.fromEntries(entries) };
    };
  }

  /** The number of calls so far, of all instances. */
  get calls(): number {
    return this.#calls;
  }

  /**
   * How many calls, of those that could be meant, have returned since a trap was armed. Where one
   * has sprung, arming it for any fewer than these, but not fewer than were skipped, springs the
   * same.
   */
  get passed(): number {
    return this.#passed;
  }

  get isArmed(): boolean {
    return this.#armed !== undefined;
  }

  /**
   * Arms a trap: the first call after `skipped` ones that can trap does, among exports of these
   * names.
   */
  arm(skipped: number, { exports = /./, times = 1 } = {}): void {
    this.#armed = { skipped, exports };
    this.#times = times;
    this.#passed = 0;
  }

  disarm(): void {
    this.#armed = undefined;
  }

  #call(memory: WebAssembly.Memory, name: string, call: Call, args: number[]): number {
    this.#calls++;
    const armed = this.#armed;
    if (armed === undefined || !armed.exports.test(name)) {
      return call(...args);
    }
    if (this.#passed < armed.skipped) {
      this.#passed++;
      return call(...args);
    }
    const before = new Uint8Array(memory.buffer).slice();
    for (const byte of BYTES) {
      new Uint8Array(memory.buffer).fill(byte);
      try {
        call(...args);
      } catch (error) {
        this.sprung.push(name);
        if (--this.#times <= 0) {
          this.disarm();
        }
        throw error;
      }
    }
    const after = new Uint8Array(memory.buffer);
    after.set(before);
    after.fill(0, before.length);
    this.#passed++;
    return call(...args);
  }
}
