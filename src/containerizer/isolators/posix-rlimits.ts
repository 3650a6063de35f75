// posix/rlimits: gives the container's processes the limits that `rlimit_info` names.
import { containerInfoOf } from '../plan/request.ts';
import { resourceLimits } from '../plan/resource-limits.ts';
import type { Isolator } from './isolator.ts';

export const posixRlimits: Isolator = {
  name: 'posix/rlimits',
  contribute: (plan, request) => ({
    ...plan,
    rlimits: resourceLimits(containerInfoOf(request)?.rlimit_info ?? {}),
  }),
};
