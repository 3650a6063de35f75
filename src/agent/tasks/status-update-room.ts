// The room for status updates that wait for acknowledgements. They are in memory and on disk, and
// all are sent again when the agent registers: so their bytes are bounded, for an executor and for
// all.
import type { StatusUpdate } from '../../model/generated/messages.ts';
import { messageSize } from '../../model/message-size.ts';

/** Bytes of the waiting updates of one executor. */
const MAX_EXECUTOR_UPDATE_BYTES = 16 * 1024 * 1024;
/**
 * Bytes of all waiting updates. At the bound a framework with less than an equal part still has
 * room.
 */
export const MAX_UPDATE_BYTES = 64 * 1024 * 1024;
/** Updates up to this size are always taken, if need be in place of others of their task. */
const SMALL_UPDATE_BYTES = 4 * 1024;

export const updateBytes = (update: StatusUpdate) => messageSize(update, MAX_UPDATE_BYTES);

export class UpdateRoom {
  private all = 0;
  private readonly ofFrameworks = new Map<string, number>();
  private readonly ofExecutors = new Map<string, number>();

  get bytes(): number {
    return this.all;
  }

  add(update: StatusUpdate): void {
    this.change(update, updateBytes(update));
  }

  remove(update: StatusUpdate): void {
    this.change(update, -updateBytes(update));
  }

  /** Why an update of an executor cannot be taken until others are acknowledged. */
  refusal(update: StatusUpdate): string | undefined {
    return updateBytes(update) > SMALL_UPDATE_BYTES ? this.excess(update) : undefined;
  }

  /** Whether the update would be too much, were it not small. */
  lacks(update: StatusUpdate): boolean {
    return this.excess(update) !== undefined;
  }

  private excess(update: StatusUpdate): string | undefined {
    const bytes = updateBytes(update);
    const executor = executorOf(update);
    const ofExecutor = executor === undefined ? 0 : (this.ofExecutors.get(executor) ?? 0);
    if (ofExecutor + bytes > MAX_EXECUTOR_UPDATE_BYTES) {
      return `Updates of the executor that wait for acknowledgements would have more than ${MAX_EXECUTOR_UPDATE_BYTES} bytes`;
    }
    const before = this.ofFrameworks.get(update.framework_id.value);
    const share = MAX_UPDATE_BYTES / (this.ofFrameworks.size + (before === undefined ? 1 : 0));
    return this.all + bytes > MAX_UPDATE_BYTES && (before ?? 0) + bytes > share
      ? `Updates of all executors that wait for acknowledgements would have more than ${MAX_UPDATE_BYTES} bytes`
      : undefined;
  }

  private change(update: StatusUpdate, bytes: number): void {
    this.all += bytes;
    change(this.ofFrameworks, update.framework_id.value, bytes);
    const executor = executorOf(update);
    if (executor !== undefined) {
      change(this.ofExecutors, executor, bytes);
    }
  }
}

/** The executor of an update; absent for an update that the agent made. */
const executorOf = ({ framework_id, executor_id }: StatusUpdate) =>
  executor_id === undefined ? undefined : `${framework_id.value} ${executor_id.value}`;

function change(sums: Map<string, number>, key: string, bytes: number): void {
  const sum = (sums.get(key) ?? 0) + bytes;
  if (sum > 0) {
    sums.set(key, sum);
  } else {
    sums.delete(key);
  }
}
