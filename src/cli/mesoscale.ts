#!/usr/bin/env node
// The command `mesoscale`: finds the command that was asked for and hands it the rest of the line.
// Each is loaded only when it is asked for, so that starting one does not wait for the others.
import './agent/early-signals.ts';
import './process/output-errors.ts';
import './process/parent.ts';
import { enableCompileCache, flushCompileCache } from 'node:module';
import type { EarlyPort } from '../http/transport/listener.ts';
import { wrap } from './flags/print.ts';
import { openEarlyPort } from './process/early-port.ts';
import { keepGoingWithoutReader } from './process/output-errors.ts';
import { helpColumns } from './terminal.ts';
import { versionLine } from './version.ts';

interface Main {
  main(argv: readonly string[], early?: EarlyPort): Promise<void>;
}

const COMMANDS: Readonly<Record<string, { readonly says: string; load(): Promise<Main> }>> = {
  master: {
    says: 'run a master (also as mesos-master)',
    load: () => import('./master/main.ts'),
  },
  agent: {
    says: 'run an agent (also as mesos-agent)',
    load: () => import('./agent/main.ts'),
  },
  local: {
    says: 'run a master and agents on this machine',
    load: () => import('./local/main.ts'),
  },
  execute: {
    says: 'run one command or task on a cluster (also as mesos-execute)',
    load: () => import('./execute/main.ts'),
  },
  batch: {
    says: 'run the tasks of a file on a cluster',
    load: () => import('./batch/main.ts'),
  },
};

/** By then a server has loaded everything and has time for it. */
const FLUSH_MS = 3000;

/** Commands that listen. */
const SERVERS = new Set(['master', 'agent']);
const OVERVIEW = new Set(['help', '--help', '-h']);
const VERSION = new Set(['version', '--version', '-v']);

function overview(): string {
  const indent = 12;
  const said = Object.entries(COMMANDS).map(([name, { says }]) => [name, says] as const);
  const lines = [...said, ['version', 'show the version'] as const].map(([name, says]) => {
    const text = wrap(says, helpColumns() - indent).join(`\n${' '.repeat(indent)}`);
    return `  ${name.padEnd(indent - 2)}${text}`;
  });
  const more = wrap('mesoscale help COMMAND lists the flags of a command.', helpColumns());
  return `Usage: mesoscale COMMAND [--flag=value …]\n\n${lines.join('\n')}\n\n${more.join('\n')}\n`;
}

// Half of a start is reading and compiling our own files: what was compiled once is kept.
enableCompileCache();

/** `help COMMAND` is `COMMAND --help`. */
function asked(): readonly [string | undefined, ...string[]] {
  const [name, ...argv] = process.argv.slice(2);
  const [about] = argv;
  return name !== undefined && OVERVIEW.has(name) && about !== undefined && !about.startsWith('-')
    ? [about, '--help']
    : [name, ...argv];
}

/** What stands behind a word that takes one command, or nothing. */
function surplus(): string | undefined {
  const [word = '', ...rest] = process.argv.slice(2);
  return OVERVIEW.has(word) ? rest[1] : VERSION.has(word) ? rest[0] : undefined;
}

function complain(text: string): void {
  process.stderr.write(`mesoscale: ${text}\n`);
  process.exitCode = 1;
}

const [name, ...argv] = asked();
const command = COMMANDS[name ?? ''];
const extra = surplus();
if (extra !== undefined) {
  complain(`unexpected argument '${extra}'; mesoscale help lists the commands`);
} else if (command !== undefined) {
  if (SERVERS.has(name ?? '') || name === 'local') {
    keepGoingWithoutReader();
  }
  if (SERVERS.has(name ?? '')) {
    // Under systemd's UMask=0077 no task of another user could reach its sandbox. What is private
    // says so.
    process.umask(0o022);
  }
  const early = SERVERS.has(name ?? '') ? await openEarlyPort(name ?? '', argv) : undefined;
  const { main } = await command.load();
  // Servers are killed rather than left to end: what was compiled is kept now.
  setTimeout(flushCompileCache, FLUSH_MS).unref();
  await main(argv, early);
} else if (name === undefined || OVERVIEW.has(name)) {
  process.stdout.write(overview());
} else if (VERSION.has(name)) {
  console.log(versionLine);
} else {
  complain(`unknown command '${name}'; mesoscale help lists them`);
}
