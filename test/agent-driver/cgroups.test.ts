// Isolators of cgroups on a real kernel (v1; they need root): what containers get there, what
// becomes of one that uses up its memory, and what is measured.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DEFAULT_CGROUP_OPTIONS } from '../../src/containerizer/isolators/cgroup-options.ts';
import type { LauncherName } from '../../src/containerizer/launchers/names.ts';
import { TaskState, TaskStatus_Reason } from '../../src/model/generated/messages.ts';
import type { ContainerId } from '../../src/model/ids.ts';
import { cpus, mem } from '../core/resources.ts';
import { cgroupRoot } from '../support/test-cgroups.ts';
import { apart, BEGUN, HOG, ISOLATION, resources, sharing, usedUp } from './cgroup-tasks.ts';
import { DriverHarness, temporaryFolder } from './harness.ts';
import { appeared, eventually } from './outside.ts';

const MB = 2 ** 20;

/** With each launcher containers are in the same cgroups. */
const LAUNCHERS: readonly { launcher: LauncherName; isolation: readonly string[] }[] = [
  { launcher: 'posix', isolation: ISOLATION },
  { launcher: 'linux', isolation: [...ISOLATION, 'filesystem/linux', 'namespaces/pid'] },
];

let folder: ReturnType<typeof temporaryFolder>;
let harness: DriverHarness;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(async () => {
  await harness.end();
  folder[Symbol.dispose]();
});

const cgroup = (controller: string, ...below: string[]) =>
  join('/sys/fs/cgroup', controller, cgroupRoot(folder.path), ...below);
const setting = (controller: string, container: ContainerId, file: string) =>
  readFileSync(join(cgroup(controller, container), file), 'utf8').trim();

const exceeded = (limit: string) =>
  new RegExp(
    `Memory limit exceeded: Requested: ${limit} Maximum Used: ${limit}\\n\\nMEMORY STATISTICS: \\ncache \\d+\\n`,
  );

test('a container is limited before it begins, and its cgroups end with it', async () => {
  harness = await DriverHarness.open(folder.path, { isolation: ISOLATION });
  const container = harness.launch({
    task: { command: BEGUN, resources, limits: { cpus: { value: 0.5 }, mem: { value: 96 } } },
  });
  await appeared(harness.inSandbox(container, 'begun'));
  expect(setting('cpu', container, 'cpu.shares')).toBe('204');
  expect(setting('cpu', container, 'cpu.cfs_quota_us')).toBe('50000');
  expect(setting('memory', container, 'memory.soft_limit_in_bytes')).toBe(String(48 * MB));
  expect(setting('memory', container, 'memory.limit_in_bytes')).toBe(String(96 * MB));
  expect(setting('devices', container, 'devices.list').split('\n')).toHaveLength(14);
  const [pid = expect.fail('no process')] = setting('pids', container, 'cgroup.procs').split('\n');
  for (const controller of ['blkio', 'cpuset', 'cpuacct', 'freezer']) {
    expect(setting(controller, container, 'cgroup.procs').split('\n')).toContain(pid);
  }
  // What it uses beyond its request is the first to go where the machine has no memory left.
  expect(Number(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8'))).toBeGreaterThan(1);
  harness.driver.perform({
    type: 'resizeContainer',
    containerId: container,
    resources: [cpus(1), mem(128)],
  });
  expect(setting('cpu', container, 'cpu.shares')).toBe('1024');
  expect(setting('cpu', container, 'cpu.cfs_quota_us')).toBe('-1');
  expect(setting('memory', container, 'memory.limit_in_bytes')).toBe(String(128 * MB));
  harness.driver.perform({ type: 'resizeContainer', containerId: container, resources });
  expect(setting('memory', container, 'memory.soft_limit_in_bytes')).toBe(String(48 * MB));
  expect(setting('memory', container, 'memory.limit_in_bytes')).toBe(String(128 * MB));
  harness.kill(container, 0);
  await harness.ended(container);
  for (const controller of ['memory', 'cpu', 'pids', 'devices', 'blkio', 'cpuset', 'freezer']) {
    expect(existsSync(cgroup(controller, container)), controller).toBe(false);
  }
});

test.each(LAUNCHERS)(
  '$launcher: a task that can use more than its request goes first without memory',
  async (opening) => {
    harness = await DriverHarness.open(folder.path, opening);
    const command = { value: 'cat /proc/self/oom_score_adj' };
    const container = harness.launch({
      task: { command, resources, limits: { mem: { value: 96 } } },
    });
    await harness.terminalStatus(container);
    const output = readFileSync(harness.inSandbox(container, 'stdout'), 'utf8');
    expect(Number(output)).toBeGreaterThan(1);
  },
);

test.each(LAUNCHERS)(
  '$launcher: a task that uses up its memory ends, and the agent says how much it was',
  async (opening) => {
    harness = await DriverHarness.open(folder.path, opening);
    const container = harness.launch({ task: { command: HOG, resources } });
    expect(await harness.ended(container)).toMatchObject({
      failure: expect.stringMatching(exceeded('48MB')),
      reason: TaskStatus_Reason.REASON_CONTAINER_LIMITATION_MEMORY,
      limited: usedUp,
    });
    expect(harness.states(container)).not.toContain('TASK_FAILED');
  },
);

test('of a task that used up its memory while no agent was there, a later one tells', async () => {
  harness = await DriverHarness.open(folder.path, { isolation: ISOLATION });
  const command = { value: 'while [ ! -e go ]; do sleep 0.02; done; exec tail /dev/zero' };
  const launch = { task: { command, resources }, checkpoint: true };
  const container = harness.launch(launch);
  await harness.status(container, TaskState.TASK_RUNNING);
  await harness.driver.close();
  writeFileSync(harness.inSandbox(container, 'go'), '');
  await eventually(() => !existsSync(cgroup('memory', container)));
  harness = await DriverHarness.open(folder.path, { isolation: ISOLATION });
  harness.reattach({ ...launch, container });
  expect(await harness.ended(container)).toMatchObject({
    failure: expect.stringMatching(exceeded('48MB')),
    reason: TaskStatus_Reason.REASON_CONTAINER_LIMITATION_MEMORY,
  });
});

test.each(LAUNCHERS)(
  '$launcher: a task of a group with cgroups of its own ends alone by its memory, and then the group',
  async (opening) => {
    harness = await DriverHarness.open(folder.path, opening);
    const container = harness.launch(apart);
    const failed = await harness.status(container, TaskState.TASK_FAILED);
    expect(failed).toMatchObject({
      task_id: { value: 'hog' },
      reason: TaskStatus_Reason.REASON_CONTAINER_LIMITATION_MEMORY,
      message: expect.stringMatching(
        /^Command terminated with signal Killed: Memory limit exceeded/,
      ),
      limitation: { resources: usedUp },
    });
    const killed = await harness.status(container, TaskState.TASK_KILLED);
    expect(killed.task_id.value).toBe('long');
  },
);

test.each(LAUNCHERS)(
  '$launcher: tasks of a group that share its cgroups end together by their memory',
  async (opening) => {
    harness = await DriverHarness.open(folder.path, opening);
    const container = harness.launch(sharing);
    expect(await harness.ended(container)).toMatchObject({
      failure: expect.stringMatching(exceeded('48MB')),
      reason: TaskStatus_Reason.REASON_CONTAINER_LIMITATION_MEMORY,
      limited: usedUp,
    });
    expect(harness.states(container)).not.toContain('TASK_FAILED');
    await eventually(() => !existsSync(cgroup('memory', container)));
  },
);

test('a container that somebody has frozen ends all the same', async () => {
  harness = await DriverHarness.open(folder.path, { isolation: ISOLATION });
  const container = harness.launch({ task: { command: BEGUN, resources } });
  await appeared(harness.inSandbox(container, 'begun'));
  writeFileSync(cgroup('freezer', container, 'freezer.state'), 'FROZEN');
  harness.kill(container, 0);
  await harness.ended(container);
  expect(existsSync(cgroup('freezer', container))).toBe(false);
});

test('what a container uses is measured by its cgroups', async () => {
  const cgroups = { ...DEFAULT_CGROUP_OPTIONS, isQuotaEnabled: true, isCounting: true };
  harness = await DriverHarness.open(folder.path, { isolation: ISOLATION, isolators: { cgroups } });
  const container = harness.launch({
    resources,
    group: [{ name: 'long', command: { value: 'sleep 1001 & sleep 1002' }, resources }],
  });
  await harness.status(container, TaskState.TASK_RUNNING);
  await eventually(async () => (await harness.driver.usage(container))?.processes === 3);
  const used = (await harness.driver.usage(container)) ?? expect.fail('not measured');
  expect(used).toMatchObject({
    threads: 3,
    cpus_nr_periods: expect.any(Number),
    mem_low_pressure_counter: 0,
    mem_critical_pressure_counter: 0,
    blkio_statistics: { cfq: [{}] },
  });
  expect(used.mem_total_bytes).toBeGreaterThan(100_000);
  expect(used.mem_rss_bytes).toBeLessThanOrEqual(used.mem_total_bytes ?? 0);
  expect(used.cpus_user_time_secs).toBeTypeOf('number');
});
