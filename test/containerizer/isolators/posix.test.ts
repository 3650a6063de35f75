import { expect, test } from 'vitest';
import type { MeasuredContainer } from '../../../src/containerizer/isolators/isolator.ts';
import { posixCpu } from '../../../src/containerizer/isolators/posix-cpu.ts';
import { posixMem } from '../../../src/containerizer/isolators/posix-mem.ts';
import { NO_CGROUPS } from '../../../src/containerizer/plan/cgroup-plan.ts';
import type { Readings } from '../../../src/containerizer/readings/readings.ts';
import { containerId } from '../../../src/model/ids.ts';

const NO_READINGS: Readings = {
  text: async () => undefined,
  folders: async () => [],
  processes: async () => [],
};

const measured = (isForExecutor: boolean): MeasuredContainer => ({
  id: containerId('c'),
  isForExecutor,
  cgroups: NO_CGROUPS,
  readings: NO_READINGS,
  processes: async () => ({
    processes: 1,
    threads: 1,
    cpusUserTimeSecs: 2,
    cpusSystemTimeSecs: 1,
    memRssBytes: 4096,
  }),
  memoryPressure: async () => undefined,
});

test('isolators that look at processes tell what an executor uses', async () => {
  expect(await posixCpu.usage?.(measured(true))).toEqual({
    cpus_user_time_secs: 2,
    cpus_system_time_secs: 1,
  });
  expect(await posixMem.usage?.(measured(true))).toEqual({ mem_rss_bytes: 4096 });
});

test('of single containers below it, or that stand alone, they tell nothing', async () => {
  expect(await posixCpu.usage?.(measured(false))).toEqual({});
  expect(await posixMem.usage?.(measured(false))).toEqual({});
});
