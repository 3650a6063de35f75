// The file of a database as a name in a folder: what SQLite cannot see. It would take an empty file
// for a new database, and go on writing into one that somebody has deleted; either loses all in
// silence.
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
  /** Of the log that SQLite keeps beside it; undefined: there is none. */
  readonly log: string | undefined;
}

/** What opening it would begin anew over in silence. */
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
 * Makes the file where there is none. `fill` makes a database at the path that it is given, and
 * closes it: a crash leaves all of it under its name, or nothing.
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
    // Another has just made it, and has it open.
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

/** A database file that is open here, and must stay what its name leads to. */
export class OpenFile {
  readonly #file: string;
  readonly #opened: BigIntStats | undefined;
  /** SQLite makes its log when it first writes. */
  #log: BigIntStats | undefined;

  constructor(file: string) {
    this.#file = file;
    this.#opened = stat(file);
  }

  /** To be called after each commit. Throws where what was written would not be found again. */
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
