// Kills the processes of containers whose supervisors were killed. For many containers at once it
// reads the process table once.
import { allProcesses, descendants, kill, type ProcessStat } from '../../host/process-table.ts';
import { patiently } from '../../records/record-file.ts';
import type { SupervisorRecord } from '../../records/run-records.ts';

export class Leftovers {
  #records: SupervisorRecord[] = [];

  /** Kills the processes soon, together with those of other containers. */
  kill(record: SupervisorRecord): void {
    this.#records.push(record);
    if (this.#records.length === 1) {
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
    for (const record of this.#records.splice(0)) {
      const { pid: leader, startTicks: since } = record.process;
      const isRoot = (one: ProcessStat) => one.pid === leader && one.startTicks === since;
      const below = processes.some(isRoot) ? descendants(leader, processes) : [];
      const session = processes.filter(
        (one) => isRoot(one) || (one.session === leader && one.startTicks >= since),
      );
      for (const { pid } of [...below, ...session]) {
        kill(pid, 'SIGKILL');
      }
    }
  }
}
