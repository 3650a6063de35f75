// The built-in command executor as a pure state machine: one task, one command.
//
// It uses the executor API as every executor does, but without a connection: the agent's events
// come in, calls go out, and actions leave as effects.
import type { ExecutorEvent, TaskInfo } from '../model/generated/messages.ts';
import { ExecutorEvent_Type, TaskState } from '../model/generated/messages.ts';
import type { ExecutorId, FrameworkId } from '../model/ids.ts';
import type { Random } from '../model/random.ts';
import type { ProbeKind, ProbeOutcome } from './probes.ts';
import {
  announceTask,
  beginTask,
  createTaskRun,
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
  update,
} from './task-run.ts';
import { newStatus, type TaskEnd } from './task-status.ts';

export type CommandEvent =
  | { readonly type: 'executorEvent'; readonly event: ExecutorEvent; readonly nowMs: number }
  /** The command has been started, or never will be: `ended` tells. */
  | { readonly type: 'begun'; readonly nowMs: number }
  | ({ readonly type: 'ended'; readonly nowMs: number } & TaskEnd)
  | { readonly type: 'timer'; readonly timer: CommandTimer; readonly nowMs: number }
  | {
      readonly type: 'probed';
      readonly kind: ProbeKind;
      readonly result: ProbeOutcome;
      readonly nowMs: number;
    };

export type CommandTimer = 'linger' | TaskTimer;

export type CommandEffect =
  | TaskEffect
  /** Starts the command; `begun` answers. */
  | { readonly type: 'release' }
  | { readonly type: 'setTimer'; readonly timer: 'linger'; readonly delayMs: number }
  | { readonly type: 'clearTimer'; readonly timer: 'linger' }
  /** The executor is done. */
  | { readonly type: 'end' };

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
  /** Of a task in a container of type DOCKER, of which TASK_RUNNING tells by this. */
  readonly inspection?: ((startedMs: number) => Uint8Array) | undefined;
  readonly resumption?: Resumption | undefined;
}

export interface CommandState {
  readonly options: CommandOptions;
  readonly run: TaskRun;
  phase: 'idle' | 'resuming' | 'starting' | 'running' | 'ended';
  /** How the task ended; kept while the agent cannot be told yet. */
  end?: TaskEnd | undefined;
  /** True during the stay after the last update, acknowledged or not. */
  lingers: boolean;
  /** The executor was told to shut down, so it does not linger. */
  isShutDown: boolean;
}

// The agent destroys the container at the end of the grace period: the last update must leave
// before. As much as in Mesos.
const RESERVE_MS = 2_000;

export function createCommand(options: CommandOptions): CommandState {
  const { frameworkId, executorId, task, random, inspection, resumption } = options;
  // As Mesos's docker executor calls it, and as long as that waits.
  const ofDocker = inspection && {
    noun: 'Container' as const,
    killGraceMs: options.shutdownGraceMs,
    runningData: inspection,
  };
  return {
    options,
    run: createTaskRun(
      { frameworkId, executorId, task, random, canHasten: true, ...ofDocker },
      resumption,
    ),
    phase: resumption === undefined ? 'idle' : 'resuming',
    lingers: false,
    isShutDown: false,
  };
}

export function stepCommand(state: CommandState, event: CommandEvent): CommandEffect[] {
  switch (event.type) {
    case 'executorEvent':
      return received(state, event.event, event.nowMs);
    case 'begun':
      return begin(state, event.nowMs);
    case 'ended':
      return ended(state, event, event.nowMs);
    case 'timer':
      return fired(state, event.timer, event.nowMs);
    case 'probed':
      return taskProbed(state.run, event.kind, event.result, event.nowMs);
  }
}

function received(state: CommandState, event: ExecutorEvent, nowMs: number): CommandEffect[] {
  const { run } = state;
  switch (event.type) {
    case ExecutorEvent_Type.SUBSCRIBED:
      run.framework = event.subscribed?.framework_info;
      return state.phase === 'resuming' ? resume(state, nowMs) : [];
    case ExecutorEvent_Type.LAUNCH:
      return event.launch === undefined ? [] : launch(state, event.launch.task, nowMs);
    case ExecutorEvent_Type.KILL:
      return kill(state, killGraceMs(run, event.kill?.kill_policy), nowMs);
    case ExecutorEvent_Type.ACKNOWLEDGED:
      return isEndAcknowledged(run, event.acknowledged?.uuid ?? new Uint8Array())
        ? endIfDone(state)
        : [];
    case ExecutorEvent_Type.LAUNCH_GROUP:
    case ExecutorEvent_Type.SHUTDOWN:
      // Task groups are for the default executor; here one is a mistake that only a shutdown can
      // end.
      return shutdown(state, nowMs);
    default:
      return [];
  }
}

const endIfDone = ({ run, lingers }: CommandState): CommandEffect[] =>
  run.terminal === undefined && !lingers ? [{ type: 'end' }] : [];

function launch(state: CommandState, task: TaskInfo, nowMs: number): CommandEffect[] {
  const { run } = state;
  if (state.phase !== 'idle') {
    const what = state.options.inspection === undefined ? 'command' : 'docker';
    const message = `Attempted to run multiple tasks using a "${what}" executor`;
    const status = newStatus({ ...state.options, task }, TaskState.TASK_FAILED, { message });
    return [update(run, status, nowMs)];
  }
  state.phase = 'starting';
  return [announceTask(run, nowMs), { type: 'release' }];
}

/** Only now, so that who hears of a running task finds the files of its output. */
function begin(state: CommandState, nowMs: number): CommandEffect[] {
  if (state.phase !== 'starting') {
    return [];
  }
  state.phase = 'running';
  return beginTask(state.run, nowMs);
}

/** A start can take long: a kill does not wait for it. */
const kill = (state: CommandState, graceMs: number, nowMs: number): CommandEffect[] => [
  ...begin(state, nowMs),
  ...killTask(state.run, graceMs, 'asked', nowMs),
];

function resume(state: CommandState, nowMs: number): CommandEffect[] {
  const { run, options, end } = state;
  state.phase = 'running';
  const effects = resumeTask(run, options.resumption?.reported ?? [], nowMs);
  return end === undefined ? effects : [...effects, ...ended(state, end, nowMs)];
}

function fired(state: CommandState, timer: CommandTimer, nowMs: number): CommandEffect[] {
  if (timer !== 'linger') {
    return taskTimerFired(state.run, timer, nowMs);
  }
  if (!state.lingers) {
    return [];
  }
  state.lingers = false;
  return endIfDone(state);
}

function shutdown(state: CommandState, nowMs: number): CommandEffect[] {
  state.isShutDown = true;
  switch (state.phase) {
    case 'idle':
      state.phase = 'ended';
      return [{ type: 'end' }];
    case 'resuming':
      return [...resume(state, nowMs), ...shutdown(state, nowMs)];
    case 'starting':
    case 'running':
      return kill(state, Math.max(0, state.options.shutdownGraceMs - RESERVE_MS), nowMs);
    case 'ended':
      if (!state.lingers) {
        return [];
      }
      state.lingers = false;
      return [{ type: 'clearTimer', timer: 'linger' }, ...endIfDone(state)];
  }
}

function ended(state: CommandState, end: TaskEnd, nowMs: number): CommandEffect[] {
  if (state.phase === 'resuming') {
    state.end = end;
    return [];
  }
  const begun = begin(state, nowMs);
  return state.phase === 'running'
    ? [...begun, ...endTask(state.run, end, nowMs), ...stay(state)]
    : [];
}

/** The stay after the last update. */
function stay(state: CommandState): CommandEffect[] {
  const { lingerMs } = state.options;
  state.phase = 'ended';
  state.lingers = lingerMs > 0 && !state.isShutDown;
  return state.lingers ? [{ type: 'setTimer', timer: 'linger', delayMs: lingerMs }] : [];
}
