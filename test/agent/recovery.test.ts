// An agent that is killed and restarted: it knows only what it has stored.
import { describe, expect, test } from 'vitest';
import type { AgentOptions } from '../../src/agent/options.ts';
import { parseAttributes } from '../../src/model/attribute-text.ts';
import {
  ExecutorEvent_Type,
  TaskState,
  TaskStatus_Reason,
} from '../../src/model/generated/messages.ts';
import { parseResources } from '../../src/model/resource-text.ts';
import { onDisk } from './disk.ts';
import {
  AGENT_ID,
  commandTask,
  executorTask,
  FRAMEWORK,
  frameworkInfo,
  MASTER,
  runToEnd,
  status,
  World,
} from './harness.ts';
import { registerAgain } from './reregistration.ts';

const checkpointing = frameworkInfo({ checkpoint: true });

/** The same agent again, started on what the first one has stored. */
function restarted(before: World, alive = true, options: Partial<AgentOptions> = {}): World {
  const world = new World({ ...before.options, seed: 8, ...options });
  world.start(onDisk(before.changes, alive));
  return world;
}

function started(task = commandTask('t1')) {
  const world = new World();
  world.register();
  world.runTask(task, checkpointing);
  const [launched] = world.take('launchExecutor');
  if (launched === undefined) {
    throw new Error('nothing launched');
  }
  world.subscribe(launched);
  return { world, launched, executor: launched.executor.executor_id.value };
}

describe('what must survive', () => {
  test('is durable before the executor starts', () => {
    const world = new World();
    world.register();
    world.commitsAtOnce = false;
    world.runTask(commandTask('t1'), checkpointing);
    expect(world.take('launchExecutor')).toEqual([]);
    expect(world.changes.slice(1).map(({ type }) => type)).toEqual([
      'framework',
      'executor',
      'task',
    ]);
    expect(world.take('checkpoint')).toHaveLength(1);
    world.commit();
    expect(world.take('launchExecutor')).toHaveLength(1);
  });

  test('is durable before master and executor hear of it', () => {
    const { world } = started();
    world.effects = [];
    world.commitsAtOnce = false;
    world.update('t1', status('t1', TaskState.TASK_RUNNING));
    expect(world.take('sendToMaster')).toEqual([]);
    expect(world.take('sendToExecutor')).toEqual([]);
    world.commit();
    expect(world.sent('StatusUpdateMessage')).toHaveLength(1);
    expect(world.take('sendToExecutor')).toHaveLength(1);
  });

  test('costs one write a state, and one for its acknowledgement', () => {
    const { world, launched } = started();
    world.effects = [];
    for (const state of [
      TaskState.TASK_STARTING,
      TaskState.TASK_RUNNING,
      TaskState.TASK_FINISHED,
    ]) {
      world.update('t1', status('t1', state));
      world.acknowledgeAll();
    }
    world.containerEnded('t1', launched.containerId);
    expect(world.take('checkpoint')).toHaveLength(6);
    world.pass(1_000);
    expect(world.take('checkpoint')).toHaveLength(1);
    expect(onDisk(world.changes).frameworks).toEqual([]);
  });

  test('is durable before a later update leaves: its acknowledgement', () => {
    const { world } = started();
    world.update('t1', status('t1', TaskState.TASK_STARTING));
    world.update('t1', status('t1', TaskState.TASK_RUNNING));
    world.commitsAtOnce = false;
    const [starting] = world.sent('StatusUpdateMessage');
    world.acknowledge('t1', starting?.update.uuid);
    expect(world.take('sendToMaster')).toEqual([]);
    world.commit();
    expect(world.sent('StatusUpdateMessage')).toMatchObject([
      { update: { status: { state: TaskState.TASK_RUNNING } } },
    ]);
  });

  test.each([
    ['a crash', false],
    ['an orderly end', true],
  ])('is not told again after %s: what was acknowledged', (_, orderly) => {
    const { world: before } = started();
    before.update('t1', status('t1', TaskState.TASK_STARTING));
    before.update('t1', status('t1', TaskState.TASK_RUNNING));
    before.acknowledgeAll();
    if (orderly) {
      before.send({ type: 'stop', how: 'leave' });
    }
    const world = restarted(before);
    world.send({ type: 'masterDetected', master: MASTER });
    world.subscribeAgain('t1');
    registerAgain(world);
    expect(world.sent('StatusUpdateMessage')).toEqual([]);
  });

  test('is written before the agent leaves, even what could wait', () => {
    const { world, launched } = started();
    world.update('t1', status('t1', TaskState.TASK_FINISHED));
    world.acknowledgeAll();
    world.containerEnded('t1', launched.containerId);
    world.send({ type: 'stop', how: 'leave' });
    expect(world.exited).toMatchObject({ code: 0 });
    expect(onDisk(world.changes).frameworks).toEqual([]);
  });

  test('is not written for a framework that does not ask for it', () => {
    const world = new World();
    world.register();
    runToEnd(world, 't1');
    world.acknowledgeAll();
    world.pass(10_000);
    expect(world.take('checkpoint')).toEqual([]);
  });

  test('and cannot be written ends the agent', () => {
    const world = new World();
    world.register();
    world.commitsAtOnce = false;
    world.runTask(commandTask('t1'), checkpointing);
    const [{ transaction } = { transaction: 0 }] = world.take('checkpoint');
    world.send({ type: 'checkpointed', transaction, error: 'no space left on device' });
    expect(world.exited).toMatchObject({ code: 1 });
    expect(world.take('launchExecutor')).toEqual([]);
  });
});

describe('after a restart', () => {
  test('a command task that runs is found again, and its news go on where they stopped', () => {
    const { world: before, launched } = started();
    before.update('t1', status('t1', TaskState.TASK_STARTING));
    before.acknowledgeAll();
    before.update('t1', status('t1', TaskState.TASK_RUNNING));

    const world = restarted(before);
    expect(world.take('reattachExecutor')).toMatchObject([
      {
        builtin: 'command',
        containerId: launched.containerId,
        sandbox: launched.sandbox,
        task: { task_id: { value: 't1' } },
      },
    ]);
    world.send({ type: 'masterDetected', master: MASTER });
    const stream = world.subscribeAgain('t1');
    // The task was launched before the kill: it must not be launched twice.
    expect(world.eventsOf(stream).map(({ type }) => type)).toEqual([ExecutorEvent_Type.SUBSCRIBED]);
    world.pass(1_000);
    const [message] = world.sent('ReregisterAgentMessage');
    expect(message?.tasks).toMatchObject([{ name: 't1', state: TaskState.TASK_RUNNING }]);
    registerAgain(world);
    world.update('t1', status('t1', TaskState.TASK_FINISHED));
    expect(world.acknowledgeAll()).toEqual([TaskState.TASK_RUNNING, TaskState.TASK_FINISHED]);
    world.containerEnded('t1', launched.containerId);
    expect(world.agent.frameworks.size).toBe(0);
    expect(world.agent.ledger.used()).toEqual([]);
  });

  test('a task that has ended tells its master how far its framework was told', () => {
    const { world } = started();
    world.update('t1', status('t1', TaskState.TASK_STARTING));
    world.update('t1', status('t1', TaskState.TASK_RUNNING));
    world.update('t1', status('t1', TaskState.TASK_FINISHED));
    const told = (of: World) =>
      of
        .sent('ReregisterAgentMessage')
        .at(-1)
        ?.tasks?.map(({ state, status_update_state }) => ({ state, status_update_state }));
    const unheard = restarted(world, false);
    registerAgain(unheard);
    expect(told(unheard)).toEqual([
      { state: TaskState.TASK_FINISHED, status_update_state: TaskState.TASK_STARTING },
    ]);
    world.acknowledge('t1', world.sent('StatusUpdateMessage').at(-1)?.update.uuid);
    world.pass(1_000);
    const heard = restarted(world, false);
    registerAgain(heard);
    expect(told(heard)).toEqual([
      { state: TaskState.TASK_FINISHED, status_update_state: TaskState.TASK_RUNNING },
    ]);
  });

  test('a task whose executor is gone has failed', () => {
    const { world: before } = started();
    before.update('t1', status('t1', TaskState.TASK_RUNNING));
    before.acknowledgeAll();
    const world = restarted(before, false);
    registerAgain(world);
    expect(world.acknowledgeAll()).toEqual([TaskState.TASK_FAILED]);
    expect(world.agent.frameworks.size).toBe(0);
  });

  test('a task that was not started yet has never run', () => {
    const before = new World();
    before.register();
    before.runTask(commandTask('t1'), checkpointing);
    const world = restarted(before, false);
    registerAgain(world);
    expect(world.sent('StatusUpdateMessage')).toMatchObject([
      {
        update: {
          status: {
            state: TaskState.TASK_LOST,
            reason: TaskStatus_Reason.REASON_AGENT_RESTARTED,
            message: 'Task launched during agent restart',
          },
        },
      },
    ]);
  });

  test('of the machine its tasks have failed, and the agent is who it was', () => {
    const before = new World();
    before.register();
    before.runTask(commandTask('t1'), checkpointing);
    const world = new World({ seed: 8 });
    world.start({ ...onDisk(before.changes, false), rebooted: true });
    registerAgain(world);
    expect(world.agent.id).toBe(AGENT_ID);
    expect(world.acknowledgeAll()).toEqual([TaskState.TASK_FAILED]);
  });

  test('of the machine an agent that offers something else is a new one', () => {
    const before = new World();
    before.register();
    const world = new World({ resources: parseResources('cpus:1') });
    world.start({ ...onDisk(before.changes, false), rebooted: true });
    world.send({ type: 'masterDetected', master: MASTER });
    world.pass(1_000);
    expect(world.exited).toBeUndefined();
    expect(world.sent('RegisterAgentMessage').length).toBeGreaterThan(0);
  });

  test('an executor subscribes again with what it has not heard back', () => {
    const { world: before } = started(executorTask('t1'));
    before.runTask(executorTask('t2'), checkpointing, false);
    const lost = status('t1', TaskState.TASK_RUNNING);
    const world = restarted(before);
    const stream = world.subscribeAgain('ex', [lost]);
    const events = world.eventsOf(stream);
    expect(events.map(({ type }) => type)).toEqual([
      ExecutorEvent_Type.SUBSCRIBED,
      ExecutorEvent_Type.ACKNOWLEDGED,
    ]);
    registerAgain(world);
    const updates = world.sent('StatusUpdateMessage').map(({ update }) => update.status);
    expect(updates).toMatchObject([
      { task_id: { value: 't1' }, state: TaskState.TASK_RUNNING },
      // The task never reached the executor.
      {
        task_id: { value: 't2' },
        state: TaskState.TASK_LOST,
        reason: TaskStatus_Reason.REASON_AGENT_RESTARTED,
      },
    ]);
  });

  test('an executor that does not subscribe again is ended', () => {
    const { world: before, launched } = started(executorTask('t1'));
    before.update('ex', status('t1', TaskState.TASK_RUNNING));
    const world = restarted(before);
    registerAgain(world);
    expect(world.agent.phase).toBe('recovering');
    world.pass(2_000);
    expect(world.take('destroyContainer')).toHaveLength(1);
    registerAgain(world);
    world.containerEnded('ex', launched.containerId, { waitStatus: 9 });
    expect(world.acknowledgeAll()).toEqual([TaskState.TASK_RUNNING, TaskState.TASK_LOST]);
  });

  test('executors are turned away while the agent does not know them yet', () => {
    const world = new World();
    world.subscribeAgain('ex');
    expect(world.take('reply')).toMatchObject([
      { status: 503, text: 'Agent has not finished recovery' },
    ]);
  });

  test('with fewer resources the agent does not go on as if nothing were', () => {
    const { world: before } = started();
    const resources = parseResources('cpus:2;mem:4096;disk:8192;ports:[31000-32000]');
    const equal = restarted(before, true, { resources });
    expect(equal.exited?.code).toBe(1);
    expect(equal.exited?.reason).toContain(
      'its resources differ: they were cpus:4; mem:4096; disk:8192; ports:[31000-32000]' +
        ' and are cpus:2; mem:4096; disk:8192; ports:[31000-32000].',
    );
    // The agent has given up: in particular it does not register as another one.
    const written = equal.changes.length;
    registerAgain(equal);
    expect(equal.take('sendToMaster')).toEqual([]);
    expect(equal.changes).toHaveLength(written);
    const additive = restarted(before, true, { resources, reconfigurationPolicy: 'additive' });
    expect(additive.exited?.code).toBe(1);
    expect(additive.exited?.reason).toMatch(
      /fewer resources than before: they were .*cpus:4.* and/,
    );
    const more = parseResources('cpus:8;mem:4096;disk:8192;ports:[31000-32000]');
    const grown = restarted(before, true, { resources: more, reconfigurationPolicy: 'additive' });
    expect(grown.exited).toBeUndefined();
  });

  test.each([
    [
      { attributes: parseAttributes('rack:r1;level:[1-3]') },
      'its attributes differ: they were none and are rack:r1; level:[1-3]',
    ],
    [
      { domain: { fault_domain: { region: { name: 'r' }, zone: { name: 'z' } } } },
      'its domain was none and is r/z',
    ],
    [{ hostname: 'else' }, 'the host name was'],
  ])('what has changed is named with its old and new value: %o', (change, reason) => {
    const { world: before } = started();
    const world = restarted(before, true, change);
    expect(world.exited?.reason).toContain(reason);
  });

  test.each([
    ['equal', 'its resources differ: ', 'its attributes differ: '],
    [
      'additive',
      'it has fewer resources than before: ',
      'an attribute is missing or has changed: ',
    ],
  ] as const)('with the policy %s all changes are named at once', (policy, fewer, other) => {
    const world = new World({ attributes: parseAttributes('rack:r1') });
    world.register();
    const now = {
      ...{ attributes: parseAttributes('rack:r2'), resources: parseResources('cpus:1') },
      ...{ hostname: 'else', reconfigurationPolicy: policy },
    };
    const reason = restarted(world, false, now).exited?.reason ?? '';
    expect(reason).toContain('detected: the host name was ');
    expect(reason).toContain(`, and ${fewer}they were cpus:4; `);
    expect(reason).toContain(`, and ${other}they were rack:r1 and are rack:r2. `);
  });

  test('with the policy any it goes on with less, under its id, and with what runs', () => {
    const { world: before } = started();
    const resources = parseResources('cpus:0.5;mem:4096;disk:8192;ports:[1000-2000]');
    const less = restarted(before, true, { resources, reconfigurationPolicy: 'any' });
    expect(less.exited).toBeUndefined();
    less.subscribeAgain('t1');
    less.send({ type: 'masterDetected', master: MASTER });
    less.pass(1_000);
    expect(less.sent('ReregisterAgentMessage')).toMatchObject([
      { agent: { id: { value: AGENT_ID } }, tasks: [{ task_id: { value: 't1' } }] },
    ]);
    const renamed = restarted(before, true, { hostname: 'else', reconfigurationPolicy: 'any' });
    expect(renamed.exited?.code).toBe(1);
  });

  test.each([
    [
      'more resources',
      { resources: parseResources('cpus:8;mem:4096;disk:8192;ports:[31000-32000]') },
      'additive',
    ],
    ['fewer resources', { resources: parseResources('cpus:1') }, 'any'],
    [
      'fewer resources, although more are allowed',
      { resources: parseResources('cpus:1'), reconfigurationPolicy: 'additive' as const },
      'any',
    ],
    ['another host name', { hostname: 'else' }, undefined],
  ])('with %s it recommends only the policy that helps', (_, change, policy) => {
    const { world: before } = started();
    const world = restarted(before, true, change);
    expect(/--reconfiguration_policy to (\w+)/.exec(world.exited?.reason ?? '')?.[1]).toBe(policy);
    expect(world.exited?.reason).toContain('remove the meta directory');
  });

  test('to clean up, everything is ended, and then the agent', () => {
    const { world: before, launched } = started();
    const world = restarted(before, true, { recover: 'cleanup' });
    world.subscribeAgain('t1');
    expect(world.take('sendToExecutor')).toMatchObject([
      { event: { type: ExecutorEvent_Type.SHUTDOWN } },
    ]);
    expect(world.exited).toBeUndefined();
    world.containerEnded('t1', launched.containerId);
    expect(world.exited?.code).toBe(0);
    expect(onDisk([...before.changes, ...world.changes]).agent).toBeUndefined();
  });

  test('an agent that was killed at any moment loses neither a task nor a terminal update', () => {
    // Every prefix of what was written is a disk that a crash may leave.
    const { world: first, launched } = started();
    for (const state of [TaskState.TASK_STARTING, TaskState.TASK_RUNNING, TaskState.TASK_FAILED]) {
      first.update('t1', status('t1', state));
      first.acknowledgeAll();
    }
    first.containerEnded('t1', launched.containerId);
    first.pass(1_000);
    for (let count = 4; count <= first.changes.length; count++) {
      const written = first.changes.slice(0, count);
      const world = new World({ seed: 9 });
      world.start(onDisk(written));
      const isKnown = onDisk(written).frameworks.some(({ executors }) => executors.length > 0);
      expect(world.take('reattachExecutor')).toHaveLength(isKnown ? 1 : 0);
      if (isKnown) {
        world.subscribeAgain('t1');
        registerAgain(world);
        const ended = written.some(
          (change) =>
            change.type === 'update' && change.update.status.state === TaskState.TASK_FAILED,
        );
        if (!ended) {
          world.update('t1', status('t1', TaskState.TASK_FAILED));
        }
        world.containerEnded('t1', launched.containerId);
        const states = world.acknowledgeAll();
        const wasDone = written.some(({ type }) => type === 'taskCompleted');
        expect(states.at(-1)).toBe(wasDone ? undefined : TaskState.TASK_FAILED);
      }
      expect(world.agent.frameworks.size).toBe(0);
      expect(world.agent.ledger.used()).toEqual([]);
    }
  });
});

test('sandboxes of a recovered agent are where they were', () => {
  const { world: before, launched } = started();
  const world = restarted(before);
  world.subscribeAgain('t1');
  registerAgain(world);
  world.update('t1', status('t1', TaskState.TASK_FINISHED));
  world.acknowledgeAll();
  world.containerEnded('t1', launched.containerId);
  expect(world.take('collectGarbage')).toMatchObject([
    {
      path: `slaves/${AGENT_ID}/frameworks/${FRAMEWORK}/executors/t1/runs/${launched.containerId}`,
    },
  ]);
});
