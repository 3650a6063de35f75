// Simulates seed after seed for as long as one likes:
//
//   node test/simulation/long.ts --seconds=600 --seed=1 [--trace] [--count=N]
//
// With --trace (and one seed) the whole log is printed, otherwise the end of that of each seed that fails.
import { parseArgs } from 'node:util';
import { newCore } from './cores.ts';
import { Simulation } from './simulation.ts';

const SHOWN_LINES = 80;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '1000000000' },
    interval: { type: 'string', default: '50' },
    trace: { type: 'boolean', default: false },
  },
});
const first = Number(values.seed);
const count = Number(values.count);
const interval = Number(values.interval);
const endMs = performance.now() + Number(values.seconds) * 1000;
let failures = 0;
let seeds = 0;
let virtualMs = 0;
let tasks = 0;

for (let seed = first; seed < first + count && performance.now() < endMs; seed++) {
  seeds++;
  const outcome = new Simulation({ seed, newCore, interval, keepsText: values.trace }).run();
  virtualMs += outcome.virtualMs;
  tasks += outcome.tasks;
  if (values.trace) {
    console.log(outcome.text);
  }
  if (outcome.breach !== undefined) {
    failures++;
    console.log(`seed ${seed} FAILS: ${outcome.breach}`);
    if (failures <= 3 && !values.trace) {
      const { text } = new Simulation({ seed, newCore, interval, keepsText: true }).run();
      console.log(text.split('\n').slice(-SHOWN_LINES).join('\n'));
    }
  }
}
console.log(
  `${seeds} seeds, ${failures} failed; ${tasks} tasks in ${(virtualMs / 3_600_000).toFixed(1)} h of virtual time`,
);
process.exitCode = failures > 0 ? 1 : 0;
