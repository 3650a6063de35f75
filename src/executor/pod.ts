// The built-in default executor as a pure state machine: it runs groups of tasks, each task in a
// container of its own, nested in the executor's. When a task of a group fails or is killed, the
// others of the group are killed. The order of updates, and their states and messages, are those
// of Mesos's default executor.
import { childOf, containerIdMessage } from '../model/container-id.ts';
import {
  type ExecutorCall,
  ExecutorCall_Type,
  type ExecutorEvent,
  ExecutorEvent_Type,
  type FrameworkInfo,
  type TaskInfo,
  TaskState,
} from '../model/generated/messages.ts';
import { type ContainerId, containerId, type ExecutorId, type FrameworkId } from '../model/ids.ts';
import { formatUuid, type Random } from '../model/random.ts';
import type { ProbeKind, ProbeOutcome } from './probes.ts';
import {
  announceTask,
  beginTask,
  createTaskRun,
  DEFAULT_KILL_GRACE_MS,
  endTask,
  isEndAcknowledged,
  killGraceMs,
  killTask,
  type Resumption,
  resumeTask,
  type TaskEffect,
  type TaskRun,
  type TaskTimer,
  taskProbed,
  taskTimerFired,
} from './task-run.ts';
import type { TaskEnd } from './task-status.ts';

export type PodEvent =
  | { readonly type: 'executorEvent'; readonly event: ExecutorEvent; readonly nowMs: number }
  /** The process of a task has been started, or will not be: `failure` or the end says why. */
  | {
      readonly type: 'launched';
      readonly container: ContainerId;
      readonly failure?: string | undefined;
      readonly nowMs: number;
    }
  | ({ readonly type: 'ended'; readonly container: ContainerId; readonly nowMs: number } & TaskEnd)
  | {
      readonly type: 'timer';
      readonly container: ContainerId | undefined;
      readonly timer: PodTimer;
      readonly nowMs: number;
    }
  | {
      readonly type: 'probed';
      readonly container: ContainerId;
      readonly kind: ProbeKind;
      readonly result: ProbeOutcome;
      readonly nowMs: number;
    };

/** The executor's own; all others are of a task. */
type OwnTimer = 'patience' | 'linger';
export type PodTimer = TaskTimer | OwnTimer;

/** An effect of a task, for its container. */
type OfTask = Exclude<TaskEffect, { type: 'call' }> & { readonly container: ContainerId };

export type PodEffect =
  | { readonly type: 'call'; readonly call: ExecutorCall }
  /** Starts the task's container; `launched` answers. */
  | {
      readonly type: 'launch';
      readonly container: ContainerId;
      readonly task: TaskInfo;
      /** The container of the group's first task, and the ids of all its tasks. */
      readonly leader: ContainerId;
      readonly members: readonly string[];
    }
  | OfTask
  /** Gives up the start of a task's container, where that is still possible. */
  | { readonly type: 'abandon'; readonly container: ContainerId }
  | { readonly type: 'setTimer'; readonly timer: OwnTimer; readonly delayMs: number }
  /** The executor is done. */
  | { readonly type: 'end' };

/** A task that an earlier executor of the same run was given, and whose end was not reported. */
export interface ResumedTask extends Resumption {
  readonly container: ContainerId;
  readonly task: TaskInfo;
  /** The same for all tasks of a group, and for no others. */
  readonly group: string;
  /** Whether the task's container was ever started. */
  readonly isLaunched: boolean;
  /** Why it is not known whether it was. */
  readonly loss?: string | undefined;
}

export interface PodOptions {
  readonly frameworkId: FrameworkId;
  readonly executorId: ExecutorId;
  /** The executor's container. */
  readonly containerId: ContainerId;
  readonly random: Random;
  /** How long it stays when all is acknowledged: a group that comes then is taken. */
  readonly lingerMs: number;
  readonly resumed?: readonly ResumedTask[] | undefined;
}

interface PodTask {
  readonly container: ContainerId;
  readonly run: TaskRun;
  readonly group: Group;
  /** Whether `launched` has answered, and why there is no container. */
  isAnswered: boolean;
  failure?: string | undefined;
  /** How the task's processes ended; kept until that can be told. */
  end?: TaskEnd | undefined;
  /** A kill that came before the task was running. */
  early?: { readonly graceMs: number } | undefined;
}

interface Group {
  readonly tasks: PodTask[];
  /** All tasks have been answered, and those that could be started run, or have run. */
  isRunning: boolean;
}

export interface PodState {
  readonly options: PodOptions;
  framework?: FrameworkInfo | undefined;
  /** Tasks whose last update is not acknowledged. */
  readonly tasks: Map<ContainerId, PodTask>;
  isShuttingDown: boolean;
  /** A task was found unhealthy: no last update says anything else from then on. */
  isUnhealthy: boolean;
  /** The executor has been given tasks. */
  hasRun: boolean;
}

/** How long the executor waits for acknowledgements when its last task has ended. */
const PATIENCE_MS = 60_000;

export function createPod(options: PodOptions): PodState {
  const state: PodState = {
    options,
    tasks: new Map(),
    isShuttingDown: false,
    isUnhealthy: false,
    hasRun: options.resumed !== undefined,
  };
  const groups = new Map<string, Group>();
  for (const resumed of options.resumed ?? []) {
    const group = groups.get(resumed.group) ?? { tasks: [], isRunning: true };
    groups.set(resumed.group, group);
    add(state, group, resumed.container, resumed.task, resumed);
  }
  return state;
}

/** The call that a later executor introduces itself with names the tasks that it has. */
export const subscribePod = ({ options, tasks }: PodState): ExecutorCall => ({
  type: ExecutorCall_Type.SUBSCRIBE,
  framework_id: { value: options.frameworkId },
  executor_id: { value: options.executorId },
  subscribe: { unacknowledged_tasks: [...tasks.values()].map(({ run }) => run.options.task) },
});

export function stepPod(state: PodState, event: PodEvent): PodEffect[] {
  switch (event.type) {
    case 'executorEvent':
      return received(state, event.event, event.nowMs);
    case 'launched':
      return launched(state, event.container, event.failure, event.nowMs);
    case 'ended':
      return ended(state, event.container, event, event.nowMs);
    case 'timer':
      return fired(state, event.container, event.timer, event.nowMs);
    case 'probed': {
      const task = state.tasks.get(event.container);
      return task === undefined
        ? []
        : judged(state, task, taskProbed(task.run, event.kind, event.result, event.nowMs));
    }
  }
}

function received(state: PodState, event: ExecutorEvent, nowMs: number): PodEffect[] {
  switch (event.type) {
    case ExecutorEvent_Type.SUBSCRIBED:
      state.framework = event.subscribed?.framework_info;
      for (const { run } of state.tasks.values()) {
        run.framework = state.framework;
      }
      return resume(state, nowMs);
    case ExecutorEvent_Type.LAUNCH_GROUP:
      return launch(state, event.launch_group?.task_group.tasks ?? [], nowMs);
    case ExecutorEvent_Type.LAUNCH:
      // A task by itself is a group of one.
      return event.launch === undefined ? [] : launch(state, [event.launch.task], nowMs);
    case ExecutorEvent_Type.KILL: {
      const task = taskNamed(state, event.kill?.task_id.value);
      return task === undefined
        ? []
        : kill(task, killGraceMs(task.run, event.kill?.kill_policy), nowMs);
    }
    case ExecutorEvent_Type.ACKNOWLEDGED:
      return acknowledged(state, event.acknowledged?.task_id.value, event.acknowledged?.uuid);
    case ExecutorEvent_Type.SHUTDOWN:
      return shutdown(state, nowMs);
    default:
      return [];
  }
}

const taskNamed = ({ tasks }: PodState, id: string | undefined) =>
  [...tasks.values()].find(({ run }) => run.options.task.task_id.value === id);

function add(
  state: PodState,
  group: Group,
  container: ContainerId,
  task: TaskInfo,
  resumption?: Resumption,
): PodTask {
  const { frameworkId, executorId, random } = state.options;
  const containerStatus = { container_id: containerIdMessage(container) };
  const options = { frameworkId, executorId, task, random, containerStatus, canHasten: false };
  const run = createTaskRun(options, resumption);
  run.framework = state.framework;
  const added = { container, run, group, isAnswered: resumption !== undefined };
  group.tasks.push(added);
  state.tasks.set(container, added);
  state.hasRun = true;
  return added;
}

/** Of a task that was started before this executor, the later states may not have been reported. */
function resume(state: PodState, nowMs: number): PodEffect[] {
  const effects: PodEffect[] = [];
  for (const { container, reported, isLaunched, loss } of state.options.resumed ?? []) {
    const task = state.tasks.get(container);
    if (task === undefined) {
      continue;
    }
    if (!isLaunched) {
      task.failure = loss ?? 'The agent was stopped before the container was started';
      effects.push(...finish(state, task, nowMs));
      continue;
    }
    effects.push(...tagged(task, resumeTask(task.run, reported, nowMs)));
    if (task.end !== undefined) {
      effects.push(...finish(state, task, nowMs));
    }
  }
  return [...effects, ...endIfDone(state)];
}

function launch(state: PodState, infos: readonly TaskInfo[], nowMs: number): PodEffect[] {
  if (state.isShuttingDown) {
    return [];
  }
  const { containerId: parent, random } = state.options;
  const members = infos.map(({ task_id }) => task_id.value);
  const group: Group = { tasks: [], isRunning: false };
  const tasks = infos.map((info) =>
    add(state, group, childOf(parent, formatUuid(random.uuid())), info),
  );
  return [
    ...tasks.flatMap((task) => tagged(task, [announceTask(task.run, nowMs)])),
    ...tasks.map(
      ({ container, run }): PodEffect => ({
        type: 'launch',
        container,
        task: run.options.task,
        leader: tasks[0]?.container ?? container,
        members,
      }),
    ),
  ];
}

function launched(
  state: PodState,
  container: ContainerId,
  failure: string | undefined,
  nowMs: number,
): PodEffect[] {
  const task = state.tasks.get(container);
  if (task === undefined) {
    return [];
  }
  task.isAnswered = true;
  task.failure = failure;
  const { group } = task;
  if (group.isRunning || !group.tasks.every(({ isAnswered }) => isAnswered)) {
    return [];
  }
  group.isRunning = true;
  const begun = group.tasks.filter((it) => it.failure === undefined);
  const over = group.tasks.filter((it) => it.failure !== undefined || it.end !== undefined);
  return [
    ...begun.flatMap((it) => tagged(it, beginTask(it.run, nowMs))),
    ...begun.flatMap((it) => (it.early === undefined ? [] : kill(it, it.early.graceMs, nowMs))),
    ...over.flatMap((it) => finish(state, it, nowMs)),
  ];
}

function ended(state: PodState, container: ContainerId, end: TaskEnd, nowMs: number): PodEffect[] {
  const task = state.tasks.get(container);
  if (task === undefined || task.end !== undefined) {
    return [];
  }
  task.end = end;
  // An end that comes before the task is known to run is told after that.
  return task.run.isRunning ? finish(state, task, nowMs) : [];
}

/** Sends the last update; the others of the group end with a task that did not finish. */
function finish(state: PodState, task: PodTask, nowMs: number): PodEffect[] {
  const { run, group, failure, early } = task;
  if (failure !== undefined && early !== undefined) {
    run.kill = { startedMs: nowMs, deadlineMs: nowMs, cause: 'asked' };
  }
  const end = failure === undefined ? (task.end ?? {}) : { refusal: failure };
  const last = endTask(run, end, nowMs, state.isUnhealthy ? { healthy: false } : {});
  const isFinished = run.lastStatus?.state === TaskState.TASK_FINISHED;
  const others = isFinished ? [] : group.tasks.filter((other) => other !== task);
  return [
    ...tagged(task, last),
    ...others.flatMap((other) => kill(other, DEFAULT_KILL_GRACE_MS, nowMs)),
    ...waitForAcknowledgements(state),
  ];
}

function kill(task: PodTask, graceMs: number, nowMs: number): PodEffect[] {
  if (!task.group.isRunning) {
    if (task.early !== undefined) {
      return [];
    }
    task.early = { graceMs };
    return task.isAnswered ? [] : [{ type: 'abandon', container: task.container }];
  }
  return tagged(task, killTask(task.run, graceMs, 'asked', nowMs));
}

/** Of a health check, which may have found its task unhealthy. */
function judged(state: PodState, task: PodTask, effects: readonly TaskEffect[]): PodEffect[] {
  state.isUnhealthy ||= task.run.kill?.cause === 'unhealthy';
  return tagged(task, effects);
}

function acknowledged(
  state: PodState,
  id: string | undefined,
  uuid: Uint8Array | undefined,
): PodEffect[] {
  const task = taskNamed(state, id);
  if (task === undefined || uuid === undefined || !isEndAcknowledged(task.run, uuid)) {
    return [];
  }
  state.tasks.delete(task.container);
  return endIfDone(state);
}

function shutdown(state: PodState, nowMs: number): PodEffect[] {
  if (state.isShuttingDown) {
    return [];
  }
  state.isShuttingDown = true;
  const killed = [...state.tasks.values()].flatMap((task) =>
    kill(task, DEFAULT_KILL_GRACE_MS, nowMs),
  );
  return [...killed, ...endIfDone(state)];
}

function fired(
  state: PodState,
  container: ContainerId | undefined,
  timer: PodTimer,
  nowMs: number,
): PodEffect[] {
  if (timer === 'patience') {
    return hasLiveTask(state) ? [] : [{ type: 'end' }];
  }
  if (timer === 'linger') {
    return state.tasks.size > 0 ? [] : [{ type: 'end' }];
  }
  const task = state.tasks.get(container ?? containerId(''));
  return task === undefined ? [] : tagged(task, taskTimerFired(task.run, timer, nowMs));
}

/** One that is not over, as far as its last update tells. */
const hasLiveTask = ({ tasks }: PodState) =>
  [...tasks.values()].some(({ run }) => run.terminal === undefined);

const waitForAcknowledgements = (state: PodState): PodEffect[] =>
  hasLiveTask(state) ? [] : [{ type: 'setTimer', timer: 'patience', delayMs: PATIENCE_MS }];

function endIfDone({ tasks, hasRun, isShuttingDown, options }: PodState): PodEffect[] {
  if (tasks.size > 0 || !(hasRun || isShuttingDown)) {
    return [];
  }
  const { lingerMs } = options;
  return lingerMs === 0 || isShuttingDown
    ? [{ type: 'end' }]
    : [{ type: 'setTimer', timer: 'linger', delayMs: lingerMs }];
}

const tagged = ({ container }: PodTask, effects: readonly TaskEffect[]): PodEffect[] =>
  effects.map((effect) => (effect.type === 'call' ? effect : { ...effect, container }));
