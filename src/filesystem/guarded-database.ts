// A SQLite file that tells whether it is whole, and is written to by one process: opened for its
// own user only, compared with the tables that it should have and with the count of its
// transactions, and looked for under its name after each of them. What is in the tables, and what
// is to be done about damage, is its owner's.
import { DatabaseSync } from 'node:sqlite';
import { CommitCount } from './commit-count.ts';
import { createFile, findFile, OpenFile } from './database-file.ts';
import { privateDatabase } from './private-file.ts';
import { checkSchema, checkStructure, Damage, isDamage, one, provideSum } from './summed-rows.ts';

export interface GuardedFile {
  readonly path: string;
  /** How errors call it. */
  readonly name: string;
  /** How long to wait for another that has it open. */
  readonly patienceMs: number;
  /** Makes the tables, among them `commits` with one row. A file is compared with these words. */
  readonly schema: string;
  /** Statements that say in the file's header whose it is, and of which version. */
  readonly header: string;
  /**
   * Brings what an earlier version wrote into the present form, and judges the rows; in a
   * transaction. It writes only where it must, so that a file opens on a full disk. Throws where
   * the file is another's, or Damage.
   */
  readonly prepare: (database: DatabaseSync) => void;
  /** Whether there is other evidence that it must be there. */
  readonly isExpected?: boolean;
  /** Of a file that is not there and must be; `why` names what is. */
  readonly missing: (why: string) => Damage;
  /**
   * Decides about one whose transactions are not all there, or whose count cannot be read: may
   * throw Damage.
   */
  readonly lacks: (what: string, countPath: string) => void;
}

export class GuardedDatabase {
  readonly database: DatabaseSync;
  /** Set where nothing tells whether transactions are missing. */
  readonly doubt: string | undefined;
  readonly #open: OpenFile;
  readonly #count: CommitCount;
  #commits: number;

  /**
   * Holds the file until it is closed. Throws Damage, what `prepare` throws, and errors of SQLite
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
   * All that `write` does is durable when it returns. Where it throws, none of it is to be relied
   * on.
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

  /** Throws where what was written would not be found again. */
  check(): void {
    this.#open.check();
  }

  /**
   * Puts what the log holds into the database itself, where it is out of the reach of later writes.
   */
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

/** Before a new file is made in its place. SQLite would throw the log away that belonged to it. */
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

/** One owner for as long as it runs: a second one on the same file must not start. */
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

/** On one line: SQLite cites what it reads. */
export const textOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ');
