// A SQLite file that detects its own damage and belongs to one process at a time. It is private to
// its user; on opening its tables and its number of transactions are checked, and after each commit
// its name. The caller defines the tables and decides about damage.
import { DatabaseSync } from 'node:sqlite';
import { CommitCount } from './commit-count.ts';
import { createFile, findFile, OpenFile } from './database-file.ts';
import { privateDatabase } from './private-file.ts';
import { checkSchema, checkStructure, Damage, isDamage, one, provideSum } from './summed-rows.ts';

export interface GuardedFile {
  readonly path: string;
  /** What error messages call the file. */
  readonly name: string;
  /** How long to wait for another process that has it open. */
  readonly patienceMs: number;
  /**
   * Creates the tables, among them `commits` with one row. A file's tables are compared with this
   * text.
   */
  readonly schema: string;
  /** Statements that set application id and version in the file's header. */
  readonly header: string;
  /**
   * Converts the tables of an earlier version and checks the rows, within a transaction. Must write
   * only where it has to, so that a file can be opened on a full disk. Throws where the file is
   * another program's, or Damage.
   */
  readonly prepare: (database: DatabaseSync) => void;
  /** Whether something else shows that the file must exist. */
  readonly isExpected?: boolean;
  /** The error for a file that must exist and does not; `why` says what shows it. */
  readonly missing: (why: string) => Damage;
  /** Called where transactions are missing, or their number cannot be read. May throw Damage. */
  readonly lacks: (what: string, countPath: string) => void;
}

export class GuardedDatabase {
  readonly database: DatabaseSync;
  /** Set where transactions may be missing and nothing can tell. */
  readonly doubt: string | undefined;
  readonly #open: OpenFile;
  readonly #count: CommitCount;
  #commits: number;

  /**
   * Locks the file until it is closed. Throws Damage, the errors of `prepare`, and those of SQLite
   * and the system.
   */
  constructor(file: GuardedFile) {
    this.#count = new CommitCount(file.path);
    refuseMissing(file, this.#count);
    createFile(file.path, (path) => fill(path, file));
    privateDatabase(file.path);
    this.database = new DatabaseSync(file.path, { timeout: file.patienceMs });
    try {
      claim(this.database, file);
      this.#commits = Number(one(this.database, 'SELECT count FROM commits') ?? 0);
      this.doubt = this.#compareCount(file);
      this.#open = new OpenFile(file.path);
      this.#count.open();
      this.#count.write(this.#commits);
    } catch (error) {
      this.close();
      throw damageOf(error, file.name);
    }
  }

  /**
   * Everything that `write` does is durable when this returns. Where it throws, none of it can be
   * relied on.
   */
  commit(write: () => void): void {
    const { database } = this;
    database.exec('BEGIN IMMEDIATE');
    try {
      write();
      database.prepare('UPDATE commits SET count = ?').run(this.#commits + 1);
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) {
        database.exec('ROLLBACK');
      }
      throw error;
    }
    this.#count.write(++this.#commits);
    this.check();
  }

  /** Throws where the written data would not be found under the file's name. */
  check(): void {
    this.#open.check();
  }

  /** Moves the write-ahead log into the database, where later writes cannot damage it. */
  fold(): void {
    this.database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  close(): void {
    this.database.close();
    this.#count[Symbol.dispose]();
  }

  #compareCount({ name, lacks }: GuardedFile): string | undefined {
    const noted = this.#count.read();
    const { path } = this.#count;
    const lack =
      noted === 'damaged'
        ? `${path}, which tells how many transactions ${name} has, is damaged`
        : this.#count.lackOf(this.#commits);
    if (lack !== undefined) {
      lacks(lack, path);
    }
    return noted === undefined && this.#commits > 0
      ? `${path} was not there, so nothing tells whether ${name} has all of its transactions; it is ` +
          `made anew from the ${this.#commits} that are there`
      : undefined;
  }
}

/**
 * Checks that a missing file may be created: SQLite would delete a log that belongs to the missing
 * one.
 */
function refuseMissing(file: GuardedFile, count: CommitCount): void {
  const { isThere, isEmpty, log } = findFile(file.path);
  if (isEmpty) {
    throw new Damage(`${file.name} is damaged: it is empty`);
  }
  if (isThere) {
    return;
  }
  if (log !== undefined) {
    throw file.missing(log);
  }
  if ((count.read() ?? 0) !== 0 || file.isExpected === true) {
    throw file.missing(count.path);
  }
}

function fill(path: string, { schema, header }: GuardedFile): void {
  privateDatabase(path);
  const database = new DatabaseSync(path);
  try {
    database.exec(`PRAGMA synchronous = FULL; BEGIN; ${schema} ${header} COMMIT`);
  } finally {
    database.close();
  }
}

/** Locks the file: a second process with the same file must not start. */
function claim(database: DatabaseSync, { name, schema, prepare }: GuardedFile): void {
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  database.exec('BEGIN EXCLUSIVE');
  provideSum(database);
  checkStructure(database, name);
  prepare(database);
  checkSchema(database, name, schema);
  database.exec('COMMIT');
}

function damageOf(error: unknown, name: string): unknown {
  return isDamage(error) && !(error instanceof Damage)
    ? new Damage(`${name} is damaged: ${textOf(error)}`, { cause: error })
    : error;
}

/** The error in one line: SQLite quotes what it reads. */
export const textOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ');
