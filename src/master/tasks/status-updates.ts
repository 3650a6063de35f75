// Status updates for frameworks: made by the master, or passed on from agents.
import {
  SchedulerEvent_Type,
  type StatusUpdate,
  type StatusUpdateMessage,
  type Task,
  TaskState,
  type TaskStatus,
  type TaskStatus_Reason,
  TaskStatus_Source,
} from '../../model/generated/messages.ts';
import { isUuid, sameBytes } from '../../model/identifier.ts';
import { agentId, frameworkId, taskId } from '../../model/ids.ts';
import { uncountedUpdate } from '../agents/request-reregistration.ts';
import { countTaskReason, countTaskState } from '../metrics/counters.ts';
import { logStranger, sendToAgent, sendToFramework } from '../outbox.ts';
import type { Framework, MasterState } from '../state.ts';
import { duplicateUpdate } from './duplicates.ts';
import { withKiller } from './kill.ts';
import { giveBack, updateTask } from './tasks.ts';

/**
 * The state that a framework is told: TASK_LOST for states that only partition-aware frameworks
 * know.
 */
export function stateFor(framework: Framework, state: TaskState): TaskState {
  if (framework.capabilities.partitionAware) {
    return state;
  }
  switch (state) {
    case TaskState.TASK_DROPPED:
    case TaskState.TASK_UNREACHABLE:
    case TaskState.TASK_GONE:
    case TaskState.TASK_GONE_BY_OPERATOR:
    case TaskState.TASK_UNKNOWN:
      return TaskState.TASK_LOST;
    default:
      return state;
  }
}

/** A status that the master itself reports; it has no uuid and needs no acknowledgement. */
export function masterStatus(
  state: MasterState,
  fields: {
    readonly taskId: string;
    readonly state: TaskState;
    readonly message: string;
    readonly reason: TaskStatus_Reason;
    readonly agentId?: string | undefined;
    readonly unreachableSinceNs?: bigint | undefined;
  },
): TaskStatus {
  const status: TaskStatus = {
    task_id: { value: fields.taskId },
    state: fields.state,
    message: fields.message,
    source: TaskStatus_Source.SOURCE_MASTER,
    reason: fields.reason,
    timestamp: state.nowMs / 1000,
  };
  if (fields.agentId !== undefined) {
    status.agent_id = { value: fields.agentId };
  }
  if (fields.unreachableSinceNs !== undefined) {
    status.unreachable_time = { nanoseconds: fields.unreachableSinceNs };
  }
  return status;
}

/**
 * The status as frameworks get it, with the executor's id; the task's record leaves that out, as in
 * Mesos.
 */
export const ofExecutor = (status: TaskStatus, { executor_id }: Task): TaskStatus =>
  executor_id === undefined ? status : { ...status, executor_id };

/** Adds what is known of a task to a status about it. */
export function describeTask(status: TaskStatus, task: Task): TaskStatus {
  if (task.executor_id !== undefined) {
    status.executor_id = task.executor_id;
  }
  const last = task.statuses?.at(-1);
  if (last?.healthy !== undefined) {
    status.healthy = last.healthy;
  }
  if (last?.check_status !== undefined) {
    status.check_status = last.check_status;
  }
  const container = task.statuses?.findLast((it) => it.container_status !== undefined);
  if (container?.container_status !== undefined) {
    status.container_status = container.container_status;
  }
  return status;
}

export function sendStatus(state: MasterState, framework: Framework, status: TaskStatus): void {
  sendToFramework(state, framework, { type: SchedulerEvent_Type.UPDATE, update: { status } });
}

/** Tells a framework that a task was refused. The task never began, and nothing of it is kept. */
export function refuseTask(
  state: MasterState,
  framework: Framework,
  task: { readonly task_id: { value: string }; readonly agent_id: { value: string } },
  refusal: {
    readonly state: TaskState;
    readonly reason: TaskStatus_Reason;
    readonly message: string;
  },
): void {
  countTaskState(state.counters, refusal.state);
  countTaskReason(state.counters, { ...refusal, source: TaskStatus_Source.SOURCE_MASTER });
  const status = masterStatus(state, {
    taskId: task.task_id.value,
    agentId: task.agent_id.value,
    ...refusal,
  });
  sendStatus(state, framework, status);
}

/**
 * An agent's update. Apache Mesos's master ends itself when `pid` or `status.uuid` are missing;
 * here such a message is dropped.
 */
export function statusUpdate(state: MasterState, message: StatusUpdateMessage): void {
  const { values } = state.counters;
  const { agent_id } = message.update;
  values.messages_status_update++;
  const agent = state.agents.registered.get(agentId(agent_id?.value ?? ''));
  const update = agent === undefined ? message.update : withKiller(agent, message.update);
  if (
    agent === undefined ||
    message.pid === undefined ||
    message.pid === '' ||
    !isUuid(update.uuid) ||
    update.status.uuid === undefined
  ) {
    logStranger(
      state,
      'messages',
      `Dropping a status update of task ${update.status.task_id.value}`,
    );
    values.invalid_status_updates++;
    return;
  }
  const id = frameworkId(update.framework_id.value);
  const framework = state.frameworks.registered.get(id);
  if (state.frameworks.completed.has(id)) {
    // No framework will acknowledge this update, and the agent would send it again and again.
    sendToAgent(state, agent, 'ShutdownFrameworkMessage', { framework_id: update.framework_id });
  }
  const task = agent.tasks.get(id)?.get(taskId(update.status.task_id.value));
  // The maps of framework and agent are read once each: there are three updates a task.
  const known = framework?.tasks.get(taskId(update.status.task_id.value));
  if (known !== undefined && known !== task && known.agent_id.value !== agent.id) {
    values.invalid_status_updates++;
    duplicateUpdate(state, agent, update);
    return;
  }
  const forwarded = framework?.state === 'connected' && forward(state, framework, known, update);
  if (task === undefined) {
    values.invalid_status_updates++;
    uncountedUpdate(state, agent, update);
    return;
  }
  if (updateTask(state, task, update.status, update.latest_state)) {
    giveBack(state, task);
  }
  if (forwarded) {
    values.valid_status_updates++;
  } else {
    values.invalid_status_updates++;
  }
}

/**
 * Passes the update on, with what its envelope says. The task's record keeps the status as it came.
 */
function forward(
  state: MasterState,
  framework: Framework,
  task: Task | undefined,
  update: StatusUpdate,
): true {
  const { status, agent_id, executor_id, timestamp } = update;
  const told = { ...status, timestamp };
  let { uuid } = update;
  if (uuid !== undefined) {
    if (status.uuid !== undefined && sameBytes(status.uuid, uuid)) {
      // Nearly always both are equal, and the task's record keeps one of them.
      uuid = status.uuid;
    }
    told.uuid = uuid;
    if (task !== undefined) {
      task.status_update_state = status.state;
      task.status_update_uuid = uuid;
    }
  }
  if (agent_id !== undefined) {
    told.agent_id = agent_id;
  }
  if (executor_id !== undefined) {
    told.executor_id = executor_id;
  }
  sendStatus(state, framework, told);
  return true;
}
