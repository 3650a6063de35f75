// What happens outside of the test's process and tells nobody: files of tasks, ends of processes
// that are not children. It is looked at once a turn of the event loop.
import { existsSync, readFileSync } from 'node:fs';

export async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) {
    const { promise, resolve } = Promise.withResolvers<void>();
    setImmediate(resolve);
    await promise;
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
