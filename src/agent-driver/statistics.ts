// A container's use of its resources, as the statistics of Mesos's agent name it.
import type { ContainerUsage } from '../containerizer/launchers/launcher.ts';
import type { Resource, ResourceStatistics } from '../model/generated/messages.ts';

const bytesPerMegabyte = 1024 * 1024;

export function statisticsOf(
  usage: ContainerUsage,
  resources: readonly Resource[],
  nowMs: number,
): ResourceStatistics {
  const cpus = amountOf(resources, 'cpus');
  const mem = amountOf(resources, 'mem');
  return {
    timestamp: nowMs / 1000,
    cpus_user_time_secs: usage.cpusUserTimeSecs,
    cpus_system_time_secs: usage.cpusSystemTimeSecs,
    mem_rss_bytes: usage.memRssBytes,
    ...(cpus > 0 && { cpus_soft_limit: cpus }),
    ...(mem > 0 && {
      mem_limit_bytes: mem * bytesPerMegabyte,
      mem_soft_limit_bytes: mem * bytesPerMegabyte,
    }),
  };
}

/** Only for showing, and for weighing: what is accounted is added up by the core. */
export function amountOf(resources: readonly Resource[], name: string): number {
  const amounts = resources
    .filter((resource) => resource.name === name)
    .map((resource) => Math.round(1000 * (resource.scalar?.value ?? 0)));
  return amounts.reduce((total, amount) => total + amount, 0) / 1000;
}
