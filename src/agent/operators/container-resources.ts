// What LAUNCH_CONTAINER may ask for a container to use. It counts for nobody: no master has offered
// it, and as in Mesos it is not booked, but only limits and weighs the container.
import type { AgentCall_LaunchContainer, Resource } from '../../model/generated/messages.ts';
import { scalarAmount } from '../../model/milli.ts';
import { isPersistentVolume } from '../../model/resource-format.ts';
import type { ResourceLimits } from '../../model/resource-limits.ts';

/** The isolator that holds a container to a limit, and the alias that stands for all cgroups/*. */
const LIMITERS: ReadonlyMap<string, string> = new Map([
  ['cpus', 'cgroups/cpu'],
  ['mem', 'cgroups/mem'],
]);
const ALL_LIMITERS = 'cgroups/all';

/** Why the resources or limits are refused; `isolation` has the names of the agent's isolators. */
export function containerResourcesError(
  { container_id: id, container, resources = [], limits = {} }: Partial<AgentCall_LaunchContainer>,
  isolation: readonly string[],
): string | undefined {
  if (resources.some(isPersistentVolume)) {
    return "'launch_container.resources' has a persistent volume: only tasks are given these";
  }
  const isSharing = id?.parent !== undefined && container?.linux_info?.share_cgroups !== false;
  if (isSharing && Object.keys(limits).length > 0) {
    return (
      "'launch_container.limits' is invalid: the container shares the cgroups of its parent, and" +
      " has limits of its own only with 'share_cgroups' false"
    );
  }
  const fault = Object.keys(limits)
    .map((name) => limitError(name, { resources, limits }, isolation))
    .find((it) => it !== undefined);
  return fault && `'launch_container.limits' is invalid: ${fault}`;
}

function limitError(
  name: string,
  asked: { readonly resources: readonly Resource[]; readonly limits: ResourceLimits },
  isolation: readonly string[],
): string | undefined {
  const limiter = LIMITERS.get(name);
  if (limiter === undefined) {
    return `only cpus and mem can be limited, and not '${name}'`;
  }
  if (!isolation.includes(limiter) && !isolation.includes(ALL_LIMITERS)) {
    return `a limit of ${name} needs an agent with ${limiter} in its --isolation`;
  }
  const limit = asked.limits[name]?.value ?? Number.NaN;
  const least = scalarAmount(asked.resources, name) ?? 0;
  return limit >= least ? undefined : `the limit of ${name} is ${limit}, less than ${least}`;
}
