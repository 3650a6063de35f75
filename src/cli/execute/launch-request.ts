// The tasks that `mesoscale execute` has to run: one task from flags, or a task or task group from
// JSON.
import type {
  CommandInfo,
  ContainerInfo,
  Resource,
  TaskInfo,
} from '../../model/generated/messages.ts';
import { idError } from '../../model/identifier.ts';
import { toReservationLists } from '../../model/resource-format.ts';
import { resourcesError } from '../../model/resource-validation.ts';
import { types } from '../../wire/types.ts';
import { readResources } from '../agent/resources-flag.ts';
import { FlagError, FlagFaults, MissingFlagError, readEach } from '../flags/faults.ts';
import type { FlagValues } from '../flags/flag.ts';
import type { ParsedFlags } from '../flags/parse.ts';
import { messageOf } from '../flags/written.ts';
import { containerOfCommand, containerOfGroup } from './container-of-command.ts';
import type { EXECUTE_FLAGS } from './flags.ts';

export type ExecuteFlags = FlagValues<typeof EXECUTE_FLAGS>;

export interface LaunchRequest {
  /** A name for messages, and for the framework. */
  readonly name: string;
  /** The agents' ids are filled in at the launch. */
  readonly tasks: readonly TaskInfo[];
  readonly isGroup: boolean;
  /** Of the executor that a group is in, where it has one. */
  readonly container?: ContainerInfo | undefined;
}

const NO_AGENT = { value: '' };

/** What a command has besides; a TaskInfo says these itself. */
const OF_COMMANDS = [
  'name',
  'resources',
  'env',
  'shell',
  'rlimits',
  'effective_capabilities',
  'bounding_capabilities',
  'tty',
  'volumes',
  'docker_image',
  'appc_image',
  'containerizer',
] as const;

type Parsed = Pick<ParsedFlags<typeof EXECUTE_FLAGS>, 'values' | 'written' | 'rest'>;

/** `rest` are the arguments of a command without a shell. Throws FlagError. */
export function launchRequest({ values, written, rest }: Parsed): LaunchRequest {
  const kinds = (['task', 'task_group', 'command'] as const).filter(
    (flag) => values[flag] !== undefined,
  );
  if (kinds.length > 1) {
    throw new FlagError(`${namesOf(kinds)} cannot be used together`);
  }
  refuseArguments(values, rest);
  const [kind] = kinds;
  if (kind === 'task' || kind === 'task_group') {
    // In the environment these may be for other commands.
    const ofCommands = kind === 'task' ? [...OF_COMMANDS, 'networks' as const] : OF_COMMANDS;
    const surplus = ofCommands.filter((flag) => written.has(flag));
    if (surplus.length > 0) {
      throw new FlagError(
        `${namesOf(surplus)} cannot be used with --${kind}: a TaskInfo says that itself`,
      );
    }
  }
  if (values.task !== undefined) {
    const task = taskOf('task', values.task);
    return { name: task.name, tasks: [task], isGroup: false };
  }
  if (values.task_group !== undefined) {
    return { ...groupOf(values.task_group), container: containerOfGroup(values) };
  }
  const given = whatRuns(values);
  if (given === undefined) {
    throw new MissingFlagError(
      'say what to run: --name=… --command=…, --name=… --docker_image=…, --task=… or --task_group=…',
    );
  }
  if (values.command?.trim() === '') {
    throw new FlagError('--command expects a command, got nothing');
  }
  if (!values.name) {
    throw new MissingFlagError(`--${given} needs --name`);
  }
  return { name: values.name, tasks: [commandTask(values.name, values, rest)], isGroup: false };
}

/** The flag that says what is run: an image has a command of its own. */
const whatRuns = (values: ExecuteFlags) =>
  (['command', 'docker_image', 'appc_image'] as const).find((flag) => values[flag] !== undefined);

const namesOf = (flags: readonly string[]) =>
  flags
    .map((flag) => `--${flag}`)
    .join(', ')
    .replace(/, (?=[^,]*$)/, ' and ');

/** Only a command without a shell has arguments, or that of an image. */
function refuseArguments(values: ExecuteFlags, [first]: readonly string[]): void {
  const { shell, command } = values;
  const isTaken = command === undefined ? whatRuns(values) !== undefined : !shell;
  if (first === undefined || isTaken) {
    return;
  }
  const ofCommands = command === undefined ? '' : '; arguments of a command need --no-shell';
  throw new FlagError(
    `unexpected argument '${first}' (flags are written --name=value${ofCommands})`,
  );
}

function groupOf(group: unknown): LaunchRequest {
  const { tasks: listed, ...others } = (group ?? {}) as { tasks?: unknown };
  const [other] = Object.keys(others);
  if (!Array.isArray(listed) || listed.length === 0 || other !== undefined) {
    const got = other === undefined ? '' : `, got the unknown field '${other}'`;
    throw new FlagError(`--task_group expects {"tasks": [TaskInfo, …]}${got}`);
  }
  const tasks = readEach([...listed.entries()], ([index, task]) =>
    taskOf('task_group', task, `: task ${index + 1}`),
  );
  const name = tasks.map((task) => task.name).join(', ');
  return { name, tasks, isGroup: true };
}

function taskOf(flag: string, json: unknown, what = ''): TaskInfo {
  const task = messageOf(flag, types.TaskInfo, withAgent(json), what);
  const wrongId = idError(task.task_id.value);
  if (wrongId !== undefined) {
    throw new FlagError(`--${flag}${what}: task_id: ${wrongId}`);
  }
  const error = resourcesError(task.resources);
  if (error !== undefined) {
    throw new FlagError(`--${flag}${what}: ${error}`);
  }
  return { ...task, resources: needed(`${flag}${what}`, toReservationLists(task.resources)) };
}

/**
 * Throws FlagError without resources: a master refuses such a task, but only after an offer has
 * come.
 */
function needed(flag: string, resources: Resource[]): Resource[] {
  if (resources.length === 0) {
    throw new FlagError(`--${flag}: a task needs resources, such as cpus:1;mem:128`);
  }
  return resources;
}

/** `agent_id` is required in a TaskInfo, but not known before the launch. */
const withAgent = (task: unknown) =>
  typeof task === 'object' && task !== null ? { agent_id: NO_AGENT, ...task } : task;

function commandTask(name: string, values: ExecuteFlags, rest: readonly string[]): TaskInfo {
  const faults = new FlagFaults();
  const container = faults.read(() => containerOfCommand(values));
  const resources = faults.read(() =>
    needed('resources', readResources(values.resources, '*', resourcesError)),
  );
  const command = faults.read(() => commandOf(values, rest));
  faults.end();
  return {
    name,
    task_id: { value: name.replaceAll(/[/\\\p{Cc}]/gu, '_') },
    agent_id: NO_AGENT,
    resources: resources.value,
    command: command.value,
    ...(container.value === undefined ? {} : { container: container.value }),
  };
}

function commandOf(values: ExecuteFlags, rest: readonly string[]): CommandInfo {
  const variables = environmentOf(values.env);
  const command: CommandInfo = {
    ...(values.command !== undefined && { value: values.command }),
    shell: values.shell && values.command !== undefined,
    ...(variables.length > 0 ? { environment: { variables } } : {}),
  };
  if (values.command === undefined) {
    return rest.length > 0 ? { ...command, arguments: [...rest] } : command;
  }
  if (values.shell) {
    return command;
  }
  // Docker's first argument is the first that the program gets; else it is the program's own name.
  const first = values.containerizer === 'docker' ? [] : [values.command];
  return { ...command, arguments: [...first, ...rest] };
}

function environmentOf(env: unknown): { name: string; value: string }[] {
  if (env === undefined) {
    return [];
  }
  if (typeof env !== 'object' || env === null || Array.isArray(env)) {
    throw new FlagError('--env expects a JSON object of texts');
  }
  return readEach(Object.entries(env) as [string, unknown][], ([name, value]) => {
    if (typeof value !== 'string') {
      // The value is not shown: environments contain secrets.
      throw new FlagError(
        `--env expects a JSON object of texts (in double quotes), but '${name}' is ${kindOf(value)}`,
      );
    }
    return { name, value };
  });
}

function kindOf(value: unknown): string {
  if (value === null || typeof value === 'boolean') {
    return String(value);
  }
  if (typeof value === 'object') {
    return Array.isArray(value) ? 'a list' : 'an object';
  }
  return `a ${typeof value}`;
}
