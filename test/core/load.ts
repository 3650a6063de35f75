// Compiles the module for tests if it is out of date.
import { readFileSync } from 'node:fs';
import { buildCore } from '../../scripts/build-core.ts';
import { createCore } from '../../src/core/core.ts';
import type { SchedulerCore } from '../../src/core/interface.ts';

let compiled: Promise<WebAssembly.Module> | undefined;

export function coreModule(): Promise<WebAssembly.Module> {
  compiled ??= buildCore().then((path) => WebAssembly.compile(readFileSync(path)));
  return compiled;
}

export async function loadCore(): Promise<SchedulerCore> {
  return createCore(await coreModule());
}
