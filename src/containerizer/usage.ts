// What the processes of a container have used of the machine.
import { execFileSync } from 'node:child_process';
import { cgroupProcesses } from './cgroups.ts';
import { allProcesses, descendants, type ProcessStat, processStat } from './process-table.ts';
import type { SupervisorRecord } from './run-records.ts';

export interface ContainerUsage {
  readonly processes: number;
  readonly threads: number;
  readonly cpusUserTimeSecs: number;
  readonly cpusSystemTimeSecs: number;
  readonly memRssBytes: number;
}

// The unit of times in /proc/<pid>/stat; the same on every architecture Linux runs on today.
const ticksPerSecond = 100;

/**
 * Sums over the live processes: each with its own time and that of the children it has waited for.
 * The supervisor waits for every orphan, so that its children's time completes the sum.
 */
export function usageOf(record: SupervisorRecord, cgroup: string | undefined): ContainerUsage {
  const members = cgroup === undefined ? belowOf(record) : inCgroup(cgroup);
  const supervisor = processStat(record.supervisor.pid);
  const sum = (of: (process: ProcessStat) => number) =>
    members.reduce((total, process) => total + of(process), 0);
  const user = sum(({ userTicks, childUserTicks }) => userTicks + childUserTicks);
  const system = sum(({ systemTicks, childSystemTicks }) => systemTicks + childSystemTicks);
  return {
    processes: members.length,
    threads: sum(({ threads }) => threads),
    cpusUserTimeSecs: (user + (supervisor?.childUserTicks ?? 0)) / ticksPerSecond,
    cpusSystemTimeSecs: (system + (supervisor?.childSystemTicks ?? 0)) / ticksPerSecond,
    memRssBytes: sum(({ rssPages }) => rssPages) * pageSize(),
  };
}

const inCgroup = (cgroup: string) =>
  cgroupProcesses(cgroup).flatMap((pid) => processStat(pid) ?? []);

const belowOf = (record: SupervisorRecord) => descendants(record.supervisor.pid, allProcesses());

let page: number | undefined;

function pageSize(): number {
  page ??= Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' }));
  return page;
}
