// How a task ended, from the words in which Mesos's executors tell it, and ours after them.
// TaskStatus has no field for it, and a label of our own would be seen by every framework.

import { signalAt } from '../../executor/wait-status.ts';
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
  const exited = /exited with status (\d+)/.exec(message)?.[1];
  const signal = signalAt(/terminated with signal (.*)/.exec(message)?.[1] ?? '');
  const finished = state === TaskState.TASK_FINISHED;
  const exitStatus = exited === undefined ? (finished ? 0 : undefined) : Number(exited);
  const failed = exitStatus || (signal === undefined ? 1 : 128 + signal.number);
  return { exitStatus, signal: signal?.name, shellStatus: finished ? 0 : failed };
}
