// Command lines of scripts for developers: --help, and errors of one line.
import { readFileSync } from 'node:fs';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import '../src/cli/process/output-errors.ts';

export const WRONG_USAGE = 2;

/** Ends the program with an error of one line. */
export function refuse(text: string): never {
  process.stderr.write(`${text}\n`);
  process.exit(WRONG_USAGE);
}

/** As parseArgs, but prints the usage on --help, and ends the program with an error of one line. */
export function readArguments<Config extends ParseArgsConfig>(usage: string, config: Config) {
  const argv = process.argv.slice(2);
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (error) {
    return refuse(`${(error as Error).message}\n${usage}`);
  }
}

/** The content of a file that an argument names. */
export function readNamed(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return refuse(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
