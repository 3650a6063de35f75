#!/usr/bin/env node
// The command `mesoscale`: finds the command that was asked for and hands it the rest of the line.
// Each is loaded only when it is asked for, so that starting one does not wait for the others.
import './process/early-signals.ts';
import './process/light-http.ts';
import './process/output-errors.ts';
import './process/parent.ts';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { closestName } from '../model/closest-name.ts';
import { allCommands, COMMAND_NAMES, commandOf } from './commands.ts';
import { wrap } from './flags/print.ts';
import { helpColumns } from './terminal.ts';
import { versionLine } from './version.ts';

/** By then a server has loaded everything, and has time. */
const FLUSH_MS = 3000;

const OVERVIEW = new Set(['help', '--help', '-h']);
const HELP = new Set(['--help', '-h']);
const VERSION = new Set(['version', '--version', '-v']);

async function overview(): Promise<string> {
  const indent = 12;
  const said = (await allCommands()).map(
    ({ name, summary, mesosName }) =>
      [name, mesosName === undefined ? summary : `${summary} (also as ${mesosName})`] as const,
  );
  const lines = [...said, ['version', 'show the version'] as const].map(([name, says]) => {
    const text = wrap(says, helpColumns() - indent).join(`\n${' '.repeat(indent)}`);
    return `  ${name.padEnd(indent - 2)}${text}`;
  });
  const more = wrap('mesoscale help COMMAND lists the flags of a command.', helpColumns());
  return `Usage: mesoscale COMMAND [--flag=value …]\n\n${lines.join('\n')}\n\n${more.join('\n')}\n`;
}

// Half of the time of a start is reading and compiling our own files, so compiled code is kept.
enableCompileCache();

/** `help COMMAND` is `COMMAND --help`. */
function asked(): readonly [string | undefined, ...string[]] {
  const [name, ...argv] = process.argv.slice(2);
  const [about] = argv;
  return name !== undefined && OVERVIEW.has(name) && about !== undefined && !about.startsWith('-')
    ? [about, '--help']
    : [name, ...argv];
}

/** An argument too many, after a word that takes one command or none. */
function surplus(): string | undefined {
  const [word = '', ...rest] = process.argv.slice(2);
  if (OVERVIEW.has(word)) {
    return rest[1];
  }
  return VERSION.has(word) && !HELP.has(rest[0] ?? '') ? rest[0] : undefined;
}

function complain(text: string): void {
  process.stderr.write(`mesoscale: ${text}\n`);
  process.exitCode = 1;
}

const [name, ...argv] = asked();
const command = name === undefined ? undefined : await commandOf(name);
const extra = surplus();
if (extra !== undefined) {
  complain(`unexpected argument '${extra}'; mesoscale help lists the commands`);
} else if (command !== undefined) {
  // Servers are killed rather than ended, so compiled code is stored now.
  setTimeout(flushCompileCache, FLUSH_MS).unref();
  await command.run(argv);
} else if (name === undefined || OVERVIEW.has(name)) {
  process.stdout.write(await overview());
} else if (VERSION.has(name)) {
  console.log(
    HELP.has(argv[0] ?? '') ? 'Usage: mesoscale version\n\nShows the version.' : versionLine,
  );
} else {
  const close = closestName(name, [...COMMAND_NAMES, 'help', 'version']);
  const meant = close === undefined ? '' : ` (did you mean ${close}?)`;
  complain(`unknown command '${name}'${meant}; mesoscale help lists them`);
}
