// Random histories through the core and the oracle: the same offers in the same order after every
// event, and nothing lost or made up on any agent. `npm run test:long` runs more of them, with any
// seed.
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { Allocator, LiveAllocator, SchedulerCore } from '../../src/core/interface.ts';
import { checkedCore } from './built-core.ts';
import { checkConservation, disagreement } from './compare.ts';
import { history } from './histories.ts';
import type { Replayer } from './replay.ts';

let core: SchedulerCore;
beforeAll(async () => {
  core = await checkedCore();
});

test.each([1, 2, 3, 4])('the core decides as the oracle does, seed %i', (seed) => {
  const property = fc.property(history(80), (plan) => {
    expect(disagreement(plan, { core, inspect: checkConservation })).toBeUndefined();
  });
  fc.assert(property, { seed, numRuns: 60 });
});

test('a saved and restored allocator goes on as if nothing had happened', () => {
  const property = fc.property(history(60), fc.nat({ max: 40 }), (plan, before) => {
    const make = (allocator: Allocator) => core.restore((allocator as LiveAllocator).save());
    expect(disagreement(plan, { core, copy: { before, make } })).toBeUndefined();
  });
  fc.assert(property, { seed: 1, numRuns: 60 });
});

test('what happens to a fork leaves the original as it is, and explaining changes nothing', () => {
  const property = fc.property(history(60), (plan) => {
    const inspect = ({ allocator, agentIds, frameworkIds }: Replayer) => {
      const live = allocator as LiveAllocator;
      const fork = live.fork();
      fork.setTime(1e9);
      fork.runBatch();
      for (const id of agentIds) {
        for (const framework of frameworkIds) {
          live.explain(framework, 'r1', id);
        }
        fork.removeAgent(id);
      }
    };
    expect(disagreement(plan, { core, inspect })).toBeUndefined();
  });
  fc.assert(property, { seed: 1, numRuns: 20 });
});
