// The memory that an agent needs for its containers, besides that of their own processes.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * The MB (proportional: pages that are shared count in parts) of the agent, of all below it, and of
 * all that work in its folder, but for processes of that name. Supervisors have parents elsewhere.
 */
export function memoryOf(agent: number, folder: string, excepted: string): number {
  const parents = new Map<number, number>();
  for (const pid of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
    const stat = read(`/proc/${pid}/stat`);
    parents.set(pid, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid) ?? 0;
    return pid === agent || (parent > 1 && isBelow(parent));
  };
  const kilobytes = [...parents.keys()]
    .filter((pid) => isBelow(pid) || workingFolder(pid).startsWith(folder))
    .filter((pid) => read(`/proc/${pid}/comm`).trim() !== excepted)
    .map((pid) => Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0));
  return kilobytes.reduce((sum, one) => sum + one, 0) / 1024;
}

/** Empty where the process has ended. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function workingFolder(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}
