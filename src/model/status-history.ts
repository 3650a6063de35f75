// The statuses that a task's record keeps, on the agent and in the master: of statuses in a row
// with the same state, the last. A task may change its state for ever, so they have a bound in
// number and in bytes.
import type { Task, TaskStatus } from './generated/messages.ts';
import { messageSize } from './message-size.ts';

/** The most statuses of a task or operation; beyond that the oldest is dropped. */
export const MAX_STATUSES = 100;
/**
 * A status above this size is kept without its data; if it is still too large, with a shortened
 * message; and if that is not enough, with its simple fields only.
 */
export const MAX_STATUS_BYTES = 16 * 1024;
/** The most bytes of a task's statuses, not counting the latest. */
const MAX_STATUSES_BYTES = 256 * 1024;
/** Characters that are kept of a message that is shortened. */
const CUT_MESSAGE_LENGTH = 2_000;
/** Statuses up to this size need no sum: MAX_STATUSES of them are within MAX_STATUSES_BYTES. */
const SMALL_STATUS_BYTES = MAX_STATUSES_BYTES / MAX_STATUSES;

/** Whether the status has the state of the last one, whose place it then takes. */
export const repeatsStatus = ({ statuses }: Task, { state }: TaskStatus) =>
  statuses?.at(-1)?.state === state;

/**
 * Adds a status and returns by how many bytes `statusesBytes` has grown. Each status is measured
 * when it is added and when it is dropped.
 */
export function addStatus(task: Task, status: TaskStatus): number {
  const isRepeated = repeatsStatus(task, status);
  task.statuses ??= [];
  const { statuses } = task;
  let gone = isRepeated ? statusBytes(statuses.pop()) : 0;
  if (statuses.length >= MAX_STATUSES) {
    gone += statusBytes(statuses.shift());
  }
  const bytes = messageSize(status, MAX_STATUS_BYTES);
  const kept = bytes > MAX_STATUS_BYTES ? slimStatus(status) : status;
  statuses.push(kept);
  if (bytes > SMALL_STATUS_BYTES) {
    gone += dropOldest(statuses);
  }
  return (kept === status ? bytes : statusBytes(kept)) - gone;
}

const statusBytes = (status: TaskStatus | undefined) =>
  status === undefined ? 0 : messageSize(status, MAX_STATUSES_BYTES);

/** Drops the oldest statuses and returns how many bytes they had. */
function dropOldest(statuses: TaskStatus[]): number {
  let bytes = 0;
  let first = statuses.length - 1;
  for (; first > 0; first--) {
    bytes += statusBytes(statuses[first - 1]);
    if (bytes > MAX_STATUSES_BYTES) {
      break;
    }
  }
  return statusesBytes({ statuses: statuses.splice(0, first) });
}

/** The size of all statuses in a task's record. */
export function statusesBytes({ statuses = [] }: Pick<Task, 'statuses'>): number {
  let bytes = 0;
  for (const status of statuses) {
    bytes += statusBytes(status);
  }
  return bytes;
}

/** The status as the record keeps it: unchanged where it is small enough. */
export function slimStatus(status: TaskStatus): TaskStatus {
  if (isSmall(status)) {
    return status;
  }
  const { data: _, ...told } = status;
  if (isSmall(told)) {
    return told;
  }
  const cut = { ...told, ...(told.message !== undefined && { message: beginning(told.message) }) };
  return isSmall(cut) ? cut : skeleton(cut);
}

const isSmall = (status: TaskStatus) => messageSize(status, MAX_STATUS_BYTES) <= MAX_STATUS_BYTES;

/** The beginning of a message, not cut within a surrogate pair. */
const beginning = (message: string) =>
  message.length > CUT_MESSAGE_LENGTH
    ? `${message.slice(0, CUT_MESSAGE_LENGTH).toWellFormed()}…`
    : message;

/** The status with the simple fields only: what happened, when, and who says so. */
function skeleton(status: TaskStatus): TaskStatus {
  const { task_id, state, message, source, reason, agent_id, executor_id, timestamp, uuid } =
    status;
  return {
    task_id,
    state,
    ...(message !== undefined && { message }),
    ...(source !== undefined && { source }),
    ...(reason !== undefined && { reason }),
    ...(agent_id !== undefined && { agent_id }),
    ...(executor_id !== undefined && { executor_id }),
    ...(timestamp !== undefined && { timestamp }),
    ...(uuid !== undefined && { uuid }),
    ...(status.healthy !== undefined && { healthy: status.healthy }),
  };
}
