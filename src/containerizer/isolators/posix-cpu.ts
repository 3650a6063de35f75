// posix/cpu: weighs containers where CPU time is scarce, and measures what they use. There is no
// limit. Without this, all containers in a cpu hierarchy of cgroups would weigh the same, however
// large they are.

import type { Resource } from '../../model/generated/messages.ts';
import type { ContainerId } from '../../model/ids.ts';
import { scalarAmount } from '../../model/milli.ts';
import { type CgroupSetting, cgroupWith, withSettings } from '../plan/cgroup-plan.ts';
import type { PlanHost } from '../plan/plan.ts';
import { isSharing } from '../plan/request.ts';
import type { Isolator } from './isolator.ts';

const SHARES_PER_CPU = 1024;
/** The smallest weight that the kernel accepts. */
const MIN_SHARES = 2;

const sharesOf = (resources: readonly Resource[]) =>
  Math.max(MIN_SHARES, Math.round((scalarAmount(resources, 'cpus') ?? 0) * SHARES_PER_CPU));

/** Only where there is a cpu hierarchy of v1: it is the one that containers are in in any case. */
function settings(
  id: ContainerId,
  resources: readonly Resource[],
  { cgroups }: PlanHost,
): CgroupSetting[] {
  const cgroup = cgroupWith(cgroups, id, 'cpu');
  return cgroup?.version === 1
    ? [{ folder: cgroup.folder, file: 'cpu.shares', value: String(sharesOf(resources)) }]
    : [];
}

export const posixCpu: Isolator = {
  name: 'posix/cpu',
  contribute: (plan, request, host) =>
    isSharing(request) ? plan : withSettings(plan, settings(plan.id, request.resources, host)),
  settings,
  usage: ({ cpusUserTimeSecs, cpusSystemTimeSecs }) => ({
    cpus_user_time_secs: cpusUserTimeSecs,
    cpus_system_time_secs: cpusSystemTimeSecs,
  }),
};
