// Runs one workload at one size in a process of its own, so that it is measured alone. Prints a
// JSON array of measurements for each run.
import { createCore } from '../../src/core/core.ts';
import { loadCore } from '../../src/runtime/load-core.ts';
import { WORKLOADS } from './workloads.ts';

const { name, size, runs } = JSON.parse(process.argv[2] ?? '{}');
const workload = WORKLOADS.find((candidate) => candidate.name === name);
if (workload === undefined) {
  throw new Error(`no workload ${name}`);
}
const module = await loadCore();
for (let run = 0; run < runs; run++) {
  globalThis.gc?.();
  process.stdout.write(`${JSON.stringify(workload.run(createCore(module), size))}\n`);
}
