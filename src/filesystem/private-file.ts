// Files that only the process's own user may read: what they hold is other people's secrets, or
// tells of them. Those of earlier versions, which were open to all, are closed when they are used
// again.
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

/** The mode without what it gives to others; undefined where it gives nothing, or is another's. */
function closedMode({ mode, uid }: Stats): number | undefined {
  return uid === process.geteuid?.() && (mode & 0o077) !== 0 ? mode & 0o700 : undefined;
}

/**
 * Opens a file to write at its end, and makes it where it is missing. Throws the system's errors:
 * ELOOP for a link, which somebody else may have put there; and NotRegularError.
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
 * Makes the file of a database where it is missing, and closes it and those that SQLite keeps
 * beside it. An existing file is not opened: closing it again would end the locks that the process
 * has on it.
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

/** Makes a folder where it is missing; those above it are not private. */
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
