// Executors: what runs in a container for a framework, and the tasks that it was given.
//
//   registering ──subscribes──▶ running ──shutdown──▶ terminating ──container ended──▶ terminated
//        └──────────────── shutdown, timeouts ───────────┘
//
// A terminated executor stays until the last updates of its tasks are acknowledged.
import {
  type ContainerStatus,
  type ExecutorEvent,
  ExecutorEvent_Type,
  type ExecutorInfo,
  type Resource,
  type ShutdownExecutorMessage,
  type Task,
  type TaskInfo,
  type TaskState,
  type TaskStatus_Reason,
} from '../../model/generated/messages.ts';
import type { ContainerId, StreamId, TaskId } from '../../model/ids.ts';
import { executorId, frameworkId } from '../../model/ids.ts';
import { executorLimits } from '../../model/resource-limits.ts';
import { isTerminal } from '../../model/task-state.ts';
import type { BuiltinExecutor, RunOf } from '../checkpoint.ts';
import type { ContainerStarted } from '../events.ts';
import { emit, emitEnding, log, persistLater, setTimer } from '../outbox.ts';
import type { AgentState } from '../state.ts';
import type { AgentTimer } from '../timers.ts';
import type { Framework } from './framework.ts';
import { rememberExecutor } from './history.ts';
import { sandboxPath } from './sandbox.ts';

export type ExecutorState = 'registering' | 'running' | 'terminating' | 'terminated';

export interface Executor extends RunOf {
  readonly framework: Framework;
  readonly info: ExecutorInfo;
  readonly builtin: BuiltinExecutor | undefined;
  readonly user: string | undefined;
  /** Whether this run is in the agent's checkpoint. */
  readonly checkpoint: boolean;
  state: ExecutorState;
  stream: StreamId | undefined;
  processId: number | undefined;
  containerStatus: ContainerStatus | undefined;
  /** Tasks that the executor has not been sent, in order. */
  readonly queued: Map<TaskId, TaskInfo>;
  /** Task groups among the queued tasks: all of a group go out in one event. */
  readonly queuedGroups: Set<readonly TaskId[]>;
  readonly launched: Map<TaskId, Task>;
  /** Tasks that have ended, with updates that are not acknowledged. */
  readonly terminated: Map<TaskId, Task>;
  /** The newest last. */
  readonly completed: Task[];
  /** True when the executor has sent an update, so that it has had a task. */
  hasReported: boolean;
  /**
   * Why the agent ends the executor: the reason in its tasks' updates, instead of how the container
   * ended.
   */
  pendingTermination: Termination | undefined;
  /** When the container is destroyed, if the executor has been asked to end and has not. */
  shutdownAtMs: number | undefined;
  /** Recovered tasks that the ledger had no room for. */
  readonly unbooked: Set<TaskId>;
  /** Kills and the shutdown that a disconnected executor gets when it subscribes again. */
  readonly missed: ExecutorEvent[];
}

export interface Termination {
  readonly state: TaskState;
  readonly reason: TaskStatus_Reason;
  readonly message: string;
}

/** Kills that wait for a disconnected executor; more are dropped, as a scheduler can ask again. */
const MAX_MISSED = 1_000;

export function createExecutor(
  run: Pick<Executor, 'framework' | 'info' | 'builtin' | 'containerId'> & {
    readonly user?: string | undefined;
  },
): Executor {
  return {
    framework: run.framework,
    frameworkId: run.framework.id,
    executorId: executorId(run.info.executor_id.value),
    containerId: run.containerId,
    info: run.info,
    builtin: run.builtin,
    user: run.user,
    checkpoint: run.framework.checkpoint,
    state: 'registering',
    stream: undefined,
    processId: undefined,
    containerStatus: undefined,
    queued: new Map(),
    queuedGroups: new Set(),
    launched: new Map(),
    terminated: new Map(),
    completed: [],
    hasReported: false,
    pendingTermination: undefined,
    shutdownAtMs: undefined,
    unbooked: new Set(),
    missed: [],
  };
}

export const runOf = ({ frameworkId, executorId, containerId }: Executor): RunOf => ({
  frameworkId,
  executorId,
  containerId,
});

/** The run that updates of this executor's tasks are checkpointed under, if they are at all. */
export const checkpointRun = (executor: Executor): RunOf | undefined =>
  executor.checkpoint ? runOf(executor) : undefined;

/** Command executors come with their task: masters do not know of them. */
export const isCommandExecutor = (executor: Executor) => executor.builtin === 'command';

/** The resources of the executor and of its tasks that have not ended. */
export function allocatedResources(agent: AgentState, executor: Executor): Resource[] {
  return agent.core.algebra.sum(
    [executor.info, ...liveTasks(executor)].map(({ resources }) => resources ?? []),
  );
}

/** Those that the executor has, or is to get. */
const liveTasks = ({ queued, launched }: Executor) => [
  ...queued.values(),
  ...launched.values().filter(({ state }) => !isTerminal(state)),
];

export function sendToExecutor(agent: AgentState, executor: Executor, event: ExecutorEvent): void {
  const ends = event.type === ExecutorEvent_Type.KILL || event.type === ExecutorEvent_Type.SHUTDOWN;
  if (executor.stream !== undefined) {
    const emitIt = ends ? emitEnding : emit;
    emitIt(agent, { type: 'sendToExecutor', stream: executor.stream, event });
    return;
  }
  // Deliberately unlike Mesos, where a kill in the moment of a reconnection is lost.
  if (ends && executor.missed.length < MAX_MISSED) {
    executor.missed.push(event);
  }
}

export function containerStarted(agent: AgentState, event: ContainerStarted): void {
  const executor = agent.containers.get(event.containerId);
  if (executor === undefined) {
    const { frameworkId, executorId, containerId } = event;
    emit(agent, { type: 'destroyContainer', frameworkId, executorId, containerId });
    return;
  }
  executor.processId = event.processId;
  executor.containerStatus = event.containerStatus;
}

export function executorShutdownAsked(agent: AgentState, body: ShutdownExecutorMessage): void {
  if (agent.phase === 'recovering' || agent.phase === 'disconnected') {
    return;
  }
  const framework = agent.frameworks.get(frameworkId(body.framework_id?.value ?? ''));
  const executor = framework?.executors.get(executorId(body.executor_id?.value ?? ''));
  const canStop = executor?.state === 'registering' || executor?.state === 'running';
  if (framework?.state === 'running' && executor !== undefined && canStop) {
    shutdownExecutor(agent, executor);
  }
}

/** Asks the executor to end, and ends its container after the grace period. */
export function shutdownExecutor(agent: AgentState, executor: Executor): void {
  log(agent, 'info', `Shutting down executor ${executor.executorId} of ${executor.frameworkId}`);
  executor.state = 'terminating';
  sendToExecutor(agent, executor, { type: ExecutorEvent_Type.SHUTDOWN });
  const graceMs = shutdownGraceMs(agent, executor);
  executor.shutdownAtMs = agent.nowMs + graceMs;
  setTimer(agent, shutdownTimer(executor.containerId), graceMs);
}

/**
 * The longest grace period of an executor whose framework has ended. Its resources are offered to
 * others already, so that the machine is overbooked until it ends. Mesos lets it have the hours
 * that it may ask for.
 */
const MAX_ORPHANED_GRACE_MS = 60_000;

function shutdownGraceMs({ options }: AgentState, { info, framework }: Executor): number {
  const usualMs = options.executorShutdownGracePeriodMs;
  const own = info.shutdown_grace_period;
  const graceMs = own === undefined ? usualMs : Math.max(0, Number(own.nanoseconds / 1_000_000n));
  return framework.state === 'terminating'
    ? Math.min(graceMs, Math.max(usualMs, MAX_ORPHANED_GRACE_MS))
    : graceMs;
}

/** Shortens the grace period of an executor that is ending: its framework has ended too. */
export function hastenShutdown(agent: AgentState, executor: Executor): void {
  const graceMs = shutdownGraceMs(agent, executor);
  const atMs = agent.nowMs + graceMs;
  if (executor.shutdownAtMs !== undefined && executor.shutdownAtMs > atMs) {
    executor.shutdownAtMs = atMs;
    setTimer(agent, shutdownTimer(executor.containerId), graceMs);
  }
}

export const shutdownTimer = (id: ContainerId): AgentTimer => `executor-shutdown/${id}`;

export function shutdownTimerFired(agent: AgentState, id: ContainerId): void {
  const executor = agent.containers.get(id);
  if (executor?.state === 'terminating') {
    destroyContainer(agent, executor);
  }
}

export function destroyContainer(agent: AgentState, executor: Executor): void {
  emitEnding(agent, { type: 'destroyContainer', ...runOf(executor) });
}

/** Ends an executor that has no container, or no longer; its tasks' updates say why. */
export function abandonExecutor(agent: AgentState, executor: Executor, why: Termination): void {
  log(agent, 'warn', `Ending executor ${executor.executorId}: ${why.message}`);
  executor.state = 'terminating';
  executor.pendingTermination = why;
  destroyContainer(agent, executor);
}

export function forgetStream(agent: AgentState, executor: Executor): void {
  if (executor.stream !== undefined) {
    agent.streams.delete(executor.stream);
    emit(agent, { type: 'closeStream', stream: executor.stream });
    executor.stream = undefined;
  }
}

export function removeExecutor(agent: AgentState, executor: Executor): void {
  const { framework } = executor;
  for (const id of [
    ...executor.queued.keys(),
    ...executor.launched.keys(),
    ...executor.terminated.keys(),
  ]) {
    framework.tasks.delete(id);
  }
  framework.executors.delete(executor.executorId);
  rememberExecutor(agent, executor);
  if (executor.checkpoint) {
    persistLater(agent, { type: 'executorCompleted', ...runOf(executor) });
  }
  emit(agent, {
    type: 'collectGarbage',
    path: sandboxPath(agent, executor),
    delayMs: agent.options.gcDelayMs,
  });
}

/** Resizes the executor's container to what its tasks now need. */
export function resizeContainer(agent: AgentState, executor: Executor): void {
  if (!isCommandExecutor(executor) && executor.state === 'running') {
    emit(agent, {
      type: 'resizeContainer',
      containerId: executor.containerId,
      resources: allocatedResources(agent, executor),
      limits: executorLimits(executor.info.resources ?? [], liveTasks(executor)),
    });
  }
}
