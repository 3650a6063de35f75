// posix/cpu: a container's part of CPU time that others want as well, and what it has used of it.
// It has no limit: where there is a cpu hierarchy, each cgroup would weigh the same as any other,
// however large.
import type { Resource } from '../../model/generated/messages.ts';
import { setCpuShares } from '../cgroups/cgroups.ts';
import { amountOf } from '../plan/amount.ts';
import type { Isolator } from './isolator.ts';

const SHARES_PER_CPU = 1024;
/** The least that the kernel takes. */
const MIN_SHARES = 2;

const sharesOf = (resources: readonly Resource[]) =>
  Math.max(MIN_SHARES, Math.round(amountOf(resources, 'cpus') * SHARES_PER_CPU));

export const posixCpu: Isolator = {
  name: 'posix/cpu',
  contribute: (plan, { resources }) => ({ ...plan, cpuShares: sharesOf(resources) }),
  isolate({ cgroups, cpuShares }) {
    if (cpuShares !== undefined) {
      setCpuShares(cgroups, cpuShares);
    }
  },
  update: ({ cgroups }, resources) => setCpuShares(cgroups, sharesOf(resources)),
  usage: ({ cpusUserTimeSecs, cpusSystemTimeSecs }) => ({
    cpus_user_time_secs: cpusUserTimeSecs,
    cpus_system_time_secs: cpusSystemTimeSecs,
  }),
};
