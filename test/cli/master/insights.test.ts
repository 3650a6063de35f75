// The thread that answers EXPLAIN and PLAN.
import { afterEach, expect, test } from 'vitest';
import { Insights } from '../../../src/cli/master/insights.ts';
import type { Compute } from '../../../src/master/effects.ts';
import type { InsightOutcome } from '../../../src/master/events.ts';
import { PlanChange_Type, Value_Type } from '../../../src/model/generated/messages.ts';
import { agentId, frameworkId } from '../../../src/model/ids.ts';
import { coreModule, testCore } from '../../master/core.ts';

const cpus = (value: number) => ({ name: 'cpus', type: Value_Type.SCALAR, scalar: { value } });

function savedCluster(agents: number): Uint8Array<ArrayBuffer> {
  const allocator = testCore.allocator();
  allocator.addFramework({
    id: frameworkId('f'),
    roles: ['r'],
    suppressedRoles: [],
    capabilities: [],
    minAllocatable: {},
    active: true,
    used: [],
  });
  for (let index = 0; index < agents; index++) {
    allocator.addAgent({
      id: agentId(`a${index}`),
      facts: { hostname: `a${index}`, attributes: [] },
      capabilities: [],
      total: [cpus(4)],
      used: [],
    });
  }
  return allocator.save();
}

let insights: Insights | undefined;
afterEach(() => insights?.close());

/** Starts a thread that is given up after `limitMs`, and gives it jobs. */
function thread(limitMs = 60_000) {
  const waiting = new Map<number, (outcome: InsightOutcome) => void>();
  const own = new Insights({
    module: coreModule,
    limitMs,
    done: ({ computation, outcome }) => waiting.get(computation)?.(outcome),
  });
  insights = own;
  return (computation: number, question: Compute['question'], saved = savedCluster(3)) =>
    new Promise<InsightOutcome>((resolve) => {
      waiting.set(computation, resolve);
      own.perform({ type: 'compute', computation, saved, question });
    });
}

const EXPLAIN: Compute['question'] = {
  kind: 'explain',
  nowMs: 0,
  frameworkId: frameworkId('f'),
  roles: ['r'],
  onOffer: {},
  quotas: {},
};
const planOf = (changes: Extract<Compute['question'], { kind: 'plan' }>['changes']) =>
  ({ kind: 'plan', changes, quotas: {}, weights: {} }) as const;

test('answers one question after the other', async () => {
  const ask = thread();
  expect(await ask(1, EXPLAIN)).toMatchObject({
    answer: { kind: 'explain', explanation: { agents: 3 } },
  });
  expect(await ask(2, planOf([]))).toMatchObject({
    answer: { kind: 'plan', before: { agents: 3 }, after: { agents: 3 } },
  });
});

test('says what the core refuses, and goes on', async () => {
  const ask = thread();
  const add_agents = { count: 1, resources: [cpus(-1)] };
  const bad = planOf([{ type: PlanChange_Type.ADD_AGENTS, add_agents }]);
  expect(await ask(1, bad)).toMatchObject({
    failure: { status: 400, text: expect.stringContaining('BAD_AMOUNT') },
  });
  expect(await ask(2, planOf([]))).toHaveProperty('answer');
});

test('gives up what takes too long, and begins anew', async () => {
  const ask = thread(1);
  expect(await ask(1, planOf([]), savedCluster(2_000))).toEqual({
    failure: {
      status: 503,
      text: 'It takes longer than 0.001 seconds: ask about less at a time',
    },
  });
  await insights?.close();
  expect(await thread()(2, planOf([]))).toHaveProperty('answer');
});

test('gives up what nobody waits for, and begins anew', async () => {
  const ask = thread();
  const asked = ask(1, planOf([]), savedCluster(2_000));
  insights?.giveUp(7);
  insights?.giveUp(1);
  expect(await asked).toMatchObject({ failure: { text: 'Nobody waits for it any more' } });
  expect(await ask(2, EXPLAIN)).toHaveProperty('answer');
});

test('a saved state that is none fails the question, not the thread', async () => {
  const ask = thread();
  expect(await ask(1, EXPLAIN, new Uint8Array(3))).toHaveProperty('failure');
  expect(await ask(2, EXPLAIN)).toHaveProperty('answer');
});
