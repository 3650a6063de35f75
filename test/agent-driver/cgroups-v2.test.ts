// Isolators of cgroups in v2, on a machine that has nothing else (npm run test:guest): what
// containers get there, what becomes of one that uses up its memory, and what is measured.
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lookAtHost } from '../../src/containerizer/host/host.ts';
import { DEFAULT_CGROUP_OPTIONS } from '../../src/containerizer/isolators/cgroup-options.ts';
import type { IsolatorOptions } from '../../src/containerizer/isolators/isolators.ts';
import { TaskState, TaskStatus_Reason } from '../../src/model/generated/messages.ts';
import { cpus, mem } from '../core/resources.ts';
import { cgroupRoot } from '../support/test-cgroups.ts';
import { apart, BEGUN, HOG, ISOLATION, resources, sharing, usedUp } from './cgroup-tasks.ts';
import { DriverHarness, temporaryFolder } from './harness.ts';
import { appeared, eventually } from './outside.ts';

const TOP = '/sys/fs/cgroup';
const isUnified = (() => {
  const path = join(TOP, 'cgroup.controllers');
  return existsSync(path) && readFileSync(path, 'utf8').includes('memory');
})();

const MB = 2 ** 20;

describe.skipIf(!isUnified)('cgroups v2', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let harness: DriverHarness | undefined;

  beforeEach(() => {
    folder = temporaryFolder();
  });

  afterEach(async () => {
    await harness?.end();
    harness = undefined;
    folder[Symbol.dispose]();
  });

  async function open(isolators: IsolatorOptions = {}): Promise<DriverHarness> {
    harness = await DriverHarness.open(folder.path, { isolation: ISOLATION, isolators });
    return harness;
  }

  const cgroup = (...below: string[]) => join(TOP, cgroupRoot(folder.path), ...below);
  const setting = (path: string, file: string) => readFileSync(join(path, file), 'utf8').trim();

  test('a container is limited, with its processes in a leaf, and its cgroup ends with it', async () => {
    const harness = await open();
    const container = harness.launch({
      task: { command: BEGUN, resources, limits: { cpus: { value: 0.5 }, mem: { value: 96 } } },
    });
    await appeared(harness.inSandbox(container, 'begun'));
    expect(setting(cgroup(container, 'leaf'), 'cgroup.procs')).not.toBe('');
    const values = ['cpu.weight', 'cpu.max', 'memory.low', 'memory.max', 'pids.max'].map((file) =>
      setting(cgroup(container), file),
    );
    expect(values).toEqual(['20', '50000 100000', String(48 * MB), String(96 * MB), 'max']);
    harness.driver.perform({
      type: 'resizeContainer',
      containerId: container,
      resources: [cpus(1), mem(64)],
    });
    expect(setting(cgroup(container), 'cpu.max')).toBe('max 100000');
    expect(setting(cgroup(container), 'memory.low')).toBe(String(64 * MB));
    expect(setting(cgroup(container), 'memory.max')).toBe(String(96 * MB));
    harness.kill(container, 0);
    await harness.ended(container);
    expect(existsSync(cgroup(container))).toBe(false);
  });

  test('a task that uses up its memory ends, and the agent says how much it was', async () => {
    const harness = await open();
    const container = harness.launch({ task: { command: HOG, resources } });
    expect(await harness.ended(container)).toMatchObject({
      failure: expect.stringMatching(
        /^Memory limit exceeded: Requested: 48MB Maximum Used: 48MB\n\nMEMORY STATISTICS: \nanon /,
      ),
      reason: TaskStatus_Reason.REASON_CONTAINER_LIMITATION_MEMORY,
      limited: usedUp,
    });
  });

  test('a task of a group with cgroups of its own ends alone by its memory', async () => {
    const harness = await open();
    const container = harness.launch(apart);
    expect(await harness.status(container, TaskState.TASK_FAILED)).toMatchObject({
      task_id: { value: 'hog' },
      message: expect.stringMatching(
        /^Command terminated with signal Killed: Memory limit exceeded/,
      ),
      limitation: { resources: usedUp },
    });
    const killed = await harness.status(container, TaskState.TASK_KILLED);
    expect(killed.task_id.value).toBe('long');
  });

  test('tasks of a group that share its cgroups end together by their memory', async () => {
    const harness = await open();
    const container = harness.launch(sharing);
    expect(await harness.ended(container)).toMatchObject({
      failure: expect.stringMatching(/^Memory limit exceeded: Requested: 48MB/),
      limited: usedUp,
    });
    expect(harness.states(container)).not.toContain('TASK_FAILED');
    await eventually(() => !existsSync(cgroup(container)));
  });

  test('what a container uses is measured', async () => {
    const cgroups = { ...DEFAULT_CGROUP_OPTIONS, isCounting: true };
    const harness = await open({ cgroups });
    const container = harness.launch({
      task: { command: { value: 'sleep 1001 & sleep 1002' }, resources },
    });
    await eventually(async () => (await harness.driver.usage(container))?.processes === 3);
    const used = (await harness.driver.usage(container)) ?? expect.fail('not measured');
    expect(used.mem_total_bytes).toBeGreaterThan(100_000);
    expect(used.cpus_user_time_secs).toBeTypeOf('number');
    expect(used.cpus_nr_periods).toBeTypeOf('number');
    expect(used.blkio_statistics).toMatchObject({ cfq: [{}] });
  });

  test('a container can use the devices that it may, and no others', async () => {
    const access = { read: true, write: false, mknod: false };
    const kmsg = { path: '/dev/kmsg', kind: 'character', major: 1, minor: 11, access } as const;
    const harness = await open({ devices: [kmsg] });
    const command = {
      value:
        'head -c1 /dev/zero > zero; echo > /dev/null && touch null; mknod kmsg c 1 11; ' +
        'mknod port c 1 4; mknod mem c 1 1; head -c1 kmsg > read; echo x > kmsg && touch written; ' +
        'cat port > /dev/null && touch port-opened; touch done; sleep 1000',
    };
    const container = harness.launch({ task: { command, resources } });
    const made = (name: string) => existsSync(harness.inSandbox(container, name));
    await eventually(() => made('done'));
    const found = ['zero', 'null', 'kmsg', 'port', 'written', 'port-opened'].filter(made);
    expect(found).toEqual(['zero', 'null', 'kmsg', 'port']);
    expect(readFileSync(harness.inSandbox(container, 'stderr'), 'utf8')).toMatch(
      /port: Operation not permitted/,
    );
  });

  test('controllers that v2 lacks are named', () => {
    const controllers = ['net_cls', 'net_prio'];
    const place = { hierarchy: TOP, root: cgroupRoot(folder.path), controllers };
    expect([...lookAtHost({ cgroups: place }).cgroups.missing.keys()]).toEqual(controllers);
  });

  test('an agent that is not root uses what is delegated to it, and makes room there', () => {
    const own = join(TOP, `delegated-${process.pid}`);
    const user = 65_534;
    writeFileSync(join(TOP, 'cgroup.subtree_control'), '+cpu +memory +pids');
    mkdirSync(own);
    for (const file of ['', 'cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads']) {
      chownSync(join(own, file), user, user);
    }
    const source = join(import.meta.dirname, '../../src/containerizer/cgroups/hierarchies.ts');
    const place = { hierarchy: TOP, root: 'mesos', controllers: ['memory', 'cpu', 'net_cls'] };
    const code = `import { lookAtCgroups } from ${JSON.stringify(source)};
      import { readFileSync } from 'node:fs';
      process.setgid(${user});
      process.setuid(${user});
      const { hierarchies, missing } = lookAtCgroups(${JSON.stringify(place)});
      const own = readFileSync('/proc/self/cgroup', 'utf8').trim();
      console.log(JSON.stringify({ hierarchies, missing: [...missing.keys()], own }));`;
    const output = execFileSync(
      '/bin/sh',
      [
        ...['-c', `echo $$ > ${own}/cgroup.procs; exec "$0" "$@"`, process.execPath],
        ...['--input-type=module', '--eval', code],
      ],
      { encoding: 'utf8' },
    );
    expect(JSON.parse(output)).toEqual({
      hierarchies: [
        {
          version: 2,
          root: join(own, 'mesos'),
          controllers: ['memory', 'cpu'],
          handedOn: ['memory', 'cpu'],
        },
      ],
      missing: ['net_cls'],
      own: `0::/delegated-${process.pid}/agent`,
    });
    for (const name of ['agent', 'mesos', '']) {
      rmdirSync(join(own, name));
    }
  });
});
