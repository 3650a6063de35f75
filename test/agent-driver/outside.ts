// Waits for what happens outside of the test's process without an event: files of tasks, ends of
// processes that are not its children. It looks once in each turn of the event loop.
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const LOOK_MS = 5;

export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) {
    await pause(LOOK_MS);
  }
}

export const appeared = (path: string) => eventually(() => existsSync(path));

export const disappeared = (path: string) => eventually(() => !existsSync(path));

/** A zombie counts as gone: another process has to wait for it. */
export const gone = (pid: number) =>
  eventually(() => !existsSync(`/proc/${pid}`) || /^State:\s+Z/m.test(statusOf(pid)));

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    // The process ended between two looks.
    return 'State: Z';
  }
}
