// Processes as /proc shows them. A pid names a process only until it ends: the start time, in clock
// ticks since boot, distinguishes processes with the same pid, and the boot id distinguishes boots.
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { codeOf } from '../../filesystem/folder.ts';
import { isAbsence, readText, withDescriptor } from '../records/record-file.ts';

/** The process belongs to another user, and the agent, which is not root, may not read it. */
const isForeign = (error: unknown) => codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM';

/** Undefined: the process has ended, or the agent may not read it. */
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
  /**
   * Clock ticks (of 10 ms) in user and system mode, of the process and of the children it has
   * waited for.
   */
  readonly userTicks: number;
  readonly systemTicks: number;
  readonly childUserTicks: number;
  readonly childSystemTicks: number;
  readonly threads: number;
  readonly startTicks: number;
  readonly rssPages: number;
}

export const processStat = (pid: number): ProcessStat | undefined =>
  statIn(pid, readOf(pid, 'stat'));

/** What is in the file `stat` of a process; undefined where it has ended. */
export function statIn(pid: number, text: string | undefined): ProcessStat | undefined {
  // The name is in parentheses and may contain any character.
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

/** A zombie is not alive: it does nothing any more, and only its parent sees it. */
export function isAlive(pid: number, startTicks: number): boolean {
  const text = readOf(pid, 'stat');
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields !== undefined && Number(fields[19]) === startTicks && fields[0] !== 'Z';
}

export const allPids = (): number[] =>
  withDescriptor(() => readdirSync('/proc'))
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

export const allProcesses = (): ProcessStat[] => allPids().flatMap((pid) => processStat(pid) ?? []);

/**
 * The agent's user's processes with this name (as the kernel keeps it), by their working directory:
 * all, or those among `pids`. Processes of others can have any name, and in namespaces of theirs
 * any directory.
 */
export const ownProcessesNamed = (
  name: string,
  pids: readonly number[] = allPids(),
): Map<string | undefined, number[]> =>
  Map.groupBy(
    pids.filter((pid) => readOf(pid, 'comm')?.trimEnd() === name && isOwn(pid)),
    workingFolder,
  );

const isOwn = (pid: number) => look(() => statSync(`/proc/${pid}`).uid) === process.geteuid?.();

export const workingFolder = (pid: number) => look(() => readlinkSync(`/proc/${pid}/cwd`));

/** Processes by their parents. */
export const familiesOf = (processes: readonly ProcessStat[]): Map<number, ProcessStat[]> =>
  Map.groupBy(processes, ({ parent }) => parent);

export const descendants = (root: number, processes: readonly ProcessStat[]): ProcessStat[] =>
  descendantsIn(familiesOf(processes), root);

export function descendantsIn(
  children: ReadonlyMap<number, readonly ProcessStat[]>,
  root: number,
): ProcessStat[] {
  const found: ProcessStat[] = [];
  for (let pids = [root]; pids.length > 0; ) {
    const next = pids.flatMap((pid) => children.get(pid) ?? []);
    found.push(...next);
    pids = next.map((process) => process.pid);
  }
  return found;
}

/** The unit of times in /proc; the same on every architecture that Linux runs on today. */
export const TICKS_PER_SECOND = 100;

/** When a process started, in milliseconds since 1970; as exact as ticks and the clock allow. */
export function startedMs(startTicks: number, nowMs: number): number {
  const upSeconds = Number(readText('/proc/uptime')?.split(' ')[0]);
  return Math.round(nowMs - (upSeconds - startTicks / TICKS_PER_SECOND) * 1000);
}

let boot: string | undefined;

/** Changes with each boot of the machine. */
export function bootId(): string {
  boot ??= readText('/proc/sys/kernel/random/boot_id')?.trim() ?? '-';
  return boot;
}

/** Sends a signal. Nothing happens if the process has ended, or the agent may not signal it. */
export function kill(pid: number, signal: NodeJS.Signals | number): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!isAbsence(error) && !isForeign(error)) {
      throw error;
    }
  }
}
