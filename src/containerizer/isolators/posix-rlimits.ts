// posix/rlimits: sets the limits that `rlimit_info` asks for, for the container's processes.
import type { LimitBounds } from '../host/process-limits.ts';
import { containerInfoOf } from '../plan/request.ts';
import { resourceLimits } from '../plan/resource-limits.ts';
import type { Isolator } from './isolator.ts';

export const posixRlimits = (bounds: LimitBounds): Isolator => ({
  name: 'posix/rlimits',
  contribute: (plan, request) => ({
    ...plan,
    rlimits: resourceLimits(containerInfoOf(request)?.rlimit_info ?? {}, bounds),
  }),
});
