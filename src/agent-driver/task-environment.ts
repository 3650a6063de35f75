// What built-in executors tell their tasks in the environment.
import { ALLOCATION_ROLE } from '../containerizer/plan/beside-task.ts';
import type { Resource } from '../model/generated/messages.ts';
import { allocationRole } from '../model/resource-format.ts';

/** The role that the task's resources are allocated to. */
export function roleEnvironment(resources: readonly Resource[] | undefined) {
  const role = allocationRole(resources);
  return role === undefined ? {} : { [ALLOCATION_ROLE]: role };
}
