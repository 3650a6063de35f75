// Files and folders that only the process's own user may read: what they hold is other people's secrets,
// or tells of them.
import { constants, fchmodSync, fstatSync, openSync } from 'node:fs';

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR, O_WRONLY } = constants;

/** What may be done with the file, besides making it where it is missing. */
const FLAGS = { append: O_WRONLY | O_APPEND, change: O_RDWR } as const;

/**
 * Opens a file of the process's own, closed to others: one that is missing is made so, one that is there
 * is made so where it belongs to the process's user. Throws the system's errors, ELOOP for a link among
 * them, and an error for what is no regular file.
 */
export function openPrivate(path: string, how: keyof typeof FLAGS): number {
  const fd = openSync(path, FLAGS[how] | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  const status = fstatSync(fd);
  if (!status.isFile()) {
    throw new Error(`${path} is not a regular file`);
  }
  if (status.uid === process.geteuid?.() && (status.mode & 0o077) !== 0) {
    fchmodSync(fd, status.mode & 0o700);
  }
  return fd;
}
