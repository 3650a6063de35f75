// posix/cpu: weighs containers where CPU time is scarce, and measures what they use. There is no
// limit. Without this, all containers in a cpu hierarchy of cgroups would weigh the same, however
// large they are.
import type { Resource } from '../../model/generated/messages.ts';
import { scalarAmount } from '../../model/milli.ts';
import { setCpuShares } from '../cgroups/cgroups.ts';
import type { Isolator } from './isolator.ts';

const SHARES_PER_CPU = 1024;
/** The smallest weight that the kernel accepts. */
const MIN_SHARES = 2;

const sharesOf = (resources: readonly Resource[]) =>
  Math.max(MIN_SHARES, Math.round((scalarAmount(resources, 'cpus') ?? 0) * SHARES_PER_CPU));

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
