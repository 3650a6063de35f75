// Cores for simulations: one compiled module, an instance for each process. MESOSCALE_CORE may name a
// module that is built already.
import { readFileSync } from 'node:fs';
import { buildCore } from '../../scripts/build-core.ts';
import { createCore } from '../../src/core/core.ts';
import type { SchedulerCore } from '../../src/core/interface.ts';

const path = process.env.MESOSCALE_CORE ?? (await buildCore());
const module = new WebAssembly.Module(readFileSync(path));

export const newCore = (): SchedulerCore => createCore(module);
