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

/** JSON lines where the text begins with `{`, otherwise CSV. Throws FlagError. */
export function readTaskFile(text: string, defaults: TaskDefaults): BatchTask[] {
  const rows = /^\s*\{/.test(text) ? jsonRows(text) : csvRows(text);
  if (rows.length === 0) {
    throw new FlagError('the file holds no task');
  }
  return rows.map(({ line, fields }, index) => taskOf(fields, { index, line, defaults }));
}

interface Row {
  readonly line: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

function jsonRows(text: string): Row[] {
  const rows: Row[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') {
      continue;
    }
    let fields: unknown;
    try {
      fields = JSON.parse(line);
    } catch {
      throw new FlagError(`line ${index + 1}: expected a JSON object, got '${short(line)}'`);
    }
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
      throw new FlagError(`line ${index + 1}: expected a JSON object, got '${short(line)}'`);
    }
    rows.push({ line: index + 1, fields: fields as Row['fields'] });
  }
  return rows;
}

function csvRows(text: string): Row[] {
  let records: { info: { lines: number }; record: Record<string, string> }[];
  try {
    records = parseCsv(text, {
      columns: (header: string[]) => header.map((name) => name.trim()),
      info: true,
      bom: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as typeof records;
  } catch (error) {
    throw new FlagError(`not readable as CSV: ${(error as Error).message}`);
  }
  return records.map(({ info, record }) => ({
    line: info.lines,
    // An empty cell says nothing, so that the default holds.
    fields: Object.fromEntries(Object.entries(record).filter(([, value]) => value !== '')),
  }));
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
