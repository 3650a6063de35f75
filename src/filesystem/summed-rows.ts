// What SQLite itself does not notice in a file: a bit that changes within a value, or within the
// text of a table. Each row has the sum of what it was given, in a column `sum`; the tables are
// compared with the text that made them.
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite';
import { crc32 } from 'node:zlib';

/** A file, or something in it, is not as it was written. */
export class Damage extends Error {}

/** The columns of each table but the sum, in the order in which that is made of them. */
export type SummedTables = Readonly<Record<string, readonly string[]>>;

/** A change of any bit of any value changes it. */
export function sumOf(values: readonly SQLOutputValue[]): number {
  return values.reduce<number>((sum, value) => {
    const bytes = value instanceof Uint8Array ? value : String(value);
    return crc32(`${bytes.length} `, crc32(bytes, sum));
  }, 0);
}

/** Makes the statements of a connection know `row_sum`, which all of these are made with. */
export function provideSum(database: DatabaseSync): void {
  database.function('row_sum', { varargs: true, useBigIntArguments: true }, (...values) =>
    BigInt(sumOf(values)),
  );
}

/** A statement that puts a row with its sum into a table. */
export function insertion(table: string, columns: readonly string[]): string {
  const values = columns.map((_, index) => `?${index + 1}`).join(', ');
  return `INSERT INTO ${table} (${columns.join(', ')}, sum) VALUES (${values}, row_sum(${values}))`;
}

/** The same, or in the place of the row that has its key. */
export function upsertion(table: string, columns: readonly string[]): string {
  const updates = [...columns, 'sum'].map((column) => `${column} = excluded.${column}`);
  return `${insertion(table, columns)} ON CONFLICT DO UPDATE SET ${updates.join(', ')}`;
}

/** A condition: whether a row is as it was written. */
export const isWhole = (columns: readonly string[]) => `(sum IS row_sum(${columns.join(', ')}))`;

/** Of each row that is not as it was written, what is to be said. */
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
 * Makes the tables anew as `schema` does, with sums, and puts into them what they held; to be
 * called in a transaction. Tables of other names stay.
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

/** Throws Damage where the tables and indexes are not those that `schema` makes. */
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

/** Throws Damage where the file's structure is not whole. */
export function checkStructure(database: DatabaseSync, file: string): void {
  const result = one(database, 'PRAGMA integrity_check(1)');
  if (result !== 'ok') {
    throw new Damage(`${file} is damaged: ${String(result).replace(/\s+/g, ' ')}`);
  }
}

/** The one value that a query gives. */
export function one(database: DatabaseSync, sql: string): SQLOutputValue | undefined {
  return Object.values(database.prepare(sql).get() ?? {})[0];
}

/** Of an error of SQLite, its result code without the details, which are in the higher bits. */
export const resultOf = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : undefined;

const DAMAGING = new Set([
  1 /* no such table or column */, 11 /* corrupt */, 24 /* format */, 26 /* not a database */,
]);

/** Whether an error that comes of reading a file says that the file is not as it was written. */
export const isDamage = (error: unknown): boolean =>
  error instanceof Damage ||
  DAMAGING.has(resultOf(error) ?? 0) ||
  // A number that is larger than any that was written.
  (error instanceof Error && 'code' in error && error.code === 'ERR_OUT_OF_RANGE');
