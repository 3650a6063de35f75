// The text of docs/commands.md, made from the tables of nouns and verbs.
import type { FlagTable } from '../flags/flag.ts';
import { AGENT_CONNECTION_FLAGS } from './connection/flags.ts';
import { isTls, without, writtenAs } from './options.ts';
import { LIST_FLAGS } from './output/flags.ts';
import type { Noun, Parameter, Verb } from './verb.ts';

const INTRODUCTION = `# Commands

This page is generated from the tables of nouns and verbs in src/cli/operate by \`npm run docs\`;
a test checks that it is current. The programs that run - \`mesoscale master\`, \`agent\`,
\`local\`, \`execute\`, \`batch\`, \`image\`, \`registry\` and \`secure\` - and their flags are in
[flags.md](flags.md).

## What all of them have

**Which cluster.** \`--master\` (\`-m\`) names the master: \`host:port\`, \`https://host:port\`,
or \`zk://host1:port1,host2:port2/path\` for the one that leads. Without it \`MESOS_MASTER\` does,
or the current context, or \`~/.mesos/config.toml\` of Mesos's own command line, or it is
\`127.0.0.1:5050\`. Contexts are tables of \`~/.config/mesoscale/config.toml\`, with flags about
the connection under their names:

\`\`\`toml
context = "production"

[contexts.production]
master = "zk://zk1:2181,zk2:2181,zk3:2181/mesos"
principal = "ops"
secret = "file:///home/me/.config/mesoscale/production.secret"
ssl_enabled = true
ssl_verify_server_cert = true
ssl_ca_file = "/etc/mesos/authority.pem"

[contexts.here]
master = "127.0.0.1:5050"
\`\`\`

\`mesoscale context use NAME\` chooses one, \`--context\` (or \`MESOSCALE_CONTEXT\`) for one
command; \`execute\` and \`batch\` take them as well. \`--master\` wins over them all, and
\`MESOS_MASTER\` over the chosen one. A context is used as a whole or not at all: its secret goes to
no master that was named elsewhere, and while it holds, \`MESOS_PRINCIPAL\`, \`MESOS_SECRET\` and the
variables of TLS, which may be those of another cluster, are left out; where that may be why nobody
answers or something is not allowed, it is said. \`MESOSCALE_CONFIG\` names another file.

**Which thing.** Agents, frameworks and tasks are named by their id, by as much of its beginning
as tells them apart, or by name: an agent's host name, a framework's name.

**What it looks like.** \`-o table\` (columns), \`wide\` (more of them), \`json\` and \`yaml\`
(the messages of the v1 API), \`name\` (ids, a line each). In a terminal columns that do not fit
are cut, and titles are bold, unless \`NO_COLOR\` is set; in a pipe all is there, and plain. Lists
take \`--filter COLUMN=VALUE\` (\`*\` for anything; also \`!=\`, \`>\` and \`<\` for numbers,
spans of time and sizes: \`age>8m\`, \`mem>50MB\`, \`mem=32\`, which is in MB;
columns of \`-o wide\` as well), \`--sort-by COLUMN\` (\`-COLUMN\`: the largest first),
\`--no-headers\`, and \`--watch\`.

**What changes something** takes \`--dry-run\`, and shows the calls that it would send. What ends
or takes away what others use asks first, unless \`--yes\` is given; where nobody can be asked (in
a script), \`--yes\` is required.

**How it ends.** Errors are lines on standard error, \`mesoscale NOUN VERB: …\`.

| status | meaning |
| --- | --- |
| 0 | done |
| 1 | what was asked for has failed, or was refused |
| 2 | the command line of a verb, or a file it stands for, is wrong (1 where there is no such command) |
| 3 | there is nothing of that name, or more than one |
| 4 | who asks may not do that, or has not said who that is |
| 5 | no master, or no agent, answers |
`;

export const commandReference = (nouns: readonly Noun[]): string =>
  [INTRODUCTION, `${sharedFlags()}\n`, ...nouns.map(section)].join('\n');

const isShared = (name: string) => name in AGENT_CONNECTION_FLAGS || name in LIST_FLAGS;

function sharedFlags(): string {
  const shared: FlagTable = { ...AGENT_CONNECTION_FLAGS, ...LIST_FLAGS };
  const rows = Object.entries(shared)
    .filter(([name]) => !isTls(name))
    .map(([name, flag]) => row(name, flag));
  return [
    '**Their flags.** Those about TLS are as of `mesoscale agent`, with its variables',
    '([flags.md](flags.md)).',
    `\n${flagTable(rows)}`,
  ].join('\n');
}

function section({ name, summary, verbs }: Noun): string {
  return [
    `## mesoscale ${name}\n`,
    `${sentence(summary)}\n`,
    ...verbs.map((verb) => verbSection(name, verb)),
  ].join('\n');
}

function verbSection(noun: string, verb: Verb): string {
  const { name, summary, explanation, parameters = [], flags, examples } = verb;
  const words = ['mesoscale', noun, ...(name === undefined ? [] : [name])];
  const usage = [...words, ...parameters.map(placed)].join(' ');
  const own = Object.entries(flags).filter(([flag]) => !isShared(flag));
  const lines = examples.map(({ line, says }) => `mesoscale ${line}  # ${says}`);
  return [
    `### ${words.join(' ')}`,
    `\`${usage}\``,
    `${sentence(summary)}${explanation === undefined ? '' : ` ${explanation}`}`,
    ...(parameters.length === 0
      ? []
      : [parameters.map(({ name: word, help }) => `- \`${word}\`: ${help}`).join('\n')]),
    ...(own.length === 0 ? [] : [flagTable(own.map(([flag, each]) => row(flag, each)))]),
    `\`\`\`console\n${lines.join('\n')}\n\`\`\`\n`,
  ].join('\n\n');
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

function placed({ name, isOptional = false, isMany = false }: Parameter): string {
  const text = isMany ? `${name}…` : name;
  return isOptional ? `[${text}]` : text;
}

const flagTable = (rows: readonly string[]) =>
  `| flag | default | meaning |\n| --- | --- | --- |\n${rows.join('\n')}`;

function row(name: string, flag: FlagTable[string]): string {
  const { isBoolean, defaultValue, defaultText, short, placeholder, help, print } = flag;
  const text = isBoolean
    ? ''
    : (defaultText ?? (defaultValue === undefined ? '' : print(defaultValue)));
  const long = writtenAs(name);
  const shown = isBoolean
    ? defaultValue === true
      ? `--no-${long}`
      : `--${long}`
    : `--${long} ${placeholder}`;
  const written = short === undefined ? `\`${shown}\`` : `\`-${short}\`, \`${shown}\``;
  return `| ${written} | ${text === '' ? '' : `\`${text}\``} | ${isBoolean && defaultValue === true ? without(help) : help} |`;
}
