// Records of tasks: their history, the statuses that the agent makes, and the counters of their
// ends.
import { frameworkCapabilities } from '../../model/capabilities.ts';
import {
  type FrameworkInfo,
  type Resource,
  type Task,
  type TaskInfo,
  TaskState,
  type TaskStatus,
  type TaskStatus_Reason,
  TaskStatus_Source,
} from '../../model/generated/messages.ts';
import type { ExecutorId, FrameworkId, TaskId } from '../../model/ids.ts';
import { addStatus } from '../../model/status-history.ts';
import { taskOf } from '../../model/task-record.ts';
import type { AgentState } from '../state.ts';

export const createTask = (frameworkId: FrameworkId, info: TaskInfo, state: TaskState): Task =>
  taskOf(info, { value: frameworkId }, state);

/**
 * Adds a status to the task's history. A repeated state replaces the last entry, so that changes of
 * health do not pile up.
 */
export function recordStatus(task: Task, status: TaskStatus): void {
  addStatus(task, status);
  task.state = status.state;
}

/** A status that the agent itself decides on. */
export function agentStatus(status: {
  readonly taskId: TaskId;
  readonly state: TaskState;
  readonly message: string;
  readonly reason: TaskStatus_Reason;
  readonly executorId?: ExecutorId | undefined;
  readonly limited?: readonly Resource[] | undefined;
}): TaskStatus {
  return {
    task_id: { value: status.taskId },
    state: status.state,
    message: status.message,
    source: TaskStatus_Source.SOURCE_AGENT,
    reason: status.reason,
    ...(status.executorId === undefined ? {} : { executor_id: { value: status.executorId } }),
    ...(status.limited === undefined || status.limited.length === 0
      ? {}
      : { limitation: { resources: [...status.limited] } }),
  };
}

export const isPartitionAware = (info: FrameworkInfo) => frameworkCapabilities(info).partitionAware;

/**
 * The state of a task that never ran; frameworks that are not partition-aware know only TASK_LOST.
 */
export const droppedState = (partitionAware: boolean) =>
  partitionAware ? TaskState.TASK_DROPPED : TaskState.TASK_LOST;

/** The state of a task that ran and does not exist any more. */
export const goneState = (partitionAware: boolean) =>
  partitionAware ? TaskState.TASK_GONE : TaskState.TASK_LOST;

export function countTerminal(agent: AgentState, state: TaskState): void {
  const { counters } = agent;
  switch (state) {
    case TaskState.TASK_FINISHED:
      counters.tasks_finished++;
      break;
    case TaskState.TASK_FAILED:
      counters.tasks_failed++;
      break;
    case TaskState.TASK_KILLED:
      counters.tasks_killed++;
      break;
    case TaskState.TASK_LOST:
      counters.tasks_lost++;
      break;
    case TaskState.TASK_GONE:
      counters.tasks_gone++;
      break;
    default:
      // Mesos has no counter for the other terminal states.
      break;
  }
}
