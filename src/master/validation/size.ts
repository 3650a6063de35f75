// How large frameworks, executors and tasks may be. What an agent has comes back in one message when it
// registers again, and that message has a bound: an agent that is given more could not come back, with all
// that others run there.
import type {
  AgentInfo,
  ExecutorInfo,
  FrameworkInfo,
  OfferConstraints,
  TaskInfo,
} from '../../model/generated/messages.ts';
import { messageSize } from '../../model/message-size.ts';
import type { Agent } from '../state.ts';

/** A framework that says more of itself is refused; each message that launches a task carries it. */
export const MAX_FRAMEWORK_BYTES = 1024 * 1024;
/** All frameworks' infos and constraints; one that would make them more is refused. */
export const MAX_FRAMEWORKS_BYTES = 128 * 1024 * 1024;
/** Every answer that lists agents has each one's info: its attributes, and the resources it starts with. */
const MAX_AGENT_INFO_BYTES = 1024 * 1024;
/** A larger task or executor is an error. */
export const MAX_TASK_BYTES = 4 * 1024 * 1024;
/** All tasks and executors of an agent; a task that would make them more is an error. */
export const MAX_AGENT_BYTES = 32 * 1024 * 1024;
/** Completed and unreachable tasks of all frameworks; the framework with most of it loses its oldest. */
export const MAX_TASK_HISTORY_BYTES = 64 * 1024 * 1024;
/** Of tasks up to this size no agent can run enough to matter: they are never too much. */
const SMALL_TASK_BYTES = 16 * 1024;

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

/** Of all that the master keeps of a framework's own words. */
export const frameworkBytes = (info: FrameworkInfo, constraints: OfferConstraints | undefined) =>
  messageSize(info, MAX_FRAMEWORKS_BYTES) + messageSize(constraints ?? {}, MAX_FRAMEWORKS_BYTES);

export function executorSizeError(info: ExecutorInfo): string | undefined {
  return messageSize(info, MAX_TASK_BYTES) > MAX_TASK_BYTES
    ? `'ExecutorInfo' has more than ${MAX_TASK_BYTES} bytes`
    : undefined;
}

/** An executor that tasks of a group share has been measured by itself. */
export function taskSizeError(
  task: TaskInfo,
  agent: Agent,
  shared: ExecutorInfo | undefined,
): string | undefined {
  const own = shared === undefined || task.executor !== shared ? task : withoutExecutor(task);
  const size = messageSize(own, MAX_TASK_BYTES);
  if (size <= SMALL_TASK_BYTES) {
    return undefined;
  }
  if (size > MAX_TASK_BYTES) {
    return `Task has more than ${MAX_TASK_BYTES} bytes`;
  }
  return size + agent.bytes > MAX_AGENT_BYTES
    ? `Task and all that runs on agent ${agent.id} have more than ${MAX_AGENT_BYTES} bytes`
    : undefined;
}

function withoutExecutor(task: TaskInfo): TaskInfo {
  const { executor: _, ...own } = task;
  return own;
}

/** By the task or executor itself: what has come as one size must go as the same. */
const sizes = new WeakMap<object, number>();

/** Of a task or executor on an agent, measured once: a task's history grows afterwards. 0 of none. */
export function sizeWhenItCame(item: object | undefined): number {
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
