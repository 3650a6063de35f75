// Cgroups whose supervisor has ended.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type CgroupKind,
  cgroupProcesses,
  findCgroupRoots,
  setCpuShares,
  sweepCgroup,
} from '../../../src/containerizer/cgroups/cgroups.ts';

const place = { hierarchy: '/sys/fs/cgroup', root: 'mesoscale-test' };

describe.each<CgroupKind>(['unified', 'freezer'])('%s (needs root)', (kind) => {
  test('all processes in a cgroup are killed, and it is removed with the cgroups below', async () => {
    const [root = expect.fail('no such cgroup')] = findCgroupRoots(place, [kind]);
    const group = join(root, `sweep-${process.pid}`);
    mkdirSync(join(group, 'below'), { recursive: true });
    const child = spawn('sleep', ['1012'], { stdio: 'ignore' });
    writeFileSync(join(group, 'cgroup.procs'), String(child.pid));
    expect(cgroupProcesses(group)).toEqual([child.pid]);
    const ended = Promise.withResolvers<string | null>();
    child.once('exit', (_, signal) => ended.resolve(signal));
    expect(await sweepCgroup(group)).toBe(true);
    expect(await ended.promise).toBe('SIGKILL');
    expect(existsSync(group)).toBe(false);
    await sweepCgroup(group);
  });

  test('no root is found where no cgroup may be created', () => {
    expect(findCgroupRoots({ ...place, root: 'mesoscale-test/\0' }, [kind])).toEqual([]);
    expect(findCgroupRoots({ ...place, hierarchy: '/sys/fs/cgro' }, [kind])).toEqual([]);
  });
});

test('beside v2, containers are where tools of v1 look (needs root)', () => {
  const roots = findCgroupRoots(place);
  expect(roots).toEqual(
    ['freezer', 'memory', 'cpu', 'cpuacct'].map((it) => `/sys/fs/cgroup/${it}/mesoscale-test`),
  );
  const groups = roots.map((root) => join(root, `shares-${process.pid}`));
  for (const group of groups) {
    mkdirSync(group);
  }
  const shares = () => Number(readFileSync(join(groups[2] ?? '', 'cpu.shares'), 'utf8'));
  setCpuShares(groups, 2560);
  expect(shares()).toBe(2560);
  setCpuShares(groups, 2);
  expect(shares()).toBe(2);
  for (const group of groups) {
    rmdirSync(group);
  }
});
