// The first steps of all commands: read the flags, answer --help and --version, refuse what is
// wrong.

import type { Description, Help } from './command.ts';
import { explained, fail } from './failure.ts';
import type { FlagTable } from './flags/flag.ts';
import { type ParsedFlags, readFlags, type Source } from './flags/parse.ts';
import { helpText } from './flags/print.ts';
import { helpColumns } from './operate/output/screen.ts';
import { printNow } from './process/output-errors.ts';
import { versionLine } from './version.ts';

/** --help and --version are answered even if other arguments are wrong. */
export function answerHelp<Table extends FlagTable>(
  command: Description<Table>,
  argv: readonly string[],
): void {
  const end = argv.indexOf('--');
  const flags = end < 0 ? argv : argv.slice(0, end);
  if (flags.includes('--help') || (flags.includes('-h') && !flags.includes('--no-shell'))) {
    const words = flags.filter((word) => !word.startsWith('-'));
    showHelp(command.helpOf?.(words) ?? command);
  }
  if (flags.includes('--version')) {
    showVersion();
  }
}

/** Reads the flags. Faults are collected, so that the command can add its own before it ends. */
export function readCommandLine<Table extends FlagTable>(
  command: Description<Table>,
  source: Source,
): ParsedFlags<Table> {
  const parsed = readFlags(command.flags, source);
  const { help, version } = parsed.values as { help?: boolean; version?: boolean };
  if (help) {
    showHelp(command);
  }
  if (version) {
    showVersion();
  }
  const [surplus] = parsed.rest.slice(command.maxArguments ?? 0);
  if (surplus !== undefined) {
    const text = `unexpected argument '${surplus}' (flags are written --name=value)`;
    parsed.faults.tell(text, undefined, true);
  }
  return parsed;
}

function showHelp({ usage, flags }: Help): never {
  return end(helpText(`Usage: ${usage}`, flags, helpColumns()));
}

const showVersion = (): never => end(`${versionLine}\n`);

function end(text: string): never {
  printNow(text);
  process.exit(0);
}

/** An operator's mistake is reported in one line; a bug of ours keeps its stack. */
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
