// The file of a batch: each line is a task, as JSON or as CSV with a header. All mistakes are found
// before the first task runs, and reported with their lines.
import { parse as parseCsv } from 'csv-parse/sync';
import { closestName } from '../../model/closest-name.ts';
import { roleError } from '../../model/role.ts';
import { FlagError, FlagFaults } from '../flags/faults.ts';
import { type Constraint, ConstraintError, joined, readConstraints } from './constraints.ts';

export interface BatchTask {
  /** The position in the file, from 0; it identifies the task over restarts. */
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
  /** The Docker image that it runs in; absent: the agent's own files. */
  readonly image?: string;
  readonly constraints: readonly Constraint[];
}

export interface TaskDefaults {
  readonly cpus: number;
  readonly mem: number;
  readonly role: string;
  readonly retries: number;
  /** The constraints of all tasks, which a task's own are added to. */
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
  'image',
  'constraints',
];

/** The most faulty lines that are reported. */
const MOST_TOLD = 10;

/**
 * Reads JSON lines where the text begins with `{`, otherwise CSV. Throws FlagError with a line for
 * each faulty line, up to ten.
 */
export function readTaskFile(text: string, defaults: TaskDefaults): BatchTask[] {
  const rows = rowsOf(text);
  const tasks: BatchTask[] = [];
  const wrong: string[] = [];
  for (const [index, { line, fields }] of rows.entries()) {
    try {
      tasks.push(taskOf(fields(), { index, line, defaults }));
    } catch (error) {
      if (!(error instanceof FlagError)) {
        throw error;
      }
      wrong.push(error.message);
    }
  }
  refuseLines(wrong);
  if (rows.length === 0) {
    throw new FlagError('there is no task in it');
  }
  return tasks;
}

/** Throws FlagError where any line is faulty; reports the first ten. */
export function refuseLines(wrong: readonly string[]): void {
  const told = wrong.slice(0, MOST_TOLD);
  if (wrong.length > MOST_TOLD) {
    told.push(`and ${wrong.length - MOST_TOLD} more lines are wrong`);
  }
  if (told.length > 0) {
    throw new FlagError(told.join('\n'));
  }
}

/** The line of each task, by its index, for messages. */
export const linesOfTasks = (text: string): number[] => rowsOf(text).map(({ line }) => line);

const rowsOf = (text: string): Row[] => (/^\s*\{/.test(text) ? jsonRows(text) : csvRows(text));

type Fields = Readonly<Record<string, unknown>>;

interface Row {
  readonly line: number;
  /** Throws FlagError where the line cannot be parsed. */
  readonly fields: () => Fields;
}

const jsonRows = (text: string): Row[] =>
  text.split('\n').flatMap((content, index) => {
    const line = index + 1;
    return content.trim() === '' ? [] : [{ line, fields: () => jsonFields(content, line) }];
  });

function jsonFields(text: string, line: number): Fields {
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
  return fields as Fields;
}

function csvRows(text: string): Row[] {
  const [first, ...records] = csvRecords(text);
  if (first === undefined) {
    return [];
  }
  const header = headerOf(first);
  return records.map(({ info, record }) => ({
    line: info.lines,
    fields: () => csvFields(record, header, info.lines),
  }));
}

/**
 * The cells of a row by column; an empty cell has the default. A row that is too short is refused,
 * since a cell in its middle may be missing.
 */
function csvFields(record: readonly string[], header: readonly string[], line: number): Fields {
  if (record.length !== header.length) {
    const count = `${record.length} ${record.length === 1 ? 'cell' : 'cells'}`;
    const hint =
      record.length > header.length
        ? 'a cell with commas is put in double quotes'
        : 'a cell that says nothing is left empty, with its comma';
    throw new FlagError(
      `line ${line}: has ${count} where the header names ${header.length} columns (${hint})`,
    );
  }
  const cells = record.map((cell, column) => [header[column] ?? '', cell] as const);
  return Object.fromEntries(cells.filter(([, cell]) => cell !== ''));
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
    throw wrong(`has an unknown column '${short(unknown)}' ${known(unknown)}`);
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

/** The largest amount: amounts are counted in thousandths, which must stay exact. */
const MOST = 1e12;

interface Place {
  readonly index: number;
  readonly line: number;
  readonly defaults: TaskDefaults;
}

/** Throws one FlagError about all fields at fault. */
function taskOf(fields: Fields, { index, line, defaults }: Place): BatchTask {
  const faults = new FlagFaults();
  const read = <T>(field: () => T) => faults.read(field);
  for (const name of Object.keys(fields).filter((name) => !FIELDS.includes(name))) {
    faults.tell(`unknown field '${short(name)}' ${known(name)}`);
  }
  const name = read(() => textOf(fields, 'name', `task-${index + 1}`));
  const command = read(() => textOf(fields, 'command'));
  const amounts = {
    cpus: read(() => amountOf(fields, 'cpus', defaults.cpus)),
    mem: read(() => amountOf(fields, 'mem', defaults.mem)),
    disk: read(() => amountOf(fields, 'disk', 0)),
    gpus: read(() => wholeOf(fields, 'gpus', 0)),
  };
  // An amount at fault counts as some.
  if (Object.values(amounts).every((amount) => amount.or(1) === 0)) {
    faults.tell('a task needs some cpus or mem');
  }
  const role = read(() => roleOf(textOf(fields, 'role', defaults.role)));
  const retries = read(() => wholeOf(fields, 'retries', defaults.retries));
  const env = read(() => environmentOf(fields.env));
  const image = read(() => (fields.image === undefined ? {} : { image: textOf(fields, 'image') }));
  const constraints = read(() => constraintsOf(fields.constraints));
  inLine(line, () => faults.end());
  return {
    index,
    name: name.value,
    command: command.value,
    cpus: amounts.cpus.value,
    mem: amounts.mem.value,
    disk: amounts.disk.value,
    gpus: amounts.gpus.value,
    role: role.value,
    retries: retries.value,
    env: env.value,
    ...image.value,
    constraints: joined(defaults.constraints, constraints.value),
  };
}

/** Adds the line to each fault in it. */
function inLine(line: number, read: () => void): void {
  try {
    read();
  } catch (error) {
    if (error instanceof FlagError) {
      throw new FlagError(error.message.replaceAll(/^/gm, `line ${line}: `), { cause: error });
    }
    throw error;
  }
}

/** The name that was meant or, where none is close, all that there are. */
function known(written: string): string {
  const meant = closestName(written, FIELDS);
  return meant === undefined ? `(there are ${FIELDS.join(', ')})` : `(did you mean ${meant}?)`;
}

function textOf(fields: Fields, name: string, preset?: string): string {
  const value = fields[name] ?? preset;
  if (value === undefined || (typeof value === 'string' && value.trim() === '')) {
    throw new FlagError(`${name} is missing`);
  }
  if (typeof value !== 'string') {
    throw new FlagError(`${name} must be a text, got ${shown(value)}`);
  }
  return value;
}

function amountOf(fields: Fields, name: string, preset: number): number {
  const value = fields[name] ?? preset;
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number !== 'number' || !(number >= 0 && number <= MOST)) {
    throw new FlagError(`${name} must be a number from 0 to ${MOST}, got ${shown(value)}`);
  }
  if (number > 0 && Math.round(number * 1000) === 0) {
    throw new FlagError(
      `${name} must be 0 or at least 0.001 (it is counted in thousandths), got ${shown(value)}`,
    );
  }
  return number;
}

function wholeOf(fields: Fields, name: string, preset: number): number {
  const number = amountOf(fields, name, preset);
  if (!Number.isInteger(number)) {
    throw new FlagError(`${name} must be a whole number, got ${shown(fields[name])}`);
  }
  return number;
}

function roleOf(role: string): string {
  const error = roleError(role);
  if (error !== undefined) {
    throw new FlagError(error);
  }
  return role;
}

function constraintsOf(value: unknown): Constraint[] {
  try {
    return readConstraints(value ?? []);
  } catch (error) {
    if (error instanceof ConstraintError) {
      throw new FlagError(`constraints ${error.message}, got ${shown(value)}`);
    }
    throw error;
  }
}

/** In CSV, the environment is a cell with a JSON object. */
function environmentOf(value: unknown): Record<string, string> {
  let object = value ?? {};
  if (typeof object === 'string') {
    try {
      object = JSON.parse(object) as object;
    } catch {
      throw new FlagError('env must be a JSON object of texts');
    }
  }
  const isTexts =
    typeof object === 'object' &&
    !Array.isArray(object) &&
    Object.values(object).every((text) => typeof text === 'string');
  if (!isTexts) {
    throw new FlagError('env must be a JSON object of texts');
  }
  return object as Record<string, string>;
}

const shown = (value: unknown) =>
  `'${short(typeof value === 'string' ? value : JSON.stringify(value))}'`;

const short = (text: string) => (text.length > 60 ? `${text.slice(0, 57)}...` : text);
