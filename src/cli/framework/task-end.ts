// How a task ended, read from the message of its last status: Mesos's executors tell it in no other
// field. Our command executor could use another, and does not: in `data` of a TaskStatus,
// frameworks expect what their own executor has put there, or Docker's description of a container,
// which some parse; and labels are shown to people. A framework would get there, from our agents,
// what it gets from no agent of Mesos.
import { describedEnd } from '../../executor/wait-status.ts';
import type { TaskStatus } from '../../model/generated/messages.ts';
import { TaskState } from '../../model/generated/messages.ts';

export interface TaskEnd {
  readonly exitStatus: number | undefined;
  /** The name of the signal, such as Terminated or Killed. */
  readonly signal: string | undefined;
  /**
   * The number that a shell gives: the exit status, or 128 and the signal's number; 1 where neither
   * is known.
   */
  readonly shellStatus: number;
}

/**
 * Reads messages such as `Command exited with status 3`, `Command terminated with signal Killed`.
 */
export function taskEnd({ state, message = '' }: TaskStatus): TaskEnd {
  const end = describedEnd(message);
  const finished = state === TaskState.TASK_FINISHED;
  const exitStatus = end.exitStatus ?? (finished ? 0 : undefined);
  const failed = exitStatus || (end.signal === undefined ? 1 : 128 + end.signal.number);
  return { exitStatus, signal: end.signal?.name, shellStatus: finished ? 0 : failed };
}
