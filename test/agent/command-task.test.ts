import { describe, expect, test } from 'vitest';
import {
  ExecutorEvent_Type,
  FrameworkInfo_Capability_Type,
  TaskState,
  TaskStatus_Reason,
  TaskStatus_Source,
} from '../../src/model/generated/messages.ts';
import {
  AGENT_ID,
  commandTask,
  FRAMEWORK,
  frameworkInfo,
  runToEnd,
  status,
  World,
} from './harness.ts';

describe('a task with a bare command', () => {
  test('gets an executor of its own, runs, and is reported in order until it is acknowledged', () => {
    const world = new World();
    world.register();
    world.runTask(commandTask('t1'));
    const [launched] = world.take('launchExecutor');
    expect(launched).toMatchObject({
      builtin: 'command',
      user: 'root',
      executor: {
        executor_id: { value: 't1' },
        name: "Command Executor (Task: t1) (Command: sh -c 'true')",
        source: 't1',
      },
      task: { task_id: { value: 't1' } },
    });
    expect(launched?.sandbox).toBe(
      `slaves/${AGENT_ID}/frameworks/${FRAMEWORK}/executors/t1/runs/${launched?.containerId}`,
    );
    if (launched === undefined) {
      return;
    }
    const stream = world.subscribe(launched);
    expect(world.eventsOf(stream).map(({ type }) => type)).toEqual([
      ExecutorEvent_Type.SUBSCRIBED,
      ExecutorEvent_Type.LAUNCH,
    ]);

    for (const state of [
      TaskState.TASK_STARTING,
      TaskState.TASK_RUNNING,
      TaskState.TASK_FINISHED,
    ]) {
      world.update('t1', status('t1', state));
    }
    // One update at a time.
    const [starting, ...more] = world.sent('StatusUpdateMessage');
    expect(more).toEqual([]);
    expect(starting?.pid).toBe(world.options.pid);
    expect(starting?.update).toMatchObject({
      executor_id: { value: 't1' },
      status: {
        state: TaskState.TASK_STARTING,
        source: TaskStatus_Source.SOURCE_EXECUTOR,
        agent_id: { value: AGENT_ID },
        container_status: {
          container_id: { value: launched.containerId },
          network_infos: [{ ip_addresses: [{ ip_address: '10.0.0.2' }] }],
          executor_pid: 4711,
        },
      },
    });
    // The executor is told at once that each of its updates is safe.
    const acknowledged = world.eventsOf(stream);
    expect(acknowledged).toHaveLength(3);

    // Sent again, the update has the task's present state.
    world.pass(10_000);
    const [again] = world.sent('StatusUpdateMessage');
    expect(again?.update.uuid).toEqual(starting?.update.uuid);
    expect(again?.update.latest_state).toBe(TaskState.TASK_FINISHED);

    world.acknowledge('t1', starting?.update.uuid);
    expect(world.acknowledgeAll()).toEqual([TaskState.TASK_RUNNING, TaskState.TASK_FINISHED]);
    world.containerEnded('t1', launched.containerId);
    expect(world.agent.frameworks.size).toBe(0);
    expect(world.agent.completedFrameworks.size).toBe(1);
    expect(world.sent('ExitedExecutorMessage')).toEqual([]);
    expect(world.take('collectGarbage')).toMatchObject([
      { path: launched.sandbox, delayMs: world.options.gcDelayMs },
    ]);
    expect(world.agent.ledger.used()).toEqual([]);
    expect(world.agent.updates.size).toBe(0);
  });

  test('keeps its executor known until its last update is acknowledged', () => {
    const world = new World();
    world.register();
    runToEnd(world, 't1');
    expect(world.agent.frameworks.size).toBe(1);
    expect(world.agent.ledger.used()).toEqual([]);
    expect(world.acknowledgeAll()).toHaveLength(3);
    expect(world.agent.frameworks.size).toBe(0);
  });

  test('is reported again, less and less often, while it is not acknowledged', () => {
    const world = new World();
    world.register();
    runToEnd(world, 't1');
    const uuids: (Uint8Array | undefined)[] = [];
    const times: number[] = [];
    for (let second = 0; second <= 150; second++) {
      for (const { update } of world.sent('StatusUpdateMessage')) {
        uuids.push(update.uuid);
        times.push(second);
      }
      world.fromMaster({ name: 'PingAgentMessage', body: { connected: true } });
      world.pass(1_000);
    }
    expect(times).toEqual([0, 10, 30, 70, 150]);
    expect(new Set(uuids.map(String)).size).toBe(1);
  });

  test('fails when its container fails without a message', () => {
    const world = new World();
    world.register();
    world.runTask(commandTask('t1'));
    const [launched] = world.take('launchExecutor');
    if (launched === undefined) {
      throw new Error('nothing launched');
    }
    world.containerEnded('t1', launched.containerId, { failure: 'no such user' });
    const [{ update } = { update: undefined }] = world.sent('StatusUpdateMessage');
    expect(update?.status).toMatchObject({
      state: TaskState.TASK_FAILED,
      source: TaskStatus_Source.SOURCE_AGENT,
      reason: TaskStatus_Reason.REASON_CONTAINER_LAUNCH_FAILED,
      message: 'Failed to launch container: no such user',
    });
    expect(update?.status.container_status).toBeUndefined();
    expect(world.agent.counters.container_launch_errors).toBe(1);
  });

  test.each([
    [true, TaskState.TASK_DROPPED],
    [false, TaskState.TASK_LOST],
  ])('is dropped where nothing of it has begun (partition aware: %s)', (isAware, state) => {
    const world = new World();
    world.register();
    const capabilities = isAware ? [{ type: FrameworkInfo_Capability_Type.PARTITION_AWARE }] : [];
    world.runTask(commandTask('t1'), frameworkInfo({ capabilities }));
    const [launched] = world.take('launchExecutor');
    world.containerEnded('t1', launched?.containerId ?? expect.fail(), {
      failure: "No such user 'x'",
      reason: TaskStatus_Reason.REASON_EXECUTOR_TERMINATED,
      isDropped: true,
    });
    expect(world.sent('StatusUpdateMessage')).toMatchObject([
      { update: { status: { state, message: "No such user 'x'" } } },
    ]);
  });

  test("what is behind an end in Mesos's words is in the log, and not in the status", () => {
    const world = new World();
    world.register();
    world.runTask(commandTask('t1'), frameworkInfo());
    const [launched] = world.take('launchExecutor');
    world.containerEnded('t1', launched?.containerId ?? expect.fail(), {
      failure: 'unknown container',
      cause: "'container.type' is DOCKER",
      reason: TaskStatus_Reason.REASON_EXECUTOR_TERMINATED,
    });
    expect(world.take('log')).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        text: expect.stringContaining("failed: unknown container ('container.type' is DOCKER)"),
      }),
    );
    expect(world.sent('StatusUpdateMessage')).toMatchObject([
      { update: { status: { message: 'unknown container' } } },
    ]);
  });

  test('is refused when the agent lacks what it needs', () => {
    const world = new World();
    world.register();
    world.runTask(
      commandTask('t1', { resources: [{ name: 'cpus', type: 0, scalar: { value: 5 } }] }),
      frameworkInfo({ capabilities: [{ type: 5 }] }),
    );
    const [{ update } = { update: undefined }] = world.sent('StatusUpdateMessage');
    expect(update?.status).toMatchObject({
      reason: TaskStatus_Reason.REASON_RESOURCES_UNKNOWN,
      source: TaskStatus_Source.SOURCE_AGENT,
    });
    expect(world.take('launchExecutor')).toEqual([]);
    // The framework has no task here any more, and its updates are repeated until they are
    // acknowledged.
    expect(world.agent.frameworks.size).toBe(0);
    world.pass(10_000);
    expect(world.sent('StatusUpdateMessage')).toHaveLength(1);
    world.acknowledge('t1', update?.uuid);
    expect(world.agent.updates.size).toBe(0);
  });
});
