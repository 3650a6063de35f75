// Cgroups whose supervisor is gone.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type CgroupKind,
  cgroupProcesses,
  findCgroupRoot,
  sweepCgroup,
} from '../../src/containerizer/cgroups.ts';

describe.each<CgroupKind>(['unified', 'freezer'])('%s (needs root)', (kind) => {
  test('all in a cgroup is killed, and it is removed with those below', async () => {
    const root = findCgroupRoot('mesoscale-test', [kind]) ?? expect.fail('no such cgroup');
    const group = join(root, `sweep-${process.pid}`);
    mkdirSync(join(group, 'below'), { recursive: true });
    const child = spawn('sleep', ['1012'], { stdio: 'ignore' });
    writeFileSync(join(group, 'cgroup.procs'), String(child.pid));
    expect(cgroupProcesses(group)).toEqual([child.pid]);
    const ended = Promise.withResolvers<string | null>();
    child.once('exit', (_, signal) => ended.resolve(signal));
    await sweepCgroup(group);
    expect(await ended.promise).toBe('SIGKILL');
    expect(existsSync(group)).toBe(false);
    await sweepCgroup(group);
  });

  test('nothing is found where nothing may be made', () => {
    expect(findCgroupRoot('mesoscale-test/\0', [kind])).toBeUndefined();
  });
});
