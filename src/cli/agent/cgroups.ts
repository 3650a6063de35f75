// What an operator says of the cgroups of containers.
import type { CgroupOptions, PerfOptions } from '../../containerizer/isolators/cgroup-options.ts';
import { MAX_HANDLE, type NetClassRange } from '../../containerizer/isolators/net-class-handles.ts';
import { FlagError } from '../flags/faults.ts';
import type { AgentFlagValues } from './options.ts';

/** Throws FlagError. */
export function cgroupOptions(values: AgentFlagValues): CgroupOptions {
  return {
    isQuotaEnabled: values.cgroups_enable_cfs,
    isSwapLimited: values.cgroups_limit_swap,
    isCounting: values.cgroups_cpu_enable_pids_and_tids_count,
    isRevocableLow: values.revocable_cpu_low_priority,
    destroyMs: values.cgroups_destroy_timeout,
    netClasses: netClasses(
      values.cgroups_net_cls_primary_handle,
      values.cgroups_net_cls_secondary_handles,
    ),
    perf: perfOptions(values),
  };
}

function perfOptions(values: AgentFlagValues): PerfOptions | undefined {
  const events = values.perf_events?.split(',').map((event) => event.trim());
  const intervalMs = values.perf_interval;
  const durationMs = values.perf_duration;
  if (events === undefined) {
    return undefined;
  }
  if (durationMs > intervalMs) {
    throw new FlagError(
      `--perf_duration is longer than --perf_interval: a sample of ${durationMs / 1000} s cannot ` +
        `begin every ${intervalMs / 1000} s`,
    );
  }
  return { events: [...new Set(events)], intervalMs, durationMs };
}

function netClasses(
  primary: string | undefined,
  secondaries: string | undefined,
): NetClassRange | undefined {
  if (primary === undefined) {
    if (secondaries !== undefined) {
      throw new FlagError(
        '--cgroups_net_cls_secondary_handles needs --cgroups_net_cls_primary_handle, whose they are',
      );
    }
    return undefined;
  }
  const [first, last, ...more] = (secondaries ?? `0x0001,0x${MAX_HANDLE.toString(16)}`)
    .split(',')
    .map(handleOf);
  const own = handleOf(primary);
  if (own === undefined) {
    throw new FlagError(
      `--cgroups_net_cls_primary_handle expects a number of 16 bits above 0, such as 0x0012, got '${primary}'`,
    );
  }
  if (first === undefined || last === undefined || more.length > 0 || last < first) {
    throw new FlagError(
      '--cgroups_net_cls_secondary_handles expects the first and the last of a range of numbers ' +
        `of 16 bits above 0, such as 0x0001,0xffff, got '${secondaries ?? ''}'`,
    );
  }
  return { primary: own, firstSecondary: first, lastSecondary: last };
}

/** Undefined where the text is no handle. Handles of 0 are the kernel's. */
function handleOf(text: string): number | undefined {
  const handle = /^(?:0x[0-9a-f]+|\d+)$/i.test(text.trim()) ? Number(text) : Number.NaN;
  return handle > 0 && handle <= MAX_HANDLE ? handle : undefined;
}
