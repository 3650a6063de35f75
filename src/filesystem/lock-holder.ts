// Which process has locked a file.
import { readFileSync, statSync } from 'node:fs';

/**
 * Who has the lock of SQLite on a file (`process 123`, or `another process` where the system does
 * not tell), by the system's own list; a pid written by the program itself could be false.
 */
export function lockHolder(file: string): string {
  const inode = String(statSync(file, { throwIfNoEntry: false })?.ino);
  const locks = readLocks().matchAll(/^\d+: POSIX +\S+ +WRITE +(\d+) [^ :]+:[^ :]+:(\d+) /gm);
  const pids = new Set([...locks].flatMap(([, pid, locked]) => (locked === inode ? [pid] : [])));
  const [pid] = pids;
  // A process outside of this namespace has the number 0.
  return pids.size === 1 && pid !== '0' ? `process ${pid}` : 'another process';
}

function readLocks(): string {
  try {
    return readFileSync('/proc/locks', 'latin1');
  } catch {
    return '';
  }
}
