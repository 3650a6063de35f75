// Bounds of the sizes of frameworks, executors and tasks. An agent that registers again sends all
// that it has in one message, and messages have a bound: an agent with more could not register
// again, and all its tasks would be lost.
import type {
  AgentInfo,
  ExecutorInfo,
  FrameworkInfo,
  Offer_Operation,
  OfferConstraints,
  Resource,
  Task,
  TaskInfo,
} from '../../model/generated/messages.ts';
import type { FrameworkId } from '../../model/ids.ts';
import { messageSize, valueSize } from '../../model/message-size.ts';
import { needsCheckpoint } from '../../model/resource-format.ts';
import { statusesBytes } from '../../model/status-history.ts';
import type { Agent, Framework, TaskSize } from '../state.ts';

/** Bytes of a framework's description, which each message that launches a task carries. */
const MAX_FRAMEWORK_BYTES = 1024 * 1024;
/** Bytes of the infos and constraints of all frameworks. */
export const MAX_FRAMEWORKS_BYTES = 128 * 1024 * 1024;
/**
 * Bytes of an agent's info (its attributes, its configured resources), which every list of agents
 * contains.
 */
const MAX_AGENT_INFO_BYTES = 1024 * 1024;
/** Bytes of a task or an executor. */
const MAX_TASK_BYTES = 4 * 1024 * 1024;
/**
 * Bytes of all that an agent tells when it registers again: tasks, executors, reservations,
 * volumes, operations that are not acknowledged, and the frameworks that have something there.
 */
export const MAX_AGENT_BYTES = 32 * 1024 * 1024;
/** Bytes beyond that for operations that give resources back, while they are under way. */
const MAX_RELEASE_BYTES = 8 * 1024 * 1024;
/** Bytes of all copies of a framework's info in the messages by which one ACCEPT launches tasks. */
const MAX_LAUNCH_BYTES = 64 * 1024 * 1024;
/**
 * Bytes of the completed and unreachable tasks of all frameworks; at the bound the framework with
 * most of them loses its oldest.
 */
export const MAX_TASK_HISTORY_BYTES = 64 * 1024 * 1024;

export function frameworkSizeError(info: FrameworkInfo): string | undefined {
  return messageSize(info, MAX_FRAMEWORK_BYTES) > MAX_FRAMEWORK_BYTES
    ? `'FrameworkInfo' has more than ${MAX_FRAMEWORK_BYTES} bytes`
    : undefined;
}

export function agentInfoSizeError(info: AgentInfo): string | undefined {
  return messageSize(info, MAX_AGENT_INFO_BYTES) > MAX_AGENT_INFO_BYTES
    ? `'AgentInfo' has more than ${MAX_AGENT_INFO_BYTES} bytes`
    : undefined;
}

/** Bytes of a framework's info and constraints. */
export const frameworkBytes = (info: FrameworkInfo, constraints: OfferConstraints | undefined) =>
  messageSize(info, MAX_FRAMEWORKS_BYTES) + messageSize(constraints ?? {}, MAX_FRAMEWORKS_BYTES);

export function executorSizeError(info: ExecutorInfo): string | undefined {
  return messageSize(info, MAX_TASK_BYTES) > MAX_TASK_BYTES
    ? `'ExecutorInfo' has more than ${MAX_TASK_BYTES} bytes`
    : undefined;
}

/** Why so many messages, each with the framework's info, are too much for a connection at once. */
export function launchSizeError({ info }: Framework, messages: number): string | undefined {
  const bytes = sizeOnce(info);
  return messages * bytes > MAX_LAUNCH_BYTES
    ? `${messages} launches, each of which takes the FrameworkInfo of ${bytes} bytes to the agent, ` +
        `have more than ${MAX_LAUNCH_BYTES} bytes`
    : undefined;
}

/** Sizes that the records of tasks will have, measured before the tasks are launched. */
export type RecordSizes = Map<TaskInfo, number>;

/** Why a task is too large. An executor that tasks of a group share is measured by itself. */
export function taskSizeError(
  task: TaskInfo,
  {
    framework,
    agent,
    recordSizes,
  }: {
    readonly framework: Framework;
    readonly agent: Agent;
    readonly recordSizes: RecordSizes;
  },
  shared: ExecutorInfo | undefined,
): string | undefined {
  const record = recordBytes(task);
  const size = record + unrecordedBytes(task, shared);
  if (size > MAX_TASK_BYTES) {
    return `Task has more than ${MAX_TASK_BYTES} bytes`;
  }
  recordSizes.set(task, record);
  const ofFramework = agent.frameworkBytes.has(framework.id) ? 0 : sizeOnce(framework.info);
  return bytesOn(agent) + size + ofFramework > MAX_AGENT_BYTES
    ? `Task and all that runs on agent ${agent.id} have more than ${MAX_AGENT_BYTES} bytes`
    : undefined;
}

/**
 * Why an operation, with what it makes, is too large for the agent. Conversions in `unbooked` are
 * not in the agent's total yet.
 */
export function operationSizeError(
  agent: Agent,
  operation: Offer_Operation,
  unbooked: readonly Offer_Operation[] = [],
): string | undefined {
  const made = madeBytes(operation);
  const max = made > 0 ? MAX_AGENT_BYTES : MAX_AGENT_BYTES + MAX_RELEASE_BYTES;
  let bytes = bytesOn(agent) + sizeOnce(operation) + made;
  for (const before of unbooked) {
    bytes += madeBytes(before);
  }
  return bytes > max
    ? `Operation and all that is on agent ${agent.id} have more than ${max} bytes`
    : undefined;
}

/** The bytes of reservations and volumes that an operation makes, at most. */
function madeBytes(operation: Offer_Operation): number {
  const { unreserve, destroy, shrink_volume: shrink } = operation;
  return (unreserve ?? destroy ?? shrink) === undefined ? sizeOnce(operation) : 0;
}

/** Bytes of all that the agent tells when it registers again, about. */
const bytesOn = (agent: Agent) => agent.bytes + checkpointedBytes(agent.total);

/** Sizes by the list of resources itself: each change of an agent's total makes a new list. */
const checkpointedSizes = new WeakMap<readonly Resource[], number>();

function checkpointedBytes(total: readonly Resource[]): number {
  let bytes = checkpointedSizes.get(total);
  if (bytes === undefined) {
    bytes = 0;
    for (const resource of total) {
      bytes += needsCheckpoint(resource) ? messageSize(resource, MAX_AGENT_BYTES) : 0;
    }
    checkpointedSizes.set(total, bytes);
  }
  return bytes;
}

/**
 * Counts a framework's description on an agent where it has something: the agent tells of it when
 * it registers again.
 */
export function countFramework(
  agent: Agent,
  id: FrameworkId,
  framework: Framework | undefined,
): void {
  if (!agent.frameworkBytes.has(id)) {
    const bytes = sizeOnce(framework?.info);
    agent.frameworkBytes.set(id, bytes);
    agent.bytes += bytes;
  }
}

/** Why a framework may not grow: an agent where it has something could not register again. */
export function growthError(
  agents: Iterable<Agent>,
  framework: Framework,
  info: FrameworkInfo,
): string | undefined {
  const more = messageSize(info, MAX_FRAMEWORK_BYTES) - sizeOnce(framework.info);
  const max = MAX_AGENT_BYTES + MAX_RELEASE_BYTES;
  for (const agent of more > 0 ? agents : []) {
    if (agent.frameworkBytes.has(framework.id) && bytesOn(agent) + more > max) {
      return `Framework and all that is on agent ${agent.id} have more than ${max} bytes`;
    }
  }
  return undefined;
}

/** Counts the new description of a framework on an agent. */
export function recountFramework(agent: Agent, { id, info }: Framework): void {
  const before = agent.frameworkBytes.get(id);
  if (before !== undefined) {
    const bytes = sizeOnce(info);
    agent.bytes += bytes - before;
    agent.frameworkBytes.set(id, bytes);
  }
}

export function uncountFramework(agent: Agent, id: FrameworkId): void {
  if (!agent.tasks.has(id) && !agent.executors.has(id)) {
    agent.bytes -= agent.frameworkBytes.get(id) ?? 0;
    agent.frameworkBytes.delete(id);
  }
}

/** The framework's id and its field, the state, and the executor's id, about. */
const RECORD_BYTES = 64;

/** Bytes of what the task's record in the master keeps of its TaskInfo. */
function recordBytes(task: TaskInfo): number {
  let bytes = RECORD_BYTES;
  for (const key in task) {
    if (!UNRECORDED.has(key) && bytes <= MAX_TASK_BYTES) {
      bytes += valueSize(task[key as keyof TaskInfo], MAX_TASK_BYTES - bytes);
    }
  }
  return bytes;
}

const UNRECORDED: ReadonlySet<string> = new Set<keyof TaskInfo>([
  'executor',
  'command',
  'data',
  'check',
  'max_completion_time',
]);

function unrecordedBytes(task: TaskInfo, shared: ExecutorInfo | undefined): number {
  const { executor, command, data, check, max_completion_time } = task;
  return (
    sizeOrNothing(executor === shared ? undefined : executor) +
    sizeOrNothing(command) +
    sizeOrNothing(data) +
    sizeOrNothing(check) +
    sizeOrNothing(max_completion_time)
  );
}

const sizeOrNothing = (value: object | undefined) =>
  value === undefined ? 0 : valueSize(value, MAX_TASK_BYTES);

/** Bytes of a task in a history of tasks, about. */
export const historySize = (task: Task): number => messageSize(task, MAX_TASK_HISTORY_BYTES);

/** The size of a task's record. */
export function taskSize(task: Task): TaskSize {
  const statuses = statusesBytes(task);
  return { own: Math.max(0, messageSize(task, MAX_AGENT_BYTES) - statuses), statuses };
}

/** Sizes by the message itself, which never changes: an entry that is missing is measured again. */
const sizes = new WeakMap<object, number>();

/** The size of a message, measured once; 0 for none. */
export function sizeOnce(item: object | undefined): number {
  if (item === undefined) {
    return 0;
  }
  let size = sizes.get(item);
  if (size === undefined) {
    size = messageSize(item, MAX_AGENT_BYTES);
    sizes.set(item, size);
  }
  return size;
}
