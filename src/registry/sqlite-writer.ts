// The thread that owns the registry's SQLite file: it alone waits for the disk, so that the master
// never does. Requests are answered one by one, in their order.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { createFile, OpenFile, refuseEmptied } from '../filesystem/database-file.ts';
import { privateDatabase } from '../filesystem/private-file.ts';
import type { Answer, Request, RowChange, Rows } from './sqlite-protocol.ts';

/** In the header of the file, so that no other program's database is taken for a registry. */
const APPLICATION_ID = 0x4d455353;
/** Raised with every change of the tables; a file of a newer program is refused. */
const SCHEMA_VERSION = 1;

const TABLES = `
  CREATE TABLE agents (id TEXT PRIMARY KEY, info BLOB NOT NULL) STRICT;
  CREATE TABLE unreachable (id TEXT PRIMARY KEY, since_ns INTEGER NOT NULL) STRICT;
  CREATE TABLE gone (id TEXT PRIMARY KEY, since_ns INTEGER NOT NULL) STRICT;
  CREATE TABLE duties (id TEXT PRIMARY KEY, drain BLOB, deactivated INTEGER NOT NULL) STRICT;
  CREATE TABLE lists (name TEXT PRIMARY KEY) STRICT;
  CREATE TABLE list_items (
    name TEXT NOT NULL REFERENCES lists ON DELETE CASCADE,
    position INTEGER NOT NULL,
    message BLOB NOT NULL,
    PRIMARY KEY (name, position)
  ) STRICT;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

interface Statements {
  readonly dropList: StatementSync;
  readonly addList: StatementSync;
  readonly addItem: StatementSync;
  readonly putDuty: StatementSync;
  readonly deleteDuty: StatementSync;
  readonly putAgent: StatementSync;
  readonly deleteAgent: StatementSync;
  readonly putUnreachable: StatementSync;
  readonly deleteUnreachable: StatementSync;
  readonly putGone: StatementSync;
  readonly deleteGone: StatementSync;
}

const UPSERT_SINCE = 'ON CONFLICT (id) DO UPDATE SET since_ns = excluded.since_ns';

function open(file: string): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true });
  refuseEmptied(file);
  createFile(file, (path) => {
    privateDatabase(path);
    const fresh = new DatabaseSync(path);
    try {
      fresh.exec(`PRAGMA synchronous = FULL; BEGIN; ${TABLES}; COMMIT`);
    } finally {
      fresh.close();
    }
  });
  privateDatabase(file);
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    // One owner for as long as it runs: a second master on the same file must not start.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
    database.exec('BEGIN EXCLUSIVE');
    checkTables(database, file);
    database.exec('COMMIT');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function checkTables(database: DatabaseSync, file: string): void {
  const one = (sql: string) => Object.values(database.prepare(sql).get() ?? {})[0];
  if (one('PRAGMA application_id') !== APPLICATION_ID) {
    throw new Error(`${file} is a database, but no registry of a master`);
  }
  const version = Number(one('PRAGMA user_version'));
  if (version > SCHEMA_VERSION) {
    throw new Error(
      `${file} was written by a newer version (schema ${version}, this one knows ${SCHEMA_VERSION})`,
    );
  }
  const health = one('PRAGMA quick_check(1)');
  if (health !== 'ok') {
    throw new Error(`${file} is damaged: ${health}`);
  }
}

function prepare(database: DatabaseSync): Statements {
  return {
    dropList: database.prepare('DELETE FROM lists WHERE name = ?'),
    addList: database.prepare('INSERT INTO lists VALUES (?)'),
    addItem: database.prepare('INSERT INTO list_items VALUES (?, ?, ?)'),
    putDuty: database.prepare('INSERT OR REPLACE INTO duties VALUES (?, ?, ?)'),
    deleteDuty: database.prepare('DELETE FROM duties WHERE id = ?'),
    putAgent: database.prepare(
      'INSERT INTO agents VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET info = excluded.info',
    ),
    deleteAgent: database.prepare('DELETE FROM agents WHERE id = ?'),
    putUnreachable: database.prepare(`INSERT INTO unreachable VALUES (?, ?) ${UPSERT_SINCE}`),
    deleteUnreachable: database.prepare('DELETE FROM unreachable WHERE id = ?'),
    putGone: database.prepare(`INSERT INTO gone VALUES (?, ?) ${UPSERT_SINCE}`),
    deleteGone: database.prepare('DELETE FROM gone WHERE id = ?'),
  };
}

function write(statements: Statements, change: RowChange): void {
  switch (change.op) {
    case 'putList':
      statements.dropList.run(change.name);
      statements.addList.run(change.name);
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

function serve(port: MessagePort, file: string): void {
  const answer = (message: Answer) => port.postMessage(message);
  const failed = (error: unknown) => answer({ type: 'failed', message: explain(error, file) });
  let database: DatabaseSync;
  let statements: Statements;
  let openFile: OpenFile;
  try {
    database = open(file);
    statements = prepare(database);
    openFile = new OpenFile(file);
  } catch (error) {
    failed(error);
    port.close();
    return;
  }
  answer({ type: 'opened' });
  port.on('message', (request: Request) => {
    try {
      switch (request.type) {
        case 'read':
          answer({ type: 'rows', rows: read(database) });
          return;
        case 'write':
          writeAll(database, statements, request.changes);
          openFile.check();
          answer({ type: 'written' });
          return;
        case 'close':
          database.close();
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

function writeAll(
  database: DatabaseSync,
  statements: Statements,
  changes: readonly RowChange[],
): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const change of changes) {
      write(statements, change);
    }
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) {
      database.exec('ROLLBACK');
    }
    throw error;
  }
}

/** SQLite's primary result codes that an operator can do something about. */
const BUSY = 5;
const CORRUPT = 11;
const FULL = 13;
const NOT_A_DATABASE = 26;

function explain(error: unknown, file: string): string {
  const { message, errcode = 0 } = error as Error & { errcode?: number };
  switch (errcode & 0xff) {
    case BUSY:
      return `${file} is in use by another master`;
    case CORRUPT:
    case NOT_A_DATABASE:
      return `${file} is damaged: ${message}`;
    case FULL:
      return `${file} cannot be written: the disk is full`;
    default:
      return errcode === 0 ? message : `${file} cannot be used: ${message}`;
  }
}

if (parentPort !== null) {
  serve(parentPort, (workerData as { file: string }).file);
}
