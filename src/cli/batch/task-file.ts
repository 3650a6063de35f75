// The file of a batch: one task a line, as JSON or as CSV with a header. Every mistake is found before
// the first task runs, and named by its line.
import { parse as parseCsv } from 'csv-parse/sync';
import { roleError } from '../../model/role.ts';
import { FlagError } from '../flags/parse.ts';
import { type Constraint, ConstraintError, joined, readConstraints } from './constraints.ts';

export interface BatchTask {
  /** From 0, in the order of the file: what a task is known by over restarts. */
  readonly index: number;
  readonly name: string;
  readonly command: string;
  readonly cpus: number;
  readonly mem: number;
  readonly disk: number;
  readonly gpus: number;
  readonly role: string;
  readonly retries: number;
  readonly env: Readonly<Record<string, string>>;
  readonly constraints: readonly Constraint[];
}

export interface TaskDefaults {
  readonly cpus: number;
  readonly mem: number;
  readonly role: string;
  readonly retries: number;
  /** Those of all tasks; a task's own come besides. */
  readonly constraints: readonly Constraint[];
}

const FIELDS = [
  'name',
  'command',
  'cpus',
  'mem',
  'disk',
  'gpus',
  'role',
  'retries',
  'env',
  'constraints',
];

/** Of the lines that are wrong, so many are told. */
const MOST_TOLD = 10;

/**
 * JSON lines where the text begins with `{`, otherwise CSV. Throws FlagError with a line of text for each
 * line of the file that is wrong, up to ten.
 */
export function readTaskFile(text: string, defaults: TaskDefaults): BatchTask[] {
  const wrong: string[] = [];
  const rows = /^\s*\{/.test(text) ? jsonRows(text, wrong) : csvRows(text, wrong);
  const tasks: BatchTask[] = [];
  for (const [index, { line, fields }] of rows.entries()) {
    noted(wrong, () => tasks.push(taskOf(fields, { index, line, defaults })));
  }
  if (wrong.length > MOST_TOLD) {
    wrong.splice(MOST_TOLD, Infinity, `and ${wrong.length - MOST_TOLD} more lines are wrong`);
  }
  if (wrong.length > 0) {
    throw new FlagError(wrong.join('\n'));
  }
  if (rows.length === 0) {
    throw new FlagError('there is no task in it');
  }
  return tasks;
}

function noted(wrong: string[], read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof FlagError)) {
      throw error;
    }
    wrong.push(error.message);
  }
}

interface Row {
  readonly line: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

function jsonRows(text: string, wrong: string[]): Row[] {
  const rows: Row[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() !== '') {
      noted(wrong, () => rows.push({ line: index + 1, fields: jsonFields(line, index + 1) }));
    }
  }
  return rows;
}

function jsonFields(text: string, line: number): Row['fields'] {
  const wrong = new FlagError(`line ${line}: expected a JSON object, got '${short(text)}'`);
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch {
    throw wrong;
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw wrong;
  }
  return fields as Row['fields'];
}

function csvRows(text: string, wrong: string[]): Row[] {
  const [first, ...records] = csvRecords(text);
  if (first === undefined) {
    return [];
  }
  const header = headerOf(first);
  const rows: Row[] = [];
  for (const { info, record } of records) {
    if (record.length > header.length) {
      wrong.push(
        `line ${info.lines}: has ${record.length} cells where the header names ${header.length} ` +
          'columns (a cell with commas is put in double quotes)',
      );
    } else {
      // An empty cell says nothing, so that the default holds; nor do cells that are left out at the end.
      const cells = record.map((cell, column) => [header[column] ?? '', cell] as const);
      const fields = Object.fromEntries(cells.filter(([, cell]) => cell !== ''));
      rows.push({ line: info.lines, fields });
    }
  }
  return rows;
}

interface CsvRecord {
  readonly info: { readonly lines: number };
  readonly record: readonly string[];
}

function csvRecords(text: string): CsvRecord[] {
  try {
    return parseCsv(text, {
      info: true,
      bom: true,
      skip_empty_lines: true,
      trim: true,
      relax_column_count: true,
    }) as unknown as CsvRecord[];
  } catch (error) {
    const { code, lines } = error as { code?: string; lines?: number };
    const why =
      code === 'CSV_QUOTE_NOT_CLOSED'
        ? 'a double quote is not closed'
        : 'double quotes stand around a whole cell, and are doubled inside it';
    throw new FlagError(
      `${lines === undefined ? '' : `line ${lines}: `}not readable as CSV: ${why}`,
    );
  }
}

/** The names of the columns. Throws FlagError. */
function headerOf({ info, record }: CsvRecord): readonly string[] {
  const wrong = (text: string) => new FlagError(`line ${info.lines}: the header ${text}`);
  const unknown = record.find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) {
    throw wrong(`has an unknown column '${short(unknown)}' (there are ${FIELDS.join(', ')})`);
  }
  const twice = record.find((name, column) => record.indexOf(name) !== column);
  if (twice !== undefined) {
    throw wrong(`has the column ${twice} twice`);
  }
  if (!record.includes('command')) {
    throw wrong('has no column command');
  }
  return record;
}

/** Of anything: amounts are counted in thousandths, which must stay exact. */
const MOST = 1e12;

interface Place {
  readonly index: number;
  readonly line: number;
  readonly defaults: TaskDefaults;
}

function taskOf(fields: Row['fields'], { index, line, defaults }: Place): BatchTask {
  const wrong = (text: string) => new FlagError(`line ${line}: ${text}`);
  const unknown = Object.keys(fields).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) {
    throw wrong(`unknown field '${unknown}' (there are ${FIELDS.join(', ')})`);
  }
  const text = (name: string, preset?: string): string => {
    const value = fields[name] ?? preset;
    if (typeof value !== 'string' || value.trim() === '') {
      throw wrong(`${name} must be a text`);
    }
    return value;
  };
  const amount = (name: string, preset: number): number => {
    const value = fields[name] ?? preset;
    const number = typeof value === 'string' ? Number(value) : value;
    if (typeof number !== 'number' || !(number >= 0 && number <= MOST)) {
      throw wrong(`${name} must be a number from 0 to ${MOST}`);
    }
    return number;
  };
  const task: BatchTask = {
    index,
    name: text('name', `task-${index + 1}`),
    command: text('command'),
    cpus: amount('cpus', defaults.cpus),
    mem: amount('mem', defaults.mem),
    disk: amount('disk', 0),
    gpus: amount('gpus', 0),
    role: roleOf(text('role', defaults.role), wrong),
    retries: amount('retries', defaults.retries),
    env: environmentOf(fields.env, wrong),
    constraints: joined(defaults.constraints, constraintsOf(fields.constraints, wrong)),
  };
  if (task.cpus + task.mem + task.disk + task.gpus === 0) {
    throw wrong('a task needs some cpus or mem');
  }
  if (!Number.isInteger(task.gpus) || !Number.isInteger(task.retries)) {
    throw wrong('gpus and retries must be whole numbers');
  }
  return task;
}

function roleOf(role: string, wrong: (text: string) => FlagError): string {
  const error = roleError(role);
  if (error !== undefined) {
    throw wrong(error);
  }
  return role;
}

function constraintsOf(value: unknown, wrong: (text: string) => FlagError): Constraint[] {
  try {
    return readConstraints(value ?? []);
  } catch (error) {
    if (error instanceof ConstraintError) {
      const given = typeof value === 'string' ? value : JSON.stringify(value);
      throw wrong(`constraints ${error.message}, got '${short(given)}'`);
    }
    throw error;
  }
}

/** In CSV the environment is a JSON object in its cell. */
function environmentOf(value: unknown, wrong: (text: string) => FlagError): Record<string, string> {
  let object = value ?? {};
  if (typeof object === 'string') {
    try {
      object = JSON.parse(object) as object;
    } catch {
      throw wrong('env must be a JSON object of texts');
    }
  }
  const isTexts =
    typeof object === 'object' &&
    !Array.isArray(object) &&
    Object.values(object).every((text) => typeof text === 'string');
  if (!isTexts) {
    throw wrong('env must be a JSON object of texts');
  }
  return object as Record<string, string>;
}

const short = (text: string) => (text.length > 60 ? `${text.slice(0, 57)}...` : text);
