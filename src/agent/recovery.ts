// The start of an agent: what ran under the earlier agent is recovered, or its tasks end.
//
// Executors of checkpointing frameworks outlive the agent. Executors that are alive have a short
// time to subscribe again. The agent registers as soon as all have, so that a master never gets a
// registration of an agent that does not know its own tasks yet.

import { formatDuration } from '../model/duration.ts';
import { sameMessage } from '../model/equality.ts';
import {
  type AgentInfo,
  type Resource,
  type Task,
  TaskState,
  TaskStatus_Reason,
  TaskStatus_Source,
} from '../model/generated/messages.ts';
import { sameBytes } from '../model/identifier.ts';
import { agentId, taskId } from '../model/ids.ts';
import { isTerminal } from '../model/task-state.ts';
import type { AgentCheckpoint, CheckpointedExecutor, CheckpointedTask } from './checkpoint.ts';
import type { Recovered } from './events.ts';
import {
  abandonExecutor,
  checkpointRun,
  createExecutor,
  type Executor,
  isCommandExecutor,
} from './executors/executor.ts';
import { addFramework, type Framework, removeIfIdle } from './executors/framework.ts';
import { rememberTask } from './executors/history.ts';
import { sandboxPath } from './executors/sandbox.ts';
import { executorTerminated } from './executors/termination.ts';
import { restoreOperations } from './operations/operations.ts';
import { createVolumes, withCheckpointed } from './operations/resources.ts';
import { killAll } from './operators/drain.ts';
import { clearTimer, emit, giveUp, log, persist, setTimer } from './outbox.ts';
import { differenceOf, incompatibility, mildestPolicy } from './registration/compatibility.ts';
import { disconnect } from './registration/registration.ts';
import type { AgentState } from './state.ts';
import { terminate } from './stop.ts';
import { restoreStream } from './tasks/status-update-streams.ts';
import { createTask, droppedState, goneState, recordStatus } from './tasks/task.ts';

export function recovered(agent: AgentState, { checkpoint }: Recovered): void {
  if (agent.knowsExecutors) {
    return;
  }
  agent.startedMs = agent.nowMs;
  agent.counters.recovery_errors += checkpoint.errors ?? 0;
  recoverResources(agent, checkpoint);
  if (resumesAgent(agent, checkpoint)) {
    agent.drain = checkpoint.drain;
    restoreOperations(agent, checkpoint.operations ?? []);
    recoverFrameworks(agent, checkpoint);
  }
  agent.knowsExecutors = true;
  if (agent.options.recover === 'cleanup') {
    persist(agent, { type: 'forgetAgent' });
    terminate(agent, 'Cleaning up what ran before');
    return;
  }
  if (isWaiting(agent)) {
    setTimer(agent, 'executor-reregistration', agent.options.executorReregistrationTimeoutMs);
  } else {
    finish(agent);
  }
}

/** Advice about --reconfiguration_policy, where another policy would let this agent start. */
function policyAdvice(agent: AgentState, before: AgentInfo): string {
  const policy = mildestPolicy(agent, before);
  return policy === undefined ? '' : `set --reconfiguration_policy to ${policy}, `;
}

/**
 * Whether this agent goes on under the id of the checkpointed one. An agent that has changed more
 * than the policy allows becomes a new agent after a reboot, and gives up otherwise.
 */
function resumesAgent(agent: AgentState, checkpoint: AgentCheckpoint): boolean {
  const before = checkpoint.agent;
  const id = before?.id?.value;
  if (before === undefined || id === undefined) {
    return false;
  }
  const why = incompatibility(agent, before);
  if (why !== undefined && checkpoint.rebooted === true) {
    log(agent, 'warn', `Registering as a new agent after a reboot: ${why}`);
    persist(agent, { type: 'forgetAgent' });
    return false;
  }
  if (why !== undefined) {
    giveUp(
      agent,
      `Failed to perform recovery: Incompatible agent info detected: ${why}. Start it as it was, ` +
        `${policyAdvice(agent, before)}or remove the meta directory from ${agent.options.workDir} to start as a new ` +
        'agent without the tasks that still run',
    );
    return false;
  }
  const change = differenceOf(agent, before);
  if (change !== undefined) {
    log(agent, 'info', `Going on as agent ${id}, though ${change}`);
  }
  agent.id = agentId(id);
  agent.info = { ...agent.info, id: { value: id } };
  // An unchanged AgentInfo is not written again: a full disk must not keep the agent from
  // registering.
  if (!sameMessage(agent.info, before)) {
    persist(agent, { type: 'agent', agent: agent.info });
  }
  return true;
}

/** Reservations and volumes belong to the machine: a new agent on it has them too. */
function recoverResources(agent: AgentState, checkpoint: AgentCheckpoint): void {
  const { algebra } = agent.core;
  const total = withCheckpointed(algebra, agent.options.resources, checkpoint.resources);
  if (total === undefined) {
    giveUp(
      agent,
      'Failed to perform recovery: Checkpointed resources are incompatible with agent resources',
    );
    return;
  }
  agent.checkpointedResources = checkpoint.resources;
  agent.ledger.setTotal(total);
  // The earlier agent may have been stopped after it had recorded a volume and before it made the
  // folder.
  createVolumes(agent, checkpoint.resources);
}

function recoverFrameworks(agent: AgentState, checkpoint: AgentCheckpoint): void {
  for (const { info, executors } of checkpoint.frameworks) {
    const framework = addFramework(agent, info);
    const found = executors.map((run) => [run, recoverExecutor(agent, framework, run)] as const);
    for (const [run, executor] of found) {
      if (run.alive) {
        reattach(agent, executor, run);
      } else {
        endDead(agent, executor, run, checkpoint.rebooted === true);
      }
    }
    removeIfIdle(agent, framework);
  }
}

function recoverExecutor(
  agent: AgentState,
  framework: Framework,
  run: CheckpointedExecutor,
): Executor {
  const executor = createExecutor({
    framework,
    info: run.info,
    builtin: run.builtin,
    containerId: run.containerId,
  });
  executor.processId = run.processId;
  executor.containerStatus = run.containerStatus;
  framework.executors.set(executor.executorId, executor);
  agent.containers.set(executor.containerId, executor);
  if (!isCommandExecutor(executor)) {
    book(agent, executor, run.info.resources ?? []);
  }
  for (const task of run.tasks) {
    recoverTask(agent, executor, task);
  }
  return executor;
}

function recoverTask(agent: AgentState, executor: Executor, found: CheckpointedTask): void {
  const id = taskId(found.info.task_id.value);
  const task = createTask(executor.frameworkId, found.info, TaskState.TASK_STAGING);
  for (const { status } of found.updates) {
    if (!isTerminal(task.state)) {
      recordStatus(task, status);
    }
    executor.hasReported ||= status.source === TaskStatus_Source.SOURCE_EXECUTOR;
  }
  if (isAcknowledged(task, found)) {
    rememberTask(agent, executor, task);
    return;
  }
  executor.framework.tasks.set(id, executor);
  if (isTerminal(task.state)) {
    executor.terminated.set(id, task);
  } else {
    executor.launched.set(id, task);
    if (!book(agent, executor, task.resources ?? [])) {
      executor.unbooked.add(id);
    }
  }
  const run = checkpointRun(executor);
  if (run !== undefined) {
    restoreStream(agent, run, id, found.updates, found.acknowledged);
  }
}

function isAcknowledged(task: Task, { acknowledged }: CheckpointedTask): boolean {
  const uuid = task.statuses?.at(-1)?.uuid;
  return (
    isTerminal(task.state) &&
    uuid !== undefined &&
    acknowledged.some((bytes) => sameBytes(bytes, uuid))
  );
}

/**
 * Books what an executor or a task uses in the ledger; false where the agent now has less than
 * that.
 */
function book(agent: AgentState, executor: Executor, resources: readonly Resource[]): boolean {
  const isBooked = agent.ledger.take(executor.containerId, resources);
  if (!isBooked) {
    agent.counters.recovery_errors++;
    log(agent, 'warn', `Executor ${executor.executorId} uses more than this agent has free`);
  }
  return isBooked;
}

function reattach(agent: AgentState, executor: Executor, run: CheckpointedExecutor): void {
  const { framework, info, builtin, containerId } = executor;
  emit(agent, {
    type: 'reattachExecutor',
    framework: framework.info,
    executor: info,
    builtin,
    containerId,
    sandbox: sandboxPath(agent, executor),
    user: agent.options.switchUser ? (info.command?.user ?? framework.info.user) : undefined,
    task: isCommandExecutor(executor) ? run.tasks[0]?.info : undefined,
  });
}

function endDead(
  agent: AgentState,
  executor: Executor,
  run: CheckpointedExecutor,
  rebooted: boolean,
): void {
  const { waitStatus } = run;
  if (waitStatus === undefined) {
    // A built-in executor that has left no trace on a machine that was not rebooted has never
    // begun.
    const neverRan = executor.builtin !== undefined && !executor.hasReported && !rebooted;
    executor.pendingTermination = neverRan
      ? {
          state: droppedState(executor.framework.partitionAware),
          reason: TaskStatus_Reason.REASON_AGENT_RESTARTED,
          message: 'Task launched during agent restart',
        }
      : {
          state: TaskState.TASK_FAILED,
          reason: TaskStatus_Reason.REASON_EXECUTOR_TERMINATED,
          message: 'Abnormal executor termination: unknown container',
        };
  }
  executorTerminated(agent, executor, { waitStatus });
}

const isWaiting = (agent: AgentState) =>
  [...agent.containers.values()].some(({ state }) => state === 'registering');

/** An executor has subscribed or ended: ends the recovery if it was the last one awaited. */
export function executorSettled(agent: AgentState): void {
  if (agent.phase === 'recovering' && agent.knowsExecutors && !isWaiting(agent)) {
    clearTimer(agent, 'executor-reregistration');
    finish(agent);
  }
}

export function reregistrationTimerFired(agent: AgentState): void {
  if (agent.phase !== 'recovering') {
    return;
  }
  for (const executor of [...agent.containers.values()]) {
    if (executor.state === 'registering') {
      const timeout = formatDuration(agent.options.executorReregistrationTimeoutMs);
      abandonExecutor(agent, executor, {
        state: goneState(executor.framework.partitionAware),
        reason: TaskStatus_Reason.REASON_EXECUTOR_REREGISTRATION_TIMEOUT,
        message: `Executor did not reregister within ${timeout}`,
      });
    }
  }
  finish(agent);
}

function finish(agent: AgentState): void {
  agent.phase = 'disconnected';
  agent.recoveredMs = agent.nowMs;
  log(agent, 'info', 'Finished recovery');
  if (agent.drain !== undefined) {
    killAll(agent);
  }
  disconnect(agent);
}
