// The command line and environment that a CommandInfo describes.
import type { CommandInfo, Environment_Variable } from '../../model/generated/messages.ts';
import { Environment_Variable_Type, Secret_Type } from '../../model/generated/messages.ts';
import { ContainerizerError } from '../containerizer-error.ts';

export interface CommandLine {
  /** A path, or a name to be found in the PATH of the command's environment. */
  readonly program: string;
  /** All arguments, with the program's name as the first. */
  readonly arguments: readonly string[];
}

const STANDARD_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Throws ContainerizerError where the command does not say what is to run. */
export function commandLine(command: CommandInfo | undefined): CommandLine {
  const value = command?.value;
  if (value === undefined) {
    const what = command?.shell === false ? 'Executable' : 'Shell command';
    throw new ContainerizerError(`${what} is not specified`);
  }
  if (command?.shell !== false) {
    return checkedLine({ program: '/bin/sh', arguments: ['sh', '-c', value] });
  }
  // Programs rely on their name as the first argument; Mesos starts them without, where none is
  // given.
  const given = command.arguments ?? [];
  return checkedLine({ program: value, arguments: given.length > 0 ? given : [value] });
}

/** Mesos's words for a command that an image is to give. */
export const undetermined = (why: string): ContainerizerError =>
  new ContainerizerError(`Failed to determine the launch command: ${why}`);
export const noExecutable = (): ContainerizerError => undetermined('No executable is found');

/** A process that writes why into its stderr, and ends with status 1. */
export const failingLine = (why: string): CommandLine => ({
  program: '/bin/sh',
  arguments: ['sh', '-c', 'echo "$0" >&2; exit 1', why],
});

/** More take the agent long to look at, and a program more room than the kernel gives it. */
const MOST_VARIABLES = 10_000;

/** The variables of a command, with the values of secrets. Throws ContainerizerError. */
export function commandEnvironment(command: CommandInfo): Record<string, string> {
  const variables = command.environment?.variables ?? [];
  if (variables.length > MOST_VARIABLES) {
    throw new ContainerizerError(
      `The command has ${variables.length} environment variables: at most ${MOST_VARIABLES} are expected`,
    );
  }
  return Object.fromEntries(
    variables.map((variable) => [variable.name, textOf(variable)] as const),
  );
}

/** Merges environments; later ones win. The agent's own environment is never included. */
export function layered(...layers: Readonly<Record<string, string>>[]): Record<string, string> {
  // Unlike Object.assign it takes a variable of the name `__proto__` for one.
  const environment = Object.fromEntries([
    ['PATH', STANDARD_PATH] as const,
    ...layers.flatMap((layer) => Object.entries(layer)),
  ]);
  for (const [name, value] of Object.entries(environment)) {
    if (name === '' || name.includes('=') || name.includes('\0') || value.includes('\0')) {
      throw new ContainerizerError(`Environment variable '${name}' is not valid`);
    }
  }
  return environment;
}

/** A secret must be valid UTF-8: it is passed unchanged or not at all. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(variable: Environment_Variable): string {
  if (variable.type !== Environment_Variable_Type.SECRET) {
    return variable.value ?? '';
  }
  const secret = variable.secret;
  if (secret?.type !== Secret_Type.VALUE || secret.value === undefined) {
    throw new ContainerizerError(
      `Failed to resolve the secret of environment variable '${variable.name}': only secrets by ` +
        'value can be resolved',
    );
  }
  try {
    return utf8.decode(secret.value.data);
  } catch {
    throw new ContainerizerError(
      `The secret of environment variable '${variable.name}' is not UTF-8: mount it as a file ` +
        '(a volume of type SECRET)',
    );
  }
}

/** Throws ContainerizerError for one that no process can have. */
export function checkedLine(line: CommandLine): CommandLine {
  if (
    line.program === '' ||
    [line.program, ...line.arguments].some((text) => text.includes('\0'))
  ) {
    throw new ContainerizerError('The command is empty or contains a null character');
  }
  return line;
}
