// A container's resource usage as a ResourceStatistics message.
import type { Resource, ResourceStatistics } from '../model/generated/messages.ts';
import { scalarAmount } from '../model/milli.ts';

const BYTES_PER_MEGABYTE = 1024 * 1024;

export function statisticsOf(
  usage: Partial<ResourceStatistics>,
  resources: readonly Resource[],
  nowMs: number,
): ResourceStatistics {
  const cpus = scalarAmount(resources, 'cpus') ?? 0;
  const mem = scalarAmount(resources, 'mem') ?? 0;
  return {
    timestamp: nowMs / 1000,
    ...usage,
    ...(cpus > 0 && { cpus_soft_limit: cpus }),
    ...(mem > 0 && {
      mem_limit_bytes: mem * BYTES_PER_MEGABYTE,
      mem_soft_limit_bytes: mem * BYTES_PER_MEGABYTE,
    }),
  };
}
