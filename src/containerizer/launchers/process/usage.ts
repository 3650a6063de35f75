// The resource usage of a container's processes.
import { execFileSync } from 'node:child_process';
import { cgroupProcesses } from '../../cgroups/cgroups.ts';
import {
  allProcesses,
  descendants,
  type ProcessStat,
  processStat,
  TICKS_PER_SECOND,
} from '../../host/process-table.ts';
import type { ContainerUsage } from '../launcher.ts';

// Without cgroups a measurement reads the whole process table; a table is used for this long.
const SNAPSHOT_MS = 500;

export class UsageMeter {
  #snapshot: { readonly processes: readonly ProcessStat[]; readonly untilMs: number } | undefined;

  /**
   * Sums up the live processes of a container, each with its own time and that of children it has
   * waited for. The supervisor waits for every orphan, so the sum includes ended children.
   * Undefined when the supervisor has ended.
   */
  measure(supervisorPid: number, cgroup: string | undefined): ContainerUsage | undefined {
    const supervisor = processStat(supervisorPid);
    if (supervisor === undefined) {
      return undefined;
    }
    const members =
      cgroup === undefined
        ? descendants(supervisorPid, this.#allProcesses())
        : cgroupProcesses(cgroup).flatMap(
            (pid) => (pid === supervisorPid ? supervisor : processStat(pid)) ?? [],
          );
    const sum = (of: (process: ProcessStat) => number) =>
      members.reduce((total, process) => total + of(process), 0);
    const user = sum(({ userTicks, childUserTicks }) => userTicks + childUserTicks);
    const system = sum(({ systemTicks, childSystemTicks }) => systemTicks + childSystemTicks);
    return {
      processes: members.length,
      threads: sum(({ threads }) => threads),
      cpusUserTimeSecs: (user + supervisor.childUserTicks) / TICKS_PER_SECOND,
      cpusSystemTimeSecs: (system + supervisor.childSystemTicks) / TICKS_PER_SECOND,
      memRssBytes: sum(({ rssPages }) => rssPages) * pageSize(),
    };
  }

  #allProcesses(): readonly ProcessStat[] {
    const nowMs = performance.now();
    if (this.#snapshot === undefined || this.#snapshot.untilMs < nowMs) {
      this.#snapshot = { processes: allProcesses(), untilMs: nowMs + SNAPSHOT_MS };
    }
    return this.#snapshot.processes;
  }
}

let page: number | undefined;

function pageSize(): number {
  page ??= Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' }));
  return page;
}
