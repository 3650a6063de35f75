// Agents that register, fall silent, come back, or go for good, and what happens to their tasks.
import { expect, test } from 'vitest';
import {
  FrameworkInfo_Capability_Type,
  MasterCall_Type,
  TaskState,
  TaskStatus_Reason,
} from '../../src/model/generated/messages.ts';
import { agentId } from '../../src/model/ids.ts';
import { cluster, FakeAgent, resources, runningTask, World } from './harness.ts';

const partitionAware = {
  capabilities: [
    { type: FrameworkInfo_Capability_Type.MULTI_ROLE },
    { type: FrameworkInfo_Capability_Type.PARTITION_AWARE },
  ],
};
const lasting = { checkpoint: true, failover_timeout: 3600 };

const agentsOf = (world: World) =>
  world.read({ type: MasterCall_Type.GET_AGENTS }).get_agents?.agents ?? [];

test('an agent is answered after the registry has it, however often it asks', () => {
  const world = new World();
  world.commitsAtOnce = false;
  const agent = world.agent();
  agent.register();
  expect(agent.sent('AgentRegisteredMessage')).toEqual([]);
  expect(agentsOf(world)).toEqual([]);
  world.commit();
  expect(agent.sent('AgentRegisteredMessage')).toEqual([
    {
      agent_id: { value: `${world.options.id}-S0` },
      connection: { total_ping_timeout_seconds: 75 },
    },
  ]);
  agent.register();
  expect(agent.sent('AgentRegisteredMessage')).toHaveLength(2);
  expect(agentsOf(world)).toHaveLength(1);
  expect(world.links).toEqual(['10.0.0.2:5051']);
});

test('a registry that cannot be written ends the master', () => {
  const world = new World();
  world.commitsAtOnce = false;
  const agent = world.agent();
  world.commit('disk full');
  expect(world.aborted).toContain('disk full');
  expect(agent.sent('AgentRegisteredMessage')).toEqual([]);
});

test('until the process has ended, a master that cannot go on takes nothing more', () => {
  const world = new World();
  const known = world.agent();
  world.commitsAtOnce = false;
  world.agent({ pid: 'slave(1)@10.0.0.3:5051' });
  world.commit('disk full');
  const told = world.toAgents.length;
  known.register();
  world.framework();
  world.advance(60_000);
  expect(world.toAgents).toHaveLength(told);
  expect(agentsOf(world)).toHaveLength(1);
  expect(world.master.frameworks.registered.size).toBe(0);
});

test.each(['', 'abc', '0.28.0'])('an agent of version %j is ignored', (version) => {
  const world = new World();
  const agent = new FakeAgent(world, { version });
  agent.register();
  expect(world.toAgents).toEqual([]);
});

test('the first ping comes with the registration, then one every fifteen seconds', () => {
  const world = new World();
  const agent = world.agent();
  expect(world.toAgents[0]).toMatchObject({ from: 'slave-observer(1)', to: agent.pid });
  expect(agent.sent('PingAgentMessage')).toEqual([{ connected: true }]);
  world.advance(150_000);
  expect(agent.sent('PingAgentMessage')).toHaveLength(11);
  expect(agentsOf(world)).toHaveLength(1);
});

test('five pings without a pong make the agent unreachable, and its tasks with it', () => {
  const { world, agent, framework } = cluster({}, { ...lasting, ...partitionAware });
  framework.launch(framework.offer(), 't1');
  agent.update(framework, 't1', TaskState.TASK_RUNNING);
  world.answersPings = false;
  // The ping that came with the registration was answered.
  world.advance(5 * 15_000 + 15_000 - 1000 - 1);
  expect(framework.events('FAILURE')).toEqual([]);
  world.advance(1);
  expect(framework.events('FAILURE')).toMatchObject([
    { failure: { agent_id: { value: agent.id } } },
  ]);
  expect(framework.statuses('t1').at(-1)).toMatchObject({
    state: TaskState.TASK_UNREACHABLE,
    reason: TaskStatus_Reason.REASON_AGENT_REMOVED,
    unreachable_time: { nanoseconds: BigInt(world.nowMs) * 1_000_000n },
  });
  expect(world.disk.snapshot().unreachable.some(({ id }) => id === agent.id)).toBe(true);
  expect(agentsOf(world)).toEqual([]);
  expect(world.views.metrics(world.nowMs)).toMatchObject({
    'master/slaves_unreachable': 1,
    'master/tasks_unreachable': 1,
    'master/slave_removals/reason_unhealthy': 1,
  });
});

test('an unreachable agent comes back with its task', () => {
  const { world, agent, framework } = cluster({}, { ...lasting, ...partitionAware });
  framework.launch(framework.offer(), 't1');
  agent.update(framework, 't1', TaskState.TASK_RUNNING);
  world.answersPings = false;
  world.advance(90_000);
  agent.reregister({
    tasks: [runningTask(framework, agent, 't1')],
    frameworks: [{ ...framework.info, id: { value: framework.id } }],
  });
  expect(agent.sent('AgentReregisteredMessage')).toMatchObject([{ agent_id: { value: agent.id } }]);
  expect(framework.statuses('t1').at(-1)).toMatchObject({
    state: TaskState.TASK_RUNNING,
    reason: TaskStatus_Reason.REASON_AGENT_REREGISTERED,
  });
  const tasks = world.read({ type: MasterCall_Type.GET_TASKS }).get_tasks;
  expect(tasks?.tasks).toHaveLength(1);
  expect(tasks?.unreachable_tasks).toEqual([]);
  const prefix = `master/frameworks/test/${framework.id}/tasks/active`;
  expect(world.views.metrics(world.nowMs)).toMatchObject({
    [`${prefix}/task_unreachable`]: 0,
    [`${prefix}/task_running`]: 1,
  });
  expect(world.disk.snapshot().unreachable.length).toBe(0);
  world.allocate();
  const cpus = framework.offer().resources?.find(({ name }) => name === 'cpus');
  expect(cpus?.scalar?.value).toBe(3);
});

test('of a task that comes back its latest state is told, and to who asks what was sent', () => {
  const { world, agent, framework } = cluster({}, { ...lasting, ...partitionAware });
  framework.launch(framework.offer(), 't1');
  const uuid = agent.update(framework, 't1', TaskState.TASK_STARTING);
  world.answersPings = false;
  world.advance(90_000);
  agent.reregister({
    tasks: [
      {
        ...runningTask(framework, agent, 't1', TaskState.TASK_FINISHED),
        status_update_state: TaskState.TASK_STARTING,
        status_update_uuid: uuid,
      },
    ],
    frameworks: [{ ...framework.info, id: { value: framework.id } }],
  });
  framework.call('RECONCILE', { reconcile: { tasks: [{ task_id: { value: 't1' } }] } });
  // As Apache Mesos has it: the statuses of the agent are still to come.
  expect(framework.statuses('t1').slice(-2)).toMatchObject([
    { state: TaskState.TASK_FINISHED, reason: TaskStatus_Reason.REASON_AGENT_REREGISTERED },
    { state: TaskState.TASK_STARTING, reason: TaskStatus_Reason.REASON_RECONCILIATION },
  ]);
});

test('an unreachable agent that missed the acknowledgement of an end gets it once more', () => {
  const { world, agent, framework } = cluster({}, { ...lasting, ...partitionAware });
  framework.launch(framework.offer(), 't1', 't2');
  const ends = ['t1', 't2'].map((id) => ({
    id,
    uuid: agent.update(framework, id, TaskState.TASK_FINISHED),
  }));
  for (const { id, uuid } of ends.slice(0, 1)) {
    framework.acknowledge(agent, id, uuid);
  }
  world.answersPings = false;
  world.advance(90_000);
  const heard = framework.statuses('t1').length;
  agent.reregister({
    tasks: ends.map(({ id, uuid }) => ({
      ...runningTask(framework, agent, id, TaskState.TASK_FINISHED),
      status_update_state: TaskState.TASK_FINISHED,
      status_update_uuid: uuid,
    })),
    frameworks: [{ ...framework.info, id: { value: framework.id } }],
  });
  const acknowledgement = { task_id: { value: 't1' }, uuid: ends[0]?.uuid };
  expect(agent.sent('StatusUpdateAcknowledgementMessage')).toMatchObject([
    acknowledgement,
    acknowledgement,
  ]);
  // The end of the other task is not acknowledged, so it is not over.
  expect(framework.statuses('t1')).toHaveLength(heard);
  const tasks = world.read({ type: MasterCall_Type.GET_TASKS }).get_tasks;
  const ids = (list: readonly { task_id: { value: string } }[] | undefined) =>
    list?.map(({ task_id }) => task_id.value);
  expect(ids(tasks?.tasks)).toEqual(['t2']);
  expect(ids(tasks?.completed_tasks)).toEqual(['t1']);
});

test('a task that did not come back with its agent is no longer unreachable', () => {
  const { world, agent, framework } = cluster({}, { ...lasting, ...partitionAware });
  framework.launch(framework.offer(), 't1');
  world.answersPings = false;
  world.advance(90_000);
  agent.reregister();
  expect(world.read({ type: MasterCall_Type.GET_TASKS }).get_tasks?.unreachable_tasks).toEqual([]);
});

/** An unreachable agent comes back, and only then gets a launch that was long on its way. */
function lateLaunch() {
  const { world, agent, framework } = cluster({}, { ...lasting, ...partitionAware });
  framework.launch(framework.offer(), 't1');
  world.answersPings = false;
  world.advance(90_000);
  world.answersPings = true;
  agent.reregister();
  const mine = [{ ...framework.info, id: { value: framework.id } }];
  const tellAll = () =>
    agent.reregister({ tasks: [runningTask(framework, agent, 't1')], frameworks: mine });
  return { world, agent, framework, tellAll };
}

const recalls = (agent: FakeAgent) =>
  agent.sent('PingAgentMessage').filter(({ connected }) => !connected);

test('an agent that runs an uncounted task is called back, once, and the task is counted', () => {
  const { world, agent, framework, tellAll } = lateLaunch();
  agent.update(framework, 't1', TaskState.TASK_STARTING);
  agent.update(framework, 't1', TaskState.TASK_RUNNING);
  expect(recalls(agent)).toHaveLength(1);
  tellAll();
  expect(framework.statuses('t1').at(-1)).toMatchObject({
    state: TaskState.TASK_RUNNING,
    reason: TaskStatus_Reason.REASON_AGENT_REREGISTERED,
  });
  expect(world.read({ type: MasterCall_Type.GET_TASKS }).get_tasks?.tasks).toHaveLength(1);
  world.allocate();
  const cpus = framework.offer().resources?.find(({ name }) => name === 'cpus');
  expect(cpus?.scalar?.value).toBe(3);
  // Its list may be out of date: it is asked once more, and then everything is known.
  expect(recalls(agent)).toHaveLength(2);
  tellAll();
  agent.update(framework, 't1', TaskState.TASK_FINISHED);
  expect(recalls(agent)).toHaveLength(2);
});

test('an uncounted task is not gone, and its agent is called back when the pause is over', () => {
  const { world, agent, framework, tellAll } = lateLaunch();
  const reconcile = () =>
    framework.call('RECONCILE', {
      reconcile: { tasks: [{ task_id: { value: 't1' }, agent_id: { value: agent.id } }] },
    });
  agent.update(framework, 't1', TaskState.TASK_STARTING);
  // The list that the agent is asked for was made before the launch had come.
  agent.reregister();
  agent.update(framework, 't1', TaskState.TASK_RUNNING);
  expect(recalls(agent)).toHaveLength(1);
  const heard = framework.statuses('t1').length;
  reconcile();
  expect(framework.statuses('t1')).toHaveLength(heard);
  world.advance(15_000);
  expect(recalls(agent)).toHaveLength(2);
  tellAll();
  reconcile();
  expect(framework.statuses('t1').at(-1)).toMatchObject({
    state: TaskState.TASK_RUNNING,
    reason: TaskStatus_Reason.REASON_RECONCILIATION,
  });
});

test('an agent comes back with more tasks than a function takes arguments', () => {
  const { agent, framework } = cluster({}, lasting);
  const ended = runningTask(framework, agent, 't', TaskState.TASK_FINISHED);
  agent.reregister({
    tasks: Array.from({ length: 130_000 }, () => ({ ...ended, resources: [] })),
    frameworks: [{ ...framework.info, id: { value: framework.id } }],
  });
  expect(agent.sent('AgentReregisteredMessage')).toHaveLength(1);
});

test('an uncounted task is killed when its resources have gone to others', () => {
  const { world, agent, framework, tellAll } = lateLaunch();
  world.allocate();
  const offer = framework.offer();
  framework.launch(offer, { task_id: { value: 't2' }, resources: resources('cpus:4;mem:64') });
  tellAll();
  expect(agent.sent('KillTaskMessage')).toMatchObject([{ task_id: { value: 't1' } }]);
  const tasks = world.read({ type: MasterCall_Type.GET_TASKS }).get_tasks?.tasks;
  expect(tasks?.map(({ task_id }) => task_id.value)).toEqual(['t2']);
});

test('the end of an uncounted task calls no agent back', () => {
  const { agent, framework } = lateLaunch();
  agent.update(framework, 't1', TaskState.TASK_LOST);
  expect(recalls(agent)).toEqual([]);
});

test('a lost connection takes offers back, and tasks of frameworks that do not checkpoint', () => {
  const { world, agent, framework } = cluster({}, { checkpoint: false });
  framework.launch(framework.offer(), 't1');
  world.allocate();
  const offer = framework.offer();
  world.dispatch({ type: 'linkLost', address: '10.0.0.2:5051' });
  expect(framework.events('RESCIND')).toMatchObject([{ rescind: { offer_id: offer.id } }]);
  expect(framework.statuses('t1').at(-1)).toMatchObject({
    state: TaskState.TASK_LOST,
    reason: TaskStatus_Reason.REASON_AGENT_DISCONNECTED,
  });
  expect(agentsOf(world)[0]?.active).toBe(false);
  world.allocate();
  expect(framework.offers()).toHaveLength(2);
  agent.reregister();
  world.allocate();
  expect(framework.offers()).toHaveLength(3);
  world.advance(15_000);
  expect(agent.sent('PingAgentMessage').at(-1)).toEqual({ connected: true });
});

test('a disconnected agent keeps checkpointed tasks until its time is over', () => {
  const { world, agent, framework } = cluster({}, lasting);
  framework.launch(framework.offer(), 't1');
  world.dispatch({ type: 'linkLost', address: '10.0.0.2:5051' });
  expect(framework.statuses()).toEqual([]);
  world.advance(600_000);
  expect(framework.statuses('t1').at(-1)?.state).toBe(TaskState.TASK_LOST);
  expect(world.disk.snapshot().unreachable.some(({ id }) => id === agent.id)).toBe(true);
});

test.each([
  ['its framework', undefined],
  ['an operator', "Killed by operator 'ada'"],
])('a task is killed for %s when its agent comes back that had not heard of it', (who, message) => {
  const { world, agent, framework } = cluster({}, lasting);
  framework.launch(framework.offer(), 't1');
  world.dispatch({ type: 'linkLost', address: '10.0.0.2:5051' });
  const kill_policy = { grace_period: { nanoseconds: 60_000_000_000n } };
  const kill = { task_id: { value: 't1' }, kill_policy };
  if (who === 'an operator') {
    const kill_task = { ...kill, framework_id: { value: framework.id } };
    const call = { type: MasterCall_Type.KILL_TASK, kill_task };
    expect(world.operate(call, { value: 'ada' })).toMatchObject({
      status: 202,
      text: expect.stringContaining('told when it is back'),
    });
  } else {
    framework.call('KILL', { kill });
  }
  expect(agent.sent('KillTaskMessage')).toEqual([]);
  agent.reregister({
    tasks: [runningTask(framework, agent, 't1')],
    frameworks: [{ ...framework.info, id: { value: framework.id } }],
  });
  expect(agent.sent('KillTaskMessage')).toEqual([
    { framework_id: { value: framework.id }, ...kill },
  ]);
  agent.update(framework, 't1', TaskState.TASK_KILLED);
  expect(framework.statuses('t1').at(-1)?.message).toBe(message);
});

test('an agent is asked about tasks that it does not list', () => {
  const { world, agent, framework } = cluster({}, lasting);
  framework.launch(framework.offer(), 't1');
  world.dispatch({ type: 'linkLost', address: '10.0.0.2:5051' });
  agent.reregister();
  expect(agent.sent('AgentReregisteredMessage')[0]?.reconciliations).toMatchObject([
    { framework_id: { value: framework.id }, statuses: [{ task_id: { value: 't1' } }] },
  ]);
});

test('the same id from another host is sent away, from another port it is taken when free', () => {
  const { world, agent } = cluster();
  agent.reregister({}, { pid: 'slave(1)@10.0.0.9:5051' });
  expect(world.sentTo('slave(1)@10.0.0.9:5051', 'ShutdownMessage')).toHaveLength(1);
  agent.reregister({}, { hostname: 'elsewhere' });
  expect(agent.sent('ShutdownMessage')).toHaveLength(1);
  agent.reregister({}, { pid: 'slave(2)@10.0.0.2:6000' });
  expect(agentsOf(world)[0]?.pid).toBe(agent.pid);
  world.dispatch({ type: 'linkLost', address: '10.0.0.2:5051' });
  agent.reregister({}, { pid: 'slave(2)@10.0.0.2:6000' });
  expect(world.sentTo('slave(2)@10.0.0.2:6000', 'AgentReregisteredMessage')).toHaveLength(1);
  expect(agentsOf(world)[0]?.pid).toBe('slave(2)@10.0.0.2:6000');
});

test('a registration at the pid of a disconnected agent replaces it', () => {
  const { world, agent, framework } = cluster({}, lasting);
  framework.launch(framework.offer(), 't1');
  const before = agent.id;
  world.dispatch({ type: 'linkLost', address: '10.0.0.2:5051' });
  agent.register();
  expect(agent.id).not.toBe(before);
  expect(framework.statuses('t1').at(-1)).toMatchObject({
    state: TaskState.TASK_LOST,
    reason: TaskStatus_Reason.REASON_AGENT_REMOVED,
  });
  expect(agentsOf(world).map(({ agent_info }) => agent_info.id?.value)).toEqual([agent.id]);
});

test('an agent that unregisters is removed', () => {
  const { world, agent, framework } = cluster({}, lasting);
  agent.send('UnregisterAgentMessage', { agent_id: { value: agent.id } });
  expect(agentsOf(world)).toEqual([]);
  expect(world.disk.snapshot().agents.length).toBe(0);
  expect(framework.events('RESCIND')).toHaveLength(1);
});

test.each([
  ['plain', {}, TaskState.TASK_LOST, TaskStatus_Reason.REASON_AGENT_REMOVED],
  [
    'partition-aware',
    partitionAware,
    TaskState.TASK_GONE_BY_OPERATOR,
    TaskStatus_Reason.REASON_AGENT_REMOVED_BY_OPERATOR,
  ],
])('an agent marked gone takes the task of a %s framework along', (_kind, info, state, reason) => {
  const { world, agent, framework } = cluster({}, { ...lasting, ...info });
  framework.launch(framework.offer(), 't1');
  const gone = { agent_id: { value: agent.id } };
  const call = { type: MasterCall_Type.MARK_AGENT_GONE, mark_agent_gone: gone };
  expect(world.operate(call)).toMatchObject({ status: 200 });
  expect(framework.statuses('t1').at(-1)).toMatchObject({ state, reason });
  expect(agent.sent('ShutdownMessage')).toHaveLength(1);
  agent.reregister();
  expect(agent.sent('ShutdownMessage')).toHaveLength(2);
  expect(world.operate(call)).toMatchObject({ status: 200 });
  const unknown = { agent_id: { value: 'nobody' } };
  expect(world.operate({ ...call, mark_agent_gone: unknown })).toMatchObject({ status: 404 });
});

test('removals by lost pings can be slowed down, and a pong cancels one that waits', () => {
  const world = new World({ agentRemovalIntervalMs: 600_000 });
  const [one, two] = [
    world.agent(),
    world.agent({ pid: 'slave(1)@10.0.0.3:5051', hostname: 'node3' }),
  ];
  world.answersPings = false;
  world.advance(90_000);
  expect(agentsOf(world)).toHaveLength(1);
  const left = agentsOf(world)[0]?.agent_info.id?.value === one.id ? one : two;
  left.pong();
  world.advance(15_000);
  left.pong();
  expect(agentsOf(world)).toHaveLength(1);
  expect(world.views.metrics(world.nowMs)['master/slave_unreachable_canceled']).toBe(1);
});

test('an executor that ended is a failure event', () => {
  const { agent, framework } = cluster();
  const executor = {
    executor_id: { value: 'e1' },
    framework_id: { value: framework.id },
    command: { value: './run' },
    resources: [],
  };
  framework.launch(framework.offer(), { executor, task_id: { value: 't1' } });
  expect(agent.sent('RunTaskMessage')).toHaveLength(1);
  agent.send('ExitedExecutorMessage', {
    agent_id: { value: agent.id },
    framework_id: { value: framework.id },
    executor_id: { value: 'e1' },
    status: 256,
  });
  expect(framework.events('FAILURE')).toMatchObject([
    { failure: { executor_id: { value: 'e1' }, status: 256 } },
  ]);
});

/** A task with an executor; `free` tells how many CPUs are free or on offer. */
function withExecutor(info: Parameters<typeof cluster>[1]) {
  const { world, agent, framework } = cluster({}, info);
  const executor = {
    executor_id: { value: 'e1' },
    framework_id: { value: framework.id },
    command: { value: './run' },
    resources: resources('cpus:2;mem:32'),
  };
  framework.launch(framework.offer(), { executor, task_id: { value: 't1' } });
  const free = () =>
    [
      world.master.allocator.free(agentId(agent.id)),
      ...[...world.master.offers.values()].map((offer) => offer.resources),
    ]
      .flat()
      .filter(({ name }) => name === 'cpus')
      .reduce((sum, { scalar }) => sum + (scalar?.value ?? 0), 0);
  expect(free()).toBe(1);
  return { world, agent, framework, executor, free };
}

test('what an executor has is free when its agent comes back without it', () => {
  const { agent, framework, executor, free } = withExecutor(lasting);
  const frameworks = [{ ...framework.info, id: { value: framework.id } }];
  const tasks = [runningTask(framework, agent, 't1')];
  agent.reregister({ frameworks, tasks, executor_infos: [executor] });
  expect(free()).toBe(1);
  agent.reregister({ frameworks, tasks });
  expect(free()).toBe(3);
});

test('what an executor without checkpoints has is free when its agent is disconnected', () => {
  const { world, free } = withExecutor({});
  world.dispatch({ type: 'linkLost', address: '10.0.0.2:5051' });
  expect(free()).toBe(4);
});
