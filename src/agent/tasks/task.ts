// Tasks as the agent keeps and reports them.
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
import type { AgentState } from '../state.ts';

export function createTask(frameworkId: FrameworkId, info: TaskInfo, state: TaskState): Task {
  const task: Task = {
    name: info.name,
    task_id: info.task_id,
    framework_id: { value: frameworkId },
    agent_id: info.agent_id,
    state,
  };
  // Left out where unset: most tasks have few of these, and every one is sent and shown.
  if (info.executor !== undefined) {
    task.executor_id = info.executor.executor_id;
  }
  if (info.resources !== undefined) {
    task.resources = info.resources;
  }
  if (info.limits !== undefined) {
    task.limits = info.limits;
  }
  if (info.labels !== undefined) {
    task.labels = info.labels;
  }
  if (info.discovery !== undefined) {
    task.discovery = info.discovery;
  }
  if (info.container !== undefined) {
    task.container = info.container;
  }
  if (info.health_check !== undefined) {
    task.health_check = info.health_check;
  }
  if (info.kill_policy !== undefined) {
    task.kill_policy = info.kill_policy;
  }
  const user = info.command?.user ?? info.executor?.command?.user;
  if (user !== undefined) {
    task.user = user;
  }
  return task;
}

/** Adds to the history; a repeated state replaces the last entry, so health changes do not pile up. */
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

/** What a task becomes that never ran: older frameworks know only TASK_LOST. */
export const droppedState = (partitionAware: boolean) =>
  partitionAware ? TaskState.TASK_DROPPED : TaskState.TASK_LOST;

/** What a task becomes that ran and is no more. */
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
