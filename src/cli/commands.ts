// The commands of `mesoscale`, a line each: a new one is a folder with a command.ts, and its line
// here. Only the one that is asked for is loaded.
import type { Command } from './command.ts';

/** In the order in which they are listed. */
const COMMANDS: Readonly<Record<string, () => Promise<{ readonly COMMAND: Command }>>> = {
  master: () => import('./master/command.ts'),
  agent: () => import('./agent/command.ts'),
  local: () => import('./local/command.ts'),
  execute: () => import('./execute/command.ts'),
  batch: () => import('./batch/command.ts'),
};

/** Undefined: there is none of that name. */
export const commandOf = async (name: string): Promise<Command | undefined> =>
  Object.hasOwn(COMMANDS, name) ? (await COMMANDS[name]?.())?.COMMAND : undefined;

export const allCommands = (): Promise<Command[]> =>
  Promise.all(Object.values(COMMANDS).map(async (load) => (await load()).COMMAND));
