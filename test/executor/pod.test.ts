// The default executor's state machine by itself: groups, order of updates, kills, recovery.
import { describe, expect, test } from 'vitest';
import type { Limitation } from '../../src/containerizer/limitation.ts';
import {
  createPod,
  type PodEffect,
  type PodEvent,
  type ResumedTask,
  stepPod,
  subscribePod,
} from '../../src/executor/pod.ts';
import {
  type ExecutorEvent,
  ExecutorEvent_Type,
  FrameworkInfo_Capability_Type,
  HealthCheck_Type,
  type KillPolicy,
  type TaskInfo,
  TaskState,
  type TaskStatus,
  TaskStatus_Reason,
  Value_Type,
} from '../../src/model/generated/messages.ts';
import { type ContainerId, containerId, executorId, frameworkId } from '../../src/model/ids.ts';
import { Random } from '../../src/model/random.ts';
import { stateName } from '../agent-driver/harness.ts';

const root = containerId('root');
const killing = { type: FrameworkInfo_Capability_Type.TASK_KILLING_STATE };

const info = (id: string, more: Partial<TaskInfo> = {}): TaskInfo => ({
  name: id,
  task_id: { value: id },
  agent_id: { value: 'a' },
  command: { value: 'true' },
  ...more,
});

class Pod {
  readonly effects: PodEffect[] = [];
  nowMs = 1_000_000;
  readonly state;

  constructor(resumed?: readonly ResumedTask[], lingerMs = 0) {
    this.state = createPod({
      frameworkId: frameworkId('f'),
      executorId: executorId('e'),
      containerId: root,
      random: new Random(1),
      lingerMs,
      resumed,
    });
    this.event({
      type: ExecutorEvent_Type.SUBSCRIBED,
      subscribed: {
        executor_info: { executor_id: { value: 'e' } },
        framework_info: { user: 'u', name: 'f', capabilities: [killing] },
        agent_info: { hostname: 'h' },
      },
    });
  }

  step(event: PodEvent): PodEffect[] {
    const effects = stepPod(this.state, event);
    this.effects.push(...effects);
    return effects;
  }

  event(event: ExecutorEvent): PodEffect[] {
    return this.step({ type: 'executorEvent', event, nowMs: this.nowMs });
  }

  launch(...tasks: TaskInfo[]): PodEffect[] {
    return this.event({
      type: ExecutorEvent_Type.LAUNCH_GROUP,
      launch_group: { task_group: { tasks } },
    });
  }

  /** The container of a task. */
  of(id: string): ContainerId {
    const found = [...this.effects].flatMap((effect) =>
      effect.type === 'launch' && effect.task.task_id.value === id ? [effect.container] : [],
    );
    return found[0] ?? expect.fail(`${id} has no container`);
  }

  started(id: string, failure?: string): PodEffect[] {
    return this.step({ type: 'launched', container: this.of(id), failure, nowMs: this.nowMs });
  }

  /** A group of which all tasks run. */
  run(...tasks: TaskInfo[]): void {
    this.launch(...tasks);
    for (const { task_id } of tasks) {
      this.started(task_id.value);
    }
  }

  ended(id: string, waitStatus: number, limitation?: Limitation): PodEffect[] {
    const end = { waitStatus, limitation };
    return this.step({ type: 'ended', container: this.of(id), ...end, nowMs: this.nowMs });
  }

  kill(id: string, kill_policy?: KillPolicy): PodEffect[] {
    return this.event({
      type: ExecutorEvent_Type.KILL,
      kill: { task_id: { value: id }, ...(kill_policy !== undefined && { kill_policy }) },
    });
  }

  timer(id: string, timer: 'escalation' | 'completion' | 'health'): PodEffect[] {
    return this.step({ type: 'timer', container: this.of(id), timer, nowMs: this.nowMs });
  }

  acknowledge(id: string): PodEffect[] {
    const uuid = this.statuses(id).at(-1)?.uuid ?? expect.fail(`${id} has no update`);
    return this.event({
      type: ExecutorEvent_Type.ACKNOWLEDGED,
      acknowledged: { task_id: { value: id }, uuid },
    });
  }

  statuses(id?: string): TaskStatus[] {
    return this.effects
      .flatMap((effect) => (effect.type === 'call' ? (effect.call.update?.status ?? []) : []))
      .filter(({ task_id }) => id === undefined || task_id.value === id);
  }

  /** `task STATE` of each update, oldest first. */
  told(): string[] {
    return this.statuses().map(
      ({ task_id, state }) => `${task_id.value} ${stateName(state).replace('TASK_', '')}`,
    );
  }
}

const types = (effects: readonly PodEffect[]) => effects.map(({ type }) => type);
const EXIT_1 = 256;
const SIGTERM = 15;
const SIGKILL = 9;

describe('a group', () => {
  test('is announced, started, and told to run when all of it does', () => {
    const pod = new Pod();
    pod.launch(info('a'), info('b'));
    expect(pod.told()).toEqual(['a STARTING', 'b STARTING']);
    expect(types(pod.effects)).toEqual(['call', 'call', 'launch', 'launch']);
    pod.started('b');
    expect(pod.told()).toHaveLength(2);
    pod.started('a');
    expect(pod.told().slice(2)).toEqual(['a RUNNING', 'b RUNNING']);
    expect(pod.statuses('a').at(-1)?.container_status).toEqual({
      container_id: { value: pod.of('a').slice('root.'.length), parent: { value: 'root' } },
    });
  });

  test('goes on when one task finishes, and the executor ends with the last acknowledgement', () => {
    const pod = new Pod();
    pod.run(info('a'), info('b'));
    pod.ended('a', 0);
    expect(types(pod.acknowledge('a'))).toEqual([]);
    expect(pod.ended('b', 0)).toContainEqual({
      type: 'setTimer',
      timer: 'patience',
      delayMs: 60_000,
    });
    expect(pod.told().slice(4)).toEqual(['a FINISHED', 'b FINISHED']);
    expect(types(pod.acknowledge('b'))).toEqual(['end']);
  });

  test('ends when one task fails, and no other group does', () => {
    const pod = new Pod();
    pod.run(info('a'), info('b'));
    pod.run(info('c'));
    const effects = pod.ended('a', EXIT_1);
    expect(effects).toContainEqual({ type: 'terminate', container: pod.of('b') });
    expect(effects).toContainEqual({
      type: 'setTimer',
      timer: 'escalation',
      delayMs: 3_000,
      container: pod.of('b'),
    });
    expect(effects).not.toContainEqual({ type: 'terminate', container: pod.of('c') });
    pod.ended('b', SIGTERM);
    expect(pod.told().slice(6)).toEqual(['a FAILED', 'b KILLING', 'b KILLED']);
    expect(pod.statuses('a').at(-1)?.message).toBe('Command exited with status 1');
    expect(pod.statuses('b').at(-1)?.message).toBe('Command terminated with signal Terminated');
  });

  test('of which one task cannot be started ends, and says why without a reason', () => {
    const pod = new Pod();
    pod.launch(info('a'), info('b'));
    pod.started('a', 'No such image');
    pod.started('b');
    expect(pod.told().slice(2)).toEqual(['b RUNNING', 'a FAILED', 'b KILLING']);
    const status = pod.statuses('a').at(-1);
    expect(status?.message).toBe('No such image');
    expect(status).not.toHaveProperty('reason');
  });

  test('ends with a task that uses more than it may, which says so, whatever killed it', () => {
    const pod = new Pod();
    pod.run(info('a'), info('b'));
    pod.kill('a');
    const resources = [{ name: 'mem', type: Value_Type.SCALAR, scalar: { value: 32 } }];
    const reason = TaskStatus_Reason.REASON_CONTAINER_LIMITATION_MEMORY;
    pod.ended('a', SIGKILL, { message: 'Memory limit exceeded', reason, resources });
    expect(pod.told().slice(4)).toEqual(['a KILLING', 'a FAILED', 'b KILLING']);
    expect(pod.statuses('a').at(-1)).toMatchObject({
      message: 'Command terminated with signal Killed: Memory limit exceeded',
      reason,
      limitation: { resources },
    });
  });

  test('may end before all of it was started, which is told in order', () => {
    const pod = new Pod();
    pod.launch(info('a'), info('b'));
    pod.started('a');
    pod.ended('a', 0);
    expect(pod.told()).toEqual(['a STARTING', 'b STARTING']);
    pod.started('b');
    expect(pod.told().slice(2)).toEqual(['a RUNNING', 'b RUNNING', 'a FINISHED']);
  });
});

describe('a kill', () => {
  test('ends the whole group; a second one changes nothing', () => {
    const pod = new Pod();
    pod.run(info('a'), info('b'));
    const grace = { grace_period: { nanoseconds: 9_000_000_000n } };
    expect(pod.kill('a', grace)).toContainEqual({
      type: 'setTimer',
      timer: 'escalation',
      delayMs: 9_000,
      container: pod.of('a'),
    });
    expect(pod.kill('a', { grace_period: { nanoseconds: 0n } })).toEqual([]);
    expect(pod.timer('a', 'escalation')).toEqual([{ type: 'destroy', container: pod.of('a') }]);
    pod.ended('a', 9);
    expect(pod.told().slice(4)).toEqual(['a KILLING', 'a KILLED', 'b KILLING']);
  });

  test('that comes before the task runs is carried out then', () => {
    const pod = new Pod();
    pod.launch(info('a'));
    expect(pod.kill('a')).toEqual([{ type: 'abandon', container: pod.of('a') }]);
    expect(pod.kill('a')).toEqual([]);
    expect(types(pod.started('a'))).toContain('terminate');
    expect(pod.told()).toEqual(['a STARTING', 'a RUNNING', 'a KILLING']);
  });

  test('ends a start that is given up for it', () => {
    const pod = new Pod();
    pod.launch(info('a'));
    pod.kill('a');
    pod.started('a', 'given up');
    expect(pod.told()).toEqual(['a STARTING', 'a KILLED']);
  });

  test('of a task that is over, or that there is not, is nothing', () => {
    const pod = new Pod();
    pod.run(info('a'));
    pod.ended('a', 0);
    expect(pod.kill('a')).toEqual([]);
    expect(pod.kill('x')).toEqual([]);
  });

  test('for the completion time is not announced, and fails the task', () => {
    const pod = new Pod();
    pod.run(info('a', { max_completion_time: { nanoseconds: 5_000_000_000n } }), info('b'));
    expect(pod.effects).toContainEqual({
      type: 'setTimer',
      timer: 'completion',
      delayMs: 5_000,
      container: pod.of('a'),
    });
    pod.timer('a', 'completion');
    pod.ended('a', 9);
    expect(pod.told().slice(4)).toEqual(['a FAILED', 'b KILLING']);
    expect(pod.statuses('a').at(-1)?.reason).toBe(
      TaskStatus_Reason.REASON_MAX_COMPLETION_TIME_REACHED,
    );
  });
});

test('a task that is not healthy ends its group, and all last updates say so', () => {
  const pod = new Pod();
  const health_check = { type: HealthCheck_Type.TCP, tcp: { port: 1 }, consecutive_failures: 1 };
  pod.run(info('a', { health_check: { ...health_check, grace_period_seconds: 0 } }), info('b'));
  pod.run(info('c'));
  pod.step({
    type: 'probed',
    container: pod.of('a'),
    kind: 'health',
    result: { type: 'tcp', succeeded: false },
    nowMs: pod.nowMs,
  });
  pod.ended('a', SIGTERM);
  pod.ended('b', SIGTERM);
  pod.ended('c', 0);
  expect(pod.told().slice(6)).toEqual([
    'a RUNNING',
    'a KILLING',
    'a KILLED',
    'b KILLING',
    'b KILLED',
    'c FINISHED',
  ]);
  for (const id of ['a', 'b', 'c']) {
    expect(pod.statuses(id).at(-1)?.healthy).toBe(false);
  }
});

describe('a shutdown', () => {
  test('ends all tasks, whatever their policies say, and takes no more', () => {
    const pod = new Pod();
    pod.run(info('a', { kill_policy: { grace_period: { nanoseconds: 60_000_000_000n } } }));
    pod.run(info('b'));
    const effects = pod.event({ type: ExecutorEvent_Type.SHUTDOWN });
    expect(effects.filter(({ type }) => type === 'terminate')).toHaveLength(2);
    expect(effects).toContainEqual({
      type: 'setTimer',
      timer: 'escalation',
      delayMs: 3_000,
      container: pod.of('a'),
    });
    expect(pod.launch(info('c'))).toEqual([]);
    expect(pod.event({ type: ExecutorEvent_Type.SHUTDOWN })).toEqual([]);
    pod.ended('a', SIGTERM);
    pod.ended('b', SIGTERM);
    pod.acknowledge('a');
    expect(types(pod.acknowledge('b'))).toEqual(['end']);
  });

  test('of an executor without tasks is its end', () => {
    expect(types(new Pod().event({ type: ExecutorEvent_Type.SHUTDOWN }))).toEqual(['end']);
  });
});

test('the executor stays for a moment, and takes a group that comes then', () => {
  const pod = new Pod(undefined, 250);
  const linger = { type: 'timer', container: undefined, timer: 'linger' } as const;
  const fires = () => types(pod.step({ ...linger, nowMs: pod.nowMs }));
  pod.run(info('a'));
  pod.ended('a', 0);
  expect(pod.acknowledge('a')).toEqual([{ type: 'setTimer', timer: 'linger', delayMs: 250 }]);
  pod.run(info('b'));
  expect(fires()).toEqual([]);
  pod.ended('b', 0);
  expect(types(pod.acknowledge('b'))).toEqual(['setTimer']);
  expect(fires()).toEqual(['end']);
  expect(types(pod.event({ type: ExecutorEvent_Type.SHUTDOWN }))).toEqual(['end']);
});

test('the executor does not wait for acknowledgements for ever', () => {
  const pod = new Pod();
  pod.run(info('a'));
  const patience = { type: 'timer', container: undefined, timer: 'patience' } as const;
  expect(pod.step({ ...patience, nowMs: pod.nowMs })).toEqual([]);
  pod.ended('a', 0);
  expect(pod.step({ ...patience, nowMs: pod.nowMs })).toEqual([{ type: 'end' }]);
});

describe('a later executor', () => {
  const resumed = (id: string, more: Partial<ResumedTask> = {}): ResumedTask => ({
    container: containerId(`root.${id}`),
    task: info(id),
    group: 'ab',
    isLaunched: true,
    startedMs: 900_000,
    reported: [TaskState.TASK_STARTING, TaskState.TASK_RUNNING],
    ...more,
  });

  test('names the tasks that it has, and goes on with them', () => {
    const pod = new Pod([resumed('a'), resumed('b', { reported: [TaskState.TASK_STARTING] })]);
    expect(
      subscribePod(pod.state).subscribe?.unacknowledged_tasks?.map(({ task_id }) => task_id.value),
    ).toEqual(['a', 'b']);
    expect(pod.told()).toEqual(['b RUNNING']);
    const container = containerId('root.a');
    pod.step({ type: 'ended', container, waitStatus: EXIT_1, nowMs: pod.nowMs });
    expect(pod.told().slice(1)).toEqual(['a FAILED', 'b KILLING']);
  });

  test('goes on with a kill, and ends the group of a task that was never started', () => {
    const pod = new Pod([
      resumed('a', { kill: { startedMs: 999_000, deadlineMs: 1_002_000, cause: 'asked' } }),
      resumed('b', { isLaunched: false, reported: [TaskState.TASK_STARTING] }),
      resumed('c', { group: 'c' }),
    ]);
    expect(pod.effects).toContainEqual({
      type: 'setTimer',
      timer: 'escalation',
      delayMs: 2_000,
      container: containerId('root.a'),
    });
    expect(pod.told()).toEqual(['b FAILED']);
    expect(pod.effects).not.toContainEqual({
      type: 'terminate',
      container: containerId('root.c'),
    });
  });

  test('without any task ends as soon as it has subscribed', () => {
    expect(types(new Pod([]).effects)).toEqual(['end']);
  });

  test('without tasks that go on is over', () => {
    const pod = new Pod([resumed('a', { isLaunched: false })]);
    expect(types(pod.acknowledge('a'))).toEqual(['end']);
  });
});
