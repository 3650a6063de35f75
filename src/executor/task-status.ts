// The statuses that the command executor sends for its task, with Mesos's messages and reasons. The
// executor itself adds uuid and time.
import type { Limitation } from '../containerizer/limitation.ts';
import type { TaskInfo, TaskStatus } from '../model/generated/messages.ts';
import { TaskState, TaskStatus_Reason, TaskStatus_Source } from '../model/generated/messages.ts';
import type { ExecutorId } from '../model/ids.ts';
import { emptyCheckStatus } from './probes.ts';
import type { KillCause } from './remembered-kill.ts';
import { describeWaitStatus } from './wait-status.ts';

/** The task and executor of a status. */
export interface StatusSubject {
  readonly executorId: ExecutorId;
  readonly task: TaskInfo;
  /** What Mesos's executors call what has ended; undefined: a command. */
  readonly noun?: 'Command' | 'Container' | undefined;
}

/** How the command ended: with a wait status, or without one because of a failure or a loss. */
export interface TaskEnd {
  readonly waitStatus?: number | undefined;
  /** Why the container was not launched. */
  readonly failure?: string | undefined;
  /** Why a container nested in the executor's was not started. */
  readonly refusal?: string | undefined;
  /** Why the wait status is not known. */
  readonly loss?: string | undefined;
  /** Why the container was ended, where it used more than it may. */
  readonly limitation?: Limitation | undefined;
}

/** The last status of a task whose command has ended; `cause` is that of the kill, if any. */
export function terminalStatus(
  subject: StatusSubject,
  { waitStatus, failure, refusal, loss, limitation }: TaskEnd,
  cause: KillCause | undefined,
): TaskStatus {
  const { noun = 'Command' } = subject;
  if (refusal !== undefined) {
    const state = cause === undefined ? TaskState.TASK_FAILED : stateOfKill(cause);
    return newStatus(subject, state, { message: refusal });
  }
  if (limitation !== undefined) {
    const end = waitStatus === undefined ? 'terminated' : describeWaitStatus(waitStatus);
    return newStatus(subject, TaskState.TASK_FAILED, {
      message: `${noun} ${end}: ${limitation.message}`,
      reason: limitation.reason,
      limitation: { resources: [...limitation.resources] },
    });
  }
  if (waitStatus === undefined) {
    const lost = `Failed to get exit status for ${noun}`;
    const message = failure ?? (loss === undefined ? lost : `${lost}: ${loss}`);
    const reason =
      failure === undefined ? undefined : TaskStatus_Reason.REASON_CONTAINER_LAUNCH_FAILED;
    return newStatus(subject, cause === undefined ? TaskState.TASK_FAILED : stateOfKill(cause), {
      message,
      ...(cause === undefined && reason !== undefined && { reason }),
    });
  }
  const message = `${noun} ${describeWaitStatus(waitStatus)}`;
  switch (cause) {
    case undefined:
      return newStatus(
        subject,
        waitStatus === 0 ? TaskState.TASK_FINISHED : TaskState.TASK_FAILED,
        {
          message,
        },
      );
    case 'completionTime':
      return newStatus(subject, stateOfKill(cause), {
        message,
        reason: TaskStatus_Reason.REASON_MAX_COMPLETION_TIME_REACHED,
      });
    case 'unhealthy':
      return newStatus(subject, stateOfKill(cause), { message, healthy: false });
    case 'asked':
      return newStatus(subject, stateOfKill(cause), { message });
  }
}

const stateOfKill = (cause: KillCause) =>
  cause === 'completionTime' ? TaskState.TASK_FAILED : TaskState.TASK_KILLED;

/**
 * A status that takes nothing from earlier ones. If the task has a check, the status has an empty
 * result of it.
 */
export function newStatus(
  { executorId, task }: StatusSubject,
  state: TaskState,
  more: Partial<Pick<TaskStatus, 'message' | 'reason' | 'healthy' | 'limitation'>> = {},
): TaskStatus {
  return {
    task_id: task.task_id,
    state,
    source: TaskStatus_Source.SOURCE_EXECUTOR,
    executor_id: { value: executorId },
    ...(task.check !== undefined && { check_status: emptyCheckStatus(task.check) }),
    ...more,
  };
}
