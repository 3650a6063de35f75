// The resource usage of a container's processes.
import { PROCESSES, pidsIn } from '../../cgroups/cgroups.ts';
import { pageBytes } from '../../host/page-size.ts';
import {
  descendantsIn,
  familiesOf,
  type ProcessStat,
  statIn,
  TICKS_PER_SECOND,
} from '../../host/process-table.ts';
import type { Readings } from '../../readings/readings.ts';
import type { ContainerUsage } from '../launcher.ts';

// Without cgroups a measurement reads the whole process table; a table is used for this long.
const SNAPSHOT_MS = 500;

interface Snapshot {
  readonly families: Promise<ReadonlyMap<number, readonly ProcessStat[]>>;
  readonly untilMs: number;
}

export class UsageMeter {
  #snapshot: Snapshot | undefined;

  /**
   * Sums up the live processes of a container, each with its own time and that of children it has
   * waited for. The supervisor waits for every orphan, so the sum includes ended children.
   * Undefined when the supervisor has ended.
   */
  async measure(
    supervisorPid: number,
    cgroup: string | undefined,
    readings: Readings,
  ): Promise<ContainerUsage | undefined> {
    const [supervisor, members] = await Promise.all([
      statOf(supervisorPid, readings),
      cgroup === undefined ? this.#below(supervisorPid, readings) : statsIn(cgroup, readings),
    ]);
    return supervisor && sumOf(supervisor, members);
  }

  async #below(supervisorPid: number, readings: Readings): Promise<readonly ProcessStat[]> {
    const nowMs = performance.now();
    if (this.#snapshot === undefined || this.#snapshot.untilMs < nowMs) {
      const families = readings.processes().then(familiesOf);
      this.#snapshot = { families, untilMs: nowMs + SNAPSHOT_MS };
    }
    return descendantsIn(await this.#snapshot.families, supervisorPid);
  }
}

const statOf = async (pid: number, readings: Readings): Promise<ProcessStat | undefined> =>
  statIn(pid, await readings.text(`/proc/${pid}/stat`));

async function statsIn(cgroup: string, readings: Readings): Promise<readonly ProcessStat[]> {
  const pids = pidsIn(await readings.text(`${cgroup}/${PROCESSES}`));
  const stats = await Promise.all(pids.map((pid) => statOf(pid, readings)));
  return stats.filter((it) => it !== undefined);
}

function sumOf(supervisor: ProcessStat, members: readonly ProcessStat[]): ContainerUsage {
  const sum = (of: (process: ProcessStat) => number) =>
    members.reduce((total, process) => total + of(process), 0);
  const user = sum(({ userTicks, childUserTicks }) => userTicks + childUserTicks);
  const system = sum(({ systemTicks, childSystemTicks }) => systemTicks + childSystemTicks);
  return {
    processes: members.length,
    threads: sum(({ threads }) => threads),
    cpusUserTimeSecs: (user + supervisor.childUserTicks) / TICKS_PER_SECOND,
    cpusSystemTimeSecs: (system + supervisor.childSystemTicks) / TICKS_PER_SECOND,
    memRssBytes: sum(({ rssPages }) => rssPages) * pageBytes(),
  };
}
