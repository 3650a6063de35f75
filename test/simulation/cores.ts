// Cores for simulations: one compiled module, an instance for each process.
import { readFileSync } from 'node:fs';
import { createCore } from '../../src/core/core.ts';
import type { SchedulerCore } from '../../src/core/interface.ts';
import { oracle } from '../oracle/core.ts';

const module = new WebAssembly.Module(
  readFileSync(new URL('../../build/mesoscale-core.wasm', import.meta.url)),
);

export function newCore(): SchedulerCore {
  const core = createCore(module);
  return { ...core, allocator: (options) => oracle.allocator({ ...options, seed: 0 }) };
}
