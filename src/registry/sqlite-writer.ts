// The thread that owns the registry's SQLite file and waits for the disk in place of the master. It
// answers requests one by one, in their order.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { GuardedDatabase, textOf } from '../filesystem/guarded-database.ts';
import { lockHolder } from '../filesystem/lock-holder.ts';
import { isFullFor } from '../filesystem/room.ts';
import {
  Damage,
  damagedRows,
  insertion,
  isDamage,
  one,
  rebuild,
  resultOf,
  upsertion,
} from '../filesystem/summed-rows.ts';
import type { RowChange, Rows } from './registry-rows.ts';
import { type Answer, type Request, SCHEMA_VERSION, type SqliteChange } from './sqlite-protocol.ts';

/** Written in the file's header, so that no other program's database is taken for a registry. */
const APPLICATION_ID = 0x4d455353;
/** A file's tables are compared with this text: when it changes, SCHEMA_VERSION must change. */
const TABLES = `
  CREATE TABLE agents (id TEXT PRIMARY KEY, info BLOB NOT NULL, sum INTEGER NOT NULL) STRICT;
  CREATE TABLE unreachable (
    id TEXT PRIMARY KEY, since_ns INTEGER NOT NULL, sum INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE gone (
    id TEXT PRIMARY KEY, since_ns INTEGER NOT NULL, sum INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE duties (
    id TEXT PRIMARY KEY, drain BLOB, deactivated INTEGER NOT NULL, sum INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE lists (name TEXT PRIMARY KEY, sum INTEGER NOT NULL) STRICT;
  CREATE TABLE list_items (
    name TEXT NOT NULL,
    position INTEGER NOT NULL,
    message BLOB NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (name, position)
  ) STRICT;
  CREATE TABLE commits (count INTEGER NOT NULL) STRICT;
  INSERT INTO commits VALUES (0);
`;

const COLUMNS = {
  agents: ['id', 'info'],
  unreachable: ['id', 'since_ns'],
  gone: ['id', 'since_ns'],
  duties: ['id', 'drain', 'deactivated'],
  lists: ['name'],
  list_items: ['name', 'position', 'message'],
} as const;

const STATEMENTS = {
  dropItems: 'DELETE FROM list_items WHERE name = ?',
  putList: upsertion('lists', COLUMNS.lists),
  addItem: insertion('list_items', COLUMNS.list_items),
  putDuty: upsertion('duties', COLUMNS.duties),
  deleteDuty: 'DELETE FROM duties WHERE id = ?',
  putAgent: upsertion('agents', COLUMNS.agents),
  deleteAgent: 'DELETE FROM agents WHERE id = ?',
  putUnreachable: upsertion('unreachable', COLUMNS.unreachable),
  deleteUnreachable: 'DELETE FROM unreachable WHERE id = ?',
  putGone: upsertion('gone', COLUMNS.gone),
  deleteGone: 'DELETE FROM gone WHERE id = ?',
} as const;

type Statements = Readonly<Record<keyof typeof STATEMENTS, StatementSync>>;

function open(file: string): GuardedDatabase {
  mkdirSync(dirname(file), { recursive: true });
  return new GuardedDatabase({
    path: file,
    name: file,
    patienceMs: 0,
    schema: TABLES,
    header: `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION};`,
    prepare: (database) => checkTables(database, file),
    missing: (why) =>
      new Damage(
        `${file} is missing, but ${why} is there, so a master has written to it before: put it back, or ` +
          `remove ${why}, too`,
      ),
    lacks: (what, countPath) => {
      throw new Damage(
        `${what}. Put the right files back; or, to go on with what is there, remove ${countPath}`,
      );
    },
  });
}

/** Checks the tables, and converts those of an earlier version to the present form. */
function checkTables(database: DatabaseSync, file: string): void {
  if (one(database, 'PRAGMA application_id') !== APPLICATION_ID) {
    throw new Error(`${file} is a database, but no registry of a master`);
  }
  const version = Number(one(database, 'PRAGMA user_version'));
  if (version > SCHEMA_VERSION) {
    throw new Error(
      `${file} was written by a newer version (schema ${version}, this one knows ` +
        `${SCHEMA_VERSION}), or is damaged`,
    );
  }
  if (version === 1) {
    rebuild(database, COLUMNS, `${TABLES} PRAGMA user_version = ${SCHEMA_VERSION}`);
  } else if (version !== SCHEMA_VERSION) {
    throw new Damage(`${file} is damaged: it does not tell its version`);
  }
  const all = Object.entries(COLUMNS)
    .flatMap(([table, columns]) => damagedRows(database, table, columns))
    .map((damage) => `${file} is damaged: ${damage}`);
  const [first] = all;
  if (first !== undefined) {
    throw new Damage(first, { all });
  }
}

const prepare = (database: DatabaseSync) =>
  Object.fromEntries(
    Object.entries(STATEMENTS).map(([name, sql]) => [name, database.prepare(sql)]),
  ) as Statements;

function write(statements: Statements, change: RowChange): void {
  switch (change.op) {
    case 'putList':
      statements.dropItems.run(change.name);
      statements.putList.run(change.name);
      for (const [position, message] of change.messages.entries()) {
        statements.addItem.run(change.name, position, message);
      }
      return;
    case 'putDuty':
      statements.putDuty.run(change.id, change.drain, change.deactivated ? 1 : 0);
      return;
    case 'deleteDuty':
      statements.deleteDuty.run(change.id);
      return;
    case 'putAgent':
      statements.putAgent.run(change.id, change.bytes);
      statements.deleteUnreachable.run(change.id);
      return;
    case 'deleteAgent':
      statements.deleteAgent.run(change.id);
      statements.deleteDuty.run(change.id);
      return;
    case 'putUnreachable':
      statements.deleteAgent.run(change.id);
      statements.putUnreachable.run(change.id, change.sinceNs);
      return;
    case 'putGone':
      statements.deleteAgent.run(change.id);
      statements.deleteUnreachable.run(change.id);
      statements.deleteDuty.run(change.id);
      statements.putGone.run(change.id, change.sinceNs);
      return;
    case 'forget':
      statements.deleteUnreachable.run(change.id);
      statements.deleteGone.run(change.id);
      statements.deleteDuty.run(change.id);
      return;
    default:
      change satisfies never;
  }
}

function clear(database: DatabaseSync): void {
  for (const table of Object.keys(COLUMNS)) {
    database.exec(`DELETE FROM ${table}`);
  }
}

function read(database: DatabaseSync): Rows {
  const since = (table: string) => {
    const statement = database.prepare(`SELECT id, since_ns FROM ${table} ORDER BY rowid`);
    statement.setReadBigInts(true);
    return statement.all().map((row) => ({ id: String(row.id), sinceNs: row.since_ns as bigint }));
  };
  return {
    agents: database
      .prepare('SELECT info FROM agents ORDER BY rowid')
      .all()
      .map((row) => row.info as Uint8Array),
    unreachable: since('unreachable'),
    gone: since('gone'),
    duties: database
      .prepare('SELECT id, drain, deactivated FROM duties ORDER BY rowid')
      .all()
      .map((row) => ({
        id: String(row.id),
        drain: row.drain as Uint8Array | null,
        deactivated: row.deactivated === 1,
      })),
    lists: lists(database),
  };
}

function lists(database: DatabaseSync): Rows['lists'] {
  const items = database.prepare('SELECT message FROM list_items WHERE name = ? ORDER BY position');
  return Object.fromEntries(
    database
      .prepare('SELECT name FROM lists')
      .all()
      .map(({ name }) => [
        String(name),
        items.all(String(name)).map(({ message }) => message as Uint8Array),
      ]),
  );
}

/** The write-ahead log is folded into the database after this long without a write. */
const REST_MS = 1_000;
/**
 * How often the writer checks that the file is still there under its name. A master whose registry
 * is gone must not go on as if it had one, even while there is nothing to write. Two system calls a
 * second cost nothing here, in the thread that waits for the disk anyway. Watching the folder
 * (inotify) would report every write to the log, would miss what another machine does on a network
 * file system, and would take one of the few watches that a user has.
 */
const LOOK_MS = 1_000;

class Writer {
  readonly #guarded: GuardedDatabase;
  readonly #statements: Statements;
  readonly #rest = setTimeout(() => this.#fold(), REST_MS).unref();

  constructor(file: string) {
    this.#guarded = open(file);
    this.#statements = prepare(this.#guarded.database);
  }

  get doubt(): string | undefined {
    return this.#guarded.doubt;
  }

  read(): Rows {
    return read(this.#guarded.database);
  }

  /** The changes are durable when it returns. Where it throws, none of them can be relied on. */
  write(changes: readonly SqliteChange[]): void {
    this.#guarded.commit(() => {
      for (const change of changes) {
        change.op === 'clear' ? clear(this.#guarded.database) : write(this.#statements, change);
      }
    });
    this.#rest.refresh();
  }

  check(): void {
    this.#guarded.check();
  }

  close(): void {
    clearTimeout(this.#rest);
    this.#guarded.close();
  }

  #fold(): void {
    try {
      this.#guarded.fold();
    } catch {
      // The changes are durable as they are; the next write reports what is wrong with the file.
    }
  }
}

function serve(port: MessagePort, file: string): void {
  const answer = (message: Answer) => port.postMessage(message);
  const failed = (error: unknown) => {
    const damage = error instanceof Damage ? error.all : undefined;
    answer({ type: 'failed', message: explain(error, file), damage });
  };
  let writer: Writer;
  try {
    writer = new Writer(file);
  } catch (error) {
    failed(error);
    port.close();
    return;
  }
  answer({ type: 'opened', doubt: writer.doubt });
  const looking = setInterval(() => {
    try {
      writer.check();
    } catch (error) {
      clearInterval(looking);
      answer({ type: 'lost', message: explain(error, file) });
    }
  }, LOOK_MS).unref();
  port.on('message', (request: Request) => {
    try {
      switch (request.type) {
        case 'read':
          answer({ type: 'rows', rows: writer.read() });
          return;
        case 'write':
          answer(written(writer, request.changes, file));
          return;
        case 'close':
          clearInterval(looking);
          writer.close();
          answer({ type: 'closed' });
          port.close();
          return;
        default:
          request satisfies never;
      }
    } catch (error) {
      failed(error);
    }
  });
}

function written(writer: Writer, changes: readonly SqliteChange[], file: string): Answer {
  try {
    writer.write(changes);
    return { type: 'written' };
  } catch (error) {
    if (isFullFor(file, error)) {
      return { type: 'full', message: explain(error, file) };
    }
    throw error;
  }
}

/** SQLite's result code for a file that another process has open. */
const BUSY = 5;

function explain(error: unknown, file: string): string {
  const message = textOf(error);
  const code = resultOf(error);
  if (isDamage(error) && !(error instanceof Damage)) {
    return `${file} is damaged: ${message}`;
  }
  if (code === BUSY) {
    return `${file} is in use by another master (${lockHolder(file)})`;
  }
  if (isFullFor(file, error)) {
    return `${file} cannot be written: the disk is full`;
  }
  return code === undefined ? message : `${file} cannot be used: ${message}`;
}

if (parentPort !== null) {
  serve(parentPort, (workerData as { file: string }).file);
}
