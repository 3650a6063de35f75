// The memory that an agent needs for its containers, besides that of their own processes.
import { readFileSync, readlinkSync } from 'node:fs';
import { allProcesses, descendants } from '../../src/containerizer/host/process-table.ts';

/**
 * The MB (proportional: pages that are shared count in parts) of the agent, of all below it, and of
 * all that work in its folder, but for processes of that name. Supervisors have parents elsewhere.
 */
export function memoryOf(agent: number, folder: string, excepted: string): number {
  const processes = allProcesses();
  const below = new Set([agent, ...descendants(agent, processes).map(({ pid }) => pid)]);
  const kilobytes = processes
    .map(({ pid }) => pid)
    .filter((pid) => below.has(pid) || workingFolder(pid).startsWith(folder))
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
