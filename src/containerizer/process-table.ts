// What /proc says of processes. A pid alone names a process only until it ends: the start time,
// in clock ticks since boot, tells its successors apart, and the boot id those of other boots.
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** Clock ticks (of 10 ms) in user and system mode, own and of the children waited for. */
  readonly userTicks: number;
  readonly systemTicks: number;
  readonly childUserTicks: number;
  readonly childSystemTicks: number;
  readonly threads: number;
  readonly startTicks: number;
  readonly rssPages: number;
}

export function processStat(pid: number): ProcessStat | undefined {
  const text = readText(`/proc/${pid}/stat`);
  // The name stands in parentheses and may itself hold any character.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields === undefined) {
    return undefined;
  }
  const at = (index: number) => Number(fields[index]);
  return {
    pid,
    parent: at(1),
    session: at(3),
    userTicks: at(11),
    systemTicks: at(12),
    childUserTicks: at(13),
    childSystemTicks: at(14),
    threads: at(17),
    startTicks: at(19),
    rssPages: at(21),
  };
}

/** Zombies count as gone: what they did is done, and only their parent still sees them. */
export function isAlive(pid: number, startTicks: number): boolean {
  const text = readText(`/proc/${pid}/stat`);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields !== undefined && Number(fields[19]) === startTicks && fields[0] !== 'Z';
}

export function allProcesses(): ProcessStat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processStat(Number(name)) ?? []);
}

export function descendants(root: number, processes: readonly ProcessStat[]): ProcessStat[] {
  const children = Map.groupBy(processes, (process) => process.parent);
  const found: ProcessStat[] = [];
  for (let pids = [root]; pids.length > 0; ) {
    const next = pids.flatMap((pid) => children.get(pid) ?? []);
    found.push(...next);
    pids = next.map((process) => process.pid);
  }
  return found;
}

let boot: string | undefined;

/** Changes with every start of the machine. */
export function bootId(): string {
  boot ??= readText('/proc/sys/kernel/random/boot_id')?.trim() ?? '-';
  return boot;
}

export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // Absent, or gone while it was read: for a process the same as not being there.
    return undefined;
  }
}

/** False when there is no such process (any more). */
export function kill(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
