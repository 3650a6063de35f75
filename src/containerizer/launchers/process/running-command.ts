// The process of a container that runs. Where a runtime has made the container, that is the first
// process in it (`first` in its records), or, where this one stays as such, its child.
import { join } from 'node:path';
import { isAlive } from '../../host/process-table.ts';
import { readText } from '../../records/record-file.ts';
import type { ProcessName } from '../../records/run-records.ts';

/** What the supervisor program is called in a container, also before it becomes the command. */
const INSIDE = 'mesos-container';

/** Undefined without a runtime, and until that has started it. */
export function firstProcess(folder: string): ProcessName | undefined {
  const [pid, startTicks] = readText(join(folder, 'first'), 'utf8')?.split(' ') ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), startTicks: Number(startTicks) };
}

/** That of the command; undefined where it does not run, or not yet. */
export function runningCommand(process: ProcessName | undefined): number | undefined {
  if (process === undefined || !isAlive(process.pid, process.startTicks)) {
    return undefined;
  }
  const { pid } = process;
  if (textOf(pid, 'comm')?.trimEnd() !== INSIDE) {
    return pid;
  }
  const child = textOf(pid, `task/${pid}/children`)?.split(' ', 1)[0];
  return child === undefined || child === '' ? undefined : Number(child);
}

/**
 * The environment with which the command was started; none where the command has since made it
 * larger than it could have been.
 */
export function environmentOf(process: ProcessName): Record<string, string> {
  const pid = runningCommand(process);
  const text = pid === undefined ? undefined : textOf(pid, 'environ');
  return Object.fromEntries(
    (text ?? '')
      .split(/\0+/)
      .filter((entry) => entry.includes('='))
      .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
}

/**
 * What the kernel takes of a command's arguments and environment together. A process may say later
 * that any part of its memory is its environment.
 */
const MAX_TEXT_BYTES = 6 * 1024 * 1024;

/** A file of /proc; undefined where the process has ended. */
export function textOf(pid: number, name: string): string | undefined {
  try {
    return readText(`/proc/${pid}/${name}`, 'utf8', MAX_TEXT_BYTES);
  } catch {
    // The process has ended while this was read, is another user's, or has made the file that long.
    return undefined;
  }
}
