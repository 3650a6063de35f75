// The agent's memory on disk: one SQLite file, changed in transactions, read once at start.
//
// Rows hold messages as bytes; what is looked for has columns of its own. A run's rows go when the
// run has completed, so that the file stays as small as what the agent is still answerable for.
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { createFile, OpenFile, refuseEmptied } from '../filesystem/database-file.ts';
import { privateDatabase } from '../filesystem/private-file.ts';

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

/** Without the details, which are in the higher bits. */
const resultOf = (error: unknown) =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : undefined;

const version = 1;
// An agent that is just ending still holds its file for a moment.
const patienceMs = 5_000;

// executors, tasks and updates belong to a run, that is to a container.
const schema = `
  CREATE TABLE IF NOT EXISTS single (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS frameworks (id TEXT PRIMARY KEY, info BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS executors (
    container TEXT PRIMARY KEY, framework TEXT NOT NULL, builtin TEXT, info BLOB NOT NULL
  );
  CREATE TABLE IF NOT EXISTS tasks (
    container TEXT NOT NULL, id TEXT NOT NULL, info BLOB NOT NULL, PRIMARY KEY (container, id)
  );
  CREATE TABLE IF NOT EXISTS updates (
    number INTEGER PRIMARY KEY, container TEXT NOT NULL, task TEXT NOT NULL, uuid BLOB,
    bytes BLOB NOT NULL, acknowledged INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX IF NOT EXISTS updates_of_tasks ON updates (container, task);
  CREATE INDEX IF NOT EXISTS executors_of_frameworks ON executors (framework);
`;

// Written by an agent that had forgotten the run they belong to, and was still ending it.
const strays = `
  SELECT 1 FROM tasks WHERE container NOT IN (SELECT container FROM executors) UNION ALL
  SELECT 1 FROM updates WHERE container NOT IN (SELECT container FROM executors)
`;
const tidying = `
  DELETE FROM tasks WHERE container NOT IN (SELECT container FROM executors);
  DELETE FROM updates WHERE container NOT IN (SELECT container FROM executors);
`;

const statements = {
  set: 'INSERT INTO single VALUES (?, ?) ON CONFLICT DO UPDATE SET bytes = excluded.bytes',
  unset: 'DELETE FROM single WHERE name = ?',
  framework: 'INSERT INTO frameworks VALUES (?, ?) ON CONFLICT DO UPDATE SET info = excluded.info',
  removeFramework: 'DELETE FROM frameworks WHERE id = ?',
  executor: 'INSERT OR REPLACE INTO executors VALUES (?, ?, ?, ?)',
  removeExecutor: 'DELETE FROM executors WHERE container = ?',
  removeExecutors: 'DELETE FROM executors WHERE framework = ?',
  task: 'INSERT OR REPLACE INTO tasks VALUES (?, ?, ?)',
  removeTask: 'DELETE FROM tasks WHERE container = ? AND id = ?',
  removeTasks: 'DELETE FROM tasks WHERE container = ?',
  removeFrameworksTasks: `DELETE FROM tasks WHERE container IN
    (SELECT container FROM executors WHERE framework = ?)`,
  update: 'INSERT INTO updates (container, task, uuid, bytes) VALUES (?, ?, ?, ?)',
  acknowledge: `UPDATE updates SET acknowledged = 1
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
      `PRAGMA synchronous = FULL; BEGIN; ${schema}; PRAGMA user_version = ${version}; COMMIT`,
    );
  } finally {
    database.close();
  }
}

export class CheckpointDatabase {
  readonly #database: DatabaseSync;
  readonly #file: OpenFile;
  readonly #statements = new Map<string, StatementSync>();

  /**
   * Holds the file until it is closed: a second agent in the same work directory would take the
   * first one's containers for orphans. Throws CheckpointError for a file that is in use, damaged,
   * or written by a later version.
   */
  constructor(path: string, patience = patienceMs) {
    try {
      refuseEmptied(path);
      createFile(path, makeDatabase);
      privateDatabase(path);
      this.#database = new DatabaseSync(path, { timeout: patience });
      this.#database.exec(
        'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL',
      );
      this.#check(path);
      this.#database.exec('BEGIN EXCLUSIVE');
      this.#prepare();
      this.#database.exec('COMMIT');
      this.#file = new OpenFile(path);
    } catch (error) {
      if (resultOf(error) === busy) {
        throw new CheckpointError(`Another agent is using '${path}'`, { cause: error });
      }
      const isWhole = error instanceof Error && passing.has(resultOf(error) ?? 0);
      const what = `Failed to ${isWhole ? 'open' : 'read'} the agent's checkpoint '${path}'`;
      if (isWhole) {
        throw new CheckpointError(`${what}: ${error.message}`, { cause: error });
      }
      throw new CheckpointError(
        `${what}: ${String(error)}. To start over without ` +
          'it, and without the tasks it speaks of, remove the folder it is in',
        { cause: error },
      );
    }
  }

  /** Durable when it returns. Throws CheckpointError, and then none of it is stored. */
  write(writes: readonly Write[]): void {
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      for (const { statement, values } of writes) {
        this.#statement(statement).run(...values);
      }
      this.#database.exec('COMMIT');
      this.#file.check();
    } catch (error) {
      if (this.#database.isTransaction) {
        this.#database.exec('ROLLBACK');
      }
      const why = error instanceof Error ? error.message : String(error);
      throw new CheckpointError(`Failed to write the agent's checkpoint: ${why}`, { cause: error });
    }
  }

  read(): CheckpointRows {
    const all = (sql: string) => this.#database.prepare(sql).all() as Row[];
    return {
      values: all('SELECT * FROM single'),
      frameworks: all('SELECT * FROM frameworks ORDER BY rowid'),
      executors: all('SELECT * FROM executors ORDER BY rowid'),
      tasks: all('SELECT * FROM tasks ORDER BY rowid'),
      updates: all('SELECT * FROM updates ORDER BY number'),
    };
  }

  close(): void {
    this.#database.close();
  }

  /** Writes only what is missing, so that an agent can start on a disk that is full. */
  #prepare(): void {
    if (this.#one('PRAGMA user_version') !== version) {
      this.#database.exec(`${schema}; PRAGMA user_version = ${version}`);
    }
    if (this.#one(`SELECT EXISTS (${strays})`) === 1) {
      this.#database.exec(tidying);
    }
  }

  /** The one value that a query gives. */
  #one(sql: string): unknown {
    return Object.values(this.#database.prepare(sql).get() ?? {})[0];
  }

  #check(path: string): void {
    const found = this.#one('PRAGMA user_version');
    if (typeof found === 'number' && found > version) {
      throw new Error(`${path} was written by a later version (${found}) of this program`);
    }
    const result = this.#one('PRAGMA quick_check(1)');
    if (result !== 'ok') {
      throw new Error(String(result));
    }
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
