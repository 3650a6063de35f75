// Reconciliation: what the master knows of tasks and operations that a framework asks about.
import {
  OperationState,
  type OperationStatus,
  type ReconcileOperationsMessage_Operation,
  type SchedulerCall_Reconcile,
  type SchedulerCall_Reconcile_Task,
  type SchedulerCall_ReconcileOperations,
  type SchedulerCall_ReconcileOperations_Operation,
  SchedulerEvent_Type,
  type Task,
  TaskState,
  type TaskStatus,
  TaskStatus_Reason,
} from '../../model/generated/messages.ts';
import { type AgentId, agentId, taskId } from '../../model/ids.ts';
import { runsUncounted } from '../agents/request-reregistration.ts';
import { sendToAgent, sendToFramework } from '../outbox.ts';
import type { Agent, Framework, MasterState } from '../state.ts';
import { describeTask, masterStatus, sendStatus, stateFor } from '../tasks/status-updates.ts';

/** Answers for the named tasks, or for all that the framework runs if none is named. */
export function reconcile(
  state: MasterState,
  framework: Framework,
  call: SchedulerCall_Reconcile,
): void {
  state.counters.values.messages_reconcile_tasks++;
  const named = call.tasks ?? [];
  if (named.length === 0) {
    for (const task of framework.tasks.values()) {
      sendStatus(state, framework, latestStatus(state, task));
    }
    return;
  }
  for (const task of named) {
    const status = statusOf(state, framework, task);
    if (status !== undefined) {
      sendStatus(state, framework, status);
    }
  }
}

function latestStatus(state: MasterState, task: Task): TaskStatus {
  const status = masterStatus(state, {
    taskId: task.task_id.value,
    agentId: task.agent_id.value,
    state: task.status_update_state ?? task.state,
    reason: TaskStatus_Reason.REASON_RECONCILIATION,
    message: 'Reconciliation: Latest task state',
  });
  return describeTask(status, task);
}

/** The status to answer; undefined while the agent may yet come back and tell it. */
function statusOf(
  state: MasterState,
  framework: Framework,
  named: SchedulerCall_Reconcile_Task,
): TaskStatus | undefined {
  const task = framework.tasks.get(taskId(named.task_id.value));
  if (task !== undefined) {
    return latestStatus(state, task);
  }
  const agent = named.agent_id === undefined ? undefined : agentId(named.agent_id.value);
  const { recovered, registered } = state.agents;
  if (agent === undefined ? recovered.size > 0 : recovered.has(agent)) {
    return undefined;
  }
  const there = agent === undefined ? undefined : registered.get(agent);
  if (there !== undefined && runsUncounted(there, framework.id, taskId(named.task_id.value))) {
    return undefined;
  }
  const { state: found, message, unreachableSinceNs } = unknownTask(state, agent);
  return masterStatus(state, {
    taskId: named.task_id.value,
    agentId: agent,
    state: stateFor(framework, found),
    reason: TaskStatus_Reason.REASON_RECONCILIATION,
    message: `Reconciliation: ${message}`,
    unreachableSinceNs,
  });
}

function unknownTask(state: MasterState, agent: AgentId | undefined) {
  const { registered, unreachable, gone } = state.agents;
  if (agent !== undefined) {
    if (registered.has(agent)) {
      return { state: TaskState.TASK_GONE, message: 'Task is unknown to the agent' };
    }
    const unreachableSinceNs = unreachable.get(agent);
    if (unreachableSinceNs !== undefined) {
      const message = 'Task is unreachable';
      return { state: TaskState.TASK_UNREACHABLE, message, unreachableSinceNs };
    }
    if (gone.has(agent)) {
      return { state: TaskState.TASK_GONE_BY_OPERATOR, message: 'Task is gone' };
    }
  }
  return { state: TaskState.TASK_UNKNOWN, message: 'Task is unknown' };
}

/**
 * Answers for operations. An operation that only a resource provider can know is asked of the
 * provider's agent.
 */
export function reconcileOperations(
  state: MasterState,
  framework: Framework,
  call: SchedulerCall_ReconcileOperations,
): void {
  state.counters.values.messages_reconcile_operations++;
  const named = call.operations ?? [];
  const send = (status: OperationStatus) => {
    sendToFramework(state, framework, {
      type: SchedulerEvent_Type.UPDATE_OPERATION_STATUS,
      update_operation_status: { status },
    });
  };
  if (named.length === 0) {
    for (const operation of framework.operations.values()) {
      send(withoutUuid(operation.statuses?.at(-1) ?? operation.latest_status));
    }
    return;
  }
  const forwarded = new Map<Agent, ReconcileOperationsMessage_Operation[]>();
  for (const operation of named) {
    const agent = providerAgent(state, framework, operation);
    if (agent === undefined) {
      send(operationStatusOf(state, framework, operation));
    } else {
      forwarded.set(agent, [...(forwarded.get(agent) ?? []), forwardedOperation(operation)]);
    }
  }
  for (const [agent, operations] of forwarded) {
    sendToAgent(state, agent, 'ReconcileOperationsMessage', {
      framework_id: framework.idMessage,
      operations,
    });
  }
}

function forwardedOperation(
  operation: SchedulerCall_ReconcileOperations_Operation,
): ReconcileOperationsMessage_Operation {
  const { operation_id, resource_provider_id } = operation;
  return resource_provider_id === undefined
    ? { operation_id }
    : { operation_id, resource_provider_id };
}

function withoutUuid(status: OperationStatus): OperationStatus {
  const { uuid: _, ...rest } = status;
  return rest;
}

const knownOperation = (framework: Framework, id: string) =>
  framework.operations.get(framework.operationUuids.get(id) ?? '');

/** The agent to ask, when it has a resource provider that the master does not know. */
function providerAgent(
  state: MasterState,
  framework: Framework,
  operation: SchedulerCall_ReconcileOperations_Operation,
): Agent | undefined {
  const provider = operation.resource_provider_id?.value;
  const agent = state.agents.registered.get(agentId(operation.agent_id?.value ?? ''));
  return provider !== undefined &&
    knownOperation(framework, operation.operation_id.value) === undefined &&
    agent?.capabilities.operationFeedback === true &&
    agent.resourceProviders?.has(provider) !== true
    ? agent
    : undefined;
}

function operationStatusOf(
  state: MasterState,
  framework: Framework,
  named: SchedulerCall_ReconcileOperations_Operation,
): OperationStatus {
  const operation = knownOperation(framework, named.operation_id.value);
  if (operation !== undefined) {
    return withoutUuid(operation.statuses?.at(-1) ?? operation.latest_status);
  }
  const status: OperationStatus = {
    operation_id: named.operation_id,
    ...unknownOperation(state, named.agent_id?.value),
  };
  if (named.agent_id !== undefined) {
    status.agent_id = named.agent_id;
  }
  if (named.resource_provider_id !== undefined) {
    status.resource_provider_id = named.resource_provider_id;
  }
  return status;
}

function unknownOperation(
  state: MasterState,
  agent: string | undefined,
): Pick<OperationStatus, 'state' | 'message'> {
  const { recovered, registered, unreachable, gone } = state.agents;
  if (agent === undefined) {
    return {
      state: OperationState.OPERATION_UNKNOWN,
      message: "Reconciliation: Operation is unknown and no 'agent_id' was provided",
    };
  }
  const id = agentId(agent);
  if (recovered.has(id)) {
    return {
      state: OperationState.OPERATION_RECOVERING,
      message: 'Reconciliation: Agent is recovered but has not re-registered',
    };
  }
  if (registered.has(id)) {
    return {
      state: OperationState.OPERATION_UNKNOWN,
      message: 'Reconciliation: Operation is unknown',
    };
  }
  if (unreachable.has(id)) {
    return {
      state: OperationState.OPERATION_UNREACHABLE,
      message: 'Reconciliation: Agent is unreachable',
    };
  }
  return gone.has(id)
    ? {
        state: OperationState.OPERATION_GONE_BY_OPERATOR,
        message: 'Reconciliation: Agent marked gone by operator',
      }
    : {
        state: OperationState.OPERATION_UNKNOWN,
        message: 'Reconciliation: Both operation and agent are unknown',
      };
}
