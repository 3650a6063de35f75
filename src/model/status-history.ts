// The statuses that a task's record keeps, on its agent and in the master: the last of each run of
// equal states. A task may change its state for ever, so they have a bound in number and in bytes.
import type { Task, TaskStatus } from './generated/messages.ts';
import { messageSize } from './message-size.ts';

/** Statuses of a task, or of an operation; beyond it the oldest go. */
export const MAX_STATUSES = 100;
/**
 * A larger one is kept without its data, with the beginning of its message, and no more if need be.
 */
export const MAX_STATUS_BYTES = 16 * 1024;
/** Of all statuses of a task, the latest excepted. */
export const MAX_STATUSES_BYTES = 256 * 1024;
/** Of a message that is cut. */
const CUT_MESSAGE_LENGTH = 2_000;
/** Statuses up to this size are not added up: as many as there may be are within the bound. */
const SMALL_STATUS_BYTES = MAX_STATUSES_BYTES / MAX_STATUSES;

/** Whether the last status that is kept has the same state: a further one takes its place. */
export const repeatsStatus = ({ statuses }: Task, { state }: TaskStatus) =>
  statuses?.at(-1)?.state === state;

/**
 * Answers by how many bytes `statusesBytes` has grown: a status is measured when it comes and when
 * it goes.
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

/** Answers how many bytes are gone. */
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

/** Of all statuses that a task's record keeps. */
export function statusesBytes({ statuses = [] }: Pick<Task, 'statuses'>): number {
  let bytes = 0;
  for (const status of statuses) {
    bytes += statusBytes(status);
  }
  return bytes;
}

/** As it is kept when it has been told: the same status where that is small enough. */
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

/** Not in the middle of a character that takes two units. */
const beginning = (message: string) =>
  message.length > CUT_MESSAGE_LENGTH
    ? `${message.slice(0, CUT_MESSAGE_LENGTH).toWellFormed()}…`
    : message;

/** What happened, when, and in whose word. */
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
