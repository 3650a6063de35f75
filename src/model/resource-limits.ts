// Limits of resources beside what is requested: of a task, and of an executor with its tasks.
import type { Resource, TaskInfo, Value_Scalar } from './generated/messages.ts';
import { fromMilli, scalarAmount, toMilli } from './milli.ts';

/** By the names of resources. An infinite value: there is no limit. */
export type ResourceLimits = Readonly<Record<string, Value_Scalar>>;

const LIMITABLE = ['cpus', 'mem'] as const;

/**
 * The limits of an executor's container: where a task has one, those of all tasks together, with
 * the requests of those that have none and of the executor. Undefined where no task has one. Only
 * to set limits by: the core does all accounting.
 */
export function executorLimits(
  executor: readonly Resource[],
  tasks: readonly Pick<TaskInfo, 'resources' | 'limits'>[],
): ResourceLimits | undefined {
  const limits: Record<string, Value_Scalar> = {};
  for (const name of LIMITABLE) {
    if (tasks.some((task) => task.limits?.[name] !== undefined)) {
      const milli = tasks.reduce(
        (sum, { resources, limits: own }) =>
          sum + toMilli(own?.[name]?.value ?? scalarAmount(resources ?? [], name) ?? 0),
        toMilli(scalarAmount(executor, name) ?? 0),
      );
      limits[name] = { value: fromMilli(milli) };
    }
  }
  return Object.keys(limits).length === 0 ? undefined : limits;
}
