// What `mesoscale execute` is asked to run: one task from flags, or a task or a task group from JSON.
import {
  type CommandInfo,
  type ContainerInfo,
  ContainerInfo_Type,
  type Resource,
  type TaskInfo,
} from '../../model/generated/messages.ts';
import { toReservationLists } from '../../model/resource-format.ts';
import { resourcesError } from '../../model/resource-validation.ts';
import { TextError } from '../../model/value-text.ts';
import { readJsonValue } from '../../wire/json.ts';
import { types } from '../../wire/types.ts';
import { WireError } from '../../wire/wire-error.ts';
import type { EXECUTE_FLAGS } from '../flags/execute-flags.ts';
import type { FlagValues } from '../flags/flag.ts';
import { FlagError } from '../flags/parse.ts';
import { readResources } from '../resources-flag.ts';

export type ExecuteFlags = FlagValues<typeof EXECUTE_FLAGS>;

export interface LaunchRequest {
  /** For people, and for the framework's name. */
  readonly name: string;
  /** Their agents are filled in when they are launched. */
  readonly tasks: readonly TaskInfo[];
  readonly isGroup: boolean;
}

const NO_AGENT = { value: '' };

/** `rest` holds the arguments of a command without a shell. Throws FlagError. */
export function launchRequest(values: ExecuteFlags, rest: readonly string[]): LaunchRequest {
  const given = (['task', 'task_group', 'command'] as const).filter(
    (flag) => values[flag] !== undefined,
  );
  if (given.length > 1) {
    throw new FlagError(`--${given.join(' and --')} cannot be used together`);
  }
  if (rest.length > 0 && (values.shell || values.command === undefined)) {
    throw new FlagError(`unexpected argument '${rest[0]}' (arguments need --no-shell --command=…)`);
  }
  if (values.task !== undefined) {
    const task = taskOf('task', values.task);
    return { name: values.name ?? task.name, tasks: [task], isGroup: false };
  }
  if (values.task_group !== undefined) {
    return groupOf(values);
  }
  if (values.command === undefined) {
    throw new FlagError('say what to run: --name=… --command=…, --task=… or --task_group=…');
  }
  if (!values.name) {
    throw new FlagError('--command needs --name');
  }
  return { name: values.name, tasks: [commandTask(values.name, values, rest)], isGroup: false };
}

function groupOf(values: ExecuteFlags): LaunchRequest {
  const group = values.task_group as { tasks?: unknown } | null;
  if (!Array.isArray(group?.tasks) || group.tasks.length === 0) {
    throw new FlagError('--task_group expects {"tasks": [TaskInfo, …]}');
  }
  const tasks = group.tasks.map((task: unknown) => taskOf('task_group', task));
  const name = values.name ?? tasks.map((task) => task.name).join(', ');
  return { name, tasks, isGroup: true };
}

function taskOf(flag: string, json: unknown): TaskInfo {
  const task = fromJson(flag, () => readJsonValue(types.TaskInfo, withAgent(json)));
  const error = resourcesError(task.resources);
  if (error !== undefined) {
    throw new FlagError(`--${flag}: ${error}`);
  }
  return { ...task, resources: needed(flag, toReservationLists(task.resources)) };
}

/** A master refuses a task that uses nothing, but only when an offer has been waited for. */
function needed(flag: string, resources: Resource[]): Resource[] {
  if (resources.length === 0) {
    throw new FlagError(`--${flag}: a task needs resources, such as cpus:1;mem:128`);
  }
  return resources;
}

/** `agent_id` is required in a TaskInfo, but only known at launch. */
const withAgent = (task: unknown) =>
  typeof task === 'object' && task !== null ? { agent_id: NO_AGENT, ...task } : task;

function fromJson<T>(flag: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof WireError || error instanceof TextError) {
      throw new FlagError(`--${flag}: ${error.message}`);
    }
    throw error;
  }
}

function commandTask(name: string, values: ExecuteFlags, rest: readonly string[]): TaskInfo {
  const container = containerOf(values.rlimits);
  return {
    name,
    task_id: { value: name.replaceAll(/[/\\\p{Cc}]/gu, '_') },
    agent_id: NO_AGENT,
    resources: needed('resources', readResources(values.resources, '*', resourcesError)),
    command: commandOf(values, rest),
    ...(container === undefined ? {} : { container }),
  };
}

function commandOf(values: ExecuteFlags, rest: readonly string[]): CommandInfo {
  const variables = environmentOf(values.env);
  const command: CommandInfo = {
    value: values.command ?? '',
    shell: values.shell,
    ...(variables.length > 0 ? { environment: { variables } } : {}),
  };
  return values.shell ? command : { ...command, arguments: [values.command ?? '', ...rest] };
}

function environmentOf(env: unknown): { name: string; value: string }[] {
  if (env === undefined) {
    return [];
  }
  const isTexts =
    typeof env === 'object' &&
    env !== null &&
    !Array.isArray(env) &&
    Object.values(env).every((value) => typeof value === 'string');
  if (!isTexts) {
    throw new FlagError('--env expects a JSON object of texts');
  }
  return Object.entries(env as Record<string, string>).map(([name, value]) => ({ name, value }));
}

function containerOf(rlimits: unknown): ContainerInfo | undefined {
  if (rlimits === undefined) {
    return undefined;
  }
  const info = fromJson('rlimits', () => readJsonValue(types.RLimitInfo, rlimits));
  return { type: ContainerInfo_Type.MESOS, rlimit_info: info };
}
