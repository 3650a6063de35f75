// posix/cpu: weighs containers where CPU time is scarce, and measures what they use. There is no
// limit. Without this, all containers in a cpu hierarchy of cgroups would weigh the same, however
// large they are.

import type { ContainerId } from '../../model/ids.ts';
import { type CgroupSetting, cgroupWith, withSettings } from '../plan/cgroup-plan.ts';
import type { PlanHost } from '../plan/plan.ts';
import { isSharing, type ResourceBounds } from '../plan/request.ts';
import { sharesOf } from './cgroups-cpu.ts';
import { type Isolator, usageForExecutor } from './isolator.ts';

/** Only where there is a cpu hierarchy of v1: it is the one that containers are in in any case. */
function settings(
  id: ContainerId,
  { resources }: ResourceBounds,
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
    isSharing(request) ? plan : withSettings(plan, settings(plan.id, request, host)),
  settings,
  async usage(container) {
    const used = await usageForExecutor(container);
    return used === undefined
      ? {}
      : {
          cpus_user_time_secs: used.cpusUserTimeSecs,
          cpus_system_time_secs: used.cpusSystemTimeSecs,
        };
  },
};
