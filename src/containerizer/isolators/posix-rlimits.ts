// posix/rlimits: sets the limits that `rlimit_info` asks for, for the container's processes.
import { TaskStatus_Reason } from '../../model/generated/messages.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import type { LimitBounds } from '../host/process-limits.ts';
import { ofProcess } from '../plan/plan.ts';
import { type ContainerRequest, containerInfoOf } from '../plan/request.ts';
import { resourceLimits } from '../plan/resource-limits.ts';
import type { Isolator } from './isolator.ts';

export const posixRlimits = (bounds: LimitBounds): Isolator => ({
  name: 'posix/rlimits',
  contribute(plan, request) {
    const asked = containerInfoOf(request)?.rlimit_info ?? {};
    try {
      return { ...plan, rlimits: resourceLimits(asked, bounds) };
    } catch (error) {
      return { ...plan, ...ofProcess(asEnd(error, request), request.kind) };
    }
  },
});

/** Of a command's executor, Mesos's agent tells no more than the first two words. */
const asEnd = (error: unknown, { kind }: ContainerRequest) =>
  kind === 'executor' && error instanceof ContainerizerError
    ? new ContainerizerError(`Executor terminated: ${error.message}`, {
        reason: TaskStatus_Reason.REASON_EXECUTOR_TERMINATED,
      })
    : error;
