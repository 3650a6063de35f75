#!/usr/bin/env node
// The command `mesoscale`: finds the command that was asked for and hands it the rest of the line.
// Each is loaded only when it is asked for, so that starting one does not wait for the others.
import './early-signals.ts';
import { enableCompileCache, flushCompileCache } from 'node:module';
import type { EarlyPort } from '../http/front.ts';
import { openEarlyPort } from './early-port.ts';
import { versionLine } from './version.ts';

interface Main {
  main(argv: readonly string[], early?: EarlyPort): Promise<void>;
}

const COMMANDS: Readonly<Record<string, { readonly says: string; load(): Promise<Main> }>> = {
  master: {
    says: 'run a master (also as mesos-master)',
    load: () => import('./master-main.ts'),
  },
  agent: {
    says: 'run an agent (also as mesos-agent)',
    load: () => import('./agent-main.ts'),
  },
  local: {
    says: 'run a master and agents on this machine',
    load: () => import('./local-main.ts'),
  },
  execute: {
    says: 'run one command or task on a cluster (also as mesos-execute)',
    load: () => import('./execute-main.ts'),
  },
  batch: {
    says: 'run the tasks of a file on a cluster',
    load: () => import('./batch-main.ts'),
  },
};

/** By then a server has loaded everything and has time for it. */
const FLUSH_MS = 3000;

/** Commands that listen. */
const SERVERS = new Set(['master', 'agent']);

const overview = `Usage: mesoscale COMMAND [--flag=value …]

${Object.entries(COMMANDS)
  .map(([name, { says }]) => `  ${name.padEnd(9)} ${says}`)
  .join('\n')}
  version   show the version

mesoscale COMMAND --help lists the flags of a command.
`;

// Half of a start is reading and compiling our own files: what was compiled once is kept.
enableCompileCache();

const [name, ...argv] = process.argv.slice(2);
const command = COMMANDS[name ?? ''];
if (command !== undefined) {
  const early = SERVERS.has(name ?? '') ? await openEarlyPort(name ?? '', argv) : undefined;
  const { main } = await command.load();
  // Servers are killed rather than left to end: what was compiled is kept now.
  setTimeout(flushCompileCache, FLUSH_MS).unref();
  await main(argv, early);
} else if (name === undefined || name === 'help' || name === '--help') {
  process.stdout.write(overview);
} else if (name === 'version' || name === '--version') {
  console.log(versionLine);
} else {
  process.stderr.write(`mesoscale: unknown command '${name}'; mesoscale help lists them\n`);
  process.exitCode = 1;
}
