import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { limitBounds, limitsIn } from '../../../src/containerizer/host/process-limits.ts';
import { resourceLimits } from '../../../src/containerizer/plan/resource-limits.ts';
import { RLimitInfo_RLimit_Type as Type } from '../../../src/model/generated/messages.ts';

test('limits are those that the shell shows', () => {
  const shown = execFileSync('sh', ['-c', 'ulimit -Hn; ulimit -Hc'], { encoding: 'utf8' });
  const limits = limitsIn(readFileSync('/proc/self/limits', 'utf8'));
  const hard = (name: string) => limits.find((it) => it.name === name)?.hard;
  expect(`${hard('NOFILE')}\n${hard('CORE')}\n`).toBe(shown);
  expect(limits).toHaveLength(16);
});

test('no process can open more files than the kernel counts', () => {
  const most = Number(readFileSync('/proc/sys/fs/nr_open', 'utf8'));
  expect(limitBounds().get('NOFILE')).toBeLessThanOrEqual(most);
});

test('a limit above what the machine allows is refused', () => {
  const bounds = new Map([['NOFILE', 100]]);
  const asking = (hard?: number) =>
    resourceLimits(
      { rlimits: [{ type: Type.RLMT_NOFILE, ...(hard !== undefined && { soft: 1, hard }) }] },
      bounds,
    );
  expect(asking(100)).toEqual([{ name: 'NOFILE', soft: 1, hard: 100 }]);
  expect(() => asking(101)).toThrow('RLMT_NOFILE is at most 100 on this machine, and not 101');
  expect(() => asking()).toThrow('and not unlimited');
});
