// `npm run test:long -- --minutes=30 --seed=1 [--steps=150]`: random histories through the core and
// the oracle until the time is up. Prints its seed; shrinks what it finds, and writes it as a
// history that `npm run traces` replays.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import type { LiveAllocator } from '../src/core/interface.ts';

import { loadCore } from '../test/core/load.ts';
import {
  type CompareOptions,
  checkConservation,
  disagreement,
} from '../test/differential/compare.ts';
import { history } from '../test/differential/histories.ts';

const RUNS_A_ROUND = 200;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    steps: { type: 'string', default: '150' },
  },
});
const seed = Number(values.seed);
const steps = Number(values.steps);
const end = Date.now() + Number(values.minutes) * 60_000;
if (!Number.isInteger(seed) || !(steps >= 1) || Number.isNaN(end)) {
  console.error('usage: npm run test:long -- [--minutes=30] [--seed=INTEGER] [--steps=150]');
  process.exit(2);
}

const core = await loadCore();
/**
 * Somewhere in each history a saved and restored allocator joins, and has to answer the same from
 * then on.
 */
const compareWithCopy = (before: number): CompareOptions => ({
  core,
  inspect: checkConservation,
  copy: {
    before,
    make: (allocator) => core.restore((allocator as LiveAllocator).save()),
  },
});
console.log(`seed ${seed}, up to ${steps} steps a history`);

let histories = 0;
for (let round = 0; Date.now() < end; round++) {
  const property = fc.property(
    history(steps),
    fc.nat({ max: steps }),
    (plan, before) => disagreement(plan, compareWithCopy(before)) === undefined,
  );
  const details = fc.check(property, { seed: seed + round, numRuns: RUNS_A_ROUND });
  histories += details.numRuns;
  if (!details.failed) continue;
  const [plan, before = 0] = details.counterexample ?? [];
  const found = plan && disagreement(plan, compareWithCopy(before));
  if (found === undefined) throw new Error(`seed ${seed + round} failed, but not twice`);
  const file = `build/disagreement-${seed + round}.jsonl`;
  writeFileSync(file, found.trace);
  console.log(
    `seed ${seed + round}: the core and the oracle disagree after ${details.numShrinks} steps of shrinking`,
  );
  console.log(`  event    ${JSON.stringify(found.event)}`);
  console.log(`  expected ${found.expected}`);
  console.log(`  got      ${found.got}`);
  console.log(`  the history is in ${file}`);
  process.exit(1);
}
console.log(`${histories} histories, no difference`);
