import { describe, expect, test } from 'vitest';
import {
  ExecutorCall_Type,
  ExecutorEvent_Type,
  FrameworkInfo_Capability_Type,
  TaskState,
  TaskStatus_Reason,
  TaskStatus_Source,
} from '../../src/model/generated/messages.ts';
import { executorId, frameworkId, requestId, streamId } from '../../src/model/ids.ts';
import { parseResources } from '../../src/model/resource-text.ts';
import type { Principal } from '../../src/security/principal.ts';
import {
  AGENT_ID,
  commandTask,
  executorInfo,
  executorTask,
  FRAMEWORK,
  frameworkInfo,
  status,
  World,
} from './harness.ts';

function launched(world: World, task = executorTask('t1')) {
  world.register();
  world.runTask(task);
  const [effect] = world.take('launchExecutor');
  if (effect === undefined) {
    throw new Error('nothing launched');
  }
  return effect;
}

function subscribed(world: World, task = executorTask('t1')) {
  const effect = launched(world, task);
  const stream = world.subscribe(effect);
  world.eventsOf(stream);
  world.take('reply');
  return { ...effect, stream };
}

const kill = (world: World, task: string) =>
  world.fromMaster({
    name: 'KillTaskMessage',
    body: { framework_id: { value: FRAMEWORK }, task_id: { value: task } },
  });

const shutdown = (world: World) =>
  world.fromMaster({
    name: 'ShutdownExecutorMessage',
    body: { framework_id: { value: FRAMEWORK }, executor_id: { value: 'ex' } },
  });

test('with tokens, an executor is heard under its own name only', () => {
  const tokenFor = (claims: Readonly<Record<string, string>>) => JSON.stringify(claims);
  const world = new World({ authenticateExecutors: true, tokenFor });
  const { containerId: container, environment } = launched(world);
  const claims = { fid: FRAMEWORK, eid: 'ex', cid: container };
  expect(environment.MESOS_EXECUTOR_AUTHENTICATION_TOKEN).toBe(JSON.stringify(claims));
  const answerTo = (principal: Principal | undefined) => {
    world.send({
      type: 'executorSubscribe',
      request: requestId('r'),
      stream: streamId('s'),
      principal,
      call: {
        type: ExecutorCall_Type.SUBSCRIBE,
        framework_id: { value: FRAMEWORK },
        executor_id: { value: 'ex' },
        subscribe: {},
      },
    });
    return world.take('reply').map(({ status, text }) => [status, text]);
  };
  const other = { ...claims, cid: 'another' };
  expect(answerTo({ claims: other })).toEqual([
    [
      403,
      `Authenticated principal '${JSON.stringify({ claims: other })}' does not contain a 'cid' ` +
        'claim with the correct active ContainerID',
    ],
  ]);
  expect(answerTo({ value: 'ops' })).toEqual([
    [
      403,
      `Authenticated principal 'ops' does not contain an 'fid' claim with the framework ID ` +
        `${FRAMEWORK}, which is set in the call`,
    ],
  ]);
  expect(answerTo({ claims: { ...claims, eid: 'e2' } })[0]?.[1]).toContain("an 'eid' claim");
  expect(answerTo(undefined)[0]?.[0]).toBe(403);
  expect(answerTo({ claims })).toEqual([]);
});

test('executors that frameworks bring have variables of their own, which the operator can change', () => {
  const customExecutorEnvironment = { A: 'custom', B: 'custom' };
  const options = { customExecutorEnvironment, executorEnvironment: { B: 'given', C: 'given' } };
  expect(launched(new World(options)).environment).toMatchObject({
    A: 'custom',
    B: 'given',
    C: 'given',
  });
  const builtin = launched(new World(options), commandTask('t1')).environment;
  expect(builtin).toMatchObject({ B: 'given', C: 'given' });
  expect(builtin).not.toHaveProperty('A');
});

test('statuses say what is told of their container, and of no other executor’s', () => {
  const world = new World();
  const { containerId: container } = subscribed(world);
  const own = { cgroup_info: { net_cls: { classid: 1 } } };
  const address = { ip_address: '10.66.0.10' };
  const nested = {
    cgroup_info: { net_cls: { classid: 2 } },
    network_infos: [{ name: 'net', ip_addresses: [address] }],
  };
  world.send({
    type: 'containerStarted',
    frameworkId: frameworkId(FRAMEWORK),
    executorId: executorId('ex'),
    containerId: container,
    containerStatus: own,
  });
  const below = (parent: string) => ({ container_id: { value: 'n', parent: { value: parent } } });
  const named = (parent: string) => ({ container_status: below(parent) });
  const { TASK_STARTING, TASK_RUNNING, TASK_KILLING } = TaskState;
  const inNested = { containerStatus: nested };
  world.update('ex', status('t1', TASK_STARTING));
  world.update('ex', status('t1', TASK_RUNNING, named(container)), inNested);
  world.update('ex', status('t1', TASK_KILLING, named('another')), inNested);
  const [task] = world.agent.containers.get(container)?.launched.values() ?? [];
  const told = task?.statuses?.map(({ container_status: it }) => it);
  expect(told?.map((it) => it?.cgroup_info)).toEqual([
    own.cgroup_info,
    nested.cgroup_info,
    undefined,
  ]);
  expect(told?.map((it) => it?.network_infos)).toMatchObject([
    [{ ip_addresses: [{ ip_address: '10.0.0.2' }] }],
    nested.network_infos,
    undefined,
  ]);
  expect(world.sent('StatusUpdateMessage')[0]?.update.status.container_status).toMatchObject({
    container_id: { value: container },
    ...own,
  });
});

describe('an executor of a framework', () => {
  test('is started with what it needs to find its agent', () => {
    const effect = launched(new World());
    expect(effect).toMatchObject({
      builtin: undefined,
      command: { value: 'sleep 60' },
      user: 'root',
      environment: {
        MESOS_FRAMEWORK_ID: FRAMEWORK,
        MESOS_EXECUTOR_ID: 'ex',
        MESOS_AGENT_ENDPOINT: '10.0.0.2:5051',
        MESOS_SLAVE_ID: AGENT_ID,
        MESOS_SLAVE_PID: 'slave(1)@10.0.0.2:5051',
        MESOS_CHECKPOINT: '0',
        MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD: '200ms',
        MESOS_HTTP_COMMAND_EXECUTOR: '0',
        MESOS_SANDBOX: `/var/lib/mesos/${effect.sandbox}`,
      },
    });
    // As in Mesos, that is for tasks of built-in executors.
    expect(effect.environment).not.toHaveProperty('MESOS_ALLOCATION_ROLE');
  });

  test('is told whether the command executor speaks HTTP', () => {
    expect(launched(new World({ isCommandExecutorHttp: true })).environment).toMatchObject({
      MESOS_HTTP_COMMAND_EXECUTOR: '1',
    });
  });

  test('says when a task changed, or leaves the time to the update that tells of it', () => {
    const world = new World();
    subscribed(world);
    const report = (given: ReturnType<typeof status>) => {
      world.update('ex', given);
      const [message] = world.sent('StatusUpdateMessage');
      world.acknowledge('t1', given.uuid);
      return message?.update;
    };
    const silent = report(status('t1', TaskState.TASK_STARTING));
    expect(silent?.timestamp).toBe(world.nowMs / 1000);
    expect(silent?.status.timestamp).toBeUndefined();
    const told = report(status('t1', TaskState.TASK_RUNNING, { timestamp: 12 }));
    expect([told?.timestamp, told?.status.timestamp]).toEqual([12, 12]);
  });

  test('gets its tasks when it subscribes, later ones at once', () => {
    const world = new World();
    const effect = launched(world);
    const stream = world.subscribe(effect);
    const [welcome, launch, ...more] = world.eventsOf(stream);
    expect(more).toEqual([]);
    expect(welcome?.subscribed).toMatchObject({
      executor_info: { executor_id: { value: 'ex' }, framework_id: { value: FRAMEWORK } },
      framework_info: { id: { value: FRAMEWORK } },
      agent_info: { id: { value: AGENT_ID } },
      container_id: { value: effect.containerId },
    });
    expect(launch?.launch?.task).toMatchObject({
      task_id: { value: 't1' },
      resources: [{ allocation_info: { role: 'kit' } }, { allocation_info: { role: 'kit' } }],
    });
    world.runTask(executorTask('t2'), frameworkInfo(), false);
    expect(world.eventsOf(stream)).toMatchObject([
      { type: ExecutorEvent_Type.LAUNCH, launch: { task: { task_id: { value: 't2' } } } },
    ]);
    expect(world.take('resizeContainer').at(-1)?.resources).toMatchObject([
      { name: 'cpus', scalar: { value: 2.1 } },
      { name: 'mem', scalar: { value: 288 } },
    ]);
  });

  test.each([
    ['unknown framework', 'other', 'ex', 400, 'Framework cannot be found'],
    ['unknown executor', FRAMEWORK, 'other', 400, 'Executor cannot be found'],
    ['not subscribed', FRAMEWORK, 'ex', 403, 'Executor is not subscribed'],
  ])('is refused: %s', (_, framework, executor, code, text) => {
    const world = new World();
    launched(world);
    world.send({
      type: 'executorCall',
      request: requestId('r'),
      call: {
        type: ExecutorCall_Type.MESSAGE,
        framework_id: { value: framework },
        executor_id: { value: executor },
        message: { data: new Uint8Array() },
      },
    });
    expect(world.take('reply')).toEqual([{ type: 'reply', request: 'r', status: code, text }]);
  });

  test.each([
    ['without uuid', { uuid: undefined }, "Expecting 'uuid' to be present"],
    ['with a short uuid', { uuid: new Uint8Array(3) }, 'Not a valid UUID'],
    ['with a zero uuid', { uuid: new Uint8Array(16) }, 'Not a valid UUID'],
    [
      'for another executor',
      { executor_id: { value: 'zz' } },
      'ExecutorID in Call: ex does not match ExecutorID in TaskStatus: zz',
    ],
    [
      'that is TASK_STAGING',
      { state: TaskState.TASK_STAGING },
      `Received TASK_STAGING from executor ex of framework ${FRAMEWORK} which is not allowed`,
    ],
    [
      'of the master',
      { source: TaskStatus_Source.SOURCE_MASTER },
      `Received Call from executor ex of framework ${FRAMEWORK} with invalid source, expecting 'SOURCE_EXECUTOR'`,
    ],
  ])('cannot send an update %s', (_, fault, why) => {
    const world = new World();
    subscribed(world);
    const { uuid, ...good } = status('t1', TaskState.TASK_RUNNING);
    const bad = { ...good, uuid, ...fault };
    if (bad.uuid === undefined) {
      world.update('ex', good);
    } else {
      world.update('ex', { ...bad, uuid: bad.uuid });
    }
    const text = `Failed to validate Executor::Call: ${why}`;
    expect(world.take('reply')).toMatchObject([{ status: 400, text }]);
    expect(world.sent('StatusUpdateMessage')).toEqual([]);
  });

  test('that repeats an update is acknowledged again, and no other process is told', () => {
    const world = new World();
    const { stream } = subscribed(world);
    const running = status('t1', TaskState.TASK_RUNNING);
    world.update('ex', running);
    world.update('ex', running);
    expect(world.eventsOf(stream).map(({ type }) => type)).toEqual([
      ExecutorEvent_Type.ACKNOWLEDGED,
      ExecutorEvent_Type.ACKNOWLEDGED,
    ]);
    expect(world.sent('StatusUpdateMessage')).toHaveLength(1);
    world.acknowledge('t1', running.uuid);
    world.update('ex', running);
    expect(world.sent('StatusUpdateMessage')).toEqual([]);
  });

  test('that subscribes twice has the second stream only', () => {
    const world = new World();
    const { stream } = subscribed(world);
    world.update('ex', status('t1', TaskState.TASK_RUNNING));
    const second = world.subscribeAgain('ex');
    expect(world.take('closeStream')).toEqual([{ type: 'closeStream', stream }]);
    kill(world, 't1');
    expect(world.eventsOf(second).at(-1)?.type).toBe(ExecutorEvent_Type.KILL);
  });

  test('cannot fill the agent with updates of unknown tasks', () => {
    const world = new World();
    subscribed(world);
    for (let i = 0; i < 3_000; i++) {
      world.update('ex', status(`made-up-${i}`, TaskState.TASK_RUNNING));
    }
    expect(world.agent.updates.get(frameworkId(FRAMEWORK))?.size).toBe(1_001);
    world.update('ex', status('t1', TaskState.TASK_FINISHED));
    const updates = world.sent('StatusUpdateMessage').map(({ update }) => update.status);
    expect(updates.at(-1)).toMatchObject({ task_id: { value: 't1' } });
  });

  test('that is away gets its kill when it is back', () => {
    const world = new World();
    const { stream } = subscribed(world);
    world.update('ex', status('t1', TaskState.TASK_RUNNING));
    world.send({ type: 'streamClosed', stream });
    kill(world, 't1');
    const back = world.subscribeAgain('ex');
    expect(world.eventsOf(back).map(({ type }) => type)).toEqual([
      ExecutorEvent_Type.SUBSCRIBED,
      ExecutorEvent_Type.KILL,
    ]);
  });

  test('exchanges messages with its framework', () => {
    const world = new World();
    const { stream } = subscribed(world);
    const data = new Uint8Array([1, 2]);
    const ids = { framework_id: { value: FRAMEWORK }, executor_id: { value: 'ex' } };
    world.fromMaster({
      name: 'FrameworkToExecutorMessage',
      body: { agent_id: { value: AGENT_ID }, ...ids, data },
    });
    expect(world.eventsOf(stream)).toEqual([
      { type: ExecutorEvent_Type.MESSAGE, message: { data } },
    ]);
    const call = { type: ExecutorCall_Type.MESSAGE, ...ids, message: { data } };
    world.send({ type: 'executorCall', request: requestId('r'), call });
    expect(world.sent('ExecutorToFrameworkMessage')).toEqual([
      { agent_id: { value: AGENT_ID }, ...ids, data },
    ]);
    expect(world.take('reply')).toEqual([{ type: 'reply', request: 'r', status: 202 }]);
  });
});

describe('an executor that ends', () => {
  test('by itself takes its tasks with it', () => {
    const world = new World();
    const { containerId } = launched(world);
    world.containerEnded('ex', containerId, { waitStatus: 1536 });
    const messages = world.take('sendToMaster').map(({ message }) => message);
    expect(messages).toMatchObject([
      {
        name: 'StatusUpdateMessage',
        body: {
          update: {
            status: {
              state: TaskState.TASK_FAILED,
              message: 'Executor terminated',
              source: TaskStatus_Source.SOURCE_AGENT,
              reason: TaskStatus_Reason.REASON_EXECUTOR_TERMINATED,
              executor_id: { value: 'ex' },
            },
          },
        },
      },
      { name: 'ExitedExecutorMessage', body: { executor_id: { value: 'ex' }, status: 1536 } },
    ]);
    expect(world.agent.ledger.used()).toEqual([]);
  });

  test('as it was asked to has its grace period for it', () => {
    const world = new World();
    const { stream } = subscribed(world);
    shutdown(world);
    expect(world.eventsOf(stream)).toEqual([{ type: ExecutorEvent_Type.SHUTDOWN }]);
    world.pass(199);
    expect(world.take('destroyContainer')).toEqual([]);
    world.pass(1);
    expect(world.take('destroyContainer')).toMatchObject([{ executorId: 'ex' }]);
  });

  test('never having subscribed is ended after the timeout', () => {
    const world = new World();
    const { containerId } = launched(world);
    world.pass(60_000);
    expect(world.take('destroyContainer')).toHaveLength(1);
    world.containerEnded('ex', containerId, { waitStatus: 9 });
    expect(world.sent('StatusUpdateMessage')).toMatchObject([
      {
        update: {
          status: {
            state: TaskState.TASK_FAILED,
            reason: TaskStatus_Reason.REASON_EXECUTOR_REGISTRATION_TIMEOUT,
            message: 'Executor did not register within 1mins',
          },
        },
      },
    ]);
  });

  test('that waited for its image until then has how far that has come in its status', () => {
    const world = new World();
    const { containerId } = launched(world);
    world.pass(60_000);
    const awaited = "image 'a' was being pulled";
    world.containerEnded('ex', containerId, { waitStatus: 9, awaited });
    expect(world.sent('StatusUpdateMessage')[0]?.update.status.message).toBe(
      `Executor did not register within 1mins: ${awaited}`,
    );
  });

  test('with its framework says nothing about its tasks', () => {
    const world = new World();
    const { stream, containerId } = subscribed(world);
    world.fromMaster({
      name: 'ShutdownFrameworkMessage',
      body: { framework_id: { value: FRAMEWORK } },
    });
    expect(world.eventsOf(stream)).toEqual([{ type: ExecutorEvent_Type.SHUTDOWN }]);
    world.containerEnded('ex', containerId, { waitStatus: 0 });
    expect(world.sent('StatusUpdateMessage')).toEqual([]);
    expect(world.agent.frameworks.size).toBe(0);
    expect(world.agent.ledger.used()).toEqual([]);
  });

  const shutdownFramework = (world: World) =>
    world.fromMaster({
      name: 'ShutdownFrameworkMessage',
      body: { framework_id: { value: FRAMEWORK } },
    });
  const patient = (hours: bigint) =>
    executorTask(
      't1',
      executorInfo('ex', {
        shutdown_grace_period: { nanoseconds: hours * 3_600_000_000_000n },
        resources: parseResources('cpus:3'),
      }),
    );

  test('with its framework leaves room at once to what the master offers from then on', () => {
    const world = new World();
    subscribed(world, patient(1n));
    shutdownFramework(world);
    world.runTask(
      commandTask('t2', { resources: parseResources('cpus:4') }),
      frameworkInfo({ id: { value: 'another' } }),
    );
    expect(world.sent('StatusUpdateMessage')).toEqual([]);
    expect(world.take('launchExecutor')).toMatchObject([
      { framework: { id: { value: 'another' } } },
    ]);
  });

  test.each([
    ['before', (world: World) => shutdown(world)],
    ['only then', () => undefined],
  ])('with its framework has a minute at most, asked to end %s', (_, before) => {
    const world = new World();
    subscribed(world, patient(876_000n));
    before(world);
    world.pass(5_000);
    shutdownFramework(world);
    world.pass(59_999);
    expect(world.take('destroyContainer')).toEqual([]);
    world.pass(1);
    expect(world.take('destroyContainer')).toMatchObject([{ executorId: 'ex' }]);
  });

  test('with its framework has no longer for that than it had before', () => {
    const world = new World();
    subscribed(world, patient(1n));
    shutdown(world);
    world.pass(3_600_000 - 10_000);
    shutdownFramework(world);
    world.pass(10_000);
    expect(world.take('destroyContainer')).toMatchObject([{ executorId: 'ex' }]);
  });

  test('by a limit says which limit', () => {
    const world = new World();
    const { containerId } = subscribed(world);
    world.containerEnded('ex', containerId, {
      waitStatus: 9,
      failure: 'Memory limit exceeded',
      reason: TaskStatus_Reason.REASON_CONTAINER_LIMITATION_MEMORY,
      limited: [{ name: 'mem', type: 0, scalar: { value: 160 } }],
    });
    expect(world.sent('StatusUpdateMessage')).toMatchObject([
      {
        update: {
          status: {
            message: 'Memory limit exceeded',
            reason: TaskStatus_Reason.REASON_CONTAINER_LIMITATION_MEMORY,
            limitation: { resources: [{ name: 'mem' }] },
          },
        },
      },
    ]);
  });
});

describe('killing a task', () => {
  test('before its executor has it ends it here, and then the idle executor', () => {
    const world = new World();
    const effect = launched(world);
    kill(world, 't1');
    expect(world.sent('StatusUpdateMessage')).toMatchObject([
      {
        update: {
          status: {
            state: TaskState.TASK_KILLED,
            message: 'Killed before delivery to the executor',
            reason: TaskStatus_Reason.REASON_TASK_KILLED_DURING_LAUNCH,
            executor_id: { value: 'ex' },
          },
        },
      },
    ]);
    const stream = world.subscribe(effect);
    expect(world.eventsOf(stream)).toEqual([{ type: ExecutorEvent_Type.SHUTDOWN }]);
  });

  test('is passed to its executor with the policy', () => {
    const world = new World();
    const { stream } = subscribed(world);
    const policy = { grace_period: { nanoseconds: 5_000_000_000n } };
    world.fromMaster({
      name: 'KillTaskMessage',
      body: {
        framework_id: { value: FRAMEWORK },
        task_id: { value: 't1' },
        kill_policy: policy,
      },
    });
    expect(world.eventsOf(stream)).toEqual([
      {
        type: ExecutorEvent_Type.KILL,
        kill: { task_id: { value: 't1' }, kill_policy: policy },
      },
    ]);
  });

  test('that is not here says so, in the words that the framework knows', () => {
    const world = new World();
    const aware = FrameworkInfo_Capability_Type.PARTITION_AWARE;
    world.register();
    world.runTask(commandTask('t1'), frameworkInfo({ capabilities: [{ type: aware }] }));
    kill(world, 'nope');
    expect(world.sent('StatusUpdateMessage')).toMatchObject([
      { update: { status: { task_id: { value: 'nope' }, state: TaskState.TASK_DROPPED } } },
    ]);
  });
});

describe('what an agent refuses to run', () => {
  const refusal = (world: World) => world.sent('StatusUpdateMessage')[0]?.update.status;

  test('a task for an executor that the master wants and that is not there', () => {
    const world = new World();
    world.register();
    world.runTask(executorTask('t1'), frameworkInfo(), false);
    expect(refusal(world)).toMatchObject({
      state: TaskState.TASK_LOST,
      reason: TaskStatus_Reason.REASON_EXECUTOR_TERMINATED,
    });
  });

  test('a second start of an executor that runs, which then ends', () => {
    const world = new World();
    const { stream } = subscribed(world);
    world.runTask(executorTask('t2'));
    expect(refusal(world)?.reason).toBe(TaskStatus_Reason.REASON_EXECUTOR_TERMINATED);
    expect(world.eventsOf(stream)).toEqual([{ type: ExecutorEvent_Type.SHUTDOWN }]);
  });

  test('a task that counts on resources as they were', () => {
    const world = new World();
    world.register();
    world.fromMaster({
      name: 'RunTaskMessage',
      body: {
        framework: frameworkInfo(),
        task: commandTask('t1'),
        resource_version_uuids: [{ uuid: { value: new Uint8Array(16) } }],
      },
    });
    expect(refusal(world)).toMatchObject({
      reason: TaskStatus_Reason.REASON_INVALID_OFFERS,
      message: 'Task assumes outdated resource state',
    });
  });

  test('a task with limits that nothing would enforce', () => {
    const world = new World();
    world.register();
    const limits = { cpus: { value: Number.POSITIVE_INFINITY } };
    world.runTask(commandTask('t1', { limits }));
    const given = refusal(world);
    expect(given).toMatchObject({
      state: TaskState.TASK_LOST,
      source: TaskStatus_Source.SOURCE_AGENT,
      reason: TaskStatus_Reason.REASON_GC_ERROR,
      message:
        "CPU limits can only be set on tasks launched in Mesos containers when the agent has loaded the 'cgroups/cpu' isolator",
    });
    expect(given?.executor_id).toBeUndefined();
    const confined = new World({ isolation: ['cgroups/cpu'] });
    confined.register();
    confined.runTask(commandTask('t1', { limits }));
    expect(confined.take('launchExecutor')).toHaveLength(1);
  });

  test('a task whose id then is used again: the refusal does not end the second one', () => {
    const world = new World();
    world.register();
    world.runTask(executorTask('t1'), frameworkInfo(), false);
    const [refused] = world.sent('StatusUpdateMessage');
    world.runTask(executorTask('t1'));
    const [effect] = world.take('launchExecutor');
    if (effect === undefined) {
      throw new Error('nothing launched');
    }
    world.subscribe(effect);
    world.update('ex', status('t1', TaskState.TASK_FINISHED));
    world.acknowledge('t1', refused?.update.uuid);
    expect(world.acknowledgeAll()).toEqual([TaskState.TASK_FINISHED]);
  });

  test('a task that nobody may run', () => {
    const world = new World({ authorizer: { authorize: (_, action) => action !== 'RUN_TASK' } });
    world.register();
    world.runTask(commandTask('t1'));
    expect(refusal(world)).toMatchObject({
      state: TaskState.TASK_ERROR,
      reason: TaskStatus_Reason.REASON_TASK_UNAUTHORIZED,
    });
  });

  test('a task twice', () => {
    const world = new World();
    launched(world);
    world.runTask(executorTask('t1'));
    expect(world.take('launchExecutor')).toEqual([]);
    expect(world.sent('StatusUpdateMessage')).toEqual([]);
  });
});

describe('a task group of a custom executor', () => {
  test('is delivered and killed as a whole', () => {
    const world = new World({ resources: parseResources('cpus:8;mem:4096') });
    world.register();
    const group = (tasks: string[], startsExecutor: boolean) =>
      world.fromMaster({
        name: 'RunTaskGroupMessage',
        body: {
          framework: frameworkInfo(),
          executor: { ...executorInfo('ex'), type: 2 },
          task_group: { tasks: tasks.map((id) => executorTask(id)) },
          launch_executor: startsExecutor,
        },
      });
    group(['a', 'b'], true);
    group(['c', 'd'], false);
    kill(world, 'c');
    const states = world.sent('StatusUpdateMessage').map(({ update }) => update.status.message);
    expect(states).toEqual([
      'A task within the task group was killed before delivery to the executor',
      'A task within the task group was killed before delivery to the executor',
    ]);
    const [effect] = world.take('launchExecutor');
    if (effect === undefined) {
      throw new Error('nothing launched');
    }
    const events = world.eventsOf(world.subscribe(effect));
    expect(events.map(({ type }) => type)).toEqual([
      ExecutorEvent_Type.SUBSCRIBED,
      ExecutorEvent_Type.LAUNCH_GROUP,
    ]);
    expect(events[1]?.launch_group?.task_group.tasks).toHaveLength(2);
  });
});
