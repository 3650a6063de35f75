// Frameworks whose tasks fail again and again, by the tasks that the page knows of.
import { TaskState } from '../../model/generated/messages.ts';
import type { Cluster } from './cluster.ts';

/** Less may happen to anybody. */
const MIN_FAILED = 3;

export interface Failing {
  readonly frameworkId: string;
  readonly failed: number;
  /** Tasks of it that have ended in the same time, these included. */
  readonly ended: number;
  readonly lastMs: number;
}

/** Since a moment; the one with the most failures first. */
export function failingFrameworks(cluster: Cluster, sinceMs: number): readonly Failing[] {
  const found = new Map<string, Failing>();
  for (const { frameworkId, state, changedMs } of cluster.endedTasks()) {
    if (changedMs < sinceMs) {
      continue;
    }
    const { failed, ended, lastMs } = found.get(frameworkId) ?? { failed: 0, ended: 0, lastMs: 0 };
    const isFailed = state === TaskState.TASK_FAILED;
    found.set(frameworkId, {
      frameworkId,
      failed: failed + (isFailed ? 1 : 0),
      ended: ended + 1,
      lastMs: isFailed ? Math.max(lastMs, changedMs) : lastMs,
    });
  }
  return [...found.values()]
    .filter(({ failed }) => failed >= MIN_FAILED)
    .sort((left, right) => right.failed - left.failed);
}
