// Runs a verb: commander takes the command line apart and writes help, by the tables of nouns and
// verbs.
import { Command, CommanderError } from 'commander';
import { lastWords } from '../failure.ts';
import type { FlagTable } from '../flags/flag.ts';
import { type ParsedFlags, readFlags } from '../flags/parse.ts';
import type { AgentValues } from './connection/agents.ts';
import { AGENT_CONNECTION_FLAGS } from './connection/flags.ts';
import { type ConnectionSource, connectionSource } from './connection/source.ts';
import { flagsAfterVerb } from './leading-flags.ts';
import { addOptions, respelled, type WrittenFlags } from './options.ts';
import { CommandError, EXIT, outcomeOf } from './outcome.ts';
import { helpColumns } from './output/screen.ts';
import type { Noun, Parameter, Verb } from './verb.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Runs what the words after the noun ask for. Resolves with the exit status. */
export async function runNoun(noun: Noun, argv: readonly string[]): Promise<number> {
  let status: number | undefined = EXIT.done;
  const told = (command: string, { status: ended, message }: CommandError) => {
    process.stderr.write(lastWords(command, message));
    status = ended;
  };
  const command = commandOf(noun, async (verb, name, words, written) => {
    try {
      status = await runVerb(verb, words, written, process.env);
    } catch (error) {
      const { status: ended, message } = outcomeOf(error);
      told(name, { status: ended, message: respelled(message, verb.flags) } as CommandError);
    }
  });
  try {
    await command.parseAsync(flagsAfterVerb(noun.verbs, helped(noun, argv)), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      throw error;
    }
    // Help and its like have been written; so have errors.
    status = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
  return status ?? EXIT.done;
}

/** `help agent nosuch` is told that there is no such verb, and not what there is. */
function helped({ verbs }: Noun, argv: readonly string[]): readonly string[] {
  const [word = ''] = argv;
  const isVerb = verbs.some(({ name }) => name === undefined || name.split(' ')[0] === word);
  return isVerb || word.startsWith('-') ? argv : argv.filter((each) => each !== '--help');
}

type Run = (
  verb: Verb,
  name: string,
  words: readonly string[],
  written: WrittenFlags,
) => Promise<void>;

/** The noun as commander knows it, with its verbs. */
export function commandOf(noun: Noun, run: Run): Command {
  const alone = noun.verbs.find(({ name }) => name === undefined);
  const root = configured(new Command(`mesoscale ${noun.name}`), `mesoscale ${noun.name}`);
  root.description(described(noun.summary));
  if (alone === undefined) {
    root.usage('VERB …').commandsGroup('Verbs:');
    root.addHelpText('after', `\nmesoscale help ${noun.name} VERB tells more of a verb.`);
  }
  for (const verb of noun.verbs) {
    const { name } = verb;
    const command = name === undefined ? root : commandAt(root, noun, name.split(' '));
    describe(command, verb, [noun.name, ...(name === undefined ? [] : [name])].join(' '), run);
  }
  root.helpCommand(false);
  return root;
}

/** The command of these words; a group of verbs before the last one is made for the first. */
function commandAt(root: Command, noun: Noun, words: readonly string[]): Command {
  return words.reduce((above, word, at) => {
    const known = above.commands.find((command) => command.name() === word);
    if (known !== undefined) {
      return known;
    }
    const path = words.slice(0, at + 1).join(' ');
    const command = configured(above.command(word), `mesoscale ${noun.name} ${path}`);
    const summary = noun.groups?.[path];
    return summary === undefined
      ? command
      : command
          .summary(summary)
          .description(described(summary))
          .usage('VERB …')
          .commandsGroup('Verbs:')
          .helpCommand(false);
  }, root);
}

function configured(command: Command, name: string): Command {
  return (
    command
      .exitOverride()
      // What is not ours is found by place: exec's command has flags of its own.
      .enablePositionalOptions()
      .helpOption('-h, --help', 'Show this text and exit.')
      .configureHelp({ helpWidth: Math.min(helpColumns(), 120), subcommandTerm: termOf })
      .configureOutput({
        outputError: (text, write) =>
          write(
            lastWords(
              name.replace(/^mesoscale /, ''),
              text
                .replace(/^error: /, '')
                .trim()
                .replaceAll('\n', ' '),
            ),
          ),
      })
  );
}

/** A verb in the list of verbs: its flags are told where more is. */
const termOf = (command: Command): string =>
  [
    command.name(),
    ...(command.commands.length > 0 ? ['VERB'] : []),
    ...command.registeredArguments.map((argument) => {
      const name = `${argument.name()}${argument.variadic ? '…' : ''}`;
      return argument.required ? name : `[${name}]`;
    }),
  ].join(' ');

function describe(command: Command, verb: Verb, name: string, run: Run): void {
  const { summary, explanation, parameters = [], flags, examples } = verb;
  const written: WrittenFlags = [];
  command.summary(summary).description(described(summary, explanation));
  for (const parameter of parameters) {
    command.argument(placed(parameter), parameter.help);
  }
  command.passThroughOptions(verb.passesThrough ?? false);
  addOptions(command, flags, written);
  command.addHelpText('after', footer(flags, examples));
  command.action(() => run(verb, name, wordsOf(command), written));
}

const wordsOf = (command: Command): string[] => command.args;

const described = (summary: string, explanation = '') =>
  [`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`, explanation]
    .filter((text) => text !== '')
    .join('\n\n');

function placed({ name, isOptional = false, isMany = false }: Parameter): string {
  const text = isMany ? `${name}...` : name;
  return isOptional ? `[${text}]` : `<${text}>`;
}

function footer(flags: FlagTable, examples: Verb['examples']): string {
  const lines = examples.flatMap(({ line, says }) => [`  # ${says}`, `  mesoscale ${line}`]);
  const more = Object.hasOwn(flags, 'master')
    ? [
        '',
        'TLS has the flags --ssl_… of `mesoscale agent --help`, and their variables LIBPROCESS_SSL_….',
      ]
    : [];
  return ['', 'Examples:', ...lines, ...more].join('\n');
}

async function runVerb(
  verb: Verb,
  words: readonly string[],
  written: WrittenFlags,
  environment: Environment,
): Promise<number | undefined> {
  const { unused, ...parsed } = readValues(verb.flags, written, environment);
  try {
    return await verb.run({ ...parsed, words });
  } catch (error) {
    const { status, message } = outcomeOf(error);
    const isOfConnection = status === EXIT.notAllowed || status === EXIT.unreachable;
    throw isOfConnection && unused !== undefined
      ? new CommandError(status, `${message}\n${unused}`)
      : error;
  }
}

/** How a master is reached, for who has written these flags. Throws FlagError or CommandError. */
export function connectionValues(written: WrittenFlags, environment: Environment): AgentValues {
  const known = written.filter((text) => Object.hasOwn(AGENT_CONNECTION_FLAGS, nameIn(text)));
  return readValues(AGENT_CONNECTION_FLAGS, known, environment).values as AgentValues;
}

const nameIn = (text: string) => /^--([^=]+)/.exec(text)?.[1] ?? '';

interface Read extends Pick<ParsedFlags<FlagTable>, 'values' | 'written' | 'faults'> {
  /** Says which variables a context leaves out, if there are any. */
  readonly unused?: string | undefined;
}

/** Only flags about the connection are read from the environment and from contexts. */
function readValues(table: FlagTable, written: WrittenFlags, environment: Environment): Read {
  if (!Object.hasOwn(table, 'master')) {
    const parsed = readFlags(table, { argv: written, environment: {} });
    parsed.faults.end();
    return parsed;
  }
  const source = connectionSource(written, environment);
  const parsed = readFlags(table, {
    argv: written,
    environment: connecting(source.environment),
    preset: source.preset,
  });
  parsed.faults.end();
  // The context that holds, whoever has named it.
  const values = { ...parsed.values, context: source.preset?.context };
  return { ...parsed, values, unused: unusedText(source) };
}

const unusedText = ({ preset, unused }: ConnectionSource): string | undefined =>
  unused.length === 0
    ? undefined
    : `${preset?.place ?? ''} holds as a whole: not used of the environment: ${unused.join(', ')}`;

/** The variables of connection flags: MESOS_MASTER, and those of TLS. */
function connecting(environment: Environment): Environment {
  const own = Object.keys(AGENT_CONNECTION_FLAGS).map((name) => `MESOS_${name.toUpperCase()}`);
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => own.includes(name) || !name.startsWith('MESOS_'),
    ),
  );
}
