// Everything an agent has comes back in one message when it reregisters: the master gives it no
// more than that message can carry, whatever it consists of.
import { expect, test } from 'vitest';
import { MAX_STATUSES_ON_AGENT_BYTES } from '../../src/master/tasks/tasks.ts';
import {
  FrameworkInfo_Capability_Type,
  MasterCall_Type,
  type Offer_Operation,
  Offer_Operation_Type,
  type Operation,
  OperationState,
  type Resource,
  Resource_ReservationInfo_Type,
  TaskState,
} from '../../src/model/generated/messages.ts';
import { agentId } from '../../src/model/ids.ts';
import { statusesBytes } from '../../src/model/status-history.ts';
import { cluster, FakeAgent, resources, runningTask, type World } from './harness.ts';

const MEGABYTE = 1_000_000;
const BOUND = 33_554_432;
const capabilities = [
  { type: FrameworkInfo_Capability_Type.MULTI_ROLE },
  { type: FrameworkInfo_Capability_Type.RESERVATION_REFINEMENT },
];

const labels = (key: string, bytes: number) => ({
  labels: [{ key, value: 'x'.repeat(bytes) }],
});

/** A thousandth of a cpu, reserved with a label of that size. */
const reserved = (key: string, bytes: number): Resource[] =>
  resources('cpus:0.001').map((it) => ({
    ...it,
    reservations: [
      { type: Resource_ReservationInfo_Type.DYNAMIC, role: 'dev', labels: labels(key, bytes) },
    ],
  }));

const reserve = (list: Resource[], id?: string): Offer_Operation => ({
  type: Offer_Operation_Type.RESERVE,
  ...(id !== undefined && { id: { value: id } }),
  reserve: { resources: list },
});
const unreserve = (list: Resource[]): Offer_Operation => ({
  type: Offer_Operation_Type.UNRESERVE,
  unreserve: { resources: list },
});

const bytesOf = (world: World, agent: FakeAgent) =>
  world.master.agents.registered.get(agentId(agent.id))?.bytes;

/**
 * The agent carries out everything that was sent to it, and the master acknowledges what frameworks
 * do not.
 */
function carryOut(agent: FakeAgent, from: number): number {
  const asked = agent.sent('ApplyOperationMessage');
  for (const { operation_uuid, framework_id } of asked.slice(from)) {
    agent.send('UpdateOperationStatusMessage', {
      ...(framework_id !== undefined && { framework_id }),
      agent_id: { value: agent.id },
      operation_uuid,
      status: {
        state: OperationState.OPERATION_FINISHED,
        agent_id: { value: agent.id },
        uuid: { value: agent.world.uuid() },
      },
    });
  }
  return asked.length;
}

test('many small tasks are too much together, as few large ones are', () => {
  const { agent, framework } = cluster();
  const small = Array.from({ length: 2_500 }, (_, index) => ({
    task_id: { value: `t${index}` },
    resources: resources('cpus:0.001;mem:0.1'),
    labels: labels('k', 15_000),
  }));
  framework.launch(framework.offer(), ...small);
  const launched = agent.sent('RunTaskMessage').length;
  expect(launched).toBeGreaterThan(2_100);
  expect(launched).toBeLessThan(BOUND / 15_000);
  expect(framework.statuses().at(-1)).toMatchObject({
    state: TaskState.TASK_ERROR,
    message: `Task and all that runs on agent ${agent.id} have more than ${BOUND} bytes`,
  });
});

test('a reservation of a framework that would make them too much is an error, and one can be undone', () => {
  const { world, agent, framework } = cluster({}, { capabilities });
  let done = 0;
  for (let index = 0; index < 5; index++) {
    framework.accept(
      [framework.offers().at(-1) ?? framework.offer()],
      [reserve(reserved(`k${index}`, 5 * MEGABYTE), index % 2 === 0 ? `op${index}` : undefined)],
      0,
    );
    done = carryOut(agent, done);
    world.allocate();
  }
  const states = framework
    .events('UPDATE_OPERATION_STATUS')
    .map(({ update_operation_status }) => update_operation_status?.status);
  const refused = states.filter((status) => status?.state === OperationState.OPERATION_ERROR);
  expect(refused.length).toBe(1);
  expect(refused[0]?.message).toBe(
    `Operation and all that is on agent ${agent.id} have more than ${BOUND} bytes`,
  );
  framework.accept(
    [framework.offers().at(-1) ?? framework.offer()],
    [unreserve(reserved('k1', 5 * MEGABYTE))],
  );
  expect(agent.sent('ApplyOperationMessage')).toHaveLength(done + 1);
});

test('an operator hears that a reservation would be too much', () => {
  const { world, agent } = cluster();
  let done = 0;
  const answers = Array.from({ length: 6 }, (_, index) => {
    const answer = world.operate({
      type: MasterCall_Type.RESERVE_RESOURCES,
      reserve_resources: {
        agent_id: { value: agent.id },
        resources: reserved(`k${index}`, 5 * MEGABYTE),
      },
    });
    done = carryOut(agent, done);
    return answer;
  });
  expect(answers[4]).toMatchObject({ status: 202 });
  expect(answers[5]).toMatchObject({
    status: 409,
    text: `Operation and all that is on agent ${agent.id} have more than ${BOUND} bytes`,
  });
});

test('operations count until they are acknowledged, though what they make is gone', () => {
  const { world, agent, framework } = cluster({}, { capabilities });
  let done = 0;
  for (let index = 0; index < 20; index++) {
    const list = reserved('k', MEGABYTE);
    framework.accept(
      [framework.offers().at(-1) ?? framework.offer()],
      [reserve(list, `a${index}`), { ...unreserve(list), id: { value: `b${index}` } }],
      0,
    );
    done = carryOut(agent, done);
    world.allocate();
  }
  const known = world.read({ type: MasterCall_Type.GET_OPERATIONS }).get_operations?.operations;
  expect(known?.length).toBeLessThan(40);
  expect(bytesOf(world, agent)).toBeLessThan(BOUND + 8 * 1024 * 1024);
});

test('a framework counts with what it says of itself while it has something on the agent', () => {
  const { world, agent, framework } = cluster({}, { labels: labels('k', 500_000) });
  framework.launch(framework.offer(), 't1');
  const before = bytesOf(world, agent) ?? 0;
  expect(before).toBeGreaterThan(500_000);
  framework.subscribe({ labels: labels('k', 900_000) });
  expect(bytesOf(world, agent)).toBeGreaterThan(before + 399_000);
  const uuid = agent.update(framework, 't1', TaskState.TASK_FINISHED);
  framework.acknowledge(agent, 't1', uuid);
  expect(bytesOf(world, agent)).toBe(0);
});

test('a framework does not grow on an agent that has no room for it', () => {
  const { world, agent, framework } = cluster();
  const others = Array.from({ length: 10 }, () => world.framework({ labels: labels('k', 1_000) }));
  const fill = Array.from({ length: 8 }, (_, index) => ({
    task_id: { value: `t${index}` },
    resources: resources('cpus:0.01;mem:1'),
    labels: labels('k', 4_000_000),
  }));
  framework.launch(framework.offer(), ...fill);
  for (const other of others) {
    world.allocate();
    const offer = other.offers().at(-1);
    if (offer !== undefined) {
      other.launch(offer, { resources: resources('cpus:0.01;mem:1') });
    }
  }
  const grow = others.map((other) => {
    other.subscribe({ labels: labels('k', 1_000_000) });
    return other.last('ERROR')?.error?.message;
  });
  expect(new Set(grow.filter((error) => error !== undefined))).toEqual(
    new Set([`Framework and all that is on agent ${agent.id} have more than 41943040 bytes`]),
  );
});

test('one ACCEPT does not send a large FrameworkInfo to an agent thousands of times', () => {
  const { agent, framework } = cluster({}, { labels: labels('k', 900_000) });
  const tasks = Array.from({ length: 100 }, (_, index) => ({
    task_id: { value: `t${index}` },
    resources: resources('cpus:0.01;mem:1'),
  }));
  const answer = framework.launch(framework.offer(), ...tasks);
  expect(answer).toMatchObject({ status: 400 });
  expect(answer.text).toMatch(
    /^Failed to validate scheduler::Call: 100 launches, .* 67108864 bytes$/,
  );
  expect(agent.sent('RunTaskMessage')).toEqual([]);
});

test('the statuses of all tasks of an agent have a size: beyond it the latest of each is kept', () => {
  const { world, agent, framework } = cluster();
  const ids = Array.from({ length: 200 }, (_, index) => `t${index}`);
  const tasks = ids.map((value) => ({
    task_id: { value },
    resources: resources('cpus:0.001;mem:0.1'),
  }));
  framework.launch(framework.offer(), ...tasks);
  const there = world.master.agents.registered.get(agentId(agent.id));
  const states = [TaskState.TASK_RUNNING, TaskState.TASK_STARTING];
  for (const id of ids) {
    for (let index = 0; index < 20; index++) {
      agent.update(framework, id, states[index % 2] ?? TaskState.TASK_RUNNING, {
        message: 'x'.repeat(12_000),
      });
    }
  }
  expect(there?.statusBytes).toBeLessThan(MAX_STATUSES_ON_AGENT_BYTES + 200 * 13_000);
  expect(there?.statusBytes).toBeGreaterThan(MAX_STATUSES_ON_AGENT_BYTES - 100_000);
  const kept = world.read({ type: MasterCall_Type.GET_TASKS }).get_tasks?.tasks ?? [];
  expect(kept.find((task) => task.task_id.value === 't0')?.statuses).toHaveLength(20);
  expect(kept.find((task) => task.task_id.value === 't199')?.statuses).toHaveLength(1);
});

test('what is counted of statuses as they come and go is what there is', () => {
  const { world, agent, framework } = cluster();
  framework.launch(framework.offer(), 't1', 't2');
  const there = world.master.agents.registered.get(agentId(agent.id));
  const measured = () =>
    [...(there?.tasks.values() ?? [])]
      .flatMap((tasks) => [...tasks.values()])
      .reduce((sum, task) => sum + statusesBytes(task), 0);
  const { TASK_RUNNING, TASK_STARTING } = TaskState;
  // Repeated statuses, some without data, some shortened, and more than are kept in number and in
  // bytes.
  const sizes = [1, 1, 5_000, 20_000, 3_000, ...Array(120).fill(10), ...Array(40).fill(12_000)];
  sizes.forEach((size, index) => {
    const state = index % 3 === 0 ? TASK_STARTING : TASK_RUNNING;
    agent.update(framework, 't1', state, { message: 'ä'.repeat(size) });
    expect(there?.statusBytes, `after ${index}`).toBe(measured());
  });
  const uuid = agent.update(framework, 't1', TaskState.TASK_FINISHED);
  framework.acknowledge(agent, 't1', uuid);
  expect(there?.statusBytes).toBe(measured());
  expect(there?.taskSizes.size).toBe(1);
});

test('what an agent comes back with counts the same after a restart of the master', () => {
  const { world, agent, framework } = cluster({}, { capabilities });
  const restarted = world.restart();
  const back = new FakeAgent(restarted, { id: agent.id });
  back.reregister({
    checkpointed_resources: reserved('k', MEGABYTE),
    frameworks: [{ ...framework.info, id: { value: framework.id } }],
    tasks: [runningTask(framework, agent, 't1')],
  });
  const before = bytesOf(restarted, back) ?? 0;
  expect(before).toBeGreaterThan(0);
  const operation: Operation = {
    framework_id: { value: framework.id },
    agent_id: { value: agent.id },
    info: reserve(reserved('k', MEGABYTE), 'op'),
    latest_status: { state: OperationState.OPERATION_FINISHED, uuid: { value: world.uuid() } },
    uuid: { value: world.uuid() },
  };
  back.send('UpdateAgentMessage', {
    agent_id: { value: agent.id },
    update_oversubscribed_resources: false,
    operations: { operations: [operation] },
  });
  expect(bytesOf(restarted, back)).toBeGreaterThan(before + MEGABYTE);
});

test('reports of tasks that never were call an agent back less and less often', () => {
  const { world, agent, framework } = cluster();
  const recalls = () => agent.sent('PingAgentMessage').filter(({ connected }) => !connected).length;
  let known = 0;
  for (let second = 0; second < 600; second++) {
    agent.update(framework, `made-up-${second}`, TaskState.TASK_RUNNING);
    if (recalls() > known) {
      known = recalls();
      agent.reregister({ frameworks: [{ ...framework.info, id: { value: framework.id } }] });
    }
    world.advance(1_000);
  }
  expect(known).toBeGreaterThan(3);
  expect(known).toBeLessThan(10);
});
