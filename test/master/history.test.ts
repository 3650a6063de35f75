// GET_HISTORY: the cluster as it was, a point a minute.
import { expect, test } from 'vitest';
import { MasterCall_Type, TaskState } from '../../src/model/generated/messages.ts';
import { cluster, resources, START_MS, type World } from './harness.ts';

const MINUTE = 60_000;

function historyOf(world: World, sinceMs?: number) {
  const since =
    sinceMs === undefined ? {} : { since: { nanoseconds: BigInt(sinceMs) * 1_000_000n } };
  const response = world.ask({ type: MasterCall_Type.GET_HISTORY, get_history: since });
  return response?.get_history;
}

test('a minute brings a point, of what there is then', () => {
  const { world, agent, framework } = cluster();
  expect(historyOf(world)?.seconds).toEqual([]);
  framework.launch(framework.offer(), { task_id: { value: 't' }, resources: resources('cpus:1') });
  agent.update(framework, 't', TaskState.TASK_RUNNING);
  world.advance(MINUTE);
  agent.update(framework, 't', TaskState.TASK_FINISHED);
  world.advance(MINUTE);
  const history = historyOf(world);
  expect(history?.seconds).toHaveLength(2);
  expect(history?.resources?.find(({ name }) => name === 'cpus')).toEqual({
    name: 'cpus',
    total: [4, 4],
    offered: [3, 4],
    allocated: [1, 0],
    reserved: [0, 0],
    revocable: [0, 0],
    revocable_allocated: [0, 0],
  });
  expect(history?.tasks).toEqual([
    { state: TaskState.TASK_RUNNING, ended: false, count: [1, 0] },
    { state: TaskState.TASK_FINISHED, ended: true, count: [0, 1] },
  ]);
  expect(history?.agents.active).toEqual([1, 1]);
});

test('agents are counted where they are', () => {
  const { world, agent } = cluster();
  const agent_id = { value: agent.id };
  world.operate({ type: MasterCall_Type.DEACTIVATE_AGENT, deactivate_agent: { agent_id } });
  world.advance(MINUTE);
  expect(historyOf(world)?.agents).toMatchObject({ active: [0], deactivated: [1] });
});

test('only what is new is told to those who say what they know', () => {
  const { world } = cluster();
  world.advance(5 * MINUTE);
  const all = historyOf(world)?.seconds ?? [];
  expect(all).toHaveLength(5);
  expect(historyOf(world, (all[2] ?? 0) * 1000)?.seconds).toEqual(all.slice(3));
});

test('there is no more than a day of it', () => {
  const { world } = cluster({ allocationIntervalMs: MINUTE, agentPingTimeoutMs: 30 * MINUTE });
  world.advance(25 * 60 * MINUTE);
  const seconds = historyOf(world)?.seconds ?? [];
  expect(seconds).toHaveLength(1_440);
  const lastMs = (seconds.at(-1) ?? 0) * 1000;
  expect(lastMs).toBeGreaterThan(START_MS + 24 * 60 * MINUTE);
});

test('who may not see metrics may not see their history', () => {
  const { world } = cluster({
    authorizer: { authorize: (_, action) => action !== 'GET_ENDPOINT_WITH_PATH' },
  });
  expect(world.operate({ type: MasterCall_Type.GET_HISTORY })).toEqual({
    status: 403,
    text: undefined,
  });
});
