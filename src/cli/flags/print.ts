// Flags as others see them: the table at /flags, --help, and the reference in docs/.
import type { Flag, FlagTable, FlagValues } from './flag.ts';

/**
 * The flags with a value, as texts, by the name that was used to set them: the response of /flags
 * and GET_FLAGS. Secrets are masked.
 */
export function flagTexts<Table extends FlagTable>(
  table: Table,
  values: FlagValues<Table>,
  given: ReadonlyMap<string, string>,
): Record<string, string> {
  const texts: Record<string, string> = {};
  // Flags that change nothing are included.
  const all: Readonly<Record<string, unknown>> = values;
  for (const name of Object.keys(table).toSorted()) {
    const flag = table[name] as Flag<unknown>;
    const value = all[name];
    if (value !== undefined) {
      texts[given.get(name) ?? name] = shown(flag, flag.print(value));
    }
  }
  return texts;
}

function shown({ secret, namesSecrets }: Flag<unknown>, text: string): string {
  // The path of a file may be shown, the content not.
  if (namesSecrets && text.trimStart().startsWith('{')) {
    return '****';
  }
  return secret ? masked(text) : text;
}

/** Masks user and password in `zk://user:password@host`; the hosts stay. */
const masked = (text: string) => text.replace(/\/\/[^/@]*@/, '//****@');

function defaultOf(flag: Flag<unknown>): string | undefined {
  if (flag.defaultText !== undefined) {
    return flag.defaultText;
  }
  return flag.defaultValue === undefined ? undefined : flag.print(flag.defaultValue);
}

const STATUS_NOTE = {
  works: undefined,
  partial: undefined,
  accepted: undefined,
  planned: 'No effect yet.',
  refused: 'Not supported yet: setting it is an error.',
} as const;

/** Flags without a `--no-` form in help: for these it would have no effect. */
const ONLY_ON: ReadonlySet<string> = new Set(['help', 'version']);

function spelled(name: string, { isBoolean, placeholder }: Flag<unknown>): string {
  if (!isBoolean) {
    return `--${name}=${placeholder}`;
  }
  return ONLY_ON.has(name) ? `--${name}` : `--[no-]${name}`;
}

/** How a flag is written, with an older name that it has, and what help says about it. */
interface FlagEntry {
  readonly heads: readonly string[];
  readonly text: string;
}

/** In the order of the flags' names: for --help, and for manual pages. */
export function flagEntries(table: FlagTable): FlagEntry[] {
  return Object.keys(table)
    .toSorted()
    .map((name) => {
      const flag = table[name] as Flag<unknown>;
      const alias = flag.alias === undefined ? [] : [`(or --${flag.alias})`];
      const status = STATUS_NOTE[flag.status];
      const notes = [flag.help, status, defaultNote(flag), variableNote(flag)].filter(Boolean);
      return { heads: [spelled(name, flag), ...alias], text: notes.join(' ') };
    });
}

/**
 * The text of --help. Each line of the title that is longer than the terminal is wide is wrapped.
 */
export function helpText(title: string, table: FlagTable, columns = 100): string {
  const width = Math.min(Math.max(columns, 20), 120);
  const indent = width < 60 ? 4 : 8;
  const parts = [
    title
      .split('\n')
      .flatMap((line) => (line === '' ? [''] : wrap(line, width)))
      .join('\n'),
  ];
  for (const entry of flagEntries(table)) {
    const lines = wrap(entry.text, width - indent).map((line) => ' '.repeat(indent) + line);
    const heads = entry.heads.map((text) => `  ${text}`);
    const head = heads.join('').length > width ? heads.join('\n') : heads.join('');
    parts.push([head, ...lines].join('\n'));
  }
  return `${parts.join('\n\n')}\n`;
}

function defaultNote(flag: Flag<unknown>): string | undefined {
  const text = defaultOf(flag);
  return text === undefined || text === '' || (flag.isBoolean && text === 'false')
    ? undefined
    : `(default: ${text})`;
}

function variableNote({ variables }: Flag<unknown>): string | undefined {
  const [variable] = variables;
  return variable === undefined ? undefined : `(environment: ${variable})`;
}

export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return line === '' ? lines : [...lines, line];
}

/** One section of docs/flags.md. */
export function referenceSection(title: string, table: FlagTable): string {
  const rows = Object.keys(table)
    .toSorted()
    .map((name) => {
      const flag = table[name] as Flag<unknown>;
      const alias = flag.alias === undefined ? '' : `<br>(\`${flag.alias}\`)`;
      const variables = flag.variables.map((each) => `<br>(\`${each}\`)`).join('');
      const text = defaultOf(flag);
      const shown = text === undefined || text === '' ? '' : `\`${escaped(text)}\``;
      return `| \`${name}\`${alias}${variables} | ${shown} | ${flag.status} | ${escaped(flag.help)} |`;
    });
  return `## ${title}\n\n| flag | default | status | meaning |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}

const escaped = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
