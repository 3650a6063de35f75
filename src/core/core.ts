// The scheduler core, as the rest of the house uses it. It reads no file: the starting process
// reads and compiles the module and hands it in.
import type { Resource } from '../model/generated/messages.ts';
import { Algebra } from './algebra.ts';
import { ModuleAllocator } from './allocator.ts';
import type { AllocatorOptions, LiveAllocator, LiveLedger, SchedulerCore } from './interface.ts';
import { RowLedger } from './ledger.ts';
import type { Instantiate } from './module.ts';
import { allocatorOptions } from './options.ts';
import { SharedInstance } from './shared-instance.ts';
import { WasmMatcher } from './wasm-matcher.ts';

/**
 * A core on a compiled module. Algebra, pools and ledgers share one instance. Every allocator has
 * an instance of its own, so that its memory can be saved and copied as a whole. `instantiate`
 * makes the instances, at the start and in place of one that trapped.
 */
export function createCore(
  module: WebAssembly.Module,
  instantiate: Instantiate = () => new WebAssembly.Instance(module, {}),
): SchedulerCore {
  const shared = new SharedInstance(instantiate);
  return {
    abiVersion: shared.abiVersion,
    algebra: new Algebra(shared),
    matcher: new WasmMatcher(shared),
    ledger: (total: readonly Resource[]): LiveLedger => new RowLedger(shared, total),
    allocator: (options: Partial<AllocatorOptions> = {}): LiveAllocator =>
      new ModuleAllocator(instantiate, allocatorOptions(options)),
    restore: (saved: Uint8Array): LiveAllocator => ModuleAllocator.restore(instantiate, saved),
    get sharedTraps() {
      return shared.traps;
    },
    get lastSharedTrap() {
      return shared.lastTrap;
    },
  };
}
