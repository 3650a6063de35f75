// Cores for simulations: one compiled module, with an instance for each process. MESOSCALE_CORE may
// name a module that is built already.
import { readFileSync } from 'node:fs';
import { buildCore } from '../../scripts/build-core.ts';
import { createCore } from '../../src/core/core.ts';
import type { SchedulerCore } from '../../src/core/interface.ts';
import { Traps } from '../support/traps.ts';

const path = process.env.MESOSCALE_CORE ?? (await buildCore());
const module = new WebAssembly.Module(readFileSync(path));

/** A core, and what makes it trap. */
export interface TrappingCore {
  readonly core: SchedulerCore;
  readonly traps: Traps;
}

export function newCore(): TrappingCore {
  const traps = new Traps(module);
  return { core: createCore(module, traps.instantiate), traps };
}
