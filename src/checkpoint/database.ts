// The agent's checkpoint on disk: one SQLite file, changed in transactions, read once at start.
//
// Rows hold messages as bytes; fields that queries use have columns of their own. The rows of a run
// are deleted when it has completed, so the file holds no more than what the agent is still
// responsible for.
import { renameSync, statSync } from 'node:fs';
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { GuardedDatabase, textOf } from '../filesystem/guarded-database.ts';
import {
  Damage,
  damagedRows,
  insertion,
  isWhole,
  one,
  rebuild,
  resultOf,
  upsertion,
} from '../filesystem/summed-rows.ts';

/** A statement with its values. Every checkpoint change is a list of these. */
export interface Write {
  readonly statement: keyof typeof statements;
  readonly values: readonly SQLInputValue[];
}

export type Row = Readonly<Record<string, SQLInputValue>>;

/** All rows, by table, each table in the order of writing. */
export interface CheckpointRows {
  readonly values: readonly Row[];
  readonly frameworks: readonly Row[];
  readonly executors: readonly Row[];
  readonly tasks: readonly Row[];
  readonly updates: readonly Row[];
}

export class CheckpointError extends Error {
  readonly code = 'MESOSCALE_CHECKPOINT';
  /** Whether a retry may work: the disk was full, or did not answer. */
  readonly isPassing: boolean;

  constructor(text: string, options: ErrorOptions = {}) {
    super(text, options);
    this.isPassing = PASSING.has(resultOf(options.cause) ?? 0);
  }
}

// Result codes of SQLite.
const BUSY = 5;
const PASSING = new Set([BUSY, 7 /* no memory */, 10 /* I/O error */, 13 /* full */]);

// Versions differ in more than one bit, so that a damaged version is not taken for another one.
const VERSION = 4;
// An agent that is ending may hold the file for a moment longer.
const PATIENCE_MS = 5_000;

// Executors, tasks and updates belong to a run, that is to a container. A file's tables are
// compared with this text: when it changes, VERSION must change.
const SCHEMA = `
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

const COLUMNS = {
  single: ['name', 'bytes'],
  frameworks: ['id', 'info'],
  executors: ['container', 'framework', 'builtin', 'info'],
  tasks: ['container', 'id', 'info'],
  updates: ['number', 'container', 'task', 'uuid', 'bytes', 'acknowledged'],
} as const;

/** The second version: its updates had no column `acknowledged`. (The first had no sums.) */
const SECOND_COLUMNS = { ...COLUMNS, updates: ['container', 'task', 'uuid', 'bytes'] } as const;

type Table = keyof typeof COLUMNS;

// Rows whose run is gone: an earlier agent wrote them while it was ending a run that it had already
// deleted.
const STRAYS = `
  SELECT 1 FROM tasks WHERE container NOT IN (SELECT container FROM executors) UNION ALL
  SELECT 1 FROM updates WHERE container NOT IN (SELECT container FROM executors)
`;
const TIDYING = `
  DELETE FROM tasks WHERE container NOT IN (SELECT container FROM executors);
  DELETE FROM updates WHERE container NOT IN (SELECT container FROM executors);
`;

/** Replaces a row; the new one comes last in the order of the table. */
const replacing = (statement: string) => statement.replace('INSERT', 'INSERT OR REPLACE');

const statements = {
  set: upsertion('single', COLUMNS.single),
  unset: 'DELETE FROM single WHERE name = ?',
  forgetOperations: `DELETE FROM single WHERE name GLOB 'operation/*'`,
  framework: upsertion('frameworks', COLUMNS.frameworks),
  removeFramework: 'DELETE FROM frameworks WHERE id = ?',
  executor: replacing(insertion('executors', COLUMNS.executors)),
  removeExecutor: 'DELETE FROM executors WHERE container = ?',
  removeExecutors: 'DELETE FROM executors WHERE framework = ?',
  task: replacing(insertion('tasks', COLUMNS.tasks)),
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
  slim: `UPDATE updates SET bytes = ?4,
    sum = row_sum(number, container, task, uuid, ?4, acknowledged)
    WHERE container = ?1 AND task = ?2 AND uuid = ?3`,
  removeUpdate: 'DELETE FROM updates WHERE container = ? AND task = ? AND uuid = ?',
  removeUpdates: 'DELETE FROM updates WHERE container = ? AND task = ?',
  removeRunsUpdates: 'DELETE FROM updates WHERE container = ?',
  forgetFrameworks: 'DELETE FROM frameworks',
  forgetExecutors: 'DELETE FROM executors',
  forgetTasks: 'DELETE FROM tasks',
  forgetUpdates: 'DELETE FROM updates',
  removeFrameworksUpdates: `DELETE FROM updates WHERE container IN
    (SELECT container FROM executors WHERE framework = ?)`,
} as const;

export interface DatabaseOptions {
  /** How long to wait for an earlier agent that is ending. */
  readonly patienceMs?: number | undefined;
  /**
   * Whether damage is an error. Otherwise intact rows are read and damaged ones ignored, and a file
   * that cannot be read is moved aside.
   */
  readonly isStrict?: boolean | undefined;
  /** Whether there are records of runs, which only an agent with a checkpoint can have made. */
  readonly hasRuns?: boolean | undefined;
}

export class CheckpointDatabase {
  /** The damage that was ignored. */
  readonly damages: string[] = [];
  readonly #path: string;
  readonly #isStrict: boolean;
  readonly #guarded: GuardedDatabase;
  readonly #statements = new Map<string, StatementSync>();

  /**
   * Locks the file until it is closed: a second agent in the same work directory would take the
   * containers of the first for orphans. Throws CheckpointError for a file that is in use, damaged,
   * missing, or of a later version.
   */
  constructor(path: string, options: DatabaseOptions = {}) {
    this.#path = path;
    this.#isStrict = options.isStrict ?? true;
    const patience = options.patienceMs ?? PATIENCE_MS;
    try {
      this.#guarded = this.#open(options.hasRuns ?? false, patience);
    } catch (error) {
      if (this.#isStrict || !(error instanceof Damage)) {
        throw this.#explained(error);
      }
      const suffix = `.damaged-${Date.now()}`;
      this.damages.push(`${error.message}. It is moved aside, to ${path}${suffix}`);
      this.#setAside(suffix);
      this.#guarded = this.#open(false, patience);
    }
  }

  /** Why transactions may be missing that nothing tells of; undefined where that cannot be. */
  get doubt(): string | undefined {
    return this.#guarded.doubt;
  }

  #open(isExpected: boolean, patience: number): GuardedDatabase {
    const name = `'${this.#path}'`;
    return new GuardedDatabase({
      path: this.#path,
      name,
      patienceMs: patience,
      schema: SCHEMA,
      header: `PRAGMA user_version = ${VERSION};`,
      prepare: (database) => this.#prepare(database, this.#checkVersion(database)),
      isExpected,
      missing: () => new Damage(`${name} is missing, and an agent has written to it before`),
      lacks: (what, countPath) =>
        this.#passOver([`${what}. Where what is there is right, remove ${countPath}`]),
    });
  }

  #checkVersion(database: DatabaseSync): number {
    const found = Number(one(database, 'PRAGMA user_version'));
    if (found > VERSION) {
      throw new Error(
        `it was written by a later version (${found}) of this program, or is damaged. Start that ` +
          'version, or put the right file back',
      );
    }
    const isNew = found === 0 && one(database, 'SELECT count(*) FROM sqlite_schema') === 0;
    if (!isNew && ![1, 2, VERSION].includes(found)) {
      throw new Damage(`'${this.#path}' is damaged: it does not tell its version`);
    }
    return found;
  }

  /** Writes only what is missing, so that an agent can start on a full disk. */
  #prepare(database: DatabaseSync, found: number): void {
    if (found === 2) {
      for (const [table, names] of Object.entries(SECOND_COLUMNS)) {
        this.#passOver(this.#damagedRows(database, table, names));
        database.exec(`DELETE FROM ${table} WHERE NOT ${isWhole(names)}`);
      }
    }
    if (found === 0) {
      database.exec(SCHEMA);
    } else if (found < VERSION) {
      rebuild(database, COLUMNS, SCHEMA);
    }
    if (found !== VERSION) {
      database.exec(`PRAGMA user_version = ${VERSION}`);
    }
    if (one(database, `SELECT EXISTS (${STRAYS})`) === 1) {
      database.exec(TIDYING);
    }
  }

  /** Throws Damage if damage is an error; otherwise notes it in `damages`. */
  #passOver(damages: readonly string[]): void {
    for (const damage of damages) {
      if (this.#isStrict) {
        throw new Damage(damage);
      }
      this.damages.push(damage);
    }
  }

  #damagedRows(database: DatabaseSync, table: string, names: readonly string[]): string[] {
    return damagedRows(database, table, names).map(
      (damage) => `'${this.#path}' is damaged: ${damage}`,
    );
  }

  #setAside(suffix: string): void {
    for (const end of ['', '-wal', '.commits']) {
      const file = `${this.#path}${end}`;
      if (statSync(file, { throwIfNoEntry: false }) !== undefined) {
        renameSync(file, `${file}${suffix}`);
      }
    }
  }

  #explained(error: unknown): CheckpointError {
    const options = { cause: error };
    if (resultOf(error) === BUSY) {
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

  /**
   * The writes are durable when it returns. Throws CheckpointError, and then none of them is
   * stored.
   */
  write(writes: readonly Write[]): void {
    try {
      this.#guarded.commit(() => {
        for (const { statement, values } of writes) {
          this.#statement(statement).run(...values);
        }
      });
    } catch (error) {
      throw new CheckpointError(`Failed to write the agent's checkpoint: ${textOf(error)}`, {
        cause: error,
      });
    }
  }

  /** Throws CheckpointError where a row is damaged. */
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
      throw PASSING.has(resultOf(error) ?? 0)
        ? this.#explained(error)
        : damageError(`'${this.#path}' cannot be read: ${textOf(error)}`, this.#path, error);
    }
  }

  #rows(table: Table, order: string): Row[] {
    const { database } = this.#guarded;
    this.#passOver(this.#damagedRows(database, table, COLUMNS[table]));
    return database
      .prepare(`SELECT * FROM ${table} WHERE ${isWhole(COLUMNS[table])} ORDER BY ${order}`)
      .all();
  }

  /** Moves the write-ahead log into the database, where later writes cannot damage it. */
  fold(): void {
    try {
      this.#guarded.fold();
    } catch (error) {
      // On a full disk the log stays, which is just as durable.
      if (!PASSING.has(resultOf(error) ?? 0)) {
        throw error;
      }
    }
  }

  close(): void {
    this.#guarded.close();
  }

  #statement(name: keyof typeof statements): StatementSync {
    const known = this.#statements.get(name);
    if (known !== undefined) {
      return known;
    }
    const statement = this.#guarded.database.prepare(statements[name]);
    this.#statements.set(name, statement);
    return statement;
  }
}

/** The error for the operator: what is damaged, and all ways to go on. */
export const damageError = (what: string, path: string, cause?: unknown) =>
  new CheckpointError(
    `The agent's checkpoint cannot be trusted: ${what}. Its tasks run on. Put the right file back; or ` +
      'start with --no-strict, which goes on with what can be read and kills the tasks that are not ' +
      `among it; or, to register as a new agent, end them and remove the folder of '${path}'`,
    { cause },
  );
