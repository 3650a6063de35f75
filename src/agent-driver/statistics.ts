// A container's resource usage as a ResourceStatistics message.
import { amountOf } from '../containerizer/plan/amount.ts';
import type { Resource, ResourceStatistics } from '../model/generated/messages.ts';

const BYTES_PER_MEGABYTE = 1024 * 1024;

export function statisticsOf(
  usage: Partial<ResourceStatistics>,
  resources: readonly Resource[],
  nowMs: number,
): ResourceStatistics {
  const cpus = amountOf(resources, 'cpus');
  const mem = amountOf(resources, 'mem');
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
