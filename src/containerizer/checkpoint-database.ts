// The agent's memory on disk: one SQLite file, changed in transactions, read once at start.
//
// Rows hold messages as bytes; what is looked for has columns of its own. A run's rows go when the
// run has completed, so that the file stays as small as what the agent is still answerable for.
import { renameSync, statSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { CommitCount } from '../filesystem/commit-count.ts';
import { createFile, OpenFile } from '../filesystem/database-file.ts';
import { privateDatabase } from '../filesystem/private-file.ts';
import {
  checkSchema,
  checkStructure,
  Damage,
  damagedRows,
  insertion,
  isDamage,
  isWhole,
  one,
  provideSum,
  rebuild,
  resultOf,
  upsertion,
} from '../filesystem/summed-rows.ts';

/** One statement with its values: what a change comes down to. */
export interface Write {
  readonly statement: keyof typeof statements;
  readonly values: readonly SQLInputValue[];
}

export type Row = Readonly<Record<string, SQLInputValue>>;

/** All rows, table by table, each in the order it was written. */
export interface CheckpointRows {
  readonly values: readonly Row[];
  readonly frameworks: readonly Row[];
  readonly executors: readonly Row[];
  readonly tasks: readonly Row[];
  readonly updates: readonly Row[];
}

export class CheckpointError extends Error {
  readonly code = 'MESOSCALE_CHECKPOINT';
  /** Whether the same may work later: the disk was full, or did not answer. */
  readonly isPassing: boolean;

  constructor(text: string, options: ErrorOptions = {}) {
    super(text, options);
    this.isPassing = passing.has(resultOf(options.cause) ?? 0);
  }
}

// Result codes of SQLite.
const busy = 5;
const passing = new Set([busy, 7 /* no memory */, 10 /* I/O error */, 13 /* full */]);

// No version before is one bit away from it: that would be a damaged one.
const version = 4;
// An agent that is just ending still holds its file for a moment.
const patienceMs = 5_000;

// executors, tasks and updates belong to a run, that is to a container. A file is compared with these words: when
// they change, the version does.
const schema = `
  CREATE TABLE single (
    name TEXT PRIMARY KEY, bytes BLOB NOT NULL, sum INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE frameworks (
    id TEXT PRIMARY KEY, info BLOB NOT NULL, sum INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE executors (
    container TEXT PRIMARY KEY, framework TEXT NOT NULL, builtin TEXT, info BLOB NOT NULL,
    sum INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE tasks (
    container TEXT NOT NULL, id TEXT NOT NULL, info BLOB NOT NULL, sum INTEGER NOT NULL,
    PRIMARY KEY (container, id)
  ) STRICT;
  CREATE TABLE updates (
    number INTEGER PRIMARY KEY, container TEXT NOT NULL, task TEXT NOT NULL, uuid BLOB,
    bytes BLOB NOT NULL, acknowledged INTEGER NOT NULL, sum INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX updates_of_tasks ON updates (container, task);
  CREATE INDEX executors_of_frameworks ON executors (framework);
  CREATE TABLE IF NOT EXISTS commits (count INTEGER NOT NULL);
  INSERT INTO commits SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM commits);
`;

const columns = {
  single: ['name', 'bytes'],
  frameworks: ['id', 'info'],
  executors: ['container', 'framework', 'builtin', 'info'],
  tasks: ['container', 'id', 'info'],
  updates: ['number', 'container', 'task', 'uuid', 'bytes', 'acknowledged'],
} as const;

/** Of the second version, which left out which updates are acknowledged; the first had no sums. */
const secondColumns = { ...columns, updates: ['container', 'task', 'uuid', 'bytes'] } as const;

type Table = keyof typeof columns;

// Written by an agent that had forgotten the run they belong to, and was still ending it.
const strays = `
  SELECT 1 FROM tasks WHERE container NOT IN (SELECT container FROM executors) UNION ALL
  SELECT 1 FROM updates WHERE container NOT IN (SELECT container FROM executors)
`;
const tidying = `
  DELETE FROM tasks WHERE container NOT IN (SELECT container FROM executors);
  DELETE FROM updates WHERE container NOT IN (SELECT container FROM executors);
`;

/** The new row comes after all others. */
const replacing = (statement: string) => statement.replace('INSERT', 'INSERT OR REPLACE');

const statements = {
  set: upsertion('single', columns.single),
  unset: 'DELETE FROM single WHERE name = ?',
  framework: upsertion('frameworks', columns.frameworks),
  removeFramework: 'DELETE FROM frameworks WHERE id = ?',
  executor: replacing(insertion('executors', columns.executors)),
  removeExecutor: 'DELETE FROM executors WHERE container = ?',
  removeExecutors: 'DELETE FROM executors WHERE framework = ?',
  task: replacing(insertion('tasks', columns.tasks)),
  removeTask: 'DELETE FROM tasks WHERE container = ? AND id = ?',
  removeTasks: 'DELETE FROM tasks WHERE container = ?',
  removeFrameworksTasks: `DELETE FROM tasks WHERE container IN
    (SELECT container FROM executors WHERE framework = ?)`,
  update: `INSERT INTO updates
    SELECT next, ?1, ?2, ?3, ?4, 0, row_sum(next, ?1, ?2, ?3, ?4, 0)
    FROM (SELECT coalesce(max(number), 0) + 1 AS next FROM updates)`,
  acknowledge: `UPDATE updates SET acknowledged = 1,
    sum = row_sum(number, container, task, uuid, bytes, 1)
    WHERE container = ? AND task = ? AND uuid = ?`,
  removeUpdates: 'DELETE FROM updates WHERE container = ? AND task = ?',
  removeRunsUpdates: 'DELETE FROM updates WHERE container = ?',
  forgetFrameworks: 'DELETE FROM frameworks',
  forgetExecutors: 'DELETE FROM executors',
  forgetTasks: 'DELETE FROM tasks',
  forgetUpdates: 'DELETE FROM updates',
  removeFrameworksUpdates: `DELETE FROM updates WHERE container IN
    (SELECT container FROM executors WHERE framework = ?)`,
} as const;

function makeDatabase(path: string): void {
  privateDatabase(path);
  const database = new DatabaseSync(path);
  try {
    database.exec(
      `PRAGMA synchronous = FULL; BEGIN; ${schema} PRAGMA user_version = ${version}; COMMIT`,
    );
  } finally {
    database.close();
  }
}

export interface DatabaseOptions {
  /** How long to wait for an agent that is just ending. */
  readonly patienceMs?: number | undefined;
  /**
   * Whether damage is an error. Otherwise what is whole is taken, and what is not is left out; a file
   * that cannot be read is moved aside.
   */
  readonly isStrict?: boolean | undefined;
  /** Whether runs are on record that only an agent with a checkpoint can have made. */
  readonly hasRuns?: boolean | undefined;
}

export class CheckpointDatabase {
  /** What damage was passed over. */
  readonly damages: string[] = [];
  readonly #path: string;
  readonly #isStrict: boolean;
  readonly #count: CommitCount;
  readonly #database: DatabaseSync;
  readonly #file: OpenFile;
  readonly #statements = new Map<string, StatementSync>();
  #commits = 0;

  /**
   * Holds the file until it is closed: a second agent in the same work directory would take the
   * first one's containers for orphans. Throws CheckpointError for a file that is in use, damaged,
   * missing, or written by a later version.
   */
  constructor(path: string, options: DatabaseOptions = {}) {
    this.#path = path;
    this.#isStrict = options.isStrict ?? true;
    this.#count = new CommitCount(path);
    const hasRuns = options.hasRuns ?? false;
    const patience = options.patienceMs ?? patienceMs;
    try {
      this.#database = this.#open(hasRuns, patience);
    } catch (error) {
      if (this.#isStrict || !(error instanceof Damage)) {
        throw this.#explained(error);
      }
      const suffix = `.damaged-${Date.now()}`;
      this.damages.push(`${error.message}. It is moved aside, to ${path}${suffix}`);
      this.#setAside(suffix);
      this.#database = this.#open(false, patience);
    }
    this.#file = new OpenFile(path);
    this.#count.open();
    this.#count.write(this.#commits);
  }

  #open(hasRuns: boolean, patience: number): DatabaseSync {
    this.#checkPresence(hasRuns);
    createFile(this.#path, makeDatabase);
    privateDatabase(this.#path);
    const database = new DatabaseSync(this.#path, { timeout: patience });
    try {
      database.exec(
        'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL',
      );
      provideSum(database);
      const found = this.#checkVersion(database);
      checkStructure(database, `'${this.#path}'`);
      database.exec('BEGIN EXCLUSIVE');
      this.#prepare(database, found);
      database.exec('COMMIT');
      checkSchema(database, `'${this.#path}'`, schema);
      this.#commits = Number(one(database, 'SELECT count FROM commits') ?? 0);
      this.#compareCount();
      return database;
    } catch (error) {
      database.close();
      if (isDamage(error) && !(error instanceof Damage)) {
        throw new Damage(`'${this.#path}' is damaged: ${textOf(error)}`, { cause: error });
      }
      throw error;
    }
  }

  /** Before a new file is made in its place. SQLite would throw the log away that belonged to it. */
  #checkPresence(hasRuns: boolean): void {
    const size = sizeOf(this.#path);
    if (size === 0) {
      throw new Damage(`'${this.#path}' is damaged: it is empty`);
    }
    const noted = this.#count.read() ?? 0;
    if (size === undefined && (hasRuns || noted !== 0 || (sizeOf(`${this.#path}-wal`) ?? 0) > 0)) {
      throw new Damage(`'${this.#path}' is missing, and an agent has written to it before`);
    }
  }

  #checkVersion(database: DatabaseSync): number {
    const found = Number(one(database, 'PRAGMA user_version'));
    if (found > version) {
      throw new Error(
        `it was written by a later version (${found}) of this program, or is damaged. Start that ` +
          'version, or put the right file back',
      );
    }
    const isNew = found === 0 && one(database, 'SELECT count(*) FROM sqlite_schema') === 0;
    if (!isNew && ![1, 2, version].includes(found)) {
      throw new Damage(`'${this.#path}' is damaged: it does not tell its version`);
    }
    return found;
  }

  /** Writes only what is missing, so that an agent can start on a disk that is full. */
  #prepare(database: DatabaseSync, found: number): void {
    if (found === 2) {
      for (const [table, names] of Object.entries(secondColumns)) {
        this.#passOver(damagedRows(database, table, names));
        database.exec(`DELETE FROM ${table} WHERE NOT ${isWhole(names)}`);
      }
    }
    if (found === 0) {
      database.exec(schema);
    } else if (found < version) {
      rebuild(database, columns, schema);
    }
    if (found !== version) {
      database.exec(`PRAGMA user_version = ${version}`);
    }
    if (one(database, `SELECT EXISTS (${strays})`) === 1) {
      database.exec(tidying);
    }
  }

  #compareCount(): void {
    if (this.#count.read() === 'damaged') {
      this.damages.push(`'${this.#count.path}' is damaged; it is made anew`);
    }
    const lack = this.#count.lackOf(this.#commits);
    if (lack !== undefined) {
      if (this.#isStrict) {
        throw new Damage(lack);
      }
      this.damages.push(lack);
    }
  }

  /** Throws Damage where that is an error, or else tells of it. */
  #passOver(damages: readonly string[]): void {
    for (const damage of damages) {
      const what = `'${this.#path}' is damaged: ${damage}`;
      if (this.#isStrict) {
        throw new Damage(what);
      }
      this.damages.push(what);
    }
  }

  #setAside(suffix: string): void {
    this.#count.setAside(suffix);
    for (const file of [this.#path, `${this.#path}-wal`]) {
      if (statSync(file, { throwIfNoEntry: false }) !== undefined) {
        renameSync(file, `${file}${suffix}`);
      }
    }
  }

  #explained(error: unknown): CheckpointError {
    const options = { cause: error };
    if (resultOf(error) === busy) {
      return new CheckpointError(`Another agent is using '${this.#path}'`, options);
    }
    if (error instanceof Damage) {
      return damageError(error.message, this.#path, error);
    }
    return new CheckpointError(
      `Failed to open the agent's checkpoint '${this.#path}': ${textOf(error)}`,
      options,
    );
  }

  /** Durable when it returns. Throws CheckpointError, and then none of it is stored. */
  write(writes: readonly Write[]): void {
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      for (const { statement, values } of writes) {
        this.#statement(statement).run(...values);
      }
      this.#database.prepare('UPDATE commits SET count = ?').run(this.#commits + 1);
      this.#database.exec('COMMIT');
      this.#count.write(++this.#commits);
      this.#file.check();
    } catch (error) {
      if (this.#database.isTransaction) {
        this.#database.exec('ROLLBACK');
      }
      throw new CheckpointError(`Failed to write the agent's checkpoint: ${textOf(error)}`, {
        cause: error,
      });
    }
  }

  /** Throws CheckpointError for a row that is not as it was written. */
  read(): CheckpointRows {
    try {
      return {
        values: this.#rows('single', 'name'),
        frameworks: this.#rows('frameworks', 'rowid'),
        executors: this.#rows('executors', 'rowid'),
        tasks: this.#rows('tasks', 'rowid'),
        updates: this.#rows('updates', 'number'),
      };
    } catch (error) {
      if (error instanceof Damage) {
        throw damageError(error.message, this.#path, error);
      }
      throw passing.has(resultOf(error) ?? 0)
        ? this.#explained(error)
        : damageError(`'${this.#path}' cannot be read: ${textOf(error)}`, this.#path, error);
    }
  }

  #rows(table: Table, order: string): Row[] {
    this.#passOver(damagedRows(this.#database, table, columns[table]));
    return this.#database
      .prepare(`SELECT * FROM ${table} WHERE ${isWhole(columns[table])} ORDER BY ${order}`)
      .all();
  }

  /** Puts what the log holds into the database itself, where it is out of the reach of later writes. */
  fold(): void {
    try {
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch (error) {
      // On a full disk: it is as durable where it is.
      if (!passing.has(resultOf(error) ?? 0)) {
        throw error;
      }
    }
  }

  close(): void {
    this.#database.close();
    this.#count[Symbol.dispose]();
  }

  #statement(name: keyof typeof statements): StatementSync {
    const known = this.#statements.get(name);
    if (known !== undefined) {
      return known;
    }
    const statement = this.#database.prepare(statements[name]);
    this.#statements.set(name, statement);
    return statement;
  }
}

const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size;

/** On one line: SQLite cites what it reads. */
const textOf = (error: unknown) =>
  (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ');

/** What the operator is told: what is wrong, and every way out. */
export const damageError = (what: string, path: string, cause?: unknown) =>
  new CheckpointError(
    `The agent's checkpoint cannot be trusted: ${what}. Its tasks run on. Put the right file back; or ` +
      'start with --no-strict, which goes on with what can be read and kills the tasks that are not ' +
      `among it; or, to register as a new agent, end them and remove the folder of '${path}'`,
    { cause },
  );
