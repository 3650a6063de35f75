// The name of a database's file, which SQLite does not watch. SQLite takes an empty file for a new
// database, and continues to write into a file that another program has deleted; both would lose
// everything without an error.
import {
  type BigIntStats,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';

const logOf = (file: string) => `${file}-wal`;

export interface FoundFile {
  readonly isThere: boolean;
  readonly isEmpty: boolean;
  /** Path of SQLite's write-ahead log beside the file; undefined where there is none. */
  readonly log: string | undefined;
}

/** What exists under the name, before SQLite would make a new database there. */
export function findFile(file: string): FoundFile {
  const found = stat(file);
  const log = logOf(file);
  return {
    isThere: found !== undefined,
    isEmpty: found?.size === 0n,
    log: existsSync(log) ? log : undefined,
  };
}

/**
 * Creates the file where it is missing. `fill` creates a database at the path that it gets, and
 * closes it. After a crash the whole file exists, or none.
 */
export function createFile(file: string, fill: (path: string) => void): void {
  if (existsSync(file)) {
    return;
  }
  const unfinished = `${file}.${process.pid}`;
  const remove = () => {
    for (const path of [unfinished, `${unfinished}-journal`]) {
      rmSync(path, { force: true });
    }
  };
  remove();
  try {
    fill(unfinished);
    linkSync(unfinished, file);
    syncFolder(dirname(file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error;
    }
    // Another process has just created the file.
  } finally {
    remove();
  }
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A database file that this process has open, and that must stay what its name leads to. */
export class OpenFile {
  readonly #file: string;
  readonly #opened: BigIntStats | undefined;
  /** The log, which SQLite creates at its first write. */
  #log: BigIntStats | undefined;

  constructor(file: string) {
    this.#file = file;
    this.#opened = stat(file);
  }

  /**
   * To be called after each commit. Throws where the written data would not be found under the
   * name.
   */
  check(): void {
    const log = logOf(this.#file);
    this.#log ??= stat(log);
    if (checkSame(this.#file, this.#opened)?.size === 0n) {
      throw new Error(`${this.#file} has been emptied by somebody else`);
    }
    checkSame(log, this.#log);
  }
}

function checkSame(path: string, before: BigIntStats | undefined): BigIntStats | undefined {
  const now = stat(path);
  if (before !== undefined && now === undefined) {
    throw new Error(`${path} has been deleted by somebody else`);
  }
  if (now?.ino !== before?.ino || now?.dev !== before?.dev) {
    throw new Error(`${path} has been replaced by somebody else`);
  }
  return now;
}

const stat = (path: string) => statSync(path, { bigint: true, throwIfNoEntry: false });
