// Cgroups whose supervisor has ended.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  applySettings,
  cgroupProcesses,
  makeCgroups,
  sweepCgroup,
} from '../../../src/containerizer/cgroups/cgroups.ts';
import { type CgroupKind, lookAtCgroups } from '../../../src/containerizer/cgroups/hierarchies.ts';
import { temporaryFolder } from '../../agent-driver/harness.ts';
import { CGROUP_HIERARCHY, cgroupRoot } from '../../support/test-cgroups.ts';

const folder = temporaryFolder();
const ROOT = cgroupRoot(folder.path);
const place = { hierarchy: CGROUP_HIERARCHY, root: ROOT };

afterAll(() => folder[Symbol.dispose]());

describe.each<CgroupKind>(['unified', 'freezer'])('%s (needs root)', (kind) => {
  test('all processes in a cgroup are killed, and it is removed with the cgroups below', async () => {
    const [first = expect.fail('no such cgroup')] = lookAtCgroups(place, [kind]).hierarchies;
    const group = join(first.root, `sweep-${process.pid}`);
    mkdirSync(join(group, 'below'), { recursive: true });
    const child = spawn('sleep', ['1012'], { stdio: 'ignore' });
    writeFileSync(join(group, 'cgroup.procs'), String(child.pid));
    expect(cgroupProcesses(group)).toEqual([child.pid]);
    const ended = Promise.withResolvers<string | null>();
    child.once('exit', (_, signal) => ended.resolve(signal));
    expect(await sweepCgroup(group, 2_000)).toBe(true);
    expect(await ended.promise).toBe('SIGKILL');
    expect(existsSync(group)).toBe(false);
    await sweepCgroup(group, 2_000);
  });

  test('no root is found where no cgroup may be created', () => {
    const nowhere = { ...place, root: `${ROOT}/\0` };
    expect(lookAtCgroups(nowhere, [kind]).hierarchies).toEqual([]);
    const unmounted = { ...place, hierarchy: '/sys/fs/cgro' };
    expect(lookAtCgroups(unmounted, [kind]).hierarchies).toEqual([]);
  });
});

test('beside v2, containers are where tools of v1 look (needs root)', () => {
  const roots = lookAtCgroups(place).hierarchies.map(({ root }) => root);
  expect(roots).toEqual(
    ['freezer', 'memory', 'cpu', 'cpuacct'].map((it) => `/sys/fs/cgroup/${it}/${ROOT}`),
  );
});

test('settings are written in their order, and limits only raised where that is wanted (needs root)', () => {
  const memory = lookAtCgroups(place).hierarchies.find((it) => it.controllers.includes('memory'));
  const group = join(memory?.root ?? expect.fail('no memory hierarchy'), `set-${process.pid}`);
  makeCgroups([group]);
  const file = 'memory.limit_in_bytes';
  const limit = () => Number(readFileSync(join(group, file), 'utf8'));
  const MB = 1024 * 1024;
  const set = (value: number, isRaised?: true) =>
    applySettings([{ folder: group, file, value: String(value), isRaised }]);
  set(64 * MB, true);
  expect(limit()).toBeGreaterThan(64 * MB);
  set(64 * MB);
  expect(limit()).toBe(64 * MB);
  set(32 * MB, true);
  expect(limit()).toBe(64 * MB);
  set(96 * MB, true);
  expect(limit()).toBe(96 * MB);
  expect(() => applySettings([{ folder: group, file: 'memory.no', value: '1' }])).toThrow(
    `Failed to set 'memory.no' of cgroup '${group}' to '1': ENOENT`,
  );
  rmdirSync(group);
  expect(() => makeCgroups([join(group, 'two', 'below')])).toThrow('Failed to create cgroup');
});

test('what isolators need and the machine lacks is named (needs root)', () => {
  const { missing } = lookAtCgroups({ ...place, controllers: ['pids', 'net_prio', 'gravity'] });
  expect([...missing.keys()]).toEqual(['net_prio', 'gravity']);
  expect(missing.get('net_prio')).toMatch('mount -t cgroup -o net_prio net_prio');
  expect(missing.get('gravity')).toMatch('this kernel');
});

test('an agent puts itself into cgroups, or is told why it cannot (needs root)', () => {
  const file = join(import.meta.dirname, '../../../src/containerizer/cgroups/hierarchies.ts');
  const joined = (controllers: string[]) =>
    execFileSync(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { joinAsAgent } from ${JSON.stringify(file)};
        import { readFileSync } from 'node:fs';
        joinAsAgent(${JSON.stringify(place)}, ${JSON.stringify(controllers)});
        console.log(readFileSync('/proc/self/cgroup', 'utf8'));`,
      ],
      { encoding: 'utf8', stdio: 'pipe' },
    );
  const cgroups = joined(['memory', 'cpuacct']);
  for (const controller of ['memory', 'cpuacct']) {
    expect(cgroups).toContain(`:${controller}:/${ROOT}/agent\n`);
    rmdirSync(join(CGROUP_HIERARCHY, controller, ROOT, 'agent'));
  }
  expect(() => joined(['net_prio'])).toThrow('--agent_subsystems: the agent cannot join a cgroup');
});
