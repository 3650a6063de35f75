// Files that only the process's user may read, for they hold secrets of others, or tell of them.
// Files of earlier versions, which everyone could read, are made private when they are used again.
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { NotRegularError } from './folder.ts';

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

/**
 * The mode without permissions for others; undefined where it has none, or the file is another
 * user's.
 */
function closedMode({ mode, uid }: Stats): number | undefined {
  return uid === process.geteuid?.() && (mode & 0o077) !== 0 ? mode & 0o700 : undefined;
}

/**
 * Opens a file to append to it, and creates it where it is missing. Throws NotRegularError, and the
 * system's errors: ELOOP for a link, which another user may have put there.
 */
export function appendPrivate(path: string): number {
  const flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK;
  const fd = openSync(path, flags, PRIVATE_FILE);
  const status = fstatSync(fd);
  if (!status.isFile()) {
    closeSync(fd);
    throw new NotRegularError(path);
  }
  const mode = closedMode(status);
  if (mode !== undefined) {
    fchmodSync(fd, mode);
  }
  return fd;
}

/**
 * Creates the file of a database where it is missing. Makes an existing one private, with the files
 * that SQLite keeps beside it, and does so without opening it: closing it again would release the
 * locks that this process has on it.
 */
export function privateDatabase(path: string): void {
  try {
    closeSync(openSync(path, O_WRONLY | O_CREAT | O_EXCL, PRIVATE_FILE));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error;
    }
  }
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    closeToOthers(file);
  }
}

/** Creates a folder where it is missing, and makes it private; folders above it are not. */
export function privateFolder(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  mkdirSync(path, { recursive: true, mode: PRIVATE_FOLDER });
  closeToOthers(path);
}

function closeToOthers(path: string): void {
  const status = statSync(path, { throwIfNoEntry: false });
  const mode = status && closedMode(status);
  if (mode !== undefined) {
    chmodSync(path, mode);
  }
}
