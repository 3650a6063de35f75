// cgroups/cpu: weighs containers where CPU time is scarce, limits them where a limit is given or
// --cgroups_enable_cfs makes one of what they have, and measures what they use.

import type { Resource } from '../../model/generated/messages.ts';
import { scalarAmount, toMilli } from '../../model/milli.ts';
import { figuresOf, filesOf, linesBelow, linesIn, present } from '../cgroups/figures.ts';
import { TICKS_PER_SECOND } from '../host/process-table.ts';
import type { ControllingCgroup } from '../plan/cgroup-plan.ts';
import type { ResourceBounds } from '../plan/request.ts';
import type { Readings } from '../readings/readings.ts';
import type { FileSetting, Subsystem } from './cgroup-isolator.ts';
import type { CgroupOptions } from './cgroup-options.ts';

const SHARES_PER_CPU = 1024;
const REVOCABLE_SHARES_PER_CPU = 10;
/** The smallest weight that the kernel accepts. */
const MIN_SHARES = 2;
const WEIGHT_PER_CPU = 100;
const REVOCABLE_WEIGHT_PER_CPU = 1;
const MIN_WEIGHT = 1;
const MAX_WEIGHT = 10_000;
const PERIOD_US = 100_000;
const MIN_QUOTA_US = 1_000;

const cpusMilliOf = (resources: readonly Resource[]) =>
  toMilli(scalarAmount(resources, 'cpus') ?? 0);

export const sharesOf = (resources: readonly Resource[], perCpu = SHARES_PER_CPU): number =>
  Math.max(MIN_SHARES, Math.floor((cpusMilliOf(resources) * perCpu) / 1000));

const weightOf = (resources: readonly Resource[], perCpu: number) =>
  Math.min(MAX_WEIGHT, Math.max(MIN_WEIGHT, Math.floor((cpusMilliOf(resources) * perCpu) / 1000)));

/** Undefined where there is no limit. */
function quotaUs({ resources, limits }: ResourceBounds, isQuotaEnabled: boolean) {
  const limit = limits?.cpus?.value;
  const milli =
    limit !== undefined ? toMilli(limit) : isQuotaEnabled ? cpusMilliOf(resources) : Infinity;
  return milli === Infinity
    ? undefined
    : Math.max(MIN_QUOTA_US, Math.floor((milli * PERIOD_US) / 1000));
}

export function cgroupsCpu(options: CgroupOptions): Subsystem {
  const settings = (version: 1 | 2, bounds: ResourceBounds): FileSetting[] => {
    const { resources } = bounds;
    const isLow = options.isRevocableLow && resources.some(isRevocableCpu);
    const quota = quotaUs(bounds, options.isQuotaEnabled);
    if (version === 2) {
      const weight = weightOf(resources, isLow ? REVOCABLE_WEIGHT_PER_CPU : WEIGHT_PER_CPU);
      return [
        { file: 'cpu.weight', value: String(weight) },
        { file: 'cpu.max', value: `${quota ?? 'max'} ${PERIOD_US}` },
      ];
    }
    const shares = sharesOf(resources, isLow ? REVOCABLE_SHARES_PER_CPU : SHARES_PER_CPU);
    return [
      { file: 'cpu.shares', value: String(shares) },
      { file: 'cpu.cfs_period_us', value: String(PERIOD_US) },
      { file: 'cpu.cfs_quota_us', value: String(quota ?? -1) },
    ];
  };
  return {
    name: 'cgroups/cpu',
    begin: settings,
    change: settings,
    async usage([cpu, cpuacct], readings) {
      if (cpu === undefined || cpuacct === undefined) {
        return {};
      }
      // As in Mesos, v1 shows it only where all containers have a limit.
      const isThrottlingShown = cpu.version === 2 || options.isQuotaEnabled;
      const [counted, used, throttled] = await Promise.all([
        options.isCounting ? counts(cpuacct, readings) : {},
        times(cpuacct, readings),
        isThrottlingShown ? throttling(cpu, readings) : {},
      ]);
      return { ...counted, ...used, ...throttled };
    },
  };
}

const isRevocableCpu = ({ name, revocable }: Resource) =>
  name === 'cpus' && revocable !== undefined;

async function counts({ version, folder }: ControllingCgroup, readings: Readings) {
  if (version === 2) {
    const [processes, threads] = await Promise.all([
      linesBelow(readings, folder, 'cgroup.procs'),
      linesBelow(readings, folder, 'cgroup.threads'),
    ]);
    return present({ processes, threads });
  }
  const [processes, threads] = await filesOf(readings, folder, ['cgroup.procs', 'tasks']);
  return present({ processes: linesIn(processes), threads: linesIn(threads) });
}

async function times({ version, folder }: ControllingCgroup, readings: Readings) {
  const isV2 = version === 2;
  const [text] = await filesOf(readings, folder, [isV2 ? 'cpu.stat' : 'cpuacct.stat']);
  const found = figuresOf(text, isV2 ? ['user_usec', 'system_usec'] : ['user', 'system']);
  const [user, system] = found;
  // cpuacct.stat has ticks, as /proc has.
  const perSecond = isV2 ? 1_000_000 : TICKS_PER_SECOND;
  return user === undefined || system === undefined
    ? {}
    : { cpus_user_time_secs: user / perSecond, cpus_system_time_secs: system / perSecond };
}

async function throttling({ version, folder }: ControllingCgroup, readings: Readings) {
  const time = version === 2 ? 'throttled_usec' : 'throttled_time';
  const names = ['nr_periods', 'nr_throttled', time];
  const [text] = await filesOf(readings, folder, ['cpu.stat']);
  const [periods, throttled, total] = figuresOf(text, names);
  return periods === undefined || throttled === undefined || total === undefined
    ? {}
    : {
        cpus_nr_periods: periods,
        cpus_nr_throttled: throttled,
        cpus_throttled_time_secs: total / (version === 2 ? 1e6 : 1e9),
      };
}
