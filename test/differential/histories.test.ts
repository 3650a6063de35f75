// Random histories through the core and the oracle: the same offers in the same order after every event, and
// nothing lost or made up on any agent. `npm run test:long` runs more of them, with any seed.
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { SchedulerCore } from '../../src/core/interface.ts';
import { builtCore } from './built-core.ts';
import { checkConservation, disagreement } from './compare.ts';
import { history } from './histories.ts';

let core: SchedulerCore;
beforeAll(async () => {
  core = await builtCore();
});

test.each([1, 2, 3, 4])('the core decides as the oracle does, seed %i', (seed) => {
  const property = fc.property(history(80), (plan) => {
    expect(disagreement(plan, { core, inspect: checkConservation })).toBeUndefined();
  });
  fc.assert(property, { seed, numRuns: 150 });
});
