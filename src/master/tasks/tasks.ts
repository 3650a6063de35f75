// Tasks on registered agents: how they come, change and go, and when their resources are free
// again.
import {
  type ExecutorInfo,
  type Task,
  TaskState,
  type TaskStatus,
  TaskStatus_Reason,
} from '../../model/generated/messages.ts';
import {
  agentId,
  type ExecutorId,
  executorId,
  type FrameworkId,
  frameworkId,
  type TaskId,
  taskId,
} from '../../model/ids.ts';
import { holderRole } from '../../model/resource-format.ts';
import { addStatus, repeatsStatus, statusesBytes } from '../../model/status-history.ts';
import { isTerminal } from '../../model/task-state.ts';
import {
  countFrameworkTask,
  countLiveTask,
  countTaskReason,
  countTaskState,
  uncountActiveTask,
} from '../metrics/counters.ts';
import { publishTaskAdded, publishTaskUpdated } from '../operators/subscribers.ts';
import type { Agent, Framework, MasterState, TaskSize } from '../state.ts';
import { countFramework, sizeOnce, taskSize, uncountFramework } from '../validation/size.ts';

/**
 * Bytes of the statuses that the tasks of one agent keep; beyond it a task keeps its latest status
 * only.
 */
export const MAX_STATUSES_ON_AGENT_BYTES = 32 * 1024 * 1024;

const isOver = (state: TaskState) => isTerminal(state) || state === TaskState.TASK_UNREACHABLE;

/**
 * Puts a task on its agent, and under its framework if that is known and has none of its id
 * elsewhere.
 */
export function addTask(
  state: MasterState,
  agent: Agent,
  framework: Framework | undefined,
  task: Task,
  size: TaskSize = taskSize(task),
): void {
  const id = taskId(task.task_id.value);
  const owner = frameworkId(task.framework_id.value);
  let tasks = agent.tasks.get(owner);
  if (tasks === undefined) {
    tasks = new Map();
    agent.tasks.set(owner, tasks);
  }
  uncountTask(agent, tasks.get(id));
  agent.taskSizes.set(task, size);
  agent.bytes += size.own;
  agent.statusBytes += size.statuses;
  countFramework(agent, owner, framework);
  tasks.set(id, task);
  countLiveTask(state.counters, task.state, 1);
  if (framework !== undefined && !framework.tasks.has(id)) {
    framework.tasks.set(id, task);
    countFrameworkTask(framework.counters, task.state);
    publishTaskAdded(state, framework, task);
  }
}

/** Takes a task out of its agent's sums; answers its size, if it was on the agent. */
function uncountTask(agent: Agent, task: Task | undefined): TaskSize | undefined {
  const size = task && agent.taskSizes.get(task);
  if (size !== undefined && task !== undefined) {
    agent.taskSizes.delete(task);
    agent.bytes -= size.own;
    agent.statusBytes -= size.statuses;
  }
  return size;
}

/**
 * Takes a status into the task's record. True if the task ends with it: the caller gives its
 * resources back (`giveBack`), with those of other tasks or alone. They are free with the first
 * terminal state, even where the update reports an earlier state and only the task's latest state
 * is terminal.
 */
export function updateTask(
  state: MasterState,
  task: Task,
  status: TaskStatus,
  latestState?: TaskState | undefined,
): boolean {
  const newState = latestState ?? status.state;
  const framework = state.frameworks.registered.get(frameworkId(task.framework_id.value));
  const ends = !isOver(task.state) && isOver(newState);
  const isFinal = isTerminal(task.state) || (isOver(task.state) && !isOver(newState));
  if (!isFinal && task.state !== newState) {
    if (framework !== undefined) {
      // A task that was unreachable is not counted as active.
      if (framework.tasks.get(taskId(task.task_id.value)) === task) {
        uncountActiveTask(framework.counters, task.state);
      }
      countFrameworkTask(framework.counters, newState);
    }
    if (agentOf(state, task)?.taskSizes.has(task) === true) {
      countLiveTask(state.counters, task.state, -1);
      countLiveTask(state.counters, newState, 1);
    }
    task.state = newState;
  }
  const isNew = isNews(task, status);
  rememberStatus(state, task, status);
  if (isNew && framework !== undefined) {
    publishTaskUpdated(state, framework, task, status);
  }
  if (ends) {
    countTaskState(state.counters, newState);
    const { source, reason } = status;
    if (reason !== undefined && source !== undefined) {
      countTaskReason(state.counters, { state: status.state, source, reason });
    }
  }
  return ends;
}

const agentOf = ({ agents }: MasterState, task: Task) =>
  agents.registered.get(agentId(task.agent_id.value));

/** Whether the event stream tells of a status, which the task's record does not have yet. */
const isNews = (task: Task, status: TaskStatus) =>
  !repeatsStatus(task, status) ||
  status.reason === TaskStatus_Reason.REASON_TASK_CHECK_STATUS_UPDATED ||
  status.reason === TaskStatus_Reason.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED;

/** Keeps the last status of each run of equal states, without its data. */
function rememberStatus(state: MasterState, task: Task, status: TaskStatus): void {
  let kept = status;
  if (status.data !== undefined) {
    const { data: _, ...rest } = status;
    kept = rest;
  }
  countStatuses(state, task, addStatus(task, kept));
}

/**
 * When the statuses kept for the agent's tasks are too large together, all of this task but the
 * latest go.
 */
function countStatuses(state: MasterState, task: Task, grown: number): void {
  const agent = agentOf(state, task);
  const size = agent?.taskSizes.get(task);
  if (agent === undefined || size === undefined) {
    return;
  }
  size.statuses += grown;
  agent.statusBytes += grown;
  if (agent.statusBytes > MAX_STATUSES_ON_AGENT_BYTES) {
    agent.statusBytes -= size.statuses;
    task.statuses = task.statuses?.slice(-1) ?? [];
    size.statuses = statusesBytes(task);
    agent.statusBytes += size.statuses;
  }
}

/** Frees the resources of one task. Those of many tasks are freed as sums (`holdingsOf`). */
export function giveBack(state: MasterState, task: Task): void {
  const resources = task.resources ?? [];
  if (resources.length > 0 && state.agents.registered.has(agentId(task.agent_id.value))) {
    state.allocator.recover({
      frameworkId: frameworkId(task.framework_id.value),
      agentId: agentId(task.agent_id.value),
      role: holderRole(resources),
      resources,
      wasUsed: true,
    });
  }
}

/** Takes a task off its agent and moves it to the framework's history. */
export function removeTask(
  state: MasterState,
  agent: Agent,
  task: Task,
  options: { readonly unreachable: boolean } = { unreachable: false },
): void {
  const id = taskId(task.task_id.value);
  const owner = frameworkId(task.framework_id.value);
  if (!isOver(task.state)) {
    giveBack(state, task);
  }
  const size = takeOff(agent, owner, id);
  countLiveTask(state.counters, task.state, -1);
  const framework = state.frameworks.registered.get(owner);
  const known = framework?.tasks.get(id);
  if (framework !== undefined && known === task) {
    framework.tasks.delete(id);
    if (!isTerminal(task.state)) {
      uncountActiveTask(framework.counters, task.state);
    }
  } else if (known !== undefined) {
    // A duplicate (duplicates.ts), of which the framework has never heard.
    return;
  }
  if (options.unreachable) {
    rememberUnreachable(state, agent, task);
    framework?.unreachableTasks.set(id, task);
  } else {
    framework?.completedTasks.push(task, size && size.own + size.statuses);
  }
}

/** Takes a task out of its agent's tasks; answers the size that it had. */
function takeOff(agent: Agent, owner: FrameworkId, id: TaskId): TaskSize | undefined {
  const tasks = agent.tasks.get(owner);
  const size = uncountTask(agent, tasks?.get(id));
  tasks?.delete(id);
  if (tasks?.size === 0) {
    agent.tasks.delete(owner);
    uncountFramework(agent, owner);
  }
  agent.killed?.get(owner)?.delete(id);
  return size;
}

/**
 * Ends the first so many tasks of a framework, which stay in no history: what `updateTask` and
 * `removeTask` would do, but the statuses go to the event stream only, and each map is emptied at
 * once. Answers how many ran until now.
 */
export function dropTasks(
  state: MasterState,
  framework: Framework,
  count: number,
  { end, statusOf }: { readonly end: TaskState; readonly statusOf: (task: Task) => TaskStatus },
): number {
  const isWatched = state.subscribers.size > 0;
  const all = [...framework.tasks.values()];
  const agents = new Set<Agent>();
  let agent: Agent | undefined;
  let running = 0;
  framework.tasks.clear();
  for (const [index, task] of all.entries()) {
    if (index >= count) {
      framework.tasks.set(taskId(task.task_id.value), task);
      continue;
    }
    if (agent?.id !== task.agent_id.value) {
      agent = agentOf(state, task);
      if (agent !== undefined) {
        agents.add(agent);
      }
    }
    if (agent !== undefined) {
      uncountTask(agent, task);
      countLiveTask(state.counters, task.state, -1);
    }
    const ended = endUnrecorded(framework, task, end);
    running += ended ? 1 : 0;
    if (isWatched) {
      tellOfEnd(state, framework, task, statusOf(task));
    }
  }
  for (const each of agents) {
    keepCounted(each, framework.id);
  }
  return running;
}

/**
 * Ends a task that its framework knows, and takes it off its agent: what `updateTask` and
 * `removeTask` would do for one that stays in no history, whose last status need not be kept. True
 * if it ran until now, so that its end is still to be counted, and its resources given back.
 */
export function dropTask(
  state: MasterState,
  agent: Agent,
  framework: Framework,
  { task, status }: { readonly task: Task; readonly status: TaskStatus },
): boolean {
  const id = taskId(task.task_id.value);
  countLiveTask(state.counters, task.state, -1);
  const ended = endUnrecorded(framework, task, status.state);
  tellOfEnd(state, framework, task, status);
  takeOff(agent, framework.id, id);
  framework.tasks.delete(id);
  return ended;
}

/** Tells the event stream of the end of a task whose record does not keep the status. */
function tellOfEnd(state: MasterState, framework: Framework, task: Task, status: TaskStatus): void {
  if (isNews(task, status)) {
    publishTaskUpdated(state, framework, task, status);
  }
}

/** Counts the end of a task in its framework's sums, in which it counted by its state until now. */
function endUnrecorded({ counters }: Framework, task: Task, end: TaskState): boolean {
  const ended = !isOver(task.state);
  if (!isTerminal(task.state)) {
    uncountActiveTask(counters, task.state);
    if (isTerminal(end)) {
      countFrameworkTask(counters, end);
    }
    task.state = end;
  }
  return ended;
}

/** Leaves only those of a framework's tasks on an agent that are still counted there. */
function keepCounted(agent: Agent, owner: FrameworkId): void {
  const kept = new Map<TaskId, Task>();
  for (const [id, task] of agent.tasks.get(owner) ?? []) {
    if (agent.taskSizes.has(task)) {
      kept.set(id, task);
    }
  }
  if (kept.size > 0) {
    agent.tasks.set(owner, kept);
    return;
  }
  agent.tasks.delete(owner);
  agent.killed?.delete(owner);
  uncountFramework(agent, owner);
}

function rememberUnreachable(state: MasterState, agent: Agent, task: Task): void {
  const owner = frameworkId(task.framework_id.value);
  let byFramework = state.agents.unreachableTasks.get(agent.id);
  if (byFramework === undefined) {
    byFramework = new Map();
    state.agents.unreachableTasks.set(agent.id, byFramework);
  }
  const ids = byFramework.get(owner) ?? [];
  ids.push(taskId(task.task_id.value));
  byFramework.set(owner, ids);
}

export function addExecutor(
  agent: Agent,
  framework: Framework | undefined,
  info: ExecutorInfo,
): void {
  const owner = framework?.id ?? frameworkId(info.framework_id?.value ?? '');
  const id = executorId(info.executor_id.value);
  let executors = agent.executors.get(owner);
  if (executors === undefined) {
    executors = new Map();
    agent.executors.set(owner, executors);
  }
  agent.bytes += sizeOnce(info) - sizeOnce(executors.get(id));
  countFramework(agent, owner, framework);
  executors.set(id, info);
  // One map serves both: a framework sees its executors where the agent keeps them.
  framework?.executors.set(agent.id, executors);
}

export function removeExecutor(
  state: MasterState,
  agent: Agent,
  owner: Framework['id'],
  id: ExecutorId,
): void {
  const info = agent.executors.get(owner)?.get(id);
  if (info === undefined) {
    return;
  }
  const resources = info.resources ?? [];
  if (resources.length > 0) {
    state.allocator.recover({
      frameworkId: owner,
      agentId: agent.id,
      role: holderRole(resources),
      resources,
      wasUsed: true,
    });
  }
  dropExecutor(state, agent, owner, info);
}

/** Takes an executor off its agent; the caller gives its resources back, with those of others. */
export function dropExecutor(
  state: MasterState,
  agent: Agent,
  owner: Framework['id'],
  info: ExecutorInfo,
): void {
  const executors = agent.executors.get(owner);
  agent.bytes -= sizeOnce(info);
  executors?.delete(executorId(info.executor_id.value));
  if (executors?.size === 0) {
    agent.executors.delete(owner);
    uncountFramework(agent, owner);
    state.frameworks.registered.get(owner)?.executors.delete(agent.id);
  }
}
