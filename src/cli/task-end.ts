// How a task ended, from the words in which executors tell it: TaskStatus has no field for it.
import type { TaskStatus } from '../model/generated/messages.ts';
import { TaskState } from '../model/generated/messages.ts';

export interface TaskEnd {
  readonly exitStatus: number | undefined;
  /** Such as Terminated or Killed. */
  readonly signal: string | undefined;
}

/** `Command exited with status 3`, `Command terminated with signal Killed`. */
export function taskEnd({ state, message = '' }: TaskStatus): TaskEnd {
  const exited = /exited with status (\d+)/.exec(message);
  const signalled = /terminated with signal ([\w ]+)/.exec(message);
  const finished = state === TaskState.TASK_FINISHED ? 0 : undefined;
  return {
    exitStatus: exited?.[1] === undefined ? finished : Number(exited[1]),
    signal: signalled?.[1],
  };
}
