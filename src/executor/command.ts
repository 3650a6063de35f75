// The built-in command executor as a pure state machine: one task, one command.
//
// It uses the executor API as every executor does, but without a connection: the agent's events
// come in, calls go out, and actions leave as effects. The order of updates, and their states,
// reasons and messages, are those of Mesos's command executor.
import type {
  ExecutorCall,
  ExecutorEvent,
  FrameworkInfo,
  KillPolicy,
  TaskInfo,
  TaskStatus,
} from '../model/generated/messages.ts';
import {
  ExecutorCall_Type,
  ExecutorEvent_Type,
  FrameworkInfo_Capability_Type,
  TaskState,
  TaskStatus_Reason,
} from '../model/generated/messages.ts';
import type { ExecutorId, FrameworkId } from '../model/ids.ts';
import type { Random } from '../model/random.ts';
import { type CommandEnd, newStatus, terminalStatus } from './command-status.ts';
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

export type CommandEvent =
  | { readonly type: 'executorEvent'; readonly event: ExecutorEvent; readonly nowMs: number }
  | ({ readonly type: 'ended'; readonly nowMs: number } & CommandEnd)
  | { readonly type: 'timer'; readonly timer: CommandTimer; readonly nowMs: number }
  | {
      readonly type: 'probed';
      readonly kind: ProbeKind;
      readonly result: ProbeOutcome;
      readonly nowMs: number;
    };

export type CommandTimer = 'escalation' | 'completion' | 'linger' | ProbeKind;

export type CommandEffect =
  | { readonly type: 'call'; readonly call: ExecutorCall }
  /** Starts the command. */
  | { readonly type: 'release' }
  /** Sends SIGTERM to all processes of the task; `destroy` kills them. */
  | { readonly type: 'terminate' }
  | { readonly type: 'destroy' }
  | { readonly type: 'setTimer'; readonly timer: CommandTimer; readonly delayMs: number }
  | { readonly type: 'clearTimer'; readonly timer: CommandTimer }
  | { readonly type: 'probe'; readonly probe: Probe }
  /** Stores the kill for the executor of a later agent, which must go on with it. */
  | { readonly type: 'rememberKill'; readonly kill: RememberedKill }
  /** The executor is done. */
  | { readonly type: 'end' };

/** What a later agent knows of a task that an earlier one started. */
export interface Resumption {
  readonly startedMs: number;
  /** The states in the agent's checkpoint, oldest first. */
  readonly reported: readonly TaskState[];
  readonly kill?: RememberedKill | undefined;
}

export interface CommandOptions {
  readonly frameworkId: FrameworkId;
  readonly executorId: ExecutorId;
  readonly task: TaskInfo;
  /** How long the executor has to shut down before its container is destroyed. */
  readonly shutdownGraceMs: number;
  /**
   * How long the executor stays after its last update, as Mesos's does: tools that look for the
   * container of a task that has just ended find it.
   */
  readonly lingerMs: number;
  readonly random: Random;
  readonly resumption?: Resumption | undefined;
}

export interface CommandState {
  readonly options: CommandOptions;
  framework?: FrameworkInfo | undefined;
  phase: 'idle' | 'resuming' | 'running' | 'ended';
  startedMs: number;
  kill?: RememberedKill | undefined;
  health?: HealthState | undefined;
  /** How the task ended; kept while the agent cannot be told yet. */
  end?: Extract<CommandEvent, { type: 'ended' }> | undefined;
  lastStatus?: TaskStatus | undefined;
  /** The uuid of the terminal update; undefined once it is acknowledged. */
  terminal?: Uint8Array | undefined;
  /** True during the stay after the last update, acknowledged or not. */
  lingers: boolean;
  /** The executor was told to shut down, so it does not linger. */
  isShutDown: boolean;
}

const DEFAULT_KILL_GRACE_MS = 3_000;
// The agent destroys the container at the end of the grace period: the last update must leave
// before.
const RESERVE_MS = 1_000;

export function createCommand(options: CommandOptions): CommandState {
  const resumption = options.resumption;
  return {
    options,
    phase: resumption === undefined ? 'idle' : 'resuming',
    startedMs: resumption?.startedMs ?? 0,
    kill: resumption?.kill,
    lingers: false,
    isShutDown: false,
  };
}

export function stepCommand(state: CommandState, event: CommandEvent): CommandEffect[] {
  switch (event.type) {
    case 'executorEvent':
      return received(state, event.event, event.nowMs);
    case 'ended':
      return ended(state, event);
    case 'timer':
      return fired(state, event.timer, event.nowMs);
    case 'probed':
      return probed(state, event.kind, event.result, event.nowMs);
  }
}

function received(state: CommandState, event: ExecutorEvent, nowMs: number): CommandEffect[] {
  switch (event.type) {
    case ExecutorEvent_Type.SUBSCRIBED:
      state.framework = event.subscribed?.framework_info;
      return state.phase === 'resuming' ? resume(state, nowMs) : [];
    case ExecutorEvent_Type.LAUNCH:
      return event.launch === undefined ? [] : launch(state, event.launch.task, nowMs);
    case ExecutorEvent_Type.KILL:
      return kill(state, killGraceMs(state, event.kill?.kill_policy), 'asked', nowMs);
    case ExecutorEvent_Type.ACKNOWLEDGED:
      return acknowledged(state, event.acknowledged?.uuid ?? new Uint8Array());
    case ExecutorEvent_Type.LAUNCH_GROUP:
    case ExecutorEvent_Type.SHUTDOWN:
      // Task groups are for the default executor; here one is a mistake that only a shutdown can
      // end.
      return shutdown(state, nowMs);
    default:
      return [];
  }
}

function acknowledged(state: CommandState, uuid: Uint8Array): CommandEffect[] {
  if (state.terminal === undefined || !sameBytes(state.terminal, uuid)) {
    return [];
  }
  state.terminal = undefined;
  return endIfDone(state);
}

function endIfDone(state: CommandState): CommandEffect[] {
  return state.terminal === undefined && !state.lingers ? [{ type: 'end' }] : [];
}

function launch(state: CommandState, task: TaskInfo, nowMs: number): CommandEffect[] {
  if (state.phase !== 'idle') {
    const text = 'Attempted to run multiple tasks using a "command" executor';
    return [
      update(
        state,
        newStatus({ ...state.options, task }, TaskState.TASK_FAILED, { message: text }),
        nowMs,
      ),
    ];
  }
  const starting = update(state, newStatus(state.options, TaskState.TASK_STARTING), nowMs);
  state.phase = 'running';
  state.startedMs = nowMs;
  return [
    starting,
    { type: 'release' },
    ...watchTask(state, nowMs),
    update(state, newStatus(state.options, TaskState.TASK_RUNNING), nowMs),
  ];
}

/** Reports the states that an earlier executor may not have reported, and continues. */
function resume(state: CommandState, nowMs: number): CommandEffect[] {
  const reported = state.options.resumption?.reported ?? [];
  const effects: CommandEffect[] = [];
  for (const wanted of [TaskState.TASK_STARTING, TaskState.TASK_RUNNING]) {
    // A later state in the checkpoint means that this one was reported, too.
    if (!reported.some((known) => known === wanted || known === TaskState.TASK_RUNNING)) {
      effects.push(update(state, newStatus(state.options, wanted), nowMs));
    }
  }
  state.lastStatus ??= newStatus(state.options, TaskState.TASK_RUNNING);
  state.phase = 'running';
  if (state.end !== undefined) {
    return [...effects, ...ended(state, state.end)];
  }
  if (state.kill !== undefined) {
    const { deadlineMs } = state.kill;
    return [
      ...effects,
      { type: 'terminate' },
      { type: 'setTimer', timer: 'escalation', delayMs: Math.max(0, deadlineMs - nowMs) },
    ];
  }
  return [...effects, ...watchTask(state, nowMs)];
}

/** Starts the timers of a running task: maximum completion time, check, health check. */
function watchTask(state: CommandState, nowMs: number): CommandEffect[] {
  const { task } = state.options;
  const effects: CommandEffect[] = [];
  const maxMs = toMs(task.max_completion_time?.nanoseconds);
  if (maxMs !== undefined && maxMs > 0) {
    const delayMs = Math.max(0, state.startedMs + maxMs - nowMs);
    effects.push({ type: 'setTimer', timer: 'completion', delayMs });
  }
  if (task.health_check !== undefined) {
    state.health = {
      check: task.health_check,
      startedMs: nowMs,
      initializing: true,
      failures: 0,
    };
  }
  for (const kind of PROBE_KINDS) {
    const schedule = scheduleOf(state, kind);
    if (schedule !== undefined) {
      effects.push({ type: 'setTimer', timer: kind, delayMs: schedule.delayMs });
    }
  }
  return effects;
}

function fired(state: CommandState, timer: CommandTimer, nowMs: number): CommandEffect[] {
  if (timer === 'linger' && state.lingers) {
    state.lingers = false;
    return endIfDone(state);
  }
  if (state.phase !== 'running') {
    return [];
  }
  switch (timer) {
    case 'escalation':
      return [{ type: 'destroy' }];
    case 'completion':
      return kill(state, 0, 'completionTime', nowMs);
    case 'linger':
      return [];
    case 'check':
    case 'health': {
      const schedule = scheduleOf(state, timer);
      return schedule === undefined || state.kill !== undefined
        ? []
        : [{ type: 'probe', probe: schedule.probe }];
    }
  }
}

function probed(
  state: CommandState,
  kind: ProbeKind,
  result: ProbeOutcome,
  nowMs: number,
): CommandEffect[] {
  const schedule = scheduleOf(state, kind);
  // A probe may end after its task, or after a kill stopped the probes.
  if (state.phase !== 'running' || state.kill !== undefined || schedule === undefined) {
    return [];
  }
  const news = result.type === 'unknown' ? [] : verdict(state, kind, result, nowMs);
  return state.kill === undefined
    ? [...news, { type: 'setTimer', timer: kind, delayMs: schedule.intervalMs }]
    : news;
}

const verdict = (state: CommandState, kind: ProbeKind, result: ProbeResult, nowMs: number) =>
  kind === 'check' ? checked(state, result, nowMs) : judged(state, result, nowMs);

function checked(state: CommandState, result: ProbeResult, nowMs: number): CommandEffect[] {
  const check = state.options.task.check;
  const last = state.lastStatus;
  if (check === undefined || last === undefined) {
    return [];
  }
  const found = checkStatusOf(check, result);
  if (sameCheckStatus(found, last.check_status ?? emptyCheckStatus(check))) {
    return [];
  }
  const reason = TaskStatus_Reason.REASON_TASK_CHECK_STATUS_UPDATED;
  return [update(state, { ...last, reason, check_status: found }, nowMs)];
}

function judged(state: CommandState, result: ProbeResult, nowMs: number): CommandEffect[] {
  const last = state.lastStatus;
  const change = state.health && judge(state.health, result, nowMs);
  if (change === undefined || last === undefined) {
    return [];
  }
  const reason = TaskStatus_Reason.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED;
  const news = update(state, { ...last, reason, healthy: change.healthy }, nowMs);
  return change.kill
    ? [news, ...kill(state, killGraceMs(state, undefined), 'unhealthy', nowMs)]
    : [news];
}

function shutdown(state: CommandState, nowMs: number): CommandEffect[] {
  state.isShutDown = true;
  switch (state.phase) {
    case 'idle':
      state.phase = 'ended';
      return [{ type: 'end' }];
    case 'resuming':
      return [...resume(state, nowMs), ...shutdown(state, nowMs)];
    case 'running':
      return kill(state, Math.max(0, state.options.shutdownGraceMs - RESERVE_MS), 'asked', nowMs);
    case 'ended':
      if (!state.lingers) {
        return [];
      }
      state.lingers = false;
      return [{ type: 'clearTimer', timer: 'linger' }, ...endIfDone(state)];
  }
}

function kill(
  state: CommandState,
  graceMs: number,
  cause: KillCause,
  nowMs: number,
): CommandEffect[] {
  const deadlineMs = nowMs + graceMs;
  if (state.phase === 'ended' || state.phase === 'idle') {
    return [];
  }
  if (state.kill !== undefined) {
    // A repeated kill changes nothing, and a later kill never extends the deadline of an earlier
    // one.
    return deadlineMs >= state.kill.deadlineMs
      ? []
      : escalateAt(state, { ...state.kill, deadlineMs }, graceMs);
  }
  const announced =
    cause !== 'completionTime' && knowsKilling(state.framework)
      ? [update(state, newStatus(state.options, TaskState.TASK_KILLING), nowMs)]
      : [];
  return [
    ...announced,
    { type: 'clearTimer', timer: 'completion' },
    { type: 'clearTimer', timer: 'check' },
    { type: 'clearTimer', timer: 'health' },
    ...escalateAt(state, { deadlineMs, cause }, graceMs),
    { type: 'terminate' },
  ];
}

function escalateAt(
  state: CommandState,
  remembered: RememberedKill,
  delayMs: number,
): CommandEffect[] {
  state.kill = remembered;
  return [
    { type: 'rememberKill', kill: remembered },
    { type: 'setTimer', timer: 'escalation', delayMs },
  ];
}

function ended(
  state: CommandState,
  event: Extract<CommandEvent, { type: 'ended' }>,
): CommandEffect[] {
  if (state.phase === 'resuming') {
    state.end = event;
    return [];
  }
  if (state.phase !== 'running') {
    return [];
  }
  state.phase = 'ended';
  const status = terminalStatus(state.options, event, state.kill?.cause);
  const call = update(state, status, event.nowMs);
  state.terminal = state.lastStatus?.uuid;
  state.lingers = state.options.lingerMs > 0 && !state.isShutDown;
  const linger: CommandEffect = {
    type: 'setTimer',
    timer: 'linger',
    delayMs: state.options.lingerMs,
  };
  return [
    { type: 'clearTimer', timer: 'escalation' },
    { type: 'clearTimer', timer: 'completion' },
    { type: 'clearTimer', timer: 'check' },
    { type: 'clearTimer', timer: 'health' },
    call,
    ...(state.lingers ? [linger] : []),
  ];
}

function update(state: CommandState, status: TaskStatus, nowMs: number): CommandEffect {
  const { frameworkId, executorId, random } = state.options;
  const sent = { ...status, timestamp: nowMs / 1000, uuid: random.uuid() };
  state.lastStatus = sent;
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

function scheduleOf(state: CommandState, kind: ProbeKind) {
  const { check, health_check } = state.options.task;
  return kind === 'check'
    ? check && scheduleOfCheck(check)
    : health_check && scheduleOfHealthCheck(health_check);
}

function killGraceMs(state: CommandState, override: KillPolicy | undefined): number {
  return (
    toMs(override?.grace_period?.nanoseconds) ??
    toMs(state.options.task.kill_policy?.grace_period?.nanoseconds) ??
    DEFAULT_KILL_GRACE_MS
  );
}

const toMs = (nanoseconds: bigint | undefined) =>
  nanoseconds === undefined ? undefined : Number(nanoseconds) / 1e6;

const knowsKilling = (framework: FrameworkInfo | undefined) =>
  framework?.capabilities?.some(
    ({ type }) => type === FrameworkInfo_Capability_Type.TASK_KILLING_STATE,
  ) === true;

const sameBytes = (one: Uint8Array, other: Uint8Array) =>
  one.length === other.length && one.every((byte, index) => byte === other[index]);
