import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lookAtHost } from '../../../src/containerizer/host/host.ts';
import { temporaryFolder } from '../../agent-driver/harness.ts';
import { CGROUP_HIERARCHY, cgroupRoot } from '../../support/test-cgroups.ts';

test('programs are those that can be executed, the first on the path', () => {
  using folder = temporaryFolder();
  const program = (place: string, name: string, mode: number) => {
    mkdirSync(join(folder.path, place), { recursive: true });
    writeFileSync(join(folder.path, place, name), '');
    chmodSync(join(folder.path, place, name), mode);
  };
  program('one', 'tar', 0o644);
  program('two', 'tar', 0o755);
  program('three', 'tar', 0o755);
  mkdirSync(join(folder.path, 'one', 'runc'));
  const path = ['one', 'two', 'three'].map((place) => join(folder.path, place)).join(':');
  expect([...lookAtHost({ path: `:.:${path}` }).programs]).toEqual([
    ['tar', join(folder.path, 'two', 'tar')],
  ]);
});

test('without a place for cgroups containers get none, and the machine is seen all the same', () => {
  const { cgroups, kernel, bootId, isRoot } = lookAtHost({});
  expect(cgroups).toMatchObject({ hierarchies: [] });
  expect(kernel).toMatch(/^\d+\.\d+/);
  expect(bootId).toMatch(/^[0-9a-f-]{36}$/);
  expect(isRoot).toBe(process.geteuid?.() === 0);
});

test('beside v2, containers use the hierarchies of v1 (needs root)', () => {
  using folder = temporaryFolder();
  const root = cgroupRoot(folder.path);
  const place = { hierarchy: CGROUP_HIERARCHY, root };
  const { cgroups } = lookAtHost({ cgroups: place });
  expect(cgroups.hierarchies[0]).toEqual({
    version: 1,
    root: join(CGROUP_HIERARCHY, 'freezer', root),
    controllers: ['freezer'],
  });
  expect(cgroups.own.get('freezer')).toMatch(/^\//);
});
