// GET_OFFERS, GET_HISTORY, EXPLAIN and PLAN, asked of a running master.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MasterResponse } from '../../src/model/generated/messages.ts';
import { decodeMessage } from '../../src/wire/protobuf.ts';
import { types } from '../../src/wire/types.ts';
import { TestCluster } from '../support/cluster.ts';
import { type LongTask, longTask } from '../support/long-task.ts';
import { ask } from '../support/requests.ts';

const cluster = new TestCluster();
let task: LongTask;
beforeAll(async () => {
  await cluster.start({ agent: ['--resources=cpus:4;mem:1024;disk:1024'] });
  await cluster.agentRegistered();
  task = await longTask(cluster, cluster.address);
});
afterAll(async () => {
  task?.release();
  await cluster.stop();
});

const post = (call: object, accept = 'application/json') =>
  ask(cluster.address, '/api/v1', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: accept },
    body: JSON.stringify(call),
  });

// biome-ignore lint/suspicious/noExplicitAny: answers of four shapes, as JSON.
async function answer(call: object): Promise<any> {
  const response = await post(call);
  expect(response.status, await response.clone().text()).toBe(200);
  return response.json();
}

async function ids(): Promise<{ framework: string; agent: string }> {
  const { get_tasks } = await answer({ type: 'GET_TASKS' });
  const [{ framework_id, agent_id }] = get_tasks.tasks;
  return { framework: framework_id.value, agent: agent_id.value };
}

test('why a framework with a running task gets nothing more, and what it could get', async () => {
  const { framework, agent } = await ids();
  const explain = { framework_id: { value: framework }, demand: { cpus: { value: 64 } } };
  const answered = await answer({ type: 'EXPLAIN', explain });
  expect(answered).toMatchObject({
    type: 'EXPLAIN',
    explain: {
      agents: 1,
      paused: false,
      roles: [{ role: '*', groups: [{ agents: 1, examples: [{ value: agent }] }] }],
    },
  });
  const [{ fit }] = answered.explain.roles;
  expect(fit).toMatchObject({ offered: 0, possible: 0, impossible: 1 });
  expect(fit.impossible_by).toEqual([
    { resource: 'cpus', agents: 1, most: 4, examples: [{ value: agent }] },
  ]);
});

test('what a drain would end, and that nothing has changed', async () => {
  const { framework, agent } = await ids();
  const changes = [{ type: 'DRAIN_AGENTS', drain_agents: { agent_ids: [{ value: agent }] } }];
  const { plan } = await answer({ type: 'PLAN', plan: { changes } });
  expect(plan.ending_tasks).toMatchObject([{ framework_id: { value: framework }, tasks: 1 }]);
  expect(plan.before).toMatchObject({ agents: 1, capacity: { cpus: { value: 4 } } });
  expect(plan.after.agents).toBe(0);
  const { get_agents } = await answer({ type: 'GET_AGENTS' });
  expect(get_agents.agents).toMatchObject([{ active: true }]);
  expect(task.starts()).toBe(1);
});

test('a plan as protobuf, and one that cannot be', async () => {
  const add_agents = {
    count: 2,
    resources: [{ name: 'cpus', type: 'SCALAR', scalar: { value: 8 } }],
  };
  const call = { type: 'PLAN', plan: { changes: [{ type: 'ADD_AGENTS', add_agents }] } };
  const response = await post(call, 'application/x-protobuf');
  const bytes = new Uint8Array(await response.arrayBuffer());
  const { plan }: MasterResponse = decodeMessage(types.MasterResponse, bytes);
  expect(plan?.after.capacity?.cpus).toEqual({ value: 20 });
  const wrong = await post({ type: 'PLAN', plan: { changes: [{ type: 'DRAIN_AGENTS' }] } });
  expect([wrong.status, await wrong.text()]).toEqual([
    400,
    "Invalid change 0: Expecting 'drain_agents' to be present",
  ]);
});

test('offers and history', async () => {
  const offers = await answer({ type: 'GET_OFFERS' });
  expect(offers.type).toBe('GET_OFFERS');
  const { get_history } = await answer({ type: 'GET_HISTORY' });
  expect(get_history).toMatchObject({ capacity: 1440, interval: { nanoseconds: 60e9 } });
});
