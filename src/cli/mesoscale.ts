#!/usr/bin/env node
// The command `mesoscale`: finds the command that was asked for and hands it the rest of the line.
// Each is loaded only when it is asked for, so that starting one does not wait for the others.
import './process/early-signals.ts';
import './process/light-http.ts';
import { printNow } from './process/output-errors.ts';
import './process/parent.ts';
import { flushCompileCache } from 'node:module';
import { closestName } from '../model/closest-name.ts';
import { allCommands, COMMAND_NAMES, commandOf } from './commands.ts';
import { wrap } from './flags/print.ts';
import { allNouns, NOUN_NAMES, nounOf } from './operate/nouns.ts';
import { helpColumns } from './operate/output/screen.ts';
import type { Noun } from './operate/verb.ts';
import { versionLine } from './version.ts';

/** By then a server has loaded everything, and has time. */
const FLUSH_MS = 3000;

const OVERVIEW = new Set(['help', '--help', '-h']);
const HELP = new Set(['--help', '--help=true', '-h']);
/** Asked by shells, by what `mesoscale completion` prints for them. */
const COMPLETE = 'complete';
const VERSION = new Set(['--version', '-v']);

async function overview(): Promise<string> {
  const commands = (await allCommands()).map(
    ({ name, summary, mesosName }) =>
      [name, mesosName === undefined ? summary : `${summary} (also as ${mesosName})`] as const,
  );
  const nouns = (await allNouns()).map((noun) => [noun.name, verbsOf(noun)] as const);
  return [
    'Usage: mesoscale COMMAND …',
    listed('Run:', commands),
    listed('Look and act:', nouns),
    [
      'mesoscale help COMMAND tells more of a command, and mesoscale help agent drain of a verb.',
      'mesoscale --version shows the version.',
    ]
      .flatMap((line) => wrap(line, helpColumns()))
      .join('\n'),
    '',
  ].join('\n\n');
}

/** The verbs of a noun, or what it does alone. */
const verbsOf = ({ summary, verbs }: Noun): string => {
  // A group of verbs is named once.
  const names = [...new Set(verbs.flatMap(({ name }) => name?.split(' ')[0] ?? []))];
  return names.length === 0 ? summary : names.join(' · ');
};

/** What a server's noun has, before the help of the server. */
function verbHelp({ name, verbs }: Noun): string {
  return [
    `Usage: mesoscale ${name} VERB …`,
    listed(
      'Look and act:',
      verbs.map((verb) => [verb.name ?? '', verb.summary] as const),
    ),
    `mesoscale help ${name} VERB tells more of a verb. Without one, the ${name} itself is run:\n\n`,
  ].join('\n\n');
}

function listed(heading: string, entries: readonly (readonly [string, string])[]): string {
  const indent = 2 + 2 + Math.max(...entries.map(([name]) => name.length));
  const lines = entries.map(([name, says]) => {
    const text = wrap(says, helpColumns() - indent).join(`\n${' '.repeat(indent)}`);
    return `  ${name.padEnd(indent - 2)}${text}`;
  });
  return [heading, ...lines].join('\n');
}

/** `help COMMAND VERB` is `COMMAND VERB --help`. */
function asked(line: readonly string[]): readonly [string | undefined, ...string[]] {
  const [name, ...argv] = line;
  const [about, ...more] = argv;
  return name !== undefined && OVERVIEW.has(name) && about !== undefined && !about.startsWith('-')
    ? [about, ...more, '--help']
    : [name, ...argv];
}

/** An argument too many, after a word that takes none or only those of a noun. */
function surplus(): string | undefined {
  const [word = '', ...rest] = process.argv.slice(2);
  if (VERSION.has(word)) {
    return rest[0];
  }
  const [about = '', verb] = rest;
  return OVERVIEW.has(word) && verb !== undefined && !NOUN_NAMES.includes(about) ? verb : undefined;
}

function complain(text: string): void {
  process.stderr.write(`mesoscale: ${text}\n`);
  process.exitCode = 1;
}

/** A noun with what follows it; a server of the same name takes what begins with a dash. */
async function nounAsked(
  name: string | undefined,
  argv: readonly string[],
): Promise<Noun | undefined> {
  const noun = name === undefined ? undefined : await nounOf(name);
  const [word] = await withoutFlags(argv);
  const isServer = name !== undefined && COMMAND_NAMES.includes(name);
  return isServer && (word === undefined || word.startsWith('-')) ? undefined : noun;
}

/** From the first word on that is no flag about the connection. */
async function withoutFlags(argv: readonly string[]): Promise<readonly string[]> {
  const isWorthALook = argv[0]?.startsWith('-') && argv.some((word) => !word.startsWith('-'));
  return isWorthALook ? (await import('./operate/leading-flags.ts')).leadingFlags(argv).rest : argv;
}

/** Flags about the connection that stand before a noun stand behind it. */
async function nounFirst(argv: readonly string[]): Promise<readonly string[]> {
  const rest = await withoutFlags(argv);
  const [word = ''] = rest;
  const flags = argv.slice(0, argv.length - rest.length);
  return NOUN_NAMES.includes(word) ? [word, ...flags, ...rest.slice(1)] : argv;
}

const [name, ...argv] = asked(await nounFirst(process.argv.slice(2)));
const noun = await nounAsked(name, argv);
const command = noun === undefined && name !== undefined ? await commandOf(name) : undefined;
const extra = surplus();
if (extra !== undefined) {
  complain(`unexpected argument '${extra}'; mesoscale help lists the commands`);
} else if (name === COMPLETE) {
  const { complete } = await import('./operate/completion/answer.ts');
  await complete(argv, { nouns: await allNouns(), commands: await allCommands() });
} else if (noun !== undefined) {
  const { runNoun } = await import('./operate/program.ts');
  process.exitCode = await runNoun(noun, argv);
} else if (command !== undefined) {
  const spoken = argv.some((word) => HELP.has(word)) ? await nounOf(command.name) : undefined;
  if (spoken !== undefined) {
    printNow(verbHelp(spoken));
  }
  // A checkout keeps compiled code (NODE_COMPILE_CACHE, bin/mesoscale). Servers are killed rather
  // than ended, so it is stored now. Nowhere else is it kept: Node's own place for it is in the
  // folder of temporary files, where another user may have put code for root to run.
  setTimeout(flushCompileCache, FLUSH_MS).unref();
  await command.run(argv);
} else if (name === undefined || OVERVIEW.has(name)) {
  process.stdout.write(await overview());
} else if (VERSION.has(name)) {
  console.log(versionLine);
} else {
  const close = closestName(name, [...COMMAND_NAMES, ...NOUN_NAMES, 'help']);
  const meant = close === undefined ? '' : ` (did you mean ${close}?)`;
  complain(`unknown command '${name}'${meant}; mesoscale help lists them`);
}
