// The statuses that a task's record keeps, on its agent and in the master: the last of each run of equal
// states. A task may change its state for ever, so they have a bound in number and in bytes.
import type { Task, TaskStatus } from './generated/messages.ts';
import { messageSize } from './message-size.ts';

/** Statuses of a task, or of an operation; beyond it the oldest go. */
export const MAX_STATUSES = 100;
/** Of all statuses of a task, the latest excepted. */
export const MAX_STATUSES_BYTES = 1024 * 1024;
/** Statuses up to this size are not added up: as many as there may be are little more than the bound. */
export const SMALL_STATUS_BYTES = 16 * 1024;

/** Takes the place of the last one where that has the same state; true if it does. */
export function addStatus(task: Task, status: TaskStatus): boolean {
  task.statuses ??= [];
  const { statuses } = task;
  const isRepeated = statuses.at(-1)?.state === status.state;
  if (isRepeated) {
    statuses.pop();
  }
  if (statuses.length >= MAX_STATUSES) {
    statuses.shift();
  }
  statuses.push(status);
  if (messageSize(status, SMALL_STATUS_BYTES) > SMALL_STATUS_BYTES) {
    dropOldest(statuses);
  }
  return isRepeated;
}

function dropOldest(statuses: TaskStatus[]): void {
  let bytes = 0;
  let first = statuses.length - 1;
  for (; first > 0; first--) {
    bytes += messageSize(statuses[first - 1] ?? {}, MAX_STATUSES_BYTES);
    if (bytes > MAX_STATUSES_BYTES) {
      break;
    }
  }
  statuses.splice(0, first);
}
