// A container's resource usage as a ResourceStatistics message.
import type { ResourceBounds } from '../containerizer/plan/request.ts';
import { BYTES_PER_MEGABYTE } from '../model/bytes.ts';
import type { ResourceStatistics } from '../model/generated/messages.ts';
import { scalarAmount } from '../model/milli.ts';

export function statisticsOf(
  usage: Partial<ResourceStatistics>,
  { resources, limits }: ResourceBounds,
  nowMs: number,
): ResourceStatistics {
  const cpus = scalarAmount(resources, 'cpus') ?? 0;
  const mem = scalarAmount(resources, 'mem') ?? 0;
  const most = { cpus: limits?.cpus?.value, mem: limits?.mem?.value ?? mem };
  return {
    timestamp: nowMs / 1000,
    ...usage,
    ...(cpus > 0 && { cpus_soft_limit: cpus }),
    ...(most.cpus !== undefined && Number.isFinite(most.cpus) && { cpus_limit: most.cpus }),
    ...(mem > 0 && { mem_soft_limit_bytes: mem * BYTES_PER_MEGABYTE }),
    ...(most.mem > 0 &&
      Number.isFinite(most.mem) && { mem_limit_bytes: most.mem * BYTES_PER_MEGABYTE }),
  };
}
