// Locks a folder for one program: a second one would take the tasks and files of the first. The
// kernel holds the lock, on a private file, so that only the folder's users can lock it; it ends
// with the process, however that ends.
import { lstatSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { lockHolder } from '../../filesystem/lock-holder.ts';
import { privateDatabase } from '../../filesystem/private-file.ts';
import { FlagError } from '../flags/parse.ts';

const FILE = '.lock';
const SQLITE_BUSY = 5;

/** Kept as long as the process lives: collected as garbage, a lock would be released. */
const held: DatabaseSync[] = [];

/**
 * Locks the folder as long as this process lives, and returns undefined. If it is locked already,
 * returns who has the lock (`process 123`, or `another process` where the system does not tell).
 * Throws FlagError where it cannot be locked.
 */
export function folderHolder(folder: string): string | undefined {
  const file = join(folder, FILE);
  try {
    refuseForeign(file, statSync(folder));
    privateDatabase(file);
    // SQLite can lock an empty file, and writes nothing to it.
    const lock = new DatabaseSync(file, { timeout: 0 });
    held.push(lock);
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return undefined;
  } catch (error) {
    if (error instanceof FlagError) {
      throw error;
    }
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) {
      return lockHolder(file);
    }
    throw new FlagError(`${folder} cannot be locked with ${file}: ${(error as Error).message}`);
  }
}

/** Refuses a file that another user owns, and so could lock. */
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
