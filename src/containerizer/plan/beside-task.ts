// What a session or a check beside the command of a built-in executor sees of its environment.
import type { ContainerKind } from './place.ts';

/** The executor tells its task alone, and is not told itself. */
export const ALLOCATION_ROLE = 'MESOS_ALLOCATION_ROLE';

/** `environment` is that of the container's process; what is beside it is beside the executor. */
export function besideTask(
  kind: ContainerKind | undefined,
  environment: Readonly<Record<string, string>> | undefined = {},
): Readonly<Record<string, string>> {
  if (kind !== 'executor') {
    return environment;
  }
  const { [ALLOCATION_ROLE]: _, ...rest } = environment;
  return rest;
}
