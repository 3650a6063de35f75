// The modules that --modules names, of which one is there: a container logger of Mesos's that is
// built in. Its parameters are the only thing that is taken from there.
import {
  type ContainerLogger,
  containerLogger,
  LOGROTATE_LOGGER,
} from '../../containerizer/plan/container-logger.ts';
import { FlagError } from '../flags/faults.ts';
import type { FlagValues } from '../flags/flag.ts';
import { fromPlan } from '../flags/written.ts';
import type { AGENT_FLAGS } from './flags.ts';

type Values = Pick<FlagValues<typeof AGENT_FLAGS>, 'container_logger' | 'modules'>;

/** Undefined without a logger. Throws FlagError, also for modules that there are none of. */
export function loggerOf(values: Values): ContainerLogger | undefined {
  const parameters = values.modules === undefined ? new Map() : parametersIn(values.modules);
  const logger = fromPlan('modules', () => containerLogger(parameters));
  return values.container_logger === undefined ? undefined : logger;
}

function parametersIn(modules: unknown): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const library of listIn(modules, 'libraries')) {
    for (const module of listIn(library, 'modules')) {
      const name = textIn(module, 'name');
      if (name !== LOGROTATE_LOGGER) {
        throw new FlagError(
          `--modules: '${name}' cannot be loaded: shared libraries are not, and of Mesos's modules ` +
            `only ${LOGROTATE_LOGGER} is built in`,
        );
      }
      for (const parameter of listIn(module, 'parameters')) {
        parameters.set(textIn(parameter, 'key'), textIn(parameter, 'value'));
      }
    }
  }
  return parameters;
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;

function listIn(value: unknown, name: string): readonly unknown[] {
  const list = fieldOf(value, name) ?? [];
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Array.isArray(list)) {
    throw new FlagError(`--modules: expected an object with a list '${name}'`);
  }
  return list;
}

function textIn(value: unknown, name: string): string {
  const text = fieldOf(value, name);
  if (typeof text !== 'string') {
    throw new FlagError(`--modules: expected an object with a text '${name}'`);
  }
  return text;
}
