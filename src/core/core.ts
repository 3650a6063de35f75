// The face of the scheduler core for the rest of the house: loads nothing itself, the bytes of the
// module come from whoever starts the process.
import type { Resource } from '../model/generated/messages.ts';
import { Algebra } from './algebra.ts';
import { ModuleAllocator } from './allocator.ts';
import type { AllocatorOptions, Ledger, LiveAllocator, SchedulerCore } from './interface.ts';
import { Kinds } from './kinds.ts';
import { RowLedger } from './ledger.ts';
import { Lists } from './lists.ts';
import { CoreModule } from './module.ts';
import { WasmMatcher } from './wasm-matcher.ts';

/**
 * A core on a compiled module. Algebra, pools and ledgers share one instance; every allocator has an
 * instance of its own, so that its memory can be saved and copied as a whole.
 */
export function createCore(module: WebAssembly.Module): SchedulerCore {
  const shared = new CoreModule(module);
  const lists = new Lists(shared, new Kinds(shared, { sweepsNames: true }));
  return {
    abiVersion: shared.exports.abiVersion(),
    algebra: new Algebra(lists),
    matcher: new WasmMatcher(shared),
    ledger: (total: readonly Resource[]): Ledger => new RowLedger(lists, total),
    allocator: (options: AllocatorOptions): LiveAllocator => new ModuleAllocator(module, options),
    restore: (saved: Uint8Array): LiveAllocator => ModuleAllocator.restore(module, saved),
  };
}
