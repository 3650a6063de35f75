// A flag. Parsing, --help, /flags and the reference in docs/ are made from tables of flags. A table
// is an object of flags by name, which gives the values read from it their types.
import { formatBytes, parseBytes } from '../../model/bytes.ts';
import { formatDuration, parseDuration } from '../../model/duration.ts';
import { roleError } from '../../model/role.ts';

/** The feature of the flag is there. */
export type LiveStatus = 'works' | 'partial';

/**
 * How far a flag's feature is there.
 * - works: it does what its help says.
 * - partial: it works in some cases; its help says in which.
 * - accepted: there is nothing here that it could change; setting it does no harm.
 * - planned: its feature is not there yet; setting it is answered with a warning in the log.
 * - refused: running without its feature would be unsafe or wrong; setting it ends the program.
 *
 * The status cannot lie: the value of a flag of the first two is read (test/cli/flags-read.test.ts
 * looks for the place), and that of the others cannot be (FlagValues does not have it).
 */
export type FlagStatus = LiveStatus | 'accepted' | 'planned' | 'refused';

export interface Flag<Value, Status extends FlagStatus = FlagStatus> {
  /** What a value looks like, for help and errors. */
  readonly expects: string;
  /** Stands for the value in help. */
  readonly placeholder: string;
  readonly help: string;
  readonly status: Status;
  /** An older name that still works. */
  readonly alias?: string | undefined;
  /** The letter of its short form, with the commands of operators. */
  readonly short?: string | undefined;
  /** Environment variables of which the first is used that is set, where MESOS_NAME is not. */
  readonly variables: readonly string[];
  readonly defaultValue: Value;
  /** Shown in place of a default that depends on the machine. */
  readonly defaultText?: string | undefined;
  readonly isBoolean: boolean;
  /** All that the value can be, where these are a few words. */
  readonly words?: readonly string[] | undefined;
  /** A path is used as it is written; other values may be `file://…`, and are read from there. */
  readonly isPath: boolean;
  /** Whether a path as value stands for the content of the file, as with JSON. */
  readonly mayNameFile: boolean;
  /** Whether /flags must hide the value. */
  readonly secret: boolean;
  /** Whether the value names a file with secrets. */
  readonly namesSecrets: boolean;
  /** Undefined where the text is not what `expects` says. */
  parse(text: string): Value | undefined;
  print(value: Value): string;
  /** For a flag that may be given several times: joins its values, in their order, to one. */
  readonly merge?: ((values: readonly NonNullable<Value>[]) => NonNullable<Value>) | undefined;
  /** Values in Mesos that are not supported, and what is missing for them. */
  readonly missing?: Readonly<Record<string, string>> | undefined;
  /** What is wrong with a valid value, as a clause that begins with the flag's name. */
  readonly check?: ((value: NonNullable<Value>) => string | undefined) | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: a table holds flags of every type.
export type FlagTable = Readonly<Record<string, Flag<any>>>;

/** Of the flags whose feature is there: what the others are set to changes nothing. */
export type FlagValues<Table extends FlagTable> = {
  readonly [Name in keyof Table as Table[Name]['status'] extends LiveStatus
    ? Name
    : never]: Table[Name] extends Flag<infer Value> ? Value : never;
};

interface Options<Value, Status extends FlagStatus> {
  readonly help: string;
  /** `works` by default. */
  readonly status?: Status;
  readonly alias?: string;
  readonly short?: string;
  readonly variable?: string | readonly string[];
  readonly placeholder?: string;
  readonly default?: Value;
  readonly defaultText?: string;
  readonly secret?: boolean;
  readonly namesSecrets?: boolean;
  readonly check?: (value: Value) => string | undefined;
}

type Defaulted<Value, Status extends FlagStatus> = Options<Value, Status> & {
  readonly default: Value;
};

interface Kind<Value> {
  readonly expects: string;
  readonly placeholder?: string;
  readonly isBoolean?: boolean;
  readonly words?: readonly string[];
  readonly isPath?: boolean;
  readonly mayNameFile?: boolean;
  parse(text: string): Value | undefined;
  print(value: Value): string;
  readonly merge?: (values: readonly Value[]) => Value;
  readonly missing?: Readonly<Record<string, string>>;
}

/** Creates a flag. With a default it always has a value, without one it may have none. */
interface FlagOf<Value> {
  <Status extends FlagStatus = 'works'>(options: Defaulted<Value, Status>): Flag<Value, Status>;
  <Status extends FlagStatus = 'works'>(
    options: Options<Value, Status>,
  ): Flag<Value | undefined, Status>;
}

function kind<Value>(kind: Kind<Value>): FlagOf<Value> {
  const make = (options: Options<Value, FlagStatus>): Flag<Value | undefined> => ({
    expects: kind.expects,
    placeholder: options.placeholder ?? kind.placeholder ?? 'TEXT',
    help: options.help,
    status: options.status ?? 'works',
    alias: options.alias,
    short: options.short,
    variables: [options.variable ?? []].flat(),
    defaultValue: options.default,
    defaultText: options.defaultText,
    isBoolean: kind.isBoolean ?? false,
    words: kind.words,
    isPath: kind.isPath ?? false,
    mayNameFile: kind.mayNameFile ?? false,
    secret: options.secret ?? false,
    namesSecrets: options.namesSecrets ?? options.secret ?? false,
    parse: kind.parse,
    print: (value) => (value === undefined ? '' : kind.print(value)),
    merge: kind.merge as Flag<Value | undefined>['merge'],
    missing: kind.missing,
    check: options.check as Flag<Value | undefined>['check'],
  });
  return make as FlagOf<Value>;
}

export const toggle = kind<boolean>({
  expects: 'true or false',
  isBoolean: true,
  parse: (text) => ({ true: true, '1': true, false: false, '0': false })[text],
  print: String,
});

export const text = kind<string>({ expects: 'a text', parse: (text) => text, print: String });

/**
 * Resources as text or JSON, or the path of a file with them; parsed later, when their role is
 * known.
 */
export const resources = kind<string>({
  expects: 'resources such as cpus:8;mem:1024, JSON, or the path of a file that holds them',
  placeholder: 'RESOURCES',
  mayNameFile: true,
  parse: (text) => text,
  print: String,
});

/** A text for each time that the flag is given. */
export const texts = kind<readonly string[]>({
  expects: 'a text',
  parse: (text) => [text],
  print: (texts) => texts.join(' '),
  merge: (all) => all.flat(),
});

/** A file or folder; a leading `file://` is removed. */
export const path = kind<string>({
  expects: 'a path',
  placeholder: 'PATH',
  isPath: true,
  parse: parsePath,
  print: String,
});

function parsePath(text: string): string | undefined {
  const name = text.replace(/^file:\/\//, '');
  return name === '' || name.includes('\0') ? undefined : name;
}

/** Where the empty text stands for none. */
export const pathOrNone = kind<string>({
  expects: 'a path, or nothing',
  placeholder: 'PATH',
  isPath: true,
  parse: (text) => (text === '' ? text : parsePath(text)),
  print: String,
});

export const integer = kind<number>({
  expects: 'a whole number that is not negative',
  placeholder: 'NUMBER',
  parse: (text) => (/^\d{1,15}$/.test(text.trim()) ? Number(text) : undefined),
  print: String,
});

export const port = kind<number>({
  expects: 'a port, 1 to 65535',
  placeholder: 'PORT',
  parse: (text) =>
    /^[1-9]\d{0,4}$/.test(text.trim()) && Number(text) <= 65_535 ? Number(text) : undefined,
  print: String,
});

export const decimal = kind<number>({
  expects: 'a number that is not negative',
  placeholder: 'NUMBER',
  parse: (text) =>
    /^\d*\.?\d+$/.test(text.trim()) && Number.isFinite(Number(text)) ? Number(text) : undefined,
  print: String,
});

/** A fraction: `25%` is 0.25. */
export const percent = kind<number>({
  expects: 'a percentage from 0% to 100%',
  placeholder: 'PERCENT',
  parse: (text) => {
    const match = /^(\d+(?:\.\d+)?)%$/.exec(text.trim());
    const share = Number(match?.[1]) / 100;
    return match !== null && share <= 1 ? share : undefined;
  },
  print: (value) => `${Number((value * 100).toPrecision(15))}%`,
});

/** Milliseconds. */
export const duration = kind<number>({
  expects: 'a duration that is not negative, such as 500ms, 10secs, 5mins, 1hrs, 2days or 1weeks',
  placeholder: 'DURATION',
  // No flag has a use for a negative duration.
  parse: (text) => {
    const ms = parseDuration(text);
    return ms !== undefined && ms >= 0 ? ms : undefined;
  },
  print: formatDuration,
});

/** A number of bytes. */
export const size = kind<number>({
  expects: 'a size such as 512B, 4KB, 10MB or 2GB',
  placeholder: 'SIZE',
  parse: parseBytes,
  print: formatBytes,
});

/** A number of events in a time, such as `1/10mins`. */
export interface Rate {
  readonly count: number;
  readonly perMs: number;
}

export const rate = kind<Rate>({
  expects: 'a rate such as 1/10mins',
  placeholder: 'RATE',
  parse: (text) => {
    const [count = '', per = ''] = text.split('/', 2);
    const perMs = parseDuration(per);
    return /^\d+$/.test(count) && Number(count) > 0 && perMs !== undefined && perMs > 0
      ? { count: Number(count), perMs }
      : undefined;
  },
  print: ({ count, perMs }) => `${count}/${formatDuration(perMs)}`,
});

/** Names separated by commas. */
export const list = kind<readonly string[]>({
  expects: 'names separated by commas',
  placeholder: 'NAME,…',
  parse: namesIn,
  print: (names) => names.join(','),
});

function namesIn(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** `*`, or a path such as `eng/web`. */
export const role = kind<string>({
  expects: 'a role such as eng or eng/web',
  placeholder: 'ROLE',
  parse: (text) => (roleError(text) === undefined ? text : undefined),
  print: String,
});

export const roles = kind<readonly string[]>({
  expects: 'roles such as eng or eng/web, separated by commas',
  placeholder: 'ROLE,…',
  parse: (text) => {
    const names = namesIn(text);
    return names.every((name) => roleError(name) === undefined) ? names : undefined;
  },
  print: (names) => names.join(','),
});

export type JsonValue = unknown;

/** JSON, as text or in a file (`file:///path` or `/path`). */
export const json = kind<JsonValue>({
  expects: 'JSON, or the path of a file that holds it',
  placeholder: 'JSON',
  parse: (text) => {
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  },
  print: (value) => JSON.stringify(value),
});

/** One of a few words. `missing` has further words of Mesos, and what is missing for them. */
export function choice<const Word extends string>(
  words: readonly Word[],
  missing: Readonly<Record<string, string>> = {},
): FlagOf<Word> {
  return kind<Word>({
    missing,
    words,
    expects: words.length < 3 ? words.join(' or ') : `one of ${words.join(', ')}`,
    placeholder: words.join('|'),
    parse: (text) => words.find((word) => word === text),
    print: String,
  });
}
