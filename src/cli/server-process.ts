// What the processes of master and agent have in common: the log, warnings about flags, a seeded source
// of chance, and the ways to be told to end.
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Credential } from '../http/authentication.ts';
import { Random } from '../model/random.ts';
import { ProcessLogger } from '../runtime/logger.ts';
import { FlagError } from './flags/parse.ts';
import { versionLine } from './version.ts';

interface LogFlags {
  readonly quiet: boolean;
  readonly logging_level: string;
  readonly log_dir: string | undefined;
}

export function openLog(name: string, flags: LogFlags, warnings: readonly string[]) {
  const logger = new ProcessLogger({
    name,
    level: flags.logging_level,
    quiet: flags.quiet,
    directory: flags.log_dir,
  });
  logger.info(`${versionLine}, process ${process.pid}`);
  for (const warning of warnings) {
    logger.warn(warning);
  }
  return logger;
}

/** A new sequence at every start. */
export const newRandom = () => new Random(randomInt(2 ** 48 - 1));

/**
 * A program that `mesoscale local` started ends with it: the channel between them closes even when the
 * other was killed.
 */
export function endWithParent(stop: () => void): void {
  if (process.channel !== undefined) {
    process.channel?.unref();
    process.on('disconnect', stop);
  }
}

/** Credentials of --credentials and --http_credentials. Throws FlagError. */
export function readCredentials(flag: string, file: string | undefined): Credential[] {
  if (file === undefined) {
    return [];
  }
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new FlagError(`--${flag}: ${file} is not readable as JSON: ${(error as Error).message}`);
  }
  const list = (value as { credentials?: unknown }).credentials;
  const isGood = (entry: unknown): entry is Credential =>
    typeof (entry as Credential)?.principal === 'string' &&
    typeof (entry as Credential).secret === 'string';
  if (!Array.isArray(list) || !list.every(isGood)) {
    throw new FlagError(
      `--${flag}: ${file} must hold {"credentials": [{"principal": …, "secret": …}]}`,
    );
  }
  return list;
}

/** --firewall_rules: paths that answer 403. Throws FlagError. */
export function disabledPaths(rules: unknown): string[] {
  const paths =
    (rules as { disabled_endpoints?: { paths?: unknown } } | undefined)?.disabled_endpoints
      ?.paths ?? [];
  if (!Array.isArray(paths) || !paths.every((path) => typeof path === 'string')) {
    throw new FlagError('--firewall_rules expects {"disabled_endpoints": {"paths": ["/…"]}}');
  }
  return paths;
}
