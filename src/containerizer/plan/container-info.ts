// Refuses what a ContainerInfo asks for and Mesoscale does not do: a task that expects an image or
// a network must not run on the machine's own files and addresses instead.
import { enumNames } from '../../model/enum-names.ts';
import {
  ContainerInfo_Type,
  type ExecutorInfo,
  type TaskInfo,
  TaskStatus_Reason,
} from '../../model/generated/messages.ts';
import { executorFields, refusalOf, taskFields } from '../../model/launch-fields.ts';
import { ContainerizerError } from '../containerizer-error.ts';

const nameOf = enumNames(ContainerInfo_Type);

/**
 * Throws ContainerizerError where the executor, or the only task of a built-in executor, cannot run
 * as plain processes.
 */
export function requireSupported(executor: ExecutorInfo, task: TaskInfo | undefined): void {
  // The container of a built-in executor is its task's, or the agent's default.
  const container = executor.container ?? task?.container;
  if (container !== undefined && container.type !== ContainerInfo_Type.MESOS) {
    // Mesos has no message of its own for this: its agent finds no container to wait for.
    throw new ContainerizerError('Abnormal executor termination: unknown container', {
      reason: TaskStatus_Reason.REASON_EXECUTOR_TERMINATED,
      cause: new Error(
        `'container.type' is ${nameOf(container.type) ?? 'not set'}: only containers of type MESOS are supported`,
      ),
    });
  }
  const refusal =
    task === undefined
      ? refusalOf(executorFields, executor, 'executor.')
      : refusalOf(taskFields, { ...task, ...(container === undefined ? {} : { container }) });
  if (refusal !== undefined) {
    throw new ContainerizerError(refusal);
  }
}
