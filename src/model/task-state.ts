// The states of a task, as far as master and agent decide by them.
import { enumNames } from './enum-names.ts';
import { TaskState } from './generated/messages.ts';

const terminal: readonly boolean[] = (() => {
  const table: boolean[] = new Array(14).fill(false);
  for (const state of [
    TaskState.TASK_FINISHED,
    TaskState.TASK_FAILED,
    TaskState.TASK_KILLED,
    TaskState.TASK_ERROR,
    TaskState.TASK_LOST,
    TaskState.TASK_DROPPED,
    TaskState.TASK_GONE,
    TaskState.TASK_GONE_BY_OPERATOR,
  ]) {
    table[state] = true;
  }
  return table;
})();

/**
 * Whether no state follows. UNREACHABLE and UNKNOWN are not terminal: such a task may come back.
 */
export const isTerminal = (state: TaskState) => terminal[state] === true;

const nameOf = enumNames(TaskState);

/** `TASK_RUNNING` */
export const taskStateName = (state: TaskState) => nameOf(state) ?? 'TASK_UNKNOWN';

export const taskStateCount = Math.max(...Object.values(TaskState)) + 1;
