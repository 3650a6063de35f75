// What holds besides the command line: the environment, or a context. A context is used as a whole,
// or not at all, whether it was named or chosen before: its secret goes to no other master than its
// own, no other secret to that, and no variable lets a connection be less safe than it says.
import { FlagError } from '../../flags/faults.ts';
import type { Preset, Source } from '../../flags/parse.ts';
import { contextNamed, presetOf, readContexts } from './contexts.ts';
import { AGENT_CONNECTION_FLAGS } from './flags.ts';

type Environment = Source['environment'];

export interface ConnectionSource {
  /** Where a context holds, without the variables of connection flags. */
  readonly environment: Environment;
  readonly preset: Preset | undefined;
  /** The variables that were left out. */
  readonly unused: readonly string[];
}

/**
 * For a command line of flags `--name=value`. Throws FlagError or CommandError where no such
 * context can be used.
 */
export function connectionSource(
  argv: readonly string[],
  environment: Environment,
): ConnectionSource {
  const asked = writtenIn(argv, 'context');
  const master = writtenIn(argv, 'master');
  if (asked !== undefined && master !== undefined) {
    throw new FlagError('--context and --master cannot be used together: a context has its master');
  }
  const name = asked ?? (master === undefined ? environment.MESOSCALE_CONTEXT : undefined);
  if (name !== undefined && name !== '') {
    return alone(contextNamed(readContexts(environment), name), environment);
  }
  const isElsewhere = master !== undefined || (environment.MESOS_MASTER ?? '') !== '';
  const preset = isElsewhere ? undefined : presetOf(environment);
  return preset === undefined ? { environment, preset, unused: [] } : alone(preset, environment);
}

function writtenIn(argv: readonly string[], name: string): string | undefined {
  const end = argv.indexOf('--');
  const start = `--${name}=`;
  return (end < 0 ? argv : argv.slice(0, end))
    .findLast((text) => text.startsWith(start))
    ?.slice(start.length);
}

const VARIABLES = new Set(
  Object.entries(AGENT_CONNECTION_FLAGS).flatMap(([name, { variables, alias }]) => [
    ...[name, alias ?? name].map((each) => `MESOS_${each.toUpperCase()}`),
    ...variables,
  ]),
);

function alone(preset: Preset, environment: Environment): ConnectionSource {
  const all = Object.entries(environment);
  return {
    environment: Object.fromEntries(all.filter(([name]) => !VARIABLES.has(name))),
    preset,
    unused: all.filter(([name, text]) => VARIABLES.has(name) && text).map(([name]) => name),
  };
}
