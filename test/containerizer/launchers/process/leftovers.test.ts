// Which processes are killed as those that a container has left.
import { expect, test } from 'vitest';
import type { ProcessStat } from '../../../../src/containerizer/host/process-table.ts';
import { leftOf } from '../../../../src/containerizer/launchers/process/leftovers.ts';

const LEADER = 100;
const SINCE = 5_000;
const leftover = { process: { pid: LEADER, startTicks: SINCE }, sandbox: '/agent/a' };

const stat = (pid: number, more: Partial<ProcessStat> = {}): ProcessStat => ({
  pid,
  parent: 1,
  session: LEADER,
  userTicks: 0,
  systemTicks: 0,
  childUserTicks: 0,
  childSystemTicks: 0,
  threads: 1,
  startTicks: SINCE + 1,
  rssPages: 0,
  ...more,
});

const left = (processes: readonly ProcessStat[], own: readonly number[] = []) => {
  const isOf = (sandbox: string, pid: number) => sandbox === '/agent/a' && own.includes(pid);
  return new Set(leftOf(leftover, processes, isOf).map(({ pid }) => pid));
};

const stranger = stat(300, { session: 300 });

test('the first process, what is below it, and its session', () => {
  const first = stat(LEADER, { startTicks: SINCE });
  const daemon = stat(102, { session: 102, parent: LEADER });
  expect(left([first, stat(101), daemon, stranger])).toEqual(new Set([LEADER, 101, 102]));
});

test('nothing of another process that has the pid now, nor of its session', () => {
  const other = stat(LEADER, { startTicks: SINCE + 50 });
  expect(left([other, stat(101), stranger], [101])).toEqual(new Set());
});

test('without the first process those of its session that are known by their sandbox', () => {
  expect(left([stat(101), stat(102), stranger], [101, 300])).toEqual(new Set([101]));
});

test('nothing that is older', () => {
  expect(left([stat(101, { startTicks: SINCE - 1 })], [101])).toEqual(new Set());
});
