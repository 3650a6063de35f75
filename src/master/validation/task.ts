// Whether a task, or a group of tasks, may be launched on the offered resources. Checks are made in
// Mesos's order, since the framework is told of the first failure.
import type { ResourcePool } from '../../core/interface.ts';
import { sameMessage } from '../../model/equality.ts';
import {
  ContainerInfo_Type,
  type ExecutorInfo,
  ExecutorInfo_Type,
  HealthCheck_Type,
  type Resource,
  type TaskGroupInfo,
  type TaskInfo,
} from '../../model/generated/messages.ts';
import { idError } from '../../model/identifier.ts';
import { taskId } from '../../model/ids.ts';
import { commandError, containerError } from '../../model/launch-validation.ts';
import { scalarAmount } from '../../model/milli.ts';
import { resourcesText } from '../../model/resource-label.ts';
import type { Agent, Framework } from '../state.ts';
import { checkError, healthCheckError } from './check.ts';
import { launchedExecutorError, runningExecutor } from './executor.ts';
import {
  hasOverlaps,
  persistenceIdsError,
  revocableMixError,
  singleRoleError,
  usedResourcesError,
} from './resources.ts';
import { type RecordSizes, taskSizeError } from './size.ts';

/** Smallest executor of a task group. */
const MIN_CPUS = 0.01;
const MIN_MEM = 32;

/** What a task of an ACCEPT is checked against. */
export interface Ground {
  readonly framework: Framework;
  readonly agent: Agent;
  /** What is left of the offers. */
  readonly available: Available;
  readonly recordSizes: RecordSizes;
}

/** What is left of the offers, in which shared volumes are there as often as they are wanted. */
export interface Available {
  contains(resources: readonly Resource[]): boolean;
  text(): string;
}

/** Whether the agent has resources of all these names: the core is not asked of others. */
export const availableIn = (
  pool: ResourcePool,
  isNamed: (resources: readonly Resource[]) => boolean,
  isShared: (resource: Resource) => boolean,
  text: () => string,
): Available => ({
  contains: (resources) => {
    const own = resources.some(({ shared }) => shared !== undefined)
      ? resources.filter((it) => it.shared === undefined)
      : resources;
    return (
      isNamed(own) &&
      pool.contains(own) &&
      (own === resources || resources.every(sharedOr(isShared)))
    );
  },
  text,
});

const sharedOr = (isShared: (resource: Resource) => boolean) => (resource: Resource) =>
  resource.shared === undefined || isShared(resource);

const prefixed = (prefix: string, error: string | undefined) =>
  error === undefined ? undefined : prefix + error;

export function taskError(task: TaskInfo, ground: Ground): string | undefined {
  return (
    commonError(task, ground) ??
    taskExecutorError(task, ground) ??
    (task.container?.linux_info?.share_cgroups === false
      ? "Only tasks in a task group may have 'share_cgroups' set to 'false'"
      : undefined)
  );
}

/** Why a task is not valid, on its own and in a group alike. */
function commonError(task: TaskInfo, ground: Ground, shared?: ExecutorInfo): string | undefined {
  const { framework, agent } = ground;
  return (
    idError(task.task_id.value) ??
    uniqueError(task, framework) ??
    agentError(task, agent) ??
    durationsError(task) ??
    prefixed('Task uses invalid check: ', task.check && checkError(task.check)) ??
    prefixed(
      'Task uses invalid health check: ',
      task.health_check && healthCheckError(task.health_check),
    ) ??
    taskResourcesError(task) ??
    prefixed("Task's `CommandInfo` is invalid: ", commandError(task.command)) ??
    prefixed("Task's `ContainerInfo` is invalid: ", containerError(task.container)) ??
    limitsError(task, agent) ??
    taskSizeError(task, ground, shared)
  );
}

function uniqueError(task: TaskInfo, framework: Framework): string | undefined {
  const id = taskId(task.task_id.value);
  if (framework.tasks.has(id)) {
    return `Task has duplicate ID: ${id}`;
  }
  return framework.unreachableTasks.has(id)
    ? `Task reuses the ID of an unreachable task: ${id}`
    : undefined;
}

function agentError(task: TaskInfo, agent: Agent): string | undefined {
  return task.agent_id.value === agent.id
    ? undefined
    : `Task uses invalid agent ${task.agent_id.value} while agent ${agent.id} is expected`;
}

function durationsError(task: TaskInfo): string | undefined {
  if ((task.kill_policy?.grace_period?.nanoseconds ?? 0n) < 0n) {
    return "Task's 'kill_policy.grace_period' must be non-negative";
  }
  return (task.max_completion_time?.nanoseconds ?? 0n) < 0n
    ? "Task's `max_completion_time` must be non-negative"
    : undefined;
}

function taskResourcesError(task: TaskInfo): string | undefined {
  const resources = task.resources ?? [];
  if (resources.length === 0) {
    return 'Task uses no resources';
  }
  return (
    prefixed('Task uses invalid resources: ', usedResourcesError(resources)) ??
    prefixed('Task uses duplicate persistence ID: ', persistenceIdsError(resources)) ??
    prefixed('Invalid task resources: ', singleRoleError(resources)) ??
    prefixed('Task mixes revocable and non-revocable resources: ', revocableMixError(resources))
  );
}

function limitsError(task: TaskInfo, agent: Agent): string | undefined {
  const limits = Object.entries(task.limits ?? {});
  if (limits.length === 0) {
    return undefined;
  }
  if (!agent.capabilities.taskResourceLimits) {
    return 'Agent is not capable of handling task resource limits';
  }
  if (limits.some(([name]) => name !== 'cpus' && name !== 'mem')) {
    return "Only cpus and mem may be included in a task's resource limits";
  }
  return (
    limitError(task, 'cpus', {
      absent: 'When a CPU limit is specified, a CPU request must also be specified',
      small: 'The cpu limit must be greater than or equal to the cpu request',
    }) ??
    limitError(task, 'mem', {
      absent: 'When a memory limit is specified, a memory request must also be specified',
      small: 'The memory limit must be greater than or equal to the memory request',
    })
  );
}

function limitError(
  task: TaskInfo,
  name: 'cpus' | 'mem',
  texts: { readonly absent: string; readonly small: string },
): string | undefined {
  const limit = task.limits?.[name]?.value;
  if (limit === undefined) {
    return undefined;
  }
  const request = scalarAmount(task.resources ?? [], name);
  if (request === undefined) {
    return texts.absent;
  }
  return limit < request ? texts.small : undefined;
}

function taskExecutorError(task: TaskInfo, ground: Ground): string | undefined {
  const { executor } = task;
  if ((executor === undefined) === (task.command === undefined)) {
    return 'Task should have at least one (but not both) of CommandInfo or ExecutorInfo present';
  }
  const error = executor === undefined ? undefined : ownExecutorError(executor, ground);
  if (error !== undefined) {
    return error;
  }
  const own = task.resources ?? [];
  const more = executor?.resources ?? [];
  const together = more.length === 0 ? own : [...own, ...more];
  const isRunning =
    executor !== undefined && runningExecutor(executor, ground.framework, ground.agent);
  const total = isRunning ? own : together;
  return (
    togetherError(own, more, together) ??
    (ground.available.contains(total)
      ? undefined
      : `Total resources ${resourcesText(total)} required by task and its executor is more than` +
        ` available ${ground.available.text()}`)
  );
}

function ownExecutorError(
  executor: ExecutorInfo,
  { framework, agent }: Ground,
): string | undefined {
  const error = launchedExecutorError(executor, framework, agent);
  if (error !== undefined) {
    return error;
  }
  if (executor.type !== undefined && executor.type !== ExecutorInfo_Type.CUSTOM) {
    return "'ExecutorInfo.type' must be 'CUSTOM'";
  }
  if (executor.command === undefined) {
    return "'ExecutorInfo.command' must be set";
  }
  const shared = (executor.resources ?? []).some((it) => it.shared !== undefined);
  if (shared) {
    return (
      `Executor resources ${resourcesText(executor.resources ?? [])} should not contain any` +
      ' shared resources'
    );
  }
  return executor.container?.linux_info?.share_cgroups === true
    ? "The 'share_cgroups' field cannot be set to 'true' on executor containers"
    : undefined;
}

function togetherError(
  own: readonly Resource[],
  more: readonly Resource[],
  together: readonly Resource[],
): string | undefined {
  if (more.length === 0) {
    return undefined;
  }
  const invalid = usedResourcesError(together);
  if (invalid !== undefined) {
    return `Task and its executor use invalid resources: ${invalid}`;
  }
  if (hasOverlaps([own, more])) {
    return (
      `There are overlapping resources in the task resources ${resourcesText(own)} and executor` +
      ` resources ${resourcesText(more)}`
    );
  }
  return (
    prefixed(
      'Task and its executor use duplicate persistence ID: ',
      persistenceIdsError(together),
    ) ??
    prefixed(
      'Task and its executor mix revocable and non-revocable resources: ',
      revocableMixError(together),
    )
  );
}

export function taskGroupError(
  group: TaskGroupInfo,
  executor: ExecutorInfo,
  ground: Ground,
): string | undefined {
  const seen = new Set<string>();
  for (const task of group.tasks ?? []) {
    // Apache Mesos's master ends itself when a group names a task id twice.
    const error = seen.has(task.task_id.value)
      ? `Task has duplicate ID: ${task.task_id.value}`
      : groupTaskError(task, executor, ground);
    if (error !== undefined) {
      return `Task '${task.task_id.value}' is invalid: ${error}`;
    }
    seen.add(task.task_id.value);
  }
  return groupExecutorError(group, executor, ground) ?? cgroupsError(group, executor, ground);
}

function groupTaskError(
  task: TaskInfo,
  executor: ExecutorInfo,
  ground: Ground,
): string | undefined {
  const error = commonError(task, ground, executor);
  if (error !== undefined) {
    return error;
  }
  if (task.executor === undefined) {
    return "'TaskInfo.executor' must be set";
  }
  const { container, health_check } = task;
  const probesNetwork =
    health_check?.type === HealthCheck_Type.HTTP || health_check?.type === HealthCheck_Type.TCP;
  if ((container?.network_infos?.length ?? 0) > 0 && probesNetwork) {
    return (
      'HTTP and TCP health checks are not supported for nested containers not joining' +
      " parent's network"
    );
  }
  if (container?.type === ContainerInfo_Type.DOCKER) {
    return 'Docker ContainerInfo is not supported on the task';
  }
  const hasLimits = Object.keys(task.limits ?? {}).length > 0;
  return hasLimits && container?.linux_info?.share_cgroups !== false
    ? 'Resource limits may only be set for tasks within a task group when the' +
        " 'share_cgroups' field is set to 'false'."
    : undefined;
}

function groupExecutorError(
  group: TaskGroupInfo,
  executor: ExecutorInfo,
  ground: Ground,
): string | undefined {
  const id = executor.executor_id.value;
  const error = launchedExecutorError(executor, ground.framework, ground.agent);
  if (error !== undefined) {
    return error;
  }
  if (executor.type === undefined) {
    return "'ExecutorInfo.type' must be set";
  }
  if (executor.type === ExecutorInfo_Type.UNKNOWN) {
    return 'Unknown executor type';
  }
  if (executor.container?.type === ContainerInfo_Type.DOCKER) {
    return 'Docker ContainerInfo is not supported on the executor';
  }
  for (const task of group.tasks ?? []) {
    if (task.executor !== undefined && !sameMessage(task.executor, executor)) {
      return `The \`ExecutorInfo\` of task '${task.task_id.value}' is different from executor '${id}'`;
    }
  }
  return groupSizeError(executor) ?? groupResourcesError(group, executor, ground);
}

function groupSizeError(executor: ExecutorInfo): string | undefined {
  const id = executor.executor_id.value;
  const resources = executor.resources ?? [];
  const cpus = scalarAmount(resources, 'cpus');
  if (cpus === undefined || cpus < MIN_CPUS) {
    return `Executor '${id}' uses less CPUs (${cpus ?? 'None'}) than the minimum required (${MIN_CPUS})`;
  }
  const mem = scalarAmount(resources, 'mem');
  if (mem === undefined || mem < MIN_MEM) {
    const used = mem === undefined ? 'None' : `${mem}MB`;
    return `Executor '${id}' uses less memory (${used}) than the minimum required (${MIN_MEM}MB)`;
  }
  return scalarAmount(resources, 'disk') === undefined
    ? `Executor '${id}' uses no disk`
    : undefined;
}

function groupResourcesError(
  group: TaskGroupInfo,
  executor: ExecutorInfo,
  ground: Ground,
): string | undefined {
  const ofTasks = (group.tasks ?? []).map(({ resources }) => resources ?? []);
  const ofExecutor = executor.resources ?? [];
  const all = [...ofTasks.flat(), ...ofExecutor];
  const error =
    prefixed('Task group and executor use duplicate persistence ID: ', persistenceIdsError(all)) ??
    prefixed(
      'Task group and executor mix revocable and non-revocable resources: ',
      revocableMixError(all),
    );
  if (error !== undefined) {
    return error;
  }
  if (hasOverlaps([...ofTasks, ofExecutor])) {
    return "There are overlapping resources in the task group's task and executor resources";
  }
  const total = runningExecutor(executor, ground.framework, ground.agent) ? ofTasks.flat() : all;
  return ground.available.contains(total)
    ? undefined
    : `Total resources ${resourcesText(total)} required by task group and its executor are more` +
        ` than available ${ground.available.text()}`;
}

function cgroupsError(
  group: TaskGroupInfo,
  executor: ExecutorInfo,
  { framework, agent }: Ground,
): string | undefined {
  if (executor.container?.linux_info?.share_cgroups === true) {
    return "The 'share_cgroups' field cannot be set to 'true' on executor containers";
  }
  const shares = (it: { readonly container?: TaskInfo['container'] }) =>
    it.container?.linux_info?.share_cgroups ?? true;
  const all = new Set((group.tasks ?? []).map(shares));
  if (runningExecutor(executor, framework, agent) !== undefined) {
    for (const task of framework.tasks.values()) {
      const isBeside =
        task.agent_id.value === agent.id && task.executor_id?.value === executor.executor_id.value;
      if (isBeside) {
        all.add(shares(task));
      }
    }
  }
  return all.size > 1
    ? "If set, the value of 'share_cgroups' must be the same for all tasks in each task group" +
        ' and under a single executor'
    : undefined;
}
