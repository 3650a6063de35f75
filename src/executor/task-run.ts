// One task of a built-in executor, from its announcement to its last update: its updates, probes,
// completion time and kill. Both executors are made of these. The order of updates, and their
// states, reasons and messages, are those of Mesos's executors.
import type {
  ContainerStatus,
  ExecutorCall,
  FrameworkInfo,
  KillPolicy,
  TaskInfo,
  TaskStatus,
} from '../model/generated/messages.ts';
import {
  ExecutorCall_Type,
  FrameworkInfo_Capability_Type,
  TaskState,
  TaskStatus_Reason,
} from '../model/generated/messages.ts';
import { sameBytes } from '../model/identifier.ts';
import type { ExecutorId, FrameworkId } from '../model/ids.ts';
import type { Random } from '../model/random.ts';
import {
  checkStatusOf,
  emptyCheckStatus,
  type HealthState,
  judge,
  type Probe,
  type ProbeKind,
  type ProbeOutcome,
  type ProbeResult,
  sameCheckStatus,
  scheduleOfCheck,
  scheduleOfHealthCheck,
} from './probes.ts';
import type { KillCause, RememberedKill } from './remembered-kill.ts';
import { newStatus, type StatusSubject, type TaskEnd, terminalStatus } from './task-status.ts';

export type TaskTimer = 'escalation' | 'completion' | ProbeKind;

export type TaskEffect =
  | { readonly type: 'call'; readonly call: ExecutorCall }
  /** Sends SIGTERM to all processes of the task; `destroy` kills them. */
  | { readonly type: 'terminate' }
  | { readonly type: 'destroy' }
  | { readonly type: 'setTimer'; readonly timer: TaskTimer; readonly delayMs: number }
  | { readonly type: 'clearTimer'; readonly timer: TaskTimer }
  | { readonly type: 'probe'; readonly probe: Probe }
  /** Stores the kill for the executor of a later agent, which must go on with it. */
  | { readonly type: 'rememberKill'; readonly kill: RememberedKill };

export interface TaskRunOptions {
  readonly frameworkId: FrameworkId;
  readonly executorId: ExecutorId;
  readonly task: TaskInfo;
  readonly random: Random;
  /** Part of every update; undefined: the agent's own. */
  readonly containerStatus?: ContainerStatus | undefined;
  /** What statuses call that which has ended. */
  readonly noun?: StatusSubject['noun'];
  /** How long it has to end where nothing else is said. */
  readonly killGraceMs?: number | undefined;
  /** What TASK_RUNNING tells of what has been started at this time. */
  readonly runningData?: ((startedMs: number) => Uint8Array) | undefined;
  /** Whether a later kill with a shorter grace period brings the end forward. */
  readonly canHasten: boolean;
}

export interface TaskRun {
  readonly options: TaskRunOptions;
  framework?: FrameworkInfo | undefined;
  isRunning: boolean;
  startedMs: number;
  kill?: RememberedKill | undefined;
  health?: HealthState | undefined;
  lastStatus?: TaskStatus | undefined;
  /** The uuid of the terminal update; undefined once it is acknowledged. */
  terminal?: Uint8Array | undefined;
}

/** What a later agent knows of a task that an earlier one started. */
export interface Resumption {
  readonly startedMs: number;
  /** The states in the agent's checkpoint, oldest first. */
  readonly reported: readonly TaskState[];
  readonly kill?: RememberedKill | undefined;
}

/** How long a task has to end where nothing else is said. */
export const DEFAULT_KILL_GRACE_MS = 3_000;

export const createTaskRun = (
  options: TaskRunOptions,
  resumption?: Resumption | undefined,
): TaskRun => ({
  options,
  isRunning: false,
  startedMs: resumption?.startedMs ?? 0,
  kill: resumption?.kill,
});

/** TASK_STARTING. */
export const announceTask = (run: TaskRun, nowMs: number): TaskEffect =>
  update(run, statusOf(run, TaskState.TASK_STARTING), nowMs);

/** TASK_RUNNING, once the task's process runs. */
export function beginTask(run: TaskRun, nowMs: number): TaskEffect[] {
  run.isRunning = true;
  run.startedMs = nowMs;
  return [...watchTask(run, nowMs), announceRunning(run, nowMs)];
}

/** Later updates say the same again, but not what was started. */
function announceRunning(run: TaskRun, nowMs: number): TaskEffect {
  const data = run.options.runningData?.(run.startedMs);
  const status = statusOf(run, TaskState.TASK_RUNNING);
  const effect = update(run, data === undefined ? status : { ...status, data }, nowMs);
  if (run.lastStatus !== undefined) {
    const { data: _, ...last } = run.lastStatus;
    run.lastStatus = last;
  }
  return effect;
}

/** Reports the states that an earlier executor may not have reported, and continues. */
export function resumeTask(
  run: TaskRun,
  reported: readonly TaskState[],
  nowMs: number,
): TaskEffect[] {
  const effects: TaskEffect[] = [];
  for (const wanted of [TaskState.TASK_STARTING, TaskState.TASK_RUNNING]) {
    // A later state in the checkpoint means that this one was reported, too.
    if (!reported.some((known) => known === wanted || known === TaskState.TASK_RUNNING)) {
      effects.push(
        wanted === TaskState.TASK_RUNNING
          ? announceRunning(run, nowMs)
          : update(run, statusOf(run, wanted), nowMs),
      );
    }
  }
  run.lastStatus ??= statusOf(run, TaskState.TASK_RUNNING);
  run.isRunning = true;
  if (run.kill !== undefined) {
    const delayMs = Math.max(0, run.kill.deadlineMs - nowMs);
    return [...effects, { type: 'terminate' }, { type: 'setTimer', timer: 'escalation', delayMs }];
  }
  return [...effects, ...watchTask(run, nowMs)];
}

/** Starts the timers of a running task: maximum completion time, check, health check. */
function watchTask(run: TaskRun, nowMs: number): TaskEffect[] {
  const { task } = run.options;
  const effects: TaskEffect[] = [];
  const maxMs = toMs(task.max_completion_time?.nanoseconds);
  if (maxMs !== undefined && maxMs > 0) {
    const delayMs = Math.max(0, run.startedMs + maxMs - nowMs);
    effects.push({ type: 'setTimer', timer: 'completion', delayMs });
  }
  if (task.health_check !== undefined) {
    run.health = {
      check: task.health_check,
      startedMs: nowMs,
      initializing: true,
      failures: 0,
    };
  }
  for (const kind of PROBE_KINDS) {
    const schedule = scheduleOf(run, kind);
    if (schedule !== undefined) {
      effects.push({ type: 'setTimer', timer: kind, delayMs: schedule.delayMs });
    }
  }
  return effects;
}

export function taskTimerFired(run: TaskRun, timer: TaskTimer, nowMs: number): TaskEffect[] {
  if (!run.isRunning) {
    return [];
  }
  switch (timer) {
    case 'escalation':
      return [{ type: 'destroy' }];
    case 'completion':
      return killTask(run, 0, 'completionTime', nowMs);
    case 'check':
    case 'health': {
      const schedule = scheduleOf(run, timer);
      return schedule === undefined || run.kill !== undefined
        ? []
        : [{ type: 'probe', probe: schedule.probe }];
    }
  }
}

export function taskProbed(
  run: TaskRun,
  kind: ProbeKind,
  result: ProbeOutcome,
  nowMs: number,
): TaskEffect[] {
  const schedule = scheduleOf(run, kind);
  // A probe may end after its task, or after a kill stopped the probes.
  if (!run.isRunning || run.kill !== undefined || schedule === undefined) {
    return [];
  }
  const news = result.type === 'unknown' ? [] : verdict(run, kind, result, nowMs);
  return run.kill === undefined
    ? [...news, { type: 'setTimer', timer: kind, delayMs: schedule.intervalMs }]
    : news;
}

const verdict = (run: TaskRun, kind: ProbeKind, result: ProbeResult, nowMs: number) =>
  kind === 'check' ? checked(run, result, nowMs) : judged(run, result, nowMs);

function checked(run: TaskRun, result: ProbeResult, nowMs: number): TaskEffect[] {
  const check = run.options.task.check;
  const last = run.lastStatus;
  if (check === undefined || last === undefined) {
    return [];
  }
  const found = checkStatusOf(check, result);
  if (sameCheckStatus(found, last.check_status ?? emptyCheckStatus(check))) {
    return [];
  }
  const reason = TaskStatus_Reason.REASON_TASK_CHECK_STATUS_UPDATED;
  return [update(run, { ...last, reason, check_status: found }, nowMs)];
}

function judged(run: TaskRun, result: ProbeResult, nowMs: number): TaskEffect[] {
  const last = run.lastStatus;
  const change = run.health && judge(run.health, result, nowMs);
  if (change === undefined || last === undefined) {
    return [];
  }
  const reason = TaskStatus_Reason.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED;
  const news = update(run, { ...last, reason, healthy: change.healthy }, nowMs);
  return change.kill
    ? [news, ...killTask(run, killGraceMs(run, undefined), 'unhealthy', nowMs)]
    : [news];
}

export function killTask(
  run: TaskRun,
  graceMs: number,
  cause: KillCause,
  nowMs: number,
): TaskEffect[] {
  if (!run.isRunning) {
    return [];
  }
  if (run.kill !== undefined) {
    // All grace periods begin with the first kill: a repeated one changes nothing, and a later one
    // never extends the deadline of an earlier one.
    const deadlineMs = run.kill.startedMs + graceMs;
    return !run.options.canHasten || deadlineMs >= run.kill.deadlineMs
      ? []
      : escalateAt(run, { ...run.kill, deadlineMs }, Math.max(0, deadlineMs - nowMs));
  }
  const announced =
    cause !== 'completionTime' && knowsKilling(run.framework)
      ? [update(run, statusOf(run, TaskState.TASK_KILLING), nowMs)]
      : [];
  return [
    ...announced,
    { type: 'clearTimer', timer: 'completion' },
    { type: 'clearTimer', timer: 'check' },
    { type: 'clearTimer', timer: 'health' },
    ...escalateAt(run, { startedMs: nowMs, deadlineMs: nowMs + graceMs, cause }, graceMs),
    { type: 'terminate' },
  ];
}

function escalateAt(run: TaskRun, remembered: RememberedKill, delayMs: number): TaskEffect[] {
  run.kill = remembered;
  return [
    { type: 'rememberKill', kill: remembered },
    { type: 'setTimer', timer: 'escalation', delayMs },
  ];
}

/** The last update. */
export function endTask(
  run: TaskRun,
  end: TaskEnd,
  nowMs: number,
  more: Partial<TaskStatus> = {},
): TaskEffect[] {
  run.isRunning = false;
  const status = { ...terminalStatus(run.options, end, run.kill?.cause), ...more };
  const call = update(run, status, nowMs);
  run.terminal = run.lastStatus?.uuid;
  return [
    { type: 'clearTimer', timer: 'escalation' },
    { type: 'clearTimer', timer: 'completion' },
    { type: 'clearTimer', timer: 'check' },
    { type: 'clearTimer', timer: 'health' },
    call,
  ];
}

/** Whether this is the acknowledgement of the task's last update. */
export function isEndAcknowledged(run: TaskRun, uuid: Uint8Array): boolean {
  if (run.terminal === undefined || !sameBytes(run.terminal, uuid)) {
    return false;
  }
  run.terminal = undefined;
  return true;
}

const statusOf = ({ options }: TaskRun, state: TaskState) => newStatus(options, state);

export function update(run: TaskRun, status: TaskStatus, nowMs: number): TaskEffect {
  const { frameworkId, executorId, random, containerStatus } = run.options;
  const sent = {
    ...status,
    ...(containerStatus !== undefined && { container_status: containerStatus }),
    timestamp: nowMs / 1000,
    uuid: random.uuid(),
  };
  run.lastStatus = sent;
  return {
    type: 'call',
    call: {
      type: ExecutorCall_Type.UPDATE,
      framework_id: { value: frameworkId },
      executor_id: { value: executorId },
      update: { status: sent },
    },
  };
}

const PROBE_KINDS = ['check', 'health'] as const;

function scheduleOf(run: TaskRun, kind: ProbeKind) {
  const { check, health_check } = run.options.task;
  return kind === 'check'
    ? check && scheduleOfCheck(check)
    : health_check && scheduleOfHealthCheck(health_check);
}

/** How long the task has to end: by the call, by its own policy, or three seconds. */
export function killGraceMs(run: TaskRun, override: KillPolicy | undefined): number {
  return (
    toMs(override?.grace_period?.nanoseconds) ??
    toMs(run.options.task.kill_policy?.grace_period?.nanoseconds) ??
    run.options.killGraceMs ??
    DEFAULT_KILL_GRACE_MS
  );
}

const toMs = (nanoseconds: bigint | undefined) =>
  nanoseconds === undefined ? undefined : Number(nanoseconds) / 1e6;

const knowsKilling = (framework: FrameworkInfo | undefined) =>
  framework?.capabilities?.some(
    ({ type }) => type === FrameworkInfo_Capability_Type.TASK_KILLING_STATE,
  ) === true;
