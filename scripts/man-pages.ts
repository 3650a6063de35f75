// Manual pages of the commands, made of the tables that their help is made of.
import type { Command } from '../src/cli/command.ts';
import { flagEntries } from '../src/cli/flags/print.ts';
import type { Noun } from '../src/cli/operate/verb.ts';
import { SERVERS } from '../src/cli/servers.ts';
import { type Flags, helpOf, ownFlags, sharedFlags, spellings, usageOf } from './verb-words.ts';

export interface ManualPage {
  /** With the section, as files are named: `mesos-master.8`. */
  readonly name: string;
  readonly text: string;
}

interface Edition {
  readonly version: string;
  /** YYYY-MM-DD */
  readonly date: string;
}

/** What a server reads where a package has installed it. */
const FILES: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  master: [
    ['/etc/mesos/zk', 'The address of ZooKeeper, for --zk.'],
    ['/etc/default/mesos, /etc/default/mesos-master', 'Variables, as under ENVIRONMENT.'],
    ['/etc/mesos-master/FLAG', 'What is in the file is the value of --FLAG.'],
    ['/etc/mesos-master/?FLAG', 'Turns --FLAG on, which is a toggle; ?no-FLAG turns it off.'],
    ['/var/lib/mesos/master', 'State, where nothing else is said.'],
  ],
  agent: [
    ['/etc/mesos/zk', 'The address of ZooKeeper, for --master.'],
    ['/etc/default/mesos, /etc/default/mesos-agent', 'Variables, as under ENVIRONMENT.'],
    ['/etc/mesos-agent/FLAG', 'What is in the file is the value of --FLAG.'],
    ['/etc/mesos-agent/?FLAG', 'Turns --FLAG on, which is a toggle; ?no-FLAG turns it off.'],
    [
      '/etc/mesos-agent/attributes/NAME',
      'The value of an attribute; resources/NAME of a resource.',
    ],
    ['/var/lib/mesos/agent', 'State, sandboxes and volumes, where nothing else is said.'],
  ],
};

/** All that the pages are about. */
export interface Tables {
  readonly commands: readonly Command[];
  readonly nouns: readonly Noun[];
}

/**
 * A page for each command and for each noun, one for all, and the other names that commands have.
 * A command and a noun of one name share a page, unless the command has a page of Mesos's name.
 */
export function manualPages(tables: Tables, edition: Edition): ManualPage[] {
  const { commands, nouns } = tables;
  const pages = [
    overview(tables, edition),
    ...commands.map((command) => pageOf(command, tables, edition)),
    ...nouns
      .filter(({ name }) => commands.every((command) => titleOf(command) !== `mesoscale-${name}`))
      .map((noun) => pageOfNoun(noun, tables, edition)),
  ];
  const old = pages.some(({ name }) => name === 'mesos-agent.8') ? ['mesos-slave.8'] : [];
  const links = [
    ...commands.flatMap((command) =>
      command.mesosName === undefined || nouns.some(({ name }) => name === command.name)
        ? []
        : sameAs(`mesoscale-${command.name}.1`, `${titleOf(command)}.${sectionOf(command)}`),
    ),
    ...old.map((name) => sameAs(name, 'mesos-agent.8')),
  ];
  return [...pages, ...links];
}

const sameAs = (name: string, page: string): ManualPage => ({
  name,
  text: `.so man${page.at(-1)}/${page}\n`,
});

const isServer = ({ name }: Command) => (SERVERS as readonly string[]).includes(name);
const titleOf = (command: Command) => command.mesosName ?? `mesoscale-${command.name}`;
const sectionOf = (command: Command) => (isServer(command) ? 8 : 1);

function overview({ commands, nouns }: Tables, edition: Edition): ManualPage {
  const list = commands.map((command) => [`mesoscale ${command.name}`, command.summary] as const);
  return {
    name: 'mesoscale.1',
    text: lines(
      head('mesoscale', 1, edition),
      '.SH NAME',
      `mesoscale \\- ${escaped("a cluster manager that speaks Apache Mesos's language")}`,
      '.SH SYNOPSIS',
      '.B mesoscale',
      '.I COMMAND',
      '[\\-\\-FLAG=VALUE ...]',
      '.SH DESCRIPTION',
      escaped(
        'A master offers the resources of many agents to frameworks, which launch tasks on them. ' +
          'mesoscale help COMMAND, or COMMAND --help, shows the flags of a command.',
      ),
      '.SH COMMANDS THAT RUN SOMETHING',
      ...list.flatMap(([name, summary]) => entry([name], `${capitalized(summary)}.`)),
      '.SH COMMANDS THAT LOOK AND ACT',
      ...nouns.flatMap((noun) =>
        entry([`mesoscale ${noun.name} ...`], `${capitalized(noun.summary)}.`),
      ),
      ...seeAlso(pageNames({ commands, nouns })),
    ),
  };
}

/** Without those that are only another name. */
const pageNames = ({ commands, nouns }: Tables): (readonly [string, number])[] => {
  const all = [
    ...commands.map((command) => [titleOf(command), sectionOf(command)] as const),
    ...nouns.map(({ name }) => [`mesoscale-${name}`, 1] as const),
  ];
  return all.filter(([name], index) => all.findIndex(([other]) => other === name) === index);
};

/** What each verb of a noun does, and its flags. */
function verbSections({ name, verbs }: Noun): string[] {
  return verbs.flatMap((verb) => [
    `.SS ${escaped(usageOf(name, verb))}`,
    `${escaped(capitalized(verb.summary))}.`,
    ...(verb.explanation === undefined ? [] : prose(verb.explanation)),
    ...(verb.parameters ?? []).flatMap((each) => entry([each.name], each.help)),
    ...flagLines(ownFlags(verb)),
    '.PP',
    ...(verb.examples.length === 0 ? [] : ['.nf']),
    ...verb.examples.flatMap(({ line, says }) => escaped(`# ${says}\nmesoscale ${line}`)),
    ...(verb.examples.length === 0 ? [] : ['.fi']),
  ]);
}

const flagLines = (flags: Flags): string[] =>
  flags.flatMap(([name, flag]) => entry([spellings(name, flag).join(', ')], helpOf(flag)));

/** The part about what nearly all verbs have. */
const sharedSection = () => [
  '.SH OPTIONS OF ALL',
  escaped('Those about TLS are as of mesos-agent, in the form --ssl_ca_file PATH.'),
  ...flagLines(sharedFlags),
];

function pageOfNoun(noun: Noun, { commands }: Tables, edition: Edition): ManualPage {
  const title = `mesoscale-${noun.name}`;
  const server = commands.filter(({ name }) => name === noun.name);
  return {
    name: `${title}.1`,
    text: lines(
      head(title, 1, edition),
      '.SH NAME',
      `${escaped(title)} \\- ${escaped(noun.summary)}`,
      '.SH SYNOPSIS',
      '.nf',
      ...noun.verbs.map((verb) => escaped(usageOf(noun.name, verb))),
      '.fi',
      '.SH COMMANDS',
      ...verbSections(noun),
      ...sharedSection(),
      ...seeAlso([
        ['mesoscale', 1],
        ...server.map((command) => [titleOf(command), sectionOf(command)] as const),
      ]),
    ),
  };
}

function pageOf(command: Command, { commands, nouns }: Tables, edition: Edition): ManualPage {
  const [synopsis = '', ...explanation] = command.usage.split('\n\n');
  const section = sectionOf(command);
  const files = FILES[command.name] ?? [];
  const noun = nouns.find(({ name }) => titleOf(command) === `mesoscale-${name}`);
  return {
    name: `${titleOf(command)}.${section}`,
    text: lines(
      head(titleOf(command), section, edition),
      '.SH NAME',
      `${escaped(titleOf(command))} \\- ${escaped(command.summary)}`,
      '.SH SYNOPSIS',
      '.nf',
      escaped(synopsis),
      '.fi',
      ...(explanation.length === 0 ? [] : ['.SH DESCRIPTION', ...explanation.flatMap(prose)]),
      '.SH OPTIONS',
      escaped('Toggles are written --name and --no-name.'),
      ...flagEntries(command.flags).flatMap(({ heads, text }) => entry(heads, text)),
      ...(noun === undefined ? [] : ['.SH COMMANDS', ...verbSections(noun), ...sharedSection()]),
      '.SH ENVIRONMENT',
      ...entry(
        ['MESOS_FLAG'],
        'Stands for --flag, where the command line does not say it; the name is in capitals.',
      ),
      ...(files.length === 0 ? [] : ['.SH FILES']),
      ...files.flatMap(([name, text]) => entry([name], text)),
      ...seeAlso([
        ['mesoscale', 1],
        ...commands
          .filter((other) => other !== command && isServer(other))
          .map((other) => [titleOf(other), sectionOf(other)] as const),
      ]),
    ),
  };
}

const capitalized = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

const lines = (...all: readonly string[]) => `${all.join('\n')}\n`;

const head = (title: string, section: number, { version, date }: Edition) =>
  `.TH ${title.toUpperCase()} ${section} ${date} "Mesoscale ${version}" Mesoscale`;

/** Backslashes, hyphens that can be copied, no requests, and what terminals without UTF-8 show. */
const escaped = (text: string) =>
  text
    .replaceAll('…', '...')
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^(?=[.'])/gm, '\\&');

/** Lists, which are indented, keep their lines. */
const prose = (text: string) =>
  /^ /m.test(text) ? ['.PP', '.nf', escaped(text), '.fi'] : ['.PP', escaped(text)];

const entry = (heads: readonly string[], text: string) => [
  '.TP',
  `.B ${heads.map(escaped).join(' ')}`,
  escaped(text),
];

const seeAlso = (pages: readonly (readonly [string, number])[]) => [
  '.SH SEE ALSO',
  pages.map(([name, section]) => `.BR ${escaped(name)} (${section})`).join(',\n'),
];
