// Kills the processes of containers whose supervisors were killed. For many containers at once it
// reads the process table once.
import { isWithin } from '../../../model/paths.ts';
import {
  allProcesses,
  descendants,
  kill,
  type ProcessStat,
  workingFolder,
} from '../../host/process-table.ts';
import { patiently } from '../../records/record-file.ts';
import type { SupervisorRecord } from '../../records/run-records.ts';
import { textOf } from './running-command.ts';

/** The first process of a container, and its sandbox (an absolute path) where that is on record. */
interface Leftover {
  readonly process: SupervisorRecord['process'];
  readonly sandbox: string | undefined;
}

export class Leftovers {
  #all: Leftover[] = [];

  /** Kills the processes soon, together with those of other containers. */
  kill(leftover: Leftover): void {
    this.#all.push(leftover);
    if (this.#all.length === 1) {
      setImmediate(
        () =>
          void patiently(
            () => this.#killAll(),
            () => undefined,
          ),
      );
    }
  }

  #killAll(): void {
    const processes = allProcesses();
    for (const leftover of this.#all.splice(0)) {
      for (const { pid } of leftOf(leftover, processes)) {
        kill(pid, 'SIGKILL');
      }
    }
  }
}

/**
 * The processes below the first one, and those of its session. When that has ended its pid is given
 * to no other while anything is left of its session; but when nothing is, it can be that of another
 * one, whose processes are not the container's.
 */
export function leftOf(
  { process, sandbox }: Leftover,
  processes: readonly ProcessStat[],
  isOf = isProcessOf,
): readonly ProcessStat[] {
  const { pid: leader, startTicks: since } = process;
  const first = processes.find(({ pid }) => pid === leader);
  const session = processes.filter((one) => one.session === leader && one.startTicks >= since);
  if (first === undefined) {
    return session.filter(({ pid }) => sandbox !== undefined && isOf(sandbox, pid));
  }
  return first.startTicks === since ? [first, ...descendants(leader, processes), ...session] : [];
}

/** By what it was started with, or where it works. */
const isProcessOf = (sandbox: string, pid: number): boolean =>
  textOf(pid, 'environ')?.split('\0').includes(`MESOS_SANDBOX=${sandbox}`) === true ||
  isWithin(workingFolder(pid) ?? '/', sandbox);
