// What all commands do first: read their flags, answer --help and --version, refuse what is wrong.

import { explained, fail } from './failure.ts';
import type { FlagTable } from './flags/flag.ts';
import { FlagError, type ParsedFlags, parseFlags } from './flags/parse.ts';
import { helpText } from './flags/print.ts';
import { versionLine } from './version.ts';

export interface Command<Table extends FlagTable> {
  readonly name: string;
  /** What follows the name, and a sentence or two. */
  readonly usage: string;
  readonly table: Table;
  /** How many arguments besides flags it takes. */
  readonly maxArguments?: number;
}

export function readCommandLine<Table extends FlagTable>(
  command: Command<Table>,
  argv: readonly string[],
): ParsedFlags<Table> {
  const asked = (flag: string) => flag in command.table && argv.includes(`--${flag}`);
  if (asked('help')) {
    process.stdout.write(
      helpText(`Usage: ${command.usage}`, command.table, process.stdout.columns),
    );
    process.exit(0);
  }
  if (asked('version')) {
    console.log(versionLine);
    process.exit(0);
  }
  return orFail(command.name, () => {
    const parsed = parseFlags(command.table, { argv, environment: process.env });
    const [surplus] = parsed.rest.slice(command.maxArguments ?? 0);
    if (surplus !== undefined) {
      throw new FlagError(`unexpected argument '${surplus}' (flags are written --name=value)`);
    }
    return parsed;
  });
}

/** What the operator got wrong is said in one line; what we got wrong keeps its stack. */
export function orFail<T>(name: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const text = explained(error);
    if (text === undefined) {
      throw error;
    }
    return fail(name, text);
  }
}

export async function orFailLater<T>(name: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const text = explained(error);
    if (text === undefined) {
      throw error;
    }
    return fail(name, text);
  }
}
