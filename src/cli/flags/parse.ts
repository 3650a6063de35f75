// Reads the values of a table of flags from a command line and an environment, as Mesos does:
// `--name=value`, `--name` and `--no-name` for booleans, MESOS_NAME in the environment.
import { existsSync, statSync } from 'node:fs';
import { closestName } from '../../model/closest-name.ts';
import { repeatedKey } from '../../model/repeated-key.ts';
import { readTextFile, whyUnreadable } from '../text-file.ts';
import { FlagError, FlagFaults, readEach } from './faults.ts';
import type { Flag, FlagTable, FlagValues } from './flag.ts';

export { FlagError } from './faults.ts';

export interface ParsedFlags<Table extends FlagTable> {
  readonly table: Table;
  readonly values: FlagValues<Table>;
  /** The flags that were set, by the name that was used, which may be an alias. */
  readonly given: ReadonlyMap<string, string>;
  /** The flags that were set on the command line. */
  readonly written: ReadonlySet<string>;
  /** The files that stood for the values of flags, as with JSON. */
  readonly files: ReadonlyMap<string, string>;
  /** Arguments that are no flags, in their order, including those after `--`. */
  readonly rest: readonly string[];
  /** Lines for the log, about flags that were set. */
  readonly warnings: readonly string[];
  /** The faults so far. A flag with a fault has its default among the values. */
  readonly faults: FlagFaults;
}

export interface Source {
  /** Without the program's name. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What holds where neither of these says otherwise. */
  readonly preset?: Preset | undefined;
}

/** Values of flags that stand in a file, such as a context of the commands of operators. */
export interface Preset {
  /** Where they stand, for errors. */
  readonly place: string;
  /** The name of the context, if it is one. */
  readonly context?: string;
  /** By the names of flags. */
  readonly texts: Readonly<Record<string, string>>;
}

interface Setting {
  readonly name: string;
  readonly written: string;
  /** Where the value stands, if that is not the command line. */
  readonly place?: string;
  readonly negated: boolean;
  readonly text: string | undefined;
  /** Further values of a flag that may be given several times. */
  readonly more: readonly Setting[];
}

const PREFIX = 'MESOS_';

/** Throws one FlagError about all faults. */
export function parseFlags<Table extends FlagTable>(
  table: Table,
  source: Source,
): ParsedFlags<Table> {
  const parsed = readFlags(table, source);
  parsed.faults.end();
  return parsed;
}

/** Leaves the faults to the caller, who may find more. */
export function readFlags<Table extends FlagTable>(
  table: Table,
  source: Source,
): ParsedFlags<Table> {
  const names = namesOf(table);
  const faults = new FlagFaults();
  const { settings, rest } = readCommandLine(source.argv, table, names, faults);
  const written = new Set(settings.keys());
  for (const setting of [
    ...readEnvironment(source.environment, names),
    ...readOtherVariables(source.environment, table),
    ...readPreset(source.preset, names),
  ]) {
    if (!settings.has(setting.name)) {
      settings.set(setting.name, setting);
    }
  }
  const values: Record<string, unknown> = {};
  const warnings: string[] = [];
  const files = new Map<string, string>();
  for (const [name, flag] of Object.entries(table)) {
    const setting = settings.get(name);
    values[name] = flag.defaultValue;
    if (setting !== undefined) {
      collect(faults, setting, () => {
        values[name] = readValues(flag, setting);
        const file = flag.isPath ? undefined : fileOf(flag, setting.text ?? '');
        if (file !== undefined) {
          files.set(name, file);
        }
        warnings.push(...judge(flag, setting, values[name]));
      });
    }
  }
  const given = new Map([...settings].map(([name, setting]) => [name, setting.written]));
  const read = values as FlagValues<Table>;
  return { table, values: read, files, given, written, rest, warnings, faults };
}

/** Faults on the command line and in the environment are reported together, in separate parts. */
function collect(faults: FlagFaults, setting: Setting | undefined, read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof FlagError)) {
      throw error;
    }
    const place = setting?.place === undefined ? '' : ` (set by ${setting.place})`;
    faults.tell(
      `${error.message}${place}`,
      setting?.name,
      setting === undefined || isAlone(setting),
    );
  }
}

/** Whether its value is what was written, and not what is in a file, or whether there is one. */
const isAlone = ({ text = '', more }: Setting): boolean =>
  !FILE_START.test(text) && more.every(isAlone);

/** The names of flags by each spelling. */
function namesOf(table: FlagTable): Map<string, string> {
  const names = new Map<string, string>();
  for (const [name, flag] of Object.entries(table)) {
    names.set(name, name);
    if (flag.alias !== undefined) {
      names.set(flag.alias, name);
    }
  }
  return names;
}

function readCommandLine(
  argv: readonly string[],
  table: FlagTable,
  names: ReadonlyMap<string, string>,
  faults: FlagFaults,
) {
  const settings = new Map<string, Setting>();
  const end = argv.indexOf('--');
  const own = end < 0 ? argv : argv.slice(0, end);
  const rest = own.filter((argument) => !argument.startsWith('--'));
  for (const argument of own.filter((text) => text.startsWith('--'))) {
    collect(faults, undefined, () => add(settings, readArgument(argument, names), table));
  }
  return { settings, rest: [...rest, ...argv.slice(own.length + 1)] };
}

function add(settings: Map<string, Setting>, setting: Setting, table: FlagTable): void {
  const earlier = settings.get(setting.name);
  if (earlier === undefined) {
    settings.set(setting.name, setting);
    return;
  }
  if (earlier.negated !== setting.negated) {
    throw new FlagError(`--${setting.written} and --no-${setting.written} cannot be used together`);
  }
  if (table[setting.name]?.merge === undefined) {
    throw new FlagError(
      `--${setting.written} is given twice` +
        (earlier.written === setting.written ? '' : ` (it is the same as --${earlier.written})`),
    );
  }
  settings.set(setting.name, { ...earlier, more: [...earlier.more, setting] });
}

function readArgument(argument: string, names: ReadonlyMap<string, string>): Setting {
  const equals = argument.indexOf('=');
  const written = argument.slice(2, equals < 0 ? undefined : equals).toLowerCase();
  const text = equals < 0 ? undefined : argument.slice(equals + 1);
  const known = names.get(written);
  if (known !== undefined) {
    return { name: known, written, negated: false, text, more: [] };
  }
  const positive = written.startsWith('no-') ? written.slice(3) : undefined;
  const negated = positive === undefined ? undefined : names.get(positive);
  if (positive !== undefined && negated !== undefined) {
    return { name: negated, written: positive, negated: true, text, more: [] };
  }
  const close = closestName(positive ?? written, [...names.keys()]);
  throw new FlagError(
    `unknown flag --${written}${close === undefined ? '' : ` (did you mean --${close}?)`}`,
  );
}

/** Unknown variables are ignored: MESOS_NATIVE_JAVA_LIBRARY and others belong to other programs. */
function* readEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  names: ReadonlyMap<string, string>,
): Generator<Setting> {
  for (const [key, text] of Object.entries(environment)) {
    // Units and shells unset a variable by setting it to nothing.
    if (!key.startsWith(PREFIX) || text === undefined || text === '') {
      continue;
    }
    const written = key.slice(PREFIX.length).toLowerCase();
    const name = names.get(written);
    if (name !== undefined && name !== 'help' && name !== 'version') {
      yield { name, written, place: inEnvironment(key), negated: false, text, more: [] };
    }
  }
}

function* readOtherVariables(
  environment: Readonly<Record<string, string | undefined>>,
  table: FlagTable,
): Generator<Setting> {
  for (const [name, { variables }] of Object.entries(table)) {
    const variable = variables.find((each) => (environment[each] ?? '') !== '');
    if (variable !== undefined) {
      const text = environment[variable];
      const place = inEnvironment(variable);
      yield { name, written: name, place, negated: false, text, more: [] };
    }
  }
}

const inEnvironment = (variable: string) => `${variable} in the environment`;

function* readPreset(
  preset: Preset | undefined,
  names: ReadonlyMap<string, string>,
): Generator<Setting> {
  for (const [written, text] of Object.entries(preset?.texts ?? {})) {
    const name = names.get(written);
    if (name !== undefined) {
      yield { name, written, place: preset?.place ?? '', negated: false, text, more: [] };
    }
  }
}

function readValues(flag: Flag<unknown>, setting: Setting): unknown {
  if (flag.status === 'refused') {
    return readRefused(flag, setting);
  }
  const values = readEach([setting, ...setting.more], (one) => readValue(flag, one));
  return flag.merge?.(values as NonNullable<unknown>[]) ?? values[0];
}

/** A refused flag is refused even with a value that cannot be parsed. */
function readRefused(flag: Flag<unknown>, setting: Setting): unknown {
  let value: unknown;
  try {
    value = readValue(flag, setting);
  } catch (error) {
    if (!(error instanceof FlagError)) {
      throw error;
    }
  }
  if (value === undefined || !isDefaultOf(flag, value)) {
    const only =
      flag.isBoolean || flag.defaultValue === undefined
        ? ''
        : `: only ${flag.print(flag.defaultValue)} is`;
    throw new FlagError(`--${setting.written} is not supported yet${only}`);
  }
  return value;
}

function readValue(flag: Flag<unknown>, setting: Setting): unknown {
  const { text, file } = contentsOf(flag, setting);
  const value = flag.parse(text);
  const at = file === undefined ? got(flag, setting) : `, got the file ${file}`;
  if (value === undefined) {
    const missing = flag.missing?.[text];
    if (missing !== undefined) {
      throw new FlagError(`--${setting.written}=${text} is not supported yet: ${missing}`);
    }
    const why = isJson(flag) ? jsonError(text) : '';
    throw new FlagError(`--${setting.written} expects ${flag.expects}${at}${why}`);
  }
  const twice = isJson(flag) ? repeatedKey(text) : undefined;
  if (twice !== undefined) {
    const key = isHidden(flag) ? 'a key' : `the key '${twice}'`;
    throw new FlagError(`--${setting.written} has ${key} twice in one object`);
  }
  const wrong = flag.check?.(value as NonNullable<unknown>);
  if (wrong !== undefined) {
    // Not the same value a second time.
    const isShown = wrong.startsWith(`${setting.name}=${text} `);
    throw new FlagError(`--${wrong}${isShown ? '' : at}`);
  }
  return value;
}

/** The position of an error in JSON, without its text, which may be a secret. */
function jsonError(text: string): string {
  try {
    JSON.parse(text);
    return '';
  } catch (error) {
    const place = /\(line \d+ column \d+\)|Unexpected end/.exec((error as Error).message)?.[0];
    return place === undefined ? '' : ` ${place.replace('Unexpected end', '(it ends too early)')}`;
  }
}

/** Whether the value itself may be a secret, and not only the file that it names. */
const isHidden = (flag: Flag<unknown>) => flag.secret || (flag.namesSecrets && isJson(flag));

/** The faulty value, unless it may contain a secret or is too long. */
function got(flag: Flag<unknown>, { text }: Setting): string {
  if (isHidden(flag) || text === undefined) {
    return '';
  }
  return `, got '${text.length > 80 ? `${text.slice(0, 77)}...` : text}'`;
}

interface Contents {
  readonly text: string;
  /** The file that the value was read from. */
  readonly file?: string;
}

function contentsOf(flag: Flag<unknown>, setting: Setting): Contents {
  if (flag.isBoolean) {
    if (setting.negated && setting.text) {
      throw new FlagError(`--no-${setting.written} takes no value`);
    }
    return { text: setting.text ? setting.text : String(!setting.negated) };
  }
  if (setting.negated) {
    throw new FlagError(`--no-${setting.written} makes no sense: it expects ${flag.expects}`);
  }
  if (setting.text === undefined) {
    throw new FlagError(
      `--${setting.written} needs a value: --${setting.written}=${flag.placeholder}`,
    );
  }
  const file = flag.isPath ? undefined : fileOf(flag, setting.text);
  if (file === undefined && flag.mayNameFile && BARE_NAME.test(setting.text)) {
    throw new FlagError(
      `--${setting.written} expects ${flag.expects}${got(flag, setting)}, and there is no such file`,
    );
  }
  return file === undefined
    ? { text: setting.text }
    : { text: contents(setting.written, file), file };
}

const isJson = (flag: Flag<unknown>) => flag.expects.startsWith('JSON');

/** The beginning of a path; no other value of a flag that may name a file begins like this. */
const PATH_START = /^\.{0,2}\//;
const FILE_START = /^(?:file:\/\/|\.{0,2}\/)/;

/** The beginning of JSON; anything else is the path of a file. */
const JSON_START = /^\s*([[{"\d-]|(true|false|null)\s*$)/;

/** A text without a value of its own: it can only be the name of a file. */
const BARE_NAME = /^\s*[^\s:;[{\]}][^:;]*$/;

/** The file whose content a value stands for: `file://path` or, where JSON is expected, a path. */
function fileOf(flag: Flag<unknown>, text: string): string | undefined {
  if (text.startsWith('file://')) {
    return text.slice('file://'.length);
  }
  const isPath =
    (isJson(flag) && text.trim() !== '' && (!JSON_START.test(text) || isFile(text))) ||
    (flag.mayNameFile && (PATH_START.test(text) || (!text.includes(':') && isFile(text))));
  return isPath ? text : undefined;
}

/** A file may have a name such as `1.json`. */
const isFile = (text: string) => text.length < 4096 && existsSync(text);

function contents(written: string, file: string): string {
  try {
    return readTextFile(file).trimEnd();
  } catch (error) {
    throw new FlagError(
      `--${written} names a file that cannot be read: ${file} (${whyUnreadable(error)})`,
    );
  }
}

/** Whether all users of the machine can read a file with secrets. Its reader tells why not. */
function isOpenToOthers(file: string): boolean {
  try {
    return (statSync(file).mode & 0o007) !== 0;
  } catch {
    return false;
  }
}

/** A flag without its feature is reported or refused, and never silently ignored. */
function judge(flag: Flag<unknown>, setting: Setting, value: unknown): string[] {
  const { name, written, text = '' } = setting;
  const warnings: string[] = [];
  if (flag.status === 'planned' && !isDefaultOf(flag, value)) {
    warnings.push(`--${written} has no effect yet`);
  }
  const file = flag.isPath ? flag.print(value) : fileOf(flag, text);
  if (flag.namesSecrets && file !== undefined && isOpenToOthers(file)) {
    warnings.push(
      `Permissions on ${written} file '${file}' are too open; ` +
        'it is recommended that it is NOT accessible by others',
    );
  }
  if (written !== name) {
    warnings.push(`--${written} is an old name of --${name}`);
  }
  return warnings;
}

const isDefaultOf = (flag: Flag<unknown>, value: unknown) =>
  flag.defaultValue !== undefined && flag.print(flag.defaultValue) === flag.print(value);
