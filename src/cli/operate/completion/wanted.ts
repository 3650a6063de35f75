// What could stand where the cursor is, by the tables of commands, nouns, verbs and flags. What the
// cluster would have to be asked for is only named.
import type { Command } from '../../command.ts';
import type { Flag, FlagTable } from '../../flags/flag.ts';
import { isTls, writtenAs } from '../options.ts';
import type { Completes, Noun, Parameter, Verb } from '../verb.ts';

export interface Offer {
  readonly value: string;
  readonly says: string;
}

export interface Wanted {
  readonly offers: readonly Offer[];
  /** Names of things, besides. */
  readonly things?: Completes | undefined;
  /** What comes before the value in the word, as `--agent=`. */
  readonly prefix: string;
  /** The flags of the connection that were written before: `--master=text`. */
  readonly connection: readonly string[];
}

export interface Tables {
  readonly nouns: readonly Noun[];
  readonly commands: readonly Command[];
}

const NOTHING: Wanted = { offers: [], prefix: '', connection: [] };

/** What flags of these names take. */
const THINGS: Readonly<Record<string, Completes>> = {
  agent: 'agent',
  context: 'context',
  drain: 'agent',
  framework: 'framework',
  remove_framework: 'framework',
  role: 'role',
};

/** `words`: those between `mesoscale` and that at the cursor; `current`: what is there of it. */
export function wantedAt(tables: Tables, words: readonly string[], current: string): Wanted {
  const [first, ...rest] = words[0] === 'help' ? words.slice(1) : words;
  if (first === undefined) {
    return { ...NOTHING, offers: firstWords(tables, words.length > 0) };
  }
  const noun = tables.nouns.find(({ name }) => name === first);
  const command = tables.commands.find(({ name }) => name === first);
  // A noun that is a server, too: its own flags are the server's.
  const isServer = command !== undefined && (rest[0] ?? current).startsWith('-');
  if (noun !== undefined && !isServer) {
    return ofNoun(noun, rest, current);
  }
  return command === undefined ? NOTHING : ofCommand(command, rest, current);
}

function firstWords({ nouns, commands }: Tables, isHelp: boolean): readonly Offer[] {
  const named = new Map([...commands, ...nouns].map(({ name, summary }) => [name, summary]));
  return [
    ...[...named].map(([value, says]) => ({ value, says })),
    ...(isHelp ? [] : [{ value: 'help', says: 'tell more of a command' }]),
  ];
}

function ofNoun({ verbs, groups = {} }: Noun, rest: readonly string[], current: string): Wanted {
  const wordsOf = ({ name = '' }: Verb) => (name === '' ? [] : name.split(' '));
  const isBegun = (verb: Verb, words: readonly string[]) =>
    words.every((word, at) => wordsOf(verb)[at] === word);
  const found = verbs
    .filter((verb) => isBegun(verb, rest.slice(0, wordsOf(verb).length)))
    .filter((verb) => wordsOf(verb).length <= rest.length)
    .toSorted((left, right) => wordsOf(right).length - wordsOf(left).length)[0];
  const next = verbs.filter((verb) => wordsOf(verb).length > rest.length && isBegun(verb, rest));
  if (next.length > 0 && (found === undefined || wordsOf(found).length === 0)) {
    const offers = new Map(
      next.map((verb) => {
        const words = wordsOf(verb);
        const isLast = words.length === rest.length + 1;
        const group = words.slice(0, rest.length + 1).join(' ');
        return [words[rest.length] ?? '', isLast ? verb.summary : (groups[group] ?? '')];
      }),
    );
    return { ...NOTHING, offers: [...offers].map(([value, says]) => ({ value, says })) };
  }
  return found === undefined ? NOTHING : ofVerb(found, rest.slice(wordsOf(found).length), current);
}

/** A flag of a verb as it is written, with what it stands for in the table. */
interface Spelled {
  readonly name: string;
  readonly flag: Flag<unknown>;
}

function spelledIn(table: FlagTable, text: string): Spelled | undefined {
  const [found] = Object.entries(table).filter(
    ([name, { short }]) =>
      text === `--${name}` || text === `--${writtenAs(name)}` || text === `-${short}`,
  );
  return found === undefined ? undefined : { name: found[0], flag: found[1] };
}

function ofVerb(verb: Verb, rest: readonly string[], current: string): Wanted {
  const { flags, parameters = [], passesThrough = false } = verb;
  const connection: string[] = [];
  const given = new Set<string>();
  const note = (name: string, text: string) => {
    given.add(name);
    connection.push(`--${name}=${text}`);
  };
  let arguments_ = 0;
  let isFlagsEnd = false;
  let awaiting: Spelled | undefined;
  for (const word of rest) {
    if (awaiting !== undefined) {
      note(awaiting.name, word);
      awaiting = undefined;
    } else if (isFlagsEnd || !word.startsWith('-')) {
      arguments_ += 1;
      isFlagsEnd ||= passesThrough;
    } else if (word === '--') {
      isFlagsEnd = true;
    } else {
      const [, name = word, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
      const spelled = spelledIn(flags, name);
      if (spelled !== undefined && value !== undefined) {
        note(spelled.name, value);
      } else if (spelled !== undefined && !spelled.flag.isBoolean) {
        awaiting = spelled;
      } else if (spelled !== undefined) {
        given.add(spelled.name);
      }
    }
  }
  const found = { connection };
  if (awaiting !== undefined) {
    return { ...ofValue(awaiting), prefix: '', ...found };
  }
  const [, prefix = '', named = ''] = /^((--[^=]+)=)/.exec(current) ?? [];
  const spelled = isFlagsEnd || prefix === '' ? undefined : spelledIn(flags, named);
  if (spelled !== undefined) {
    return { ...ofValue(spelled), prefix, ...found };
  }
  if (current.startsWith('-') && !isFlagsEnd) {
    return { ...NOTHING, offers: flagOffers(flags, given, current), ...found };
  }
  const parameter = parameters[arguments_] ?? lastOfMany(parameters);
  return {
    ...NOTHING,
    // What comes after is another program's.
    things: passesThrough && arguments_ > 0 ? 'file' : parameter?.completes,
    ...found,
  };
}

function lastOfMany(parameters: readonly Parameter[]): Parameter | undefined {
  const last = parameters.at(-1);
  return last?.isMany ? last : undefined;
}

function ofValue({ name, flag }: Spelled): Pick<Wanted, 'offers' | 'things'> {
  const { words, isPath, mayNameFile } = flag;
  const things = THINGS[name] ?? (isPath || mayNameFile ? 'file' : undefined);
  return { offers: (words ?? []).map((value) => ({ value, says: '' })), things };
}

/** Flags of TLS only where they are begun: they are many, and the same everywhere. */
function flagOffers(table: FlagTable, given: ReadonlySet<string>, current: string): Offer[] {
  const offers = Object.entries(table)
    .filter(([name, { merge }]) => merge !== undefined || !given.has(name))
    .filter(([name]) => !isTls(name) || current.startsWith('--ssl'))
    .map(([name, { isBoolean, defaultValue, help }]) => ({
      value: `--${isBoolean && defaultValue === true ? 'no-' : ''}${writtenAs(name)}`,
      says: help,
    }));
  return [...offers, { value: '--help', says: 'Show help and exit.' }];
}

/** Of a server or another program, whose flags are written `--name=value`. */
function ofCommand(
  { flags, usage, maxArguments = 0 }: Command,
  rest: readonly string[],
  current: string,
): Wanted {
  const [, prefix = '', name = ''] = /^--(([^=]+)=)/.exec(current) ?? [];
  const flag = flags[name] as Flag<unknown> | undefined;
  if (prefix !== '') {
    return flag === undefined
      ? NOTHING
      : { ...NOTHING, ...ofValue({ name, flag }), prefix: `--${prefix}` };
  }
  if (current.startsWith('-')) {
    const offers = Object.entries(flags).map(([each, { isBoolean, help }]) => ({
      value: isBoolean ? `--${each}` : `--${each}=`,
      says: help,
    }));
    return { ...NOTHING, offers };
  }
  // Its verbs, where its usage begins with them: `image list|pull|prune`.
  const [, verbs = ''] = /^mesoscale \w+ ([\w|]+\|\w+)\b/.exec(usage) ?? [];
  const isFirst = !rest.some((word) => !word.startsWith('-'));
  return isFirst && verbs !== ''
    ? { ...NOTHING, offers: verbs.split('|').map((value) => ({ value, says: '' })) }
    : { ...NOTHING, things: maxArguments > 0 ? 'file' : undefined };
}
