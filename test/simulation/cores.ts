// Cores for simulations: one compiled module, an instance for each process.
import { readFileSync } from 'node:fs';
import { buildCore } from '../../scripts/build-core.ts';
import { createCore } from '../../src/core/core.ts';
import type { SchedulerCore } from '../../src/core/interface.ts';

const module = new WebAssembly.Module(readFileSync(await buildCore()));

export const newCore = (): SchedulerCore => createCore(module);
