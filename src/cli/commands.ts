// The commands of `mesoscale`, a line each. A new command is a folder with a command.ts, and a line
// here. Only the command that is asked for is loaded.
import type { Command } from './command.ts';

/** In the order of the list that users see. */
const COMMANDS: Readonly<Record<string, () => Promise<{ readonly COMMAND: Command }>>> = {
  master: () => import('./master/command.ts'),
  agent: () => import('./agent/command.ts'),
  local: () => import('./local/command.ts'),
  execute: () => import('./execute/command.ts'),
  batch: () => import('./batch/command.ts'),
  image: () => import('./image/command.ts'),
  registry: () => import('./registry/command.ts'),
  secure: () => import('./secure/command.ts'),
};

/** Scripts of Mesos, which have no shorter name. */
const SCRIPTS: Readonly<Record<string, () => Promise<Command>>> = {
  'mesos-ps': async () => (await import('./scripts/commands.ts')).PS,
  'mesos-cat': async () => (await import('./scripts/commands.ts')).CAT,
  'mesos-tail': async () => (await import('./scripts/commands.ts')).TAIL,
  'mesos-resolve': async () => (await import('./scripts/commands.ts')).RESOLVE,
};

export const COMMAND_NAMES: readonly string[] = Object.keys(COMMANDS);

/** Undefined where there is no command of that name. */
export const commandOf = async (name: string): Promise<Command | undefined> =>
  Object.hasOwn(COMMANDS, name)
    ? (await COMMANDS[name]?.())?.COMMAND
    : Object.hasOwn(SCRIPTS, name)
      ? SCRIPTS[name]?.()
      : undefined;

export const allCommands = (): Promise<Command[]> =>
  Promise.all(Object.values(COMMANDS).map(async (load) => (await load()).COMMAND));

/** Those that a list of commands does not need. */
export const allScripts = (): Promise<Command[]> =>
  Promise.all(Object.values(SCRIPTS).map((load) => load()));
