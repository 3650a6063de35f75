// What happens outside of the test's process and tells nobody: files of tasks, ends of processes
// that are not children. It is looked at every few milliseconds: to look without a pause would take
// the processor from the very processes that are waited for.
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const LOOK_MS = 5;

export async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) {
    await pause(LOOK_MS);
  }
}

export const appeared = (path: string) => eventually(() => existsSync(path));

export const disappeared = (path: string) => eventually(() => !existsSync(path));

/** Zombies count as gone: somebody else has to wait for them. */
export const gone = (pid: number) =>
  eventually(() => !existsSync(`/proc/${pid}`) || /^State:\s+Z/m.test(statusOf(pid)));

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    // It went between two looks.
    return 'State: Z';
  }
}
