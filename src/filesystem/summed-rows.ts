// Detects damage that SQLite does not notice: a changed bit within a value, or within the text of a
// table. Each row has a checksum of its values in the column `sum`, and the tables are compared
// with the text that created them.
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite';
import { crc32 } from 'node:zlib';

/** A file, or something in it, is not as it was written. */
export class Damage extends Error {
  /** A message for each thing that is wrong; the error's own is about the first. */
  readonly all: readonly string[];

  constructor(message: string, { all = [message], cause }: DamageOptions = {}) {
    super(message, { cause });
    this.all = all;
  }
}

interface DamageOptions {
  readonly all?: readonly string[];
  readonly cause?: unknown;
}

/** The columns of each table without `sum`, in the order in which the sum is computed. */
export type SummedTables = Readonly<Record<string, readonly string[]>>;

/** Any changed bit of any value changes the sum. */
export function sumOf(values: readonly SQLOutputValue[]): number {
  return values.reduce<number>((sum, value) => {
    const bytes = value instanceof Uint8Array ? value : String(value);
    return crc32(`${bytes.length} `, crc32(bytes, sum));
  }, 0);
}

/** Provides the SQL function `row_sum`, which all these statements use. */
export function provideSum(database: DatabaseSync): void {
  database.function('row_sum', { varargs: true, useBigIntArguments: true }, (...values) =>
    BigInt(sumOf(values)),
  );
}

/** A statement that inserts a row with its sum. */
export function insertion(table: string, columns: readonly string[]): string {
  const values = columns.map((_, index) => `?${index + 1}`).join(', ');
  return `INSERT INTO ${table} (${columns.join(', ')}, sum) VALUES (${values}, row_sum(${values}))`;
}

/** The same, but replaces a row with the same key. */
export function upsertion(table: string, columns: readonly string[]): string {
  const updates = [...columns, 'sum'].map((column) => `${column} = excluded.${column}`);
  return `${insertion(table, columns)} ON CONFLICT DO UPDATE SET ${updates.join(', ')}`;
}

/** An SQL condition that is true for undamaged rows. */
export const isWhole = (columns: readonly string[]) => `(sum IS row_sum(${columns.join(', ')}))`;

/** A message for each damaged row. */
export function damagedRows(
  database: DatabaseSync,
  table: string,
  columns: readonly string[],
): string[] {
  const [key] = columns;
  return database
    .prepare(`SELECT CAST(${key} AS TEXT) AS key FROM ${table} WHERE NOT ${isWhole(columns)}`)
    .all()
    .map(
      (row) =>
        `in table ${table}, the row with ${key} '${String(row.key)}' is not as it was written`,
    );
}

/**
 * Recreates the tables as `schema` does, with sums, and copies their rows. To be called within a
 * transaction. Tables with other names stay.
 */
export function rebuild(database: DatabaseSync, tables: SummedTables, schema: string): void {
  const kept = Object.entries(tables).map(([table, columns]) => {
    const selection = database.prepare(`SELECT ${columns.join(', ')} FROM ${table}`);
    selection.setReadBigInts(true);
    return { table, columns, rows: selection.all() };
  });
  for (const { table } of kept) {
    database.exec(`DROP TABLE ${table}`);
  }
  database.exec(schema);
  for (const { table, columns, rows } of kept) {
    const statement = database.prepare(insertion(table, columns));
    for (const row of rows) {
      statement.run(...columns.map((column): SQLInputValue => row[column] ?? null));
    }
  }
}

/** Throws Damage where tables and indexes differ from those that `schema` creates. */
export function checkSchema(database: DatabaseSync, file: string, schema: string): void {
  const pattern = new DatabaseSync(':memory:');
  try {
    pattern.exec(schema);
    const wanted = schemaOf(pattern);
    const found = schemaOf(database);
    for (const name of new Set([...wanted.keys(), ...found.keys()])) {
      if (wanted.get(name) !== found.get(name)) {
        throw new Damage(`${file} is damaged: what it says of ${name} is not as it was written`);
      }
    }
  } finally {
    pattern.close();
  }
}

const schemaOf = (database: DatabaseSync) =>
  new Map(
    database
      .prepare('SELECT name, type, tbl_name, sql FROM sqlite_schema')
      .all()
      .map(({ name, ...rest }) => [
        String(name),
        Object.values(rest).map(String).join(' ').replace(/\s+/g, ' '),
      ]),
  );

/** SQLite looks for more than these no longer. */
const MOST_STRUCTURE_FAULTS = 100;

/** Throws Damage where the file's structure is damaged. */
export function checkStructure(database: DatabaseSync, file: string): void {
  const all = database
    .prepare(`PRAGMA integrity_check(${MOST_STRUCTURE_FAULTS})`)
    .all()
    .map((row) => `${file} is damaged: ${String(Object.values(row)[0]).replace(/\s+/g, ' ')}`);
  const [first = ''] = all;
  if (!first.endsWith(': ok')) {
    throw new Damage(first, { all });
  }
}

/** The single value that a query returns. */
export function one(database: DatabaseSync, sql: string): SQLOutputValue | undefined {
  return Object.values(database.prepare(sql).get() ?? {})[0];
}

/** The primary result code of a SQLite error, without the extended code in its higher bits. */
export const resultOf = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : undefined;

const DAMAGING = new Set([
  1 /* no such table or column */, 11 /* corrupt */, 24 /* format */, 26 /* not a database */,
]);

/** Whether an error while reading means that the file is damaged. */
export const isDamage = (error: unknown): boolean =>
  error instanceof Damage ||
  DAMAGING.has(resultOf(error) ?? 0) ||
  // A number too large to have been written.
  (error instanceof Error && 'code' in error && error.code === 'ERR_OUT_OF_RANGE');
