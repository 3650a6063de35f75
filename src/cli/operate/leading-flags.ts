// Flags about the connection may stand before the noun and before the verb, as with other commands
// of operators: `mesoscale --context=here agent list`, `mesoscale task --master=… list`.
import { CONNECTION_FLAGS } from './connection/flags.ts';
import type { Verb } from './verb.ts';

interface Split {
  readonly flags: readonly string[];
  readonly rest: readonly string[];
}

const byName = new Map(
  Object.entries(CONNECTION_FLAGS).flatMap(([name, { isBoolean, short }]) =>
    [name, name.replaceAll('_', '-'), ...(short === undefined ? [] : [short])].map(
      (written) => [written, isBoolean] as const,
    ),
  ),
);

/** What stands before the first word that is no flag about the connection, nor its value. */
export function leadingFlags(argv: readonly string[]): Split {
  let end = 0;
  for (;;) {
    const [, name, equals] = /^--?(?:no-)?([\w-]+)(=?)/.exec(argv[end] ?? '') ?? [];
    const isBoolean = name === undefined ? undefined : byName.get(name);
    if (isBoolean === undefined) {
      return { flags: argv.slice(0, end), rest: argv.slice(end) };
    }
    end += isBoolean || equals === '=' ? 1 : 2;
  }
}

/** The flags in front behind the verb: what follows its arguments may not be ours. */
export function flagsAfterVerb(verbs: readonly Verb[], argv: readonly string[]): readonly string[] {
  const { flags, rest } = leadingFlags(argv);
  const words = verbs
    .map(({ name = '' }) => name.split(' ').filter((word) => word !== ''))
    .filter((name) => name.every((word, at) => rest[at] === word));
  const length = Math.max(0, ...words.map((name) => name.length));
  return [...rest.slice(0, length), ...flags, ...rest.slice(length)];
}
