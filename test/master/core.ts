// The core for the master's tests: the module as it was built before the tests.
import { readFileSync } from 'node:fs';
import { createCore } from '../../src/core/core.ts';

const built = new URL('../../build/mesoscale-core.wasm', import.meta.url);

export const coreBytes = readFileSync(built);

export const coreModule = new WebAssembly.Module(coreBytes);

export const testCore = createCore(coreModule);
