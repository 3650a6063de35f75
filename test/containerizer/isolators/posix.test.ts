import { expect, test } from 'vitest';
import type { MeasuredContainer } from '../../../src/containerizer/isolators/isolator.ts';
import { posixCpu } from '../../../src/containerizer/isolators/posix-cpu.ts';
import { posixMem } from '../../../src/containerizer/isolators/posix-mem.ts';
import { NO_CGROUPS } from '../../../src/containerizer/plan/cgroup-plan.ts';
import { containerId } from '../../../src/model/ids.ts';

const measured = (isForExecutor: boolean): MeasuredContainer => ({
  id: containerId('c'),
  isForExecutor,
  cgroups: NO_CGROUPS,
  processes: () => ({
    processes: 1,
    threads: 1,
    cpusUserTimeSecs: 2,
    cpusSystemTimeSecs: 1,
    memRssBytes: 4096,
  }),
  memoryPressure: () => undefined,
});

test('isolators that look at processes tell what an executor uses', () => {
  expect(posixCpu.usage?.(measured(true))).toEqual({
    cpus_user_time_secs: 2,
    cpus_system_time_secs: 1,
  });
  expect(posixMem.usage?.(measured(true))).toEqual({ mem_rss_bytes: 4096 });
});

test('of single containers below it, or that stand alone, they tell nothing', () => {
  expect(posixCpu.usage?.(measured(false))).toEqual({});
  expect(posixMem.usage?.(measured(false))).toEqual({});
});
