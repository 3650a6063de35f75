// Whether a ReregisterAgentMessage is consistent: a message that contradicts itself is dropped as a
// whole.
import {
  type ExecutorInfo,
  type FrameworkInfo,
  type ReregisterAgentMessage,
  type Resource,
  TaskState,
} from '../../model/generated/messages.ts';
import { idError } from '../../model/identifier.ts';
import { allResourcesError, resourcesError } from '../../model/resource-validation.ts';
import { agentInfoError } from '../agents/agents.ts';
import { executorInfoError } from './executor.ts';
import { frameworkInfoError } from './framework.ts';

/** Why the message is dropped. */
export function reregistrationError(message: ReregisterAgentMessage): string | undefined {
  return (
    (message.agent.id === undefined ? 'it has no id' : undefined) ??
    agentInfoError(message.agent) ??
    resourcesError(message.checkpointed_resources) ??
    frameworksError(message.frameworks ?? []) ??
    executorsError(message) ??
    tasksError(message) ??
    allResourcesError(resourceLists(message))
  );
}

/** All lists of resources in the message: of the agent, its executors and its tasks. */
export function resourceLists(
  message: ReregisterAgentMessage,
): readonly (readonly Resource[] | undefined)[] {
  return [
    message.agent.resources,
    message.checkpointed_resources,
    ...(message.executor_infos ?? []).map(({ resources }) => resources),
    ...(message.tasks ?? []).map(({ resources }) => resources),
  ];
}

type ExecutorIds = Map<string | undefined, Set<string>>;

/** The ids of executors by framework id. */
export function executorIds(executors: readonly ExecutorInfo[]): ExecutorIds {
  const ids: ExecutorIds = new Map();
  for (const executor of executors) {
    addExecutorId(ids, executor);
  }
  return ids;
}

/** False if the framework has an executor of this id already. */
function addExecutorId(ids: ExecutorIds, { framework_id, executor_id }: ExecutorInfo): boolean {
  const own = ids.get(framework_id?.value) ?? new Set();
  const before = own.size;
  ids.set(framework_id?.value, own.add(executor_id.value));
  return own.size > before;
}

function frameworksError(frameworks: readonly FrameworkInfo[]): string | undefined {
  const seen = new Set<string>();
  for (const info of frameworks) {
    const id = info.id?.value ?? '';
    const error = frameworkInfoError(info);
    if (error !== undefined || id === '') {
      return error ?? 'Framework has no id';
    }
    if (seen.has(id)) {
      return `Framework has a duplicate FrameworkID: '${id}'`;
    }
    seen.add(id);
  }
  return undefined;
}

const frameworkIds = (message: ReregisterAgentMessage) =>
  new Set((message.frameworks ?? []).map(({ id }) => id?.value));

function executorsError(message: ReregisterAgentMessage): string | undefined {
  const known = frameworkIds(message);
  const seen: ExecutorIds = new Map();
  for (const executor of message.executor_infos ?? []) {
    const owner = executor.framework_id?.value;
    const error = executorInfoError(executor) ?? resourcesError(executor.resources);
    if (error !== undefined) {
      return error;
    }
    if (!known.has(owner)) {
      return `Executor has an invalid FrameworkID '${owner ?? ''}'`;
    }
    if (!addExecutorId(seen, executor)) {
      return `Framework '${owner}' has a duplicate ExecutorID '${executor.executor_id.value}'`;
    }
  }
  return undefined;
}

function tasksError(message: ReregisterAgentMessage): string | undefined {
  const known = frameworkIds(message);
  const executors = executorIds(message.executor_infos ?? []);
  for (const task of message.tasks ?? []) {
    const owner = task.framework_id.value;
    const invalidId = idError(task.task_id.value);
    if (invalidId !== undefined) {
      return `Task has an invalid TaskID: ${invalidId}`;
    }
    if (task.agent_id.value !== message.agent.id?.value) {
      return `Task has an invalid SlaveID '${task.agent_id.value}'`;
    }
    if (!known.has(owner)) {
      return `Task has an invalid FrameworkID '${owner}'`;
    }
    const executor = task.executor_id?.value;
    const needsExecutor = executor !== undefined && task.state === TaskState.TASK_RUNNING;
    if (needsExecutor && executors.get(owner)?.has(executor) !== true) {
      return `Task has an invalid ExecutorID '${executor}'`;
    }
    const error = resourcesError(task.resources);
    if (error !== undefined) {
      return `Task uses invalid resources: ${error}`;
    }
  }
  return undefined;
}
