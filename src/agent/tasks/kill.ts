// KillTaskMessage: the executor ends the task, or the agent does while the task is queued.
import {
  ExecutorEvent_Type,
  type KillPolicy,
  type KillTaskMessage,
  type TaskInfo,
  TaskState,
  TaskStatus_Reason,
} from '../../model/generated/messages.ts';
import { frameworkId, type TaskId, taskId } from '../../model/ids.ts';
import { type Executor, sendToExecutor, shutdownExecutor } from '../executors/executor.ts';
import { log } from '../outbox.ts';
import type { AgentState } from '../state.ts';
import { reportStatus } from './status-update-source.ts';
import { agentStatus, droppedState } from './task.ts';

export function killAsked(agent: AgentState, body: KillTaskMessage): void {
  if (agent.phase === 'recovering' || agent.phase === 'terminating') {
    return;
  }
  const framework = agent.frameworks.get(frameworkId(body.framework_id.value));
  const id = taskId(body.task_id.value);
  if (framework?.state !== 'running') {
    log(agent, 'warn', `Ignoring kill of task ${id}: its framework has nothing here`);
    return;
  }
  const executor = framework.tasks.get(id);
  if (executor !== undefined) {
    killTask(agent, executor, id, body.kill_policy);
    return;
  }
  const status = agentStatus({
    taskId: id,
    state: droppedState(framework.partitionAware),
    reason: TaskStatus_Reason.REASON_EXECUTOR_TERMINATED,
    message: 'Cannot find executor',
  });
  reportStatus(agent, framework, undefined, status);
}

export function killTask(
  agent: AgentState,
  executor: Executor,
  id: TaskId,
  policy: KillPolicy | undefined,
): void {
  if (executor.state === 'terminating' || executor.state === 'terminated') {
    return;
  }
  if (executor.queued.has(id)) {
    killQueued(agent, executor, id);
    return;
  }
  if (executor.launched.has(id)) {
    sendToExecutor(agent, executor, {
      type: ExecutorEvent_Type.KILL,
      kill: {
        task_id: { value: id },
        ...(policy === undefined ? {} : { kill_policy: policy }),
      },
    });
  }
}

/** Kills a queued task, which the executor has not got, with all tasks of its group. */
function killQueued(agent: AgentState, executor: Executor, id: TaskId): void {
  const group = [...executor.queuedGroups].find((ids) => ids.includes(id));
  for (const member of group ?? [id]) {
    const status = agentStatus({
      taskId: member,
      state: TaskState.TASK_KILLED,
      reason: TaskStatus_Reason.REASON_TASK_KILLED_DURING_LAUNCH,
      message:
        group === undefined
          ? 'Killed before delivery to the executor'
          : 'A task within the task group was killed before delivery to the executor',
      executorId: executor.executorId,
    });
    reportStatus(agent, executor.framework, executor, status);
  }
  shutdownIfPointless(agent, executor);
}

/** Shuts an executor down that has no tasks and has never sent an update: it has nothing to do. */
export function shutdownIfPointless(agent: AgentState, executor: Executor): boolean {
  const isPointless =
    executor.state === 'running' &&
    !executor.hasReported &&
    executor.queued.size === 0 &&
    executor.launched.size === 0;
  if (isPointless) {
    shutdownExecutor(agent, executor);
  }
  return isPointless;
}

/**
 * The kill policy that ends a task within the given time, where the task's own would take longer.
 */
export function limitedPolicy(
  task: Pick<TaskInfo, 'kill_policy'>,
  maxGraceNs: bigint | undefined,
): KillPolicy | undefined {
  const own = task.kill_policy?.grace_period?.nanoseconds;
  return maxGraceNs === undefined || (own !== undefined && own <= maxGraceNs)
    ? undefined
    : { grace_period: { nanoseconds: maxGraceNs } };
}
