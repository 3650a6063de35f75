// One task from offer to acknowledged end, and what can go wrong with it.
import { expect, test } from 'vitest';
import { executorInfoError } from '../../src/master/validation/executor.ts';
import {
  FrameworkInfo_Capability_Type,
  MasterCall_Type,
  TaskState,
  TaskStatus_Reason,
  TaskStatus_Source,
} from '../../src/model/generated/messages.ts';
import { cluster, launchOf, resources, viewer, World } from './harness.ts';

const partitionAware = {
  capabilities: [
    { type: FrameworkInfo_Capability_Type.MULTI_ROLE },
    { type: FrameworkInfo_Capability_Type.PARTITION_AWARE },
  ],
};

test('a task is offered, launched, updated and acknowledged, and its framework torn down', () => {
  const { world, agent, framework } = cluster();
  expect(framework.id).toBe(`${world.options.id}-0000`);
  expect(agent.id).toBe(`${world.options.id}-S0`);
  const [offer] = framework.offers();
  expect(offer).toMatchObject({
    id: { value: `${world.options.id}-O0` },
    agent_id: { value: agent.id },
    hostname: 'node2',
    allocation_info: { role: 'dev' },
  });
  expect(framework.offers()).toHaveLength(1);

  expect(framework.launch(framework.offer(), 't1')).toEqual({ status: 202 });
  const [run] = agent.sent('RunTaskMessage');
  expect(run).toMatchObject({
    framework: { id: { value: framework.id } },
    task: { task_id: { value: 't1' }, command: { value: 'sleep 1000' } },
    pid: '',
    launch_executor: true,
  });

  for (const state of [TaskState.TASK_STARTING, TaskState.TASK_RUNNING]) {
    const uuid = agent.update(framework, 't1', state);
    expect(framework.statuses('t1').at(-1)).toMatchObject({ state, uuid });
    expect(framework.acknowledge(agent, 't1', uuid)).toEqual({ status: 202 });
    expect(agent.sent('StatusUpdateAcknowledgementMessage').at(-1)).toMatchObject({
      task_id: { value: 't1' },
      uuid,
    });
  }
  const tasks = () => world.read({ type: MasterCall_Type.GET_TASKS }).get_tasks;
  expect(tasks()?.tasks?.map((it) => it.state)).toEqual([TaskState.TASK_RUNNING]);

  const last = agent.update(framework, 't1', TaskState.TASK_FINISHED);
  // Its resources are free, but it is listed until the framework knows of its end.
  expect(tasks()?.tasks?.map((it) => it.state)).toEqual([TaskState.TASK_FINISHED]);
  framework.acknowledge(agent, 't1', last);
  expect(tasks()?.tasks).toEqual([]);
  expect(tasks()?.completed_tasks?.map((it) => it.task_id.value)).toEqual(['t1']);

  expect(framework.call('TEARDOWN')).toEqual({ status: 202 });
  expect(world.closed.has(framework.stream)).toBe(true);
  const frameworks = world.read({ type: MasterCall_Type.GET_FRAMEWORKS }).get_frameworks;
  expect(frameworks?.frameworks).toEqual([]);
  expect(frameworks?.completed_frameworks).toHaveLength(1);
});

test('what a task leaves of an offer is offered again', () => {
  const { world, framework } = cluster();
  framework.launch(framework.offer(), 't1');
  world.allocate();
  expect(framework.offers()).toHaveLength(2);
  const cpus = framework.offer().resources?.find(({ name }) => name === 'cpus');
  expect(cpus?.scalar?.value).toBe(3);
});

test('resources of a task are free with its first terminal state', () => {
  const { world, agent, framework } = cluster();
  framework.launch(framework.offer(), { ...taskOfAll, task_id: { value: 't1' } });
  world.allocate();
  expect(framework.offers()).toHaveLength(1);
  agent.update(framework, 't1', TaskState.TASK_RUNNING, { latestState: TaskState.TASK_FAILED });
  world.allocate();
  expect(framework.offers()).toHaveLength(2);
  const state = world.views.metrics(world.nowMs);
  expect(state['master/cpus_used']).toBe(0);
});

test('what an ACCEPT leaves is not offered to its framework before its filter ends', () => {
  const { world, framework } = cluster();
  const offer = framework.offer();
  framework.accept([offer], [launchOf(offer, 't1')], 30);
  world.advance(29_000);
  expect(framework.offers()).toHaveLength(1);
  world.advance(3_000);
  expect(framework.offers()).toHaveLength(2);
});

const taskOfAll = { resources: resources('cpus:4;mem:4096;disk:8192;ports:[31000-32000]') };

test.each([
  ['plain', {}, TaskState.TASK_LOST],
  ['partition-aware', partitionAware, TaskState.TASK_DROPPED],
])('offers that are gone lose the task of a %s framework', (_kind, info, state) => {
  const { framework } = cluster({}, info);
  const offer = framework.offer();
  framework.call('DECLINE', { decline: { offer_ids: [offer.id] } });
  framework.launch(offer, 't1');
  expect(framework.statuses()).toMatchObject([
    {
      state,
      source: TaskStatus_Source.SOURCE_MASTER,
      reason: TaskStatus_Reason.REASON_INVALID_OFFERS,
      message: `Task launched with invalid offers: Offer ${offer.id.value} is no longer valid`,
    },
  ]);
  expect(framework.statuses()[0]?.uuid).toBeUndefined();
});

test('the same offer twice is refused, and goes back', () => {
  const { world, framework } = cluster();
  const offer = framework.offer();
  framework.accept([offer, offer], [launchOf(offer, 't1')]);
  expect(framework.statuses()[0]?.message).toBe(
    `Task launched with invalid offers: Duplicate offer ${offer.id.value} in offer list`,
  );
  world.allocate();
  expect(framework.offers()).toHaveLength(2);
});

test('two offers of one agent can fund one task', () => {
  const world = new World();
  const agent = world.agent({ resources: 'cpus:2;mem:1024' });
  const framework = world.framework();
  world.allocate();
  framework.launch(framework.offer(), { resources: resources('cpus:1;mem:512') });
  world.allocate();
  const second = framework.offer();
  agent.update(framework, 'task', TaskState.TASK_FINISHED);
  world.allocate();
  const offers = framework.offers().slice(-2);
  expect(offers[0]).toEqual(second);
  const whole = { task_id: { value: 'whole' }, resources: resources('cpus:2;mem:1024') };
  framework.accept(offers, [launchOf(second, whole)]);
  expect(agent.sent('RunTaskMessage').at(-1)?.task.task_id.value).toBe('whole');
});

test('offers of different agents are not taken together', () => {
  const world = new World();
  world.agent({ pid: 'slave(1)@10.0.0.2:5051' });
  world.agent({ pid: 'slave(1)@10.0.0.3:5051', hostname: 'node3' });
  const framework = world.framework();
  world.allocate();
  const offers = framework.offers();
  expect(offers).toHaveLength(2);
  framework.accept(offers, [launchOf(framework.offer(), 't1')]);
  expect(framework.statuses()[0]).toMatchObject({
    state: TaskState.TASK_LOST,
    reason: TaskStatus_Reason.REASON_INVALID_OFFERS,
  });
});

test.each([
  ['no resources', { resources: [] }, 'Task uses no resources'],
  ['more than offered', { resources: resources('cpus:5;mem:64') }, /^Total resources .* required/],
  ['an id with a slash', { task_id: { value: 'a/b' } }, "'a/b' contains invalid characters"],
  ['a dot as id', { task_id: { value: '.' } }, "'.' is disallowed"],
  [
    'another agent',
    { agent_id: { value: 'other' } },
    /^Task uses invalid agent other while agent .* is expected$/,
  ],
  [
    'a negative grace period',
    { kill_policy: { grace_period: { nanoseconds: -1n } } },
    "Task's 'kill_policy.grace_period' must be non-negative",
  ],
  [
    'half a gpu',
    { resources: resources('cpus:1;mem:64;gpus:0.5') },
    "Task uses invalid resources: Invalid 'gpus' resource: The 'gpus' resource must be an unsigned integer",
  ],
  [
    'more bytes than a task may have',
    { labels: { labels: [{ key: 'k', value: 'x'.repeat(4 * 1024 * 1024) }] } },
    'Task has more than 4194304 bytes',
  ],
  [
    'a limit of disk',
    { limits: { disk: { value: 1 } } },
    "Only cpus and mem may be included in a task's resource limits",
  ],
  [
    'a limit below the request',
    { limits: { cpus: { value: 0.5 } } },
    'The cpu limit must be greater than or equal to the cpu request',
  ],
])('a task with %s is an error', (_what, task, message) => {
  const { world, agent, framework } = cluster();
  framework.launch(framework.offer(), task);
  const [status] = framework.statuses();
  expect(status).toMatchObject({
    state: TaskState.TASK_ERROR,
    reason: TaskStatus_Reason.REASON_TASK_INVALID,
  });
  if (message instanceof RegExp) {
    expect(status?.message).toMatch(message);
  } else {
    expect(status?.message).toBe(message);
  }
  expect(agent.sent('RunTaskMessage')).toEqual([]);
  // Nothing of it is kept, and its resources come back.
  expect(world.read({ type: MasterCall_Type.GET_TASKS }).get_tasks?.tasks).toEqual([]);
  world.allocate();
  expect(framework.offers()).toHaveLength(2);
});

test('a task id can be used again only when its task has ended', () => {
  const { world, agent, framework } = cluster();
  framework.launch(framework.offer(), 't1');
  world.allocate();
  framework.launch(framework.offer(), 't1');
  expect(framework.statuses().at(-1)?.message).toBe('Task has duplicate ID: t1');
  const uuid = agent.update(framework, 't1', TaskState.TASK_FINISHED);
  framework.acknowledge(agent, 't1', uuid);
  world.allocate();
  framework.launch(framework.offer(), 't1');
  expect(agent.sent('RunTaskMessage')).toHaveLength(2);
});

test('one bad task leaves the others alone', () => {
  const { agent, framework } = cluster();
  framework.launch(framework.offer(), 'good', { task_id: { value: '..' } }, 'better');
  expect(agent.sent('RunTaskMessage').map(({ task }) => task.task_id.value)).toEqual([
    'good',
    'better',
  ]);
});

test('every acknowledgement reaches the agent, only the last of a terminal update ends the task', () => {
  const { world, agent, framework } = cluster();
  framework.launch(framework.offer(), 't1');
  const finished = agent.update(framework, 't1', TaskState.TASK_FINISHED);
  const stray = agent.update(framework, 't1', TaskState.TASK_RUNNING);
  framework.acknowledge(agent, 't1', finished);
  const tasks = () => world.read({ type: MasterCall_Type.GET_TASKS }).get_tasks?.tasks;
  expect(agent.sent('StatusUpdateAcknowledgementMessage')).toHaveLength(1);
  expect(tasks()).toHaveLength(1);
  expect(tasks()?.[0]?.state).toBe(TaskState.TASK_FINISHED);
  framework.acknowledge(agent, 't1', stray);
  expect(agent.sent('StatusUpdateAcknowledgementMessage')).toHaveLength(2);
});

test('an update without a pid or uuid is dropped', () => {
  const { agent, framework, world } = cluster();
  framework.launch(framework.offer(), 't1');
  const update = {
    framework_id: { value: framework.id },
    agent_id: { value: agent.id },
    status: { task_id: { value: 't1' }, state: TaskState.TASK_RUNNING },
    timestamp: 1,
    uuid: world.uuid(),
  };
  agent.send('StatusUpdateMessage', { update });
  agent.send('StatusUpdateMessage', { update, pid: agent.pid });
  agent.send('StatusUpdateMessage', {
    update: { ...update, uuid: new Uint8Array(16) },
    pid: agent.pid,
  });
  expect(framework.statuses()).toEqual([]);
  expect(world.views.metrics(world.nowMs)['master/invalid_status_updates']).toBe(3);
});

test('a kill reaches the agent; one of an unknown task is answered like a question', () => {
  const { agent, framework } = cluster();
  framework.launch(framework.offer(), 't1');
  framework.call('KILL', { kill: { task_id: { value: 't1' } } });
  expect(agent.sent('KillTaskMessage')).toMatchObject([{ task_id: { value: 't1' } }]);
  framework.call('KILL', { kill: { task_id: { value: 'zz' }, agent_id: { value: agent.id } } });
  expect(framework.statuses('zz')).toMatchObject([
    {
      state: TaskState.TASK_LOST,
      reason: TaskStatus_Reason.REASON_RECONCILIATION,
      message: 'Reconciliation: Task is unknown to the agent',
    },
  ]);
});

test('an operator has a task killed, and its framework is told who', () => {
  const { world, agent, framework } = cluster();
  framework.launch(framework.offer(), 't1');
  const kill = (task: string, more: object = {}, owner: string = framework.id) => {
    const kill_task = { framework_id: { value: owner }, task_id: { value: task }, ...more };
    return world.operate({ type: MasterCall_Type.KILL_TASK, kill_task }, { value: 'ada' });
  };
  const kill_policy = { grace_period: { nanoseconds: 5_000_000_000n } };
  expect(kill('t1', { kill_policy }).status).toBe(202);
  expect(agent.sent('KillTaskMessage')).toEqual([
    { framework_id: { value: framework.id }, task_id: { value: 't1' }, kill_policy },
  ]);
  agent.update(framework, 't1', TaskState.TASK_RUNNING);
  agent.update(framework, 't1', TaskState.TASK_KILLED);
  const [running, killed] = framework.statuses('t1');
  expect(running?.message).toBeUndefined();
  expect(killed).toMatchObject({
    state: TaskState.TASK_KILLED,
    source: TaskStatus_Source.SOURCE_EXECUTOR,
    message: "Killed by operator 'ada'",
  });
  expect(kill('t1')).toMatchObject({ status: 400, text: expect.stringContaining('has ended') });
  expect(kill('t2')).toMatchObject({ status: 400, text: expect.stringContaining('No task') });
  expect(kill('t1', {}, 'f')).toMatchObject({
    status: 400,
    text: expect.stringContaining('No fr'),
  });
  expect(agent.sent('KillTaskMessage')).toHaveLength(1);
});

test('an operator’s kill of a task whose agent drains is told as that, and not as the drain', () => {
  const { world, agent, framework } = cluster();
  framework.launch(framework.offer(), 't1', 't2', 't3');
  const reason = TaskStatus_Reason.REASON_AGENT_DRAINING;
  const memory = TaskStatus_Reason.REASON_CONTAINER_LIMITATION_MEMORY;
  for (const task of ['t1', 't3']) {
    const kill_task = { framework_id: { value: framework.id }, task_id: { value: task } };
    world.operate({ type: MasterCall_Type.KILL_TASK, kill_task }, { value: 'ada' });
  }
  for (const [task, told] of Object.entries({ t1: reason, t2: reason, t3: memory })) {
    agent.update(framework, task, TaskState.TASK_KILLED, { reason: told, message: 'Ended' });
  }
  const [killed] = framework.statuses('t1');
  expect(killed).toMatchObject({ message: "Killed by operator 'ada': Ended" });
  expect(killed).not.toHaveProperty('reason');
  expect(framework.statuses('t2')).toMatchObject([{ reason, message: 'Ended' }]);
  expect(framework.statuses('t3')).toMatchObject([{ reason: memory }]);
});

test('the state endpoint shows the task with the old names', () => {
  const { world, agent, framework } = cluster();
  framework.launch(framework.offer(), 't1');
  agent.update(framework, 't1', TaskState.TASK_RUNNING);
  const state = world.views.state(viewer) as {
    frameworks: Iterable<{ tasks: unknown[] }>;
    slaves: Iterable<Record<string, unknown>>;
  };
  expect([...state.frameworks][0]?.tasks[0]).toMatchObject({
    id: 't1',
    framework_id: framework.id,
    slave_id: agent.id,
    executor_id: '',
    state: 'TASK_RUNNING',
    role: 'dev',
    resources: { cpus: 1, mem: 64, disk: 0, gpus: 0 },
  });
  expect([...state.slaves][0]?.used_resources).toEqual({ cpus: 1, mem: 64, disk: 0, gpus: 0 });
});

test('no more is launched on an agent than it can bring back in one message', () => {
  const { agent, framework } = cluster();
  const large = (name: string) => ({
    name,
    task_id: { value: name },
    resources: resources('cpus:0.1;mem:32'),
    labels: { labels: [{ key: 'k', value: 'x'.repeat(3_500_000) }] },
  });
  const names = Array.from({ length: 10 }, (_, i) => `t${i}`);
  framework.launch(framework.offer(), ...names.map(large), {
    ...large('small'),
    labels: { labels: [] },
  });
  expect(agent.sent('RunTaskMessage')).toHaveLength(10);
  expect(framework.statuses()).toMatchObject([
    {
      task_id: { value: 't9' },
      state: TaskState.TASK_ERROR,
      message: `Task and all that runs on agent ${agent.id} have more than 33554432 bytes`,
    },
  ]);
});

test('an executor of more bytes than one may have is an error, in a group as well', () => {
  const executor = {
    executor_id: { value: 'e' },
    command: { value: 'x' },
    data: new Uint8Array(4 * 1024 * 1024),
  };
  expect(executorInfoError(executor)).toBe("'ExecutorInfo' has more than 4194304 bytes");
});
