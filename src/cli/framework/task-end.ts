// How a task ended, read from the message of its last status: Mesos's executors tell it nowhere
// else. So does our own command executor, which could: `data` of a TaskStatus is known to
// frameworks as what an executor of their own has put there, or Mesos's Docker executor (what
// Docker says of the container, which some parse), and labels are shown to people. With either, a
// framework would get from our agents what it gets from no agent of Mesos.
import { describedEnd } from '../../executor/wait-status.ts';
import type { TaskStatus } from '../../model/generated/messages.ts';
import { TaskState } from '../../model/generated/messages.ts';

export interface TaskEnd {
  readonly exitStatus: number | undefined;
  /** Such as Terminated or Killed. */
  readonly signal: string | undefined;
  /**
   * As a shell has it: the exit status, or 128 and the number of the signal; 1 where there is
   * neither.
   */
  readonly shellStatus: number;
}

/** `Command exited with status 3`, `Command terminated with signal Killed`. */
export function taskEnd({ state, message = '' }: TaskStatus): TaskEnd {
  const end = describedEnd(message);
  const finished = state === TaskState.TASK_FINISHED;
  const exitStatus = end.exitStatus ?? (finished ? 0 : undefined);
  const failed = exitStatus || (end.signal === undefined ? 1 : 128 + end.signal.number);
  return { exitStatus, signal: end.signal?.name, shellStatus: finished ? 0 : failed };
}
