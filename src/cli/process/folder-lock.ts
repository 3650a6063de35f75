// One program a folder: a second one would take the first one's tasks and files from it. The lock
// is one of the system's on a file that is closed to other users, so that only those can have it
// whose folder it is; it ends with the process, however that ends.
import { lstatSync, readFileSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { privateDatabase } from '../../filesystem/private-file.ts';
import { FlagError } from '../flags/parse.ts';

const FILE = '.lock';
const SQLITE_BUSY = 5;

/** For as long as the process lives: what is collected as garbage is unlocked. */
const held: DatabaseSync[] = [];

/**
 * Locks the folder for as long as this process lives and answers undefined; or answers the holder
 * in words (`process 123`, or `another process` where the system does not say) when it is locked
 * already. Throws FlagError where it cannot be locked.
 */
export function folderHolder(folder: string): string | undefined {
  const file = join(folder, FILE);
  try {
    refuseForeign(file, statSync(folder));
    privateDatabase(file);
    // SQLite locks an empty file as any other, and writes nothing to it.
    const lock = new DatabaseSync(file, { timeout: 0 });
    held.push(lock);
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return undefined;
  } catch (error) {
    if (error instanceof FlagError) {
      throw error;
    }
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) {
      return holderOf(file);
    }
    throw new FlagError(`${folder} cannot be locked with ${file}: ${(error as Error).message}`);
  }
}

/** A file of somebody else's could be locked by them. */
function refuseForeign(file: string, folder: Stats): void {
  const status = lstatSync(file, { throwIfNoEntry: false });
  if (status === undefined) {
    return;
  }
  if (!status.isFile()) {
    throw new FlagError(`${file}, by which the folder is locked, is no regular file: remove it`);
  }
  if (![0, process.geteuid?.(), folder.uid].includes(status.uid)) {
    throw new FlagError(
      `${file}, by which the folder is locked, belongs to user ${status.uid}: remove it`,
    );
  }
}

/** As the system has it: what the holder says of itself need not be true. */
function holderOf(file: string): string {
  const inode = String(statSync(file).ino);
  const locks = readLocks().matchAll(/^\d+: POSIX +\S+ +WRITE +(\d+) [^ :]+:[^ :]+:(\d+) /gm);
  const pids = new Set([...locks].flatMap(([, pid, locked]) => (locked === inode ? [pid] : [])));
  const [pid] = pids;
  // A process outside of this one's namespace has the number 0.
  return pids.size === 1 && pid !== '0' ? `process ${pid}` : 'another process';
}

function readLocks(): string {
  try {
    return readFileSync('/proc/locks', 'latin1');
  } catch {
    return '';
  }
}
