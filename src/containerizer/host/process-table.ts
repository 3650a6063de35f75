// What /proc says of processes. A pid alone names a process only until it ends: the start time,
// in clock ticks since boot, tells its successors apart, and the boot id those of other boots.
import { readdirSync, readlinkSync } from 'node:fs';
import { codeOf } from '../../filesystem/folder.ts';
import { isAbsence, readText, withDescriptor } from '../records/record-file.ts';

/**
 * Of another user's process, an agent that is not root may not read everything, or nothing at all.
 */
const isForeign = (error: unknown) => codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM';

/** Undefined: there is no such process (any more), or it is not ours to look at. */
function look<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isAbsence(error) || isForeign(error)) {
      return undefined;
    }
    throw error;
  }
}

const readOf = (pid: number, name: string) => look(() => readText(`/proc/${pid}/${name}`));

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
  const text = readOf(pid, 'stat');
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
  const text = readOf(pid, 'stat');
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields !== undefined && Number(fields[19]) === startTicks && fields[0] !== 'Z';
}

const allPids = () =>
  withDescriptor(() => readdirSync('/proc'))
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

export const allProcesses = (): ProcessStat[] => allPids().flatMap((pid) => processStat(pid) ?? []);

/** The processes that have this name, as the kernel keeps it, by the folder in which they work. */
export const processesNamed = (name: string): Map<string | undefined, number[]> =>
  Map.groupBy(
    allPids().filter((pid) => readOf(pid, 'comm')?.trimEnd() === name),
    workingFolder,
  );

const workingFolder = (pid: number) => look(() => readlinkSync(`/proc/${pid}/cwd`));

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

const TICKS_PER_SECOND = 100;

/** When a process started, in milliseconds since 1970, as far as ticks and the clock tell. */
export function startedMs(startTicks: number, nowMs: number): number {
  const upSeconds = Number(readText('/proc/uptime')?.split(' ')[0]);
  return Math.round(nowMs - (upSeconds - startTicks / TICKS_PER_SECOND) * 1000);
}

let boot: string | undefined;

/** Changes with every start of the machine. */
export function bootId(): string {
  boot ??= readText('/proc/sys/kernel/random/boot_id')?.trim() ?? '-';
  return boot;
}

/** Where there is no such process (any more), or it is not ours to signal, that is that. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!isAbsence(error) && !isForeign(error)) {
      throw error;
    }
  }
}
