// Makes status updates. Each changes the task's state and history, and is added to the task's
// stream.
import { containerIdMessage, containerIdOf, rootOf } from '../../model/container-id.ts';
import {
  type ContainerStatus,
  ExecutorEvent_Type,
  type NetworkInfo,
  NetworkInfo_Protocol,
  type StatusUpdate,
  TaskState,
  type TaskStatus,
  TaskStatus_Reason,
  TaskStatus_Source,
} from '../../model/generated/messages.ts';
import { frameworkId, taskId } from '../../model/ids.ts';
import { isTerminal } from '../../model/task-state.ts';
import {
  checkpointRun,
  type Executor,
  resizeContainer,
  sendToExecutor,
} from '../executors/executor.ts';
import type { Framework } from '../executors/framework.ts';
import { log } from '../outbox.ts';
import type { AgentState } from '../state.ts';
import { findStream } from './status-update-stream.ts';
import { addUpdate, updateRefusal } from './status-update-streams.ts';
import { countTerminal, createTask, recordStatus } from './task.ts';

/** Makes an update that the agent itself decides on, for a task of a framework that it knows. */
export function reportStatus(
  agent: AgentState,
  framework: Framework,
  executor: Executor | undefined,
  status: TaskStatus,
): void {
  if (framework.state === 'terminating') {
    agent.counters.invalid_status_updates++;
    return;
  }
  const complete = completeStatus(agent, framework, {
    timestamp: agent.nowMs / 1000,
    ...status,
  });
  agent.counters.valid_status_updates++;
  if (executor === undefined || changeTask(agent, executor, complete)) {
    addUpdate(agent, updateOf(agent, framework, complete), executor && checkpointRun(executor));
  }
}

/**
 * Takes an update of an executor, which is acknowledged to the executor once it is durable. Answers
 * why there is no room for it now. `nestedStatus` is told of the container that the update names,
 * where that is nested in another one.
 */
export function executorReported(
  agent: AgentState,
  executor: Executor,
  given: TaskStatus,
  nestedStatus?: ContainerStatus,
): string | undefined {
  const { framework } = executor;
  if (given.uuid === undefined) {
    agent.counters.invalid_status_updates++;
    return undefined;
  }
  if (framework.state === 'terminating') {
    // The framework is gone, but the executor may wait for the acknowledgement before it ends.
    agent.counters.invalid_status_updates++;
    sendToExecutor(agent, executor, {
      type: ExecutorEvent_Type.ACKNOWLEDGED,
      acknowledged: { task_id: given.task_id, uuid: given.uuid },
    });
    return undefined;
  }
  const status = completeStatus(agent, framework, {
    ...given,
    source: TaskStatus_Source.SOURCE_EXECUTOR,
    executor_id: { value: executor.executorId },
    container_status: containerStatus(agent, executor, given, nestedStatus),
  });
  const update = updateOf(agent, framework, status);
  const refusal = updateRefusal(agent, update);
  if (refusal !== undefined) {
    agent.counters.invalid_status_updates++;
    return refusal;
  }
  agent.counters.valid_status_updates++;
  executor.hasReported = true;
  if (framework.tasks.get(taskId(status.task_id.value)) === executor) {
    if (changeTask(agent, executor, status)) {
      addUpdate(agent, update, checkpointRun(executor));
    }
  } else if (hasEndedIn(executor, status)) {
    log(agent, 'info', `Ignoring an update of task ${status.task_id.value}, whose end is known`);
  } else if (hasRoomForUnknown(agent, framework, status)) {
    // An update of a task that the agent does not know is passed on: its executor may know of it.
    addUpdate(agent, update, undefined);
  } else {
    return `Updates of ${MAX_UNKNOWN_TASKS} tasks that the agent does not know wait for acknowledgements`;
  }
  sendToExecutor(agent, executor, {
    type: ExecutorEvent_Type.ACKNOWLEDGED,
    acknowledged: { task_id: status.task_id, uuid: given.uuid },
  });
  return undefined;
}

/**
 * True for the last update of a task that arrives after the end of its executor's container, with
 * which the agent has ended the task already.
 */
const hasEndedIn = (executor: Executor, { task_id }: TaskStatus) =>
  executor.completed.some((task) => task.task_id.value === task_id.value);

/** Unknown tasks of one framework whose updates may wait at a time. */
const MAX_UNKNOWN_TASKS = 1_000;

/**
 * Whether the framework may have one more stream of an unknown task. Each known task has at most
 * one stream, so the others are of unknown tasks.
 */
function hasRoomForUnknown(
  agent: AgentState,
  framework: Framework,
  { task_id }: TaskStatus,
): boolean {
  const streams = agent.updates.get(framework.id);
  return (
    streams === undefined ||
    streams.has(taskId(task_id.value)) ||
    streams.size < framework.tasks.size + MAX_UNKNOWN_TASKS
  );
}

/** Makes an update of a task whose framework has nothing on this agent; only the update is kept. */
export function reportUnknownTask(
  agent: AgentState,
  framework: string,
  { task, state }: { readonly task: string; readonly state: TaskState },
): void {
  const last = findStream(agent, frameworkId(framework), taskId(task))?.pending.at(-1);
  if (last !== undefined && isTerminal(last.status.state)) {
    // Such an update is on its way already.
    return;
  }
  const uuid = agent.random.uuid();
  const status: TaskStatus = {
    task_id: { value: task },
    state,
    message: 'Reconciliation: task unknown to the agent',
    source: TaskStatus_Source.SOURCE_AGENT,
    reason: TaskStatus_Reason.REASON_RECONCILIATION,
    agent_id: { value: agent.id ?? '' },
    timestamp: agent.nowMs / 1000,
    uuid,
  };
  addUpdate(agent, envelope(agent, framework, status, uuid), undefined);
}

function completeStatus(agent: AgentState, framework: Framework, given: TaskStatus): TaskStatus {
  const status: TaskStatus = {
    ...given,
    agent_id: { value: agent.id ?? '' },
    uuid: given.uuid ?? agent.random.uuid(),
  };
  const isKill = status.state === TaskState.TASK_KILLED || status.state === TaskState.TASK_KILLING;
  if (agent.drain !== undefined && isKill) {
    status.reason = TaskStatus_Reason.REASON_AGENT_DRAINING;
    // Deliberately unlike Mesos, which calls a task gone that is being killed and still runs.
    const hasEnded = status.state === TaskState.TASK_KILLED;
    if (hasEnded && agent.drain.config.mark_gone === true && framework.partitionAware) {
      status.state = TaskState.TASK_GONE_BY_OPERATOR;
    }
  }
  return status;
}

/** Of a nested container that has ended, or begins, nothing is told but its id. */
function containerStatus(
  agent: AgentState,
  executor: Executor,
  given: TaskStatus,
  nestedStatus: ContainerStatus | undefined,
): ContainerStatus {
  const own = given.container_status;
  const named = own?.container_id && containerIdOf(own.container_id);
  const isNested = named !== undefined && named !== executor.containerId;
  // What is told of another executor's containers is not this executor's to pass on.
  const isOwn = !isNested || rootOf(named) === executor.containerId;
  const known = isNested ? nestedStatus : (executor.containerStatus ?? {});
  const container_id = own?.container_id ?? containerIdMessage(executor.containerId);
  if (known === undefined || !isOwn) {
    return { ...own, container_id };
  }
  const networks = own?.network_infos ?? [];
  return {
    ...own,
    ...known,
    container_id,
    network_infos: networks.length > 0 ? networks : (known.network_infos ?? [hostNetwork(agent)]),
    ...(executor.processId === undefined ? {} : { executor_pid: executor.processId }),
  };
}

const hostNetwork = ({ ip }: AgentState): NetworkInfo => ({
  ip_addresses: [{ protocol: NetworkInfo_Protocol.IPv4, ip_address: ip }],
});

const updateOf = (agent: AgentState, framework: Framework, status: TaskStatus): StatusUpdate =>
  envelope(agent, framework.id, status, status.uuid ?? new Uint8Array());

function envelope(
  agent: AgentState,
  framework: string,
  status: TaskStatus,
  uuid: Uint8Array,
): StatusUpdate {
  return {
    framework_id: { value: framework },
    ...(status.executor_id === undefined ? {} : { executor_id: status.executor_id }),
    agent_id: { value: agent.id ?? '' },
    status,
    // Executors may leave the timestamp out; the task's record leaves it out then, too.
    timestamp: status.timestamp ?? agent.nowMs / 1000,
    uuid,
  };
}

/**
 * Changes the task's state; false when it had ended before, so that the update is not passed on.
 */
function changeTask(agent: AgentState, executor: Executor, status: TaskStatus): boolean {
  const id = taskId(status.task_id.value);
  const ends = isTerminal(status.state);
  const queued = executor.queued.get(id);
  if (queued !== undefined) {
    if (!ends) {
      log(agent, 'warn', `Ignoring an update of task ${id}, which was not delivered yet`);
      return false;
    }
    dequeue(executor, id);
    const task = createTask(executor.frameworkId, queued, status.state);
    executor.launched.set(id, task);
  }
  const task = executor.launched.get(id);
  if (task === undefined) {
    log(agent, 'info', `Ignoring an update of task ${id}, which has ended`);
    return false;
  }
  recordStatus(task, status);
  if (ends) {
    executor.launched.delete(id);
    executor.terminated.set(id, task);
    countTerminal(agent, status.state);
    if (!executor.unbooked.delete(id)) {
      agent.ledger.give(executor.containerId, task.resources ?? []);
    }
    resizeContainer(agent, executor);
  }
  return true;
}

/** Takes a task out of the queue, and its group with the last of it. */
export function dequeue(executor: Executor, id: ReturnType<typeof taskId>): void {
  executor.queued.delete(id);
  for (const group of executor.queuedGroups) {
    if (group.includes(id) && !group.some((member) => executor.queued.has(member))) {
      executor.queuedGroups.delete(group);
    }
  }
}
