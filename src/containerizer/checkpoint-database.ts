// The agent's memory on disk: one SQLite file, changed in transactions, read once at start.
//
// Rows hold messages as bytes; what is looked for has columns of its own. A run's rows go when the
// run has completed, so that the file stays as small as what the agent is still answerable for.
import { renameSync, statSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { createFile, OpenFile } from '../filesystem/database-file.ts';
import { privateDatabase } from '../filesystem/private-file.ts';
import { CommitCount } from './commit-count.ts';

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
const damaging = new Set([1 /* no such table */, 11 /* corrupt */, 26 /* not a database */]);

/** Without the details, which are in the higher bits. */
const resultOf = (error: unknown) =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : undefined;

const version = 2;
// An agent that is just ending still holds its file for a moment.
const patienceMs = 5_000;

// executors, tasks and updates belong to a run, that is to a container. Each row has the sum of what it
// was given (see sumOf): SQLite itself does not notice a bit that changes within a value.
const schema = `
  CREATE TABLE IF NOT EXISTS single (
    name TEXT PRIMARY KEY, bytes BLOB NOT NULL, sum INTEGER
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS frameworks (id TEXT PRIMARY KEY, info BLOB NOT NULL, sum INTEGER);
  CREATE TABLE IF NOT EXISTS executors (
    container TEXT PRIMARY KEY, framework TEXT NOT NULL, builtin TEXT, info BLOB NOT NULL,
    sum INTEGER
  );
  CREATE TABLE IF NOT EXISTS tasks (
    container TEXT NOT NULL, id TEXT NOT NULL, info BLOB NOT NULL, sum INTEGER,
    PRIMARY KEY (container, id)
  );
  CREATE TABLE IF NOT EXISTS updates (
    number INTEGER PRIMARY KEY, container TEXT NOT NULL, task TEXT NOT NULL, uuid BLOB,
    bytes BLOB NOT NULL, acknowledged INTEGER NOT NULL DEFAULT 0, sum INTEGER
  );
  CREATE INDEX IF NOT EXISTS updates_of_tasks ON updates (container, task);
  CREATE INDEX IF NOT EXISTS executors_of_frameworks ON executors (framework);
  CREATE TABLE IF NOT EXISTS commits (count INTEGER NOT NULL);
  INSERT INTO commits SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM commits);
`;

/** What the sum of a row is made of, in the order in which it is given. */
const columns = {
  single: ['name', 'bytes'],
  frameworks: ['id', 'info'],
  executors: ['container', 'framework', 'builtin', 'info'],
  tasks: ['container', 'id', 'info'],
  updates: ['container', 'task', 'uuid', 'bytes'],
} as const;

type Table = keyof typeof columns;

const tables = Object.keys(columns) as Table[];

/** The rows of the first version have no sum yet. */
const addSums = tables.map((table) => `ALTER TABLE ${table} ADD COLUMN sum INTEGER;`).join('');

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
  set: `INSERT INTO single VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET bytes = excluded.bytes, sum = excluded.sum`,
  unset: 'DELETE FROM single WHERE name = ?',
  framework: `INSERT INTO frameworks VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET info = excluded.info, sum = excluded.sum`,
  removeFramework: 'DELETE FROM frameworks WHERE id = ?',
  executor: 'INSERT OR REPLACE INTO executors VALUES (?, ?, ?, ?, ?)',
  removeExecutor: 'DELETE FROM executors WHERE container = ?',
  removeExecutors: 'DELETE FROM executors WHERE framework = ?',
  task: 'INSERT OR REPLACE INTO tasks VALUES (?, ?, ?, ?)',
  removeTask: 'DELETE FROM tasks WHERE container = ? AND id = ?',
  removeTasks: 'DELETE FROM tasks WHERE container = ?',
  removeFrameworksTasks: `DELETE FROM tasks WHERE container IN
    (SELECT container FROM executors WHERE framework = ?)`,
  update: 'INSERT INTO updates (container, task, uuid, bytes, sum) VALUES (?, ?, ?, ?, ?)',
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

/** Those that make a row, and are given its sum besides. */
const summed: ReadonlySet<string> = new Set(['set', 'framework', 'executor', 'task', 'update']);

/** A change of any bit of any value changes it. */
function sumOf(values: readonly SQLInputValue[]): number {
  return values.reduce<number>((sum, value) => {
    const bytes = ArrayBuffer.isView(value)
      ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      : String(value);
    return crc32(`${bytes.length} `, crc32(bytes, sum));
  }, 0);
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

/** A file, or something in it, is not as it was written. */
class Damage extends Error {}

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
      this.#check(database);
      database.exec('BEGIN EXCLUSIVE');
      prepare(database);
      database.exec('COMMIT');
      this.#commits = Number(one(database, 'SELECT count FROM commits'));
      this.#compareCount();
      return database;
    } catch (error) {
      database.close();
      if (damaging.has(resultOf(error) ?? 0)) {
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

  #check(database: DatabaseSync): void {
    const found = Number(one(database, 'PRAGMA user_version'));
    if (found > version) {
      throw new Error(`it was written by a later version (${found}) of this program`);
    }
    const hasTables = one(database, 'SELECT EXISTS (SELECT 1 FROM sqlite_master)') === 1;
    if (found === 0 && hasTables) {
      throw new Damage(`'${this.#path}' is damaged: it does not tell its version`);
    }
    const result = one(database, 'PRAGMA integrity_check(1)');
    if (result !== 'ok') {
      throw new Damage(`'${this.#path}' is damaged: ${String(result).replace(/\s+/g, ' ')}`);
    }
  }

  #compareCount(): void {
    const noted = this.#count.read();
    if (noted === 'damaged') {
      this.damages.push(`'${this.#count.path}' is damaged; it is made anew`);
    } else if (noted !== undefined && noted > this.#commits) {
      const what =
        `'${this.#path}' lacks the last ${noted - this.#commits} of its ${noted} transactions: it, or ` +
        `'${this.#path}-wal' beside it, is damaged or an older one`;
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
        const sum = summed.has(statement) ? [sumOf(values)] : [];
        this.#statement(statement).run(...values, ...sum);
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
    return {
      values: this.#rows('single', 'name'),
      frameworks: this.#rows('frameworks', 'rowid'),
      executors: this.#rows('executors', 'rowid'),
      tasks: this.#rows('tasks', 'rowid'),
      updates: this.#rows('updates', 'number'),
    };
  }

  #rows(table: Table, order: string): Row[] {
    const rows = this.#database.prepare(`SELECT * FROM ${table} ORDER BY ${order}`).all() as Row[];
    return rows.filter((row) => {
      const isWhole = row.sum === sumOf(columns[table].map((column) => row[column] ?? null));
      if (!isWhole) {
        const [key] = columns[table];
        const what =
          `'${this.#path}' is damaged: in table ${table}, the row with ${key} '${String(row[key])}' is ` +
          'not as it was written';
        if (this.#isStrict) {
          throw damageError(what, this.#path);
        }
        this.damages.push(what);
      }
      return isWhole;
    });
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

/** Writes only what is missing, so that an agent can start on a disk that is full. */
function prepare(database: DatabaseSync): void {
  const found = one(database, 'PRAGMA user_version');
  if (found === 1) {
    database.exec(addSums);
    for (const table of tables) {
      sumUp(database, table);
    }
  }
  if (found !== version) {
    database.exec(`${schema}; PRAGMA user_version = ${version}`);
  }
  if (one(database, `SELECT EXISTS (${strays})`) === 1) {
    database.exec(tidying);
  }
}

function sumUp(database: DatabaseSync, table: Table): void {
  const [key] = table === 'single' ? (['name'] as const) : (['rowid'] as const);
  const rows = database.prepare(`SELECT ${key} AS row_key, * FROM ${table}`).all() as Row[];
  const set = database.prepare(`UPDATE ${table} SET sum = ? WHERE ${key} = ?`);
  for (const row of rows) {
    set.run(sumOf(columns[table].map((column) => row[column] ?? null)), row.row_key ?? null);
  }
}

const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size;

/** The one value that a query gives. */
function one(database: DatabaseSync, sql: string): unknown {
  return Object.values(database.prepare(sql).get() ?? {})[0];
}

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** What the operator is told: what is wrong, and every way out. */
export const damageError = (what: string, path: string, cause?: unknown) =>
  new CheckpointError(
    `The agent's checkpoint cannot be trusted: ${what}. Its tasks run on. Put the right file back; or ` +
      'start with --no-strict, which goes on with what can be read and kills the tasks that are not ' +
      `among it; or, to register as a new agent, end them and remove the folder of '${path}'`,
    { cause },
  );
