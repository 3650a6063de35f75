// Lost tasks: which of them could not be started for a reason of their own, and how long a task
// waits that was lost before it ran.
import { TaskState, type TaskStatus, TaskStatus_Reason } from '../../model/generated/messages.ts';

const LOST: ReadonlySet<TaskState> = new Set([
  TaskState.TASK_LOST,
  TaskState.TASK_DROPPED,
  TaskState.TASK_GONE,
  TaskState.TASK_GONE_BY_OPERATOR,
]);

/**
 * Whether a task ended for the sake of its agent, which says nothing about its own work: it is run
 * again. A batch kills none of its tasks, so that on an agent that drains the drain has.
 */
export const isLost = ({ state, reason }: TaskStatus) =>
  LOST.has(state) ||
  (state === TaskState.TASK_KILLED && reason === TaskStatus_Reason.REASON_AGENT_DRAINING);

/** A task that could not be started this often in a row has failed. */
export const MOST_LAUNCH_FAILURES = 3;

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/** How long a task waits that was lost this often in a row without having run. */
export const pauseMs = (losses: number) =>
  Math.min(FIRST_PAUSE_MS * 2 ** (losses - 1), LONGEST_PAUSE_MS);

/**
 * Reasons that an agent gives when it cannot start a task. Other reasons are about the cluster and
 * its connections.
 */
const REASONS: ReadonlySet<TaskStatus_Reason> = new Set([
  TaskStatus_Reason.REASON_CONTAINER_LAUNCH_FAILED,
  TaskStatus_Reason.REASON_CONTAINER_UPDATE_FAILED,
  TaskStatus_Reason.REASON_EXECUTOR_REGISTRATION_TIMEOUT,
  TaskStatus_Reason.REASON_EXECUTOR_TERMINATED,
  TaskStatus_Reason.REASON_GC_ERROR,
  TaskStatus_Reason.REASON_IO_SWITCHBOARD_EXITED,
  TaskStatus_Reason.REASON_RESOURCES_UNKNOWN,
  TaskStatus_Reason.REASON_TASK_INVALID,
  TaskStatus_Reason.REASON_TASK_UNAUTHORIZED,
]);

/**
 * Whether a task that never ran could not be started by its agent, so that another attempt would
 * hardly help.
 */
export const isLaunchFailure = ({ reason }: TaskStatus) =>
  reason !== undefined && REASONS.has(reason);
