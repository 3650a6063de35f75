// Offer operations that agents carry out: their records, status updates and ends. All operations
// that the master accepts are speculative: resources are converted at once, before the agent has
// done it.
import {
  type Offer_Operation,
  type Operation,
  OperationState,
  type OperationStatus,
  type SchedulerCall_AcknowledgeOperationStatus,
  SchedulerEvent_Type,
  type UpdateOperationStatusMessage,
  type UUID,
} from '../../model/generated/messages.ts';
import { sameBytes } from '../../model/identifier.ts';
import { agentId, frameworkId } from '../../model/ids.ts';
import { messageSize } from '../../model/message-size.ts';
import { isTerminalOperation } from '../../model/operation-state.ts';
import { formatUuid } from '../../model/random.ts';
import { toRoleAndReservation } from '../../model/resource-format.ts';
import { MAX_STATUSES } from '../../model/status-history.ts';
import {
  requestReregistration,
  requestReregistrationSparingly,
} from '../agents/request-reregistration.ts';
import { checkpointedResources } from '../agents/usage.ts';
import { BoundedMap } from '../bounded-map.ts';
import { countOperation, countOperationState } from '../metrics/counters.ts';
import { sendToAgent, sendToFramework } from '../outbox.ts';
import type { Agent, Framework, MasterState } from '../state.ts';
import { MAX_AGENT_BYTES } from '../validation/size.ts';

const keyOf = (uuid: UUID) => formatUuid(uuid.value);

/** Sends an accepted operation to its agent; what it converts has been converted already. */
export function applyOperation(
  state: MasterState,
  agent: Agent,
  framework: Framework | undefined,
  info: Offer_Operation,
): void {
  if (framework !== undefined) {
    countOperation(framework.counters, info);
  }
  if (!agent.capabilities.resourceProvider) {
    sendCheckpoint(state, agent);
    return;
  }
  const operation = createOperation(state, agent, framework, info);
  addOperation(state, agent, framework, operation);
  sendToAgent(state, agent, 'ApplyOperationMessage', {
    ...(framework !== undefined && { framework_id: framework.idMessage }),
    operation_info: info,
    operation_uuid: operation.uuid,
    resource_version_uuid: { uuid: agent.resourceVersion ?? { value: new Uint8Array(16) } },
  });
}

/** Sends all reservations and volumes of an agent that does not know operations. */
export function sendCheckpoint(state: MasterState, agent: Agent): void {
  const resources = checkpointedResources(agent);
  const { reservationRefinement } = agent.capabilities;
  sendToAgent(state, agent, 'CheckpointResourcesMessage', {
    resources: reservationRefinement ? resources : resources.map(toRoleAndReservation),
  });
}

function createOperation(
  state: MasterState,
  agent: Agent,
  framework: Framework | undefined,
  info: Offer_Operation,
): Operation {
  const status: OperationStatus = {
    state: OperationState.OPERATION_PENDING,
    agent_id: { value: agent.id },
  };
  if (info.id !== undefined) {
    status.operation_id = info.id;
  }
  const operation: Operation = {
    agent_id: { value: agent.id },
    info,
    latest_status: status,
    uuid: { value: state.random.uuid() },
  };
  if (framework !== undefined) {
    operation.framework_id = framework.idMessage;
  }
  return operation;
}

function addOperation(
  state: MasterState,
  agent: Agent,
  framework: Framework | undefined,
  operation: Operation,
): void {
  const key = keyOf(operation.uuid);
  agent.operations ??= new Map();
  agent.operations.set(key, operation);
  weighOperation(agent, key, messageSize(operation, MAX_AGENT_BYTES));
  countOperationState(state.counters, operation.info, operation.latest_status.state, 1);
  if (framework !== undefined) {
    framework.operations.set(key, operation);
    if (operation.info.id !== undefined) {
      framework.operationUuids.set(operation.info.id.value, key);
    }
  }
}

/**
 * Gives a framework the operations that agents listed before it was known: the framework
 * acknowledges them.
 */
export function adoptOperations(state: MasterState, framework: Framework): void {
  for (const agent of state.agents.registered.values()) {
    for (const [key, operation] of agent.operations ?? []) {
      if (operation.framework_id?.value === framework.id) {
        framework.operations.set(key, operation);
        if (operation.info.id !== undefined) {
          framework.operationUuids.set(operation.info.id.value, key);
        }
      }
    }
  }
}

/**
 * Keeps the size of an operation, which is given back when it goes: its history may have grown by
 * then.
 */
function weighOperation(agent: Agent, key: string, bytes: number): void {
  agent.operationBytes ??= new Map();
  agent.bytes += bytes - (agent.operationBytes.get(key) ?? 0);
  if (bytes === 0) {
    agent.operationBytes.delete(key);
  } else {
    agent.operationBytes.set(key, bytes);
  }
}

export function removeOperation(state: MasterState, agent: Agent, operation: Operation): void {
  const key = keyOf(operation.uuid);
  agent.operations?.delete(key);
  weighOperation(agent, key, 0);
  const owner = frameworkId(operation.framework_id?.value ?? '');
  const framework = state.frameworks.registered.get(owner);
  framework?.operations.delete(key);
  if (operation.info.id !== undefined) {
    framework?.operationUuids.delete(operation.info.id.value);
  }
  const { state: last } = operation.latest_status;
  if (!isTerminalOperation(last)) {
    countOperationState(state.counters, operation.info, last, -1);
  }
}

/** Leaves a framework's operations with their agents: the framework ends. */
export function orphanOperations(framework: Framework): void {
  framework.operations.clear();
  framework.operationUuids.clear();
}

function sendOperationStatus(
  state: MasterState,
  framework: Framework,
  status: OperationStatus,
): void {
  sendToFramework(state, framework, {
    type: SchedulerEvent_Type.UPDATE_OPERATION_STATUS,
    update_operation_status: { status },
  });
}

/** A status update of an operation, from its agent. */
export function operationStatusUpdate(
  state: MasterState,
  message: UpdateOperationStatusMessage,
): void {
  const { values } = state.counters;
  values.messages_operation_status_update++;
  const named = frameworkId(message.framework_id?.value ?? '');
  const framework = state.frameworks.registered.get(named);
  const agent = state.agents.registered.get(agentId(message.agent_id?.value ?? ''));
  if (agent === undefined) {
    values.invalid_operation_status_updates++;
    return;
  }
  if (message.operation_uuid === undefined) {
    if (framework !== undefined) {
      sendOperationStatus(state, framework, message.status);
    }
    return;
  }
  const operation = agent.operations?.get(keyOf(message.operation_uuid));
  if (operation === undefined) {
    values.invalid_operation_status_updates++;
    if (framework !== undefined) {
      sendOperationStatus(state, framework, message.status);
    }
    uncountedOperation(state, agent, message);
    return;
  }
  values.valid_operation_status_updates++;
  const isAgentsWord = message.framework_id === undefined && message.status.uuid === undefined;
  if (isAgentsWord && isTerminalOperation(operation.latest_status.state)) {
    endAcknowledged(state, agent, operation);
    return;
  }
  updateOperation(state, operation, message.latest_status ?? message.status);
  settleDoubt(state, agent, operation);
  passOn(state, agent, operation, message.status);
}

/**
 * An update of an operation that the master does not have. An earlier master may have sent the
 * operation, so late that the agent had already listed to this one what it has: the agent is asked
 * to register again. Apache Mesos goes on without what the operation has changed, and never
 * acknowledges the update.
 */
function uncountedOperation(
  state: MasterState,
  agent: Agent,
  { operation_uuid, status }: UpdateOperationStatusMessage,
): void {
  if (operation_uuid === undefined || status.uuid === undefined) {
    return;
  }
  const acknowledged = agent.acknowledgedOperations?.get(keyOf(operation_uuid));
  if (acknowledged !== undefined) {
    sendToAgent(state, agent, 'AcknowledgeOperationStatusMessage', {
      status_uuid: acknowledged,
      operation_uuid,
    });
  } else if (agent.connected && agent.hasListed === true) {
    requestReregistrationSparingly(state, agent);
  }
}

/**
 * An agent does not list an operation that has ended as the master knows it: its end was
 * acknowledged by an earlier master, or before the agent registered again. Apache Mesos tells the
 * framework that it was dropped, if the agent says so.
 */
function endAcknowledged(state: MasterState, agent: Agent, operation: Operation): void {
  const owner = frameworkId(operation.framework_id?.value ?? '');
  const framework = state.frameworks.registered.get(owner);
  const { latest_status, info } = operation;
  if (info.id !== undefined && framework !== undefined) {
    const { uuid: _, ...status } = latest_status;
    sendOperationStatus(state, framework, { ...status, operation_id: info.id });
  }
  removeOperation(state, agent, operation);
}

/**
 * Marks an agent's pending operations as doubtful: the agent has told what it has while they were
 * on their way, and may have carried them out before, or after, or never get them. When the fate of
 * all is known, the agent is asked once more.
 */
export function doubtOperations(agent: Agent): void {
  const open = [...(agent.operations ?? [])].filter(
    ([, { latest_status }]) => !isTerminalOperation(latest_status.state),
  );
  agent.doubtfulOperations = open.length > 0 ? new Set(open.map(([key]) => key)) : undefined;
}

function settleDoubt(state: MasterState, agent: Agent, operation: Operation): void {
  const { doubtfulOperations } = agent;
  const isSettled =
    isTerminalOperation(operation.latest_status.state) &&
    doubtfulOperations?.delete(keyOf(operation.uuid)) === true;
  if (isSettled && doubtfulOperations?.size === 0) {
    agent.doubtfulOperations = undefined;
    requestReregistration(state, agent);
  }
}

function updateOperation(state: MasterState, operation: Operation, status: OperationStatus): void {
  const before = operation.latest_status.state;
  if (before !== status.state) {
    countOperationState(state.counters, operation.info, before, -1);
    countOperationState(state.counters, operation.info, status.state, 1);
  }
  if (!isTerminalOperation(before)) {
    operation.latest_status = status;
  }
  operation.statuses ??= [];
  const last = operation.statuses.at(-1);
  const isRepeated =
    last?.state === status.state &&
    last.uuid !== undefined &&
    status.uuid !== undefined &&
    sameBytes(last.uuid.value, status.uuid.value);
  if (!isRepeated) {
    operation.statuses.push(status);
    if (operation.statuses.length > MAX_STATUSES) {
      operation.statuses.shift();
    }
  }
}

/**
 * How long a framework that this master has never seen may take to come for news of its operations.
 */
const ORPHAN_WAIT_MS = 600_000;

/**
 * Passes a status update to the framework if it asked for feedback, and will acknowledge; otherwise
 * the master acknowledges.
 */
function passOn(
  state: MasterState,
  agent: Agent,
  operation: Operation,
  status: OperationStatus,
): void {
  const owner = frameworkId(operation.framework_id?.value ?? '');
  const knownMs = state.nowMs - (agent.reregisteredMs ?? agent.registeredMs);
  const mayCome = !state.frameworks.completed.has(owner) && knownMs < ORPHAN_WAIT_MS;
  const isKept =
    operation.framework_id !== undefined && (state.frameworks.registered.has(owner) || mayCome);
  if (operation.info.id !== undefined && isKept) {
    const framework = state.frameworks.registered.get(owner);
    if (framework !== undefined) {
      sendOperationStatus(state, framework, { ...status, operation_id: operation.info.id });
    }
    if (isTerminalOperation(status.state) && status.uuid === undefined) {
      removeOperation(state, agent, operation);
    }
    return;
  }
  if (status.uuid !== undefined) {
    sendToAgent(state, agent, 'AcknowledgeOperationStatusMessage', {
      status_uuid: status.uuid,
      operation_uuid: operation.uuid,
    });
  }
  if (isTerminalOperation(status.state)) {
    if (status.uuid !== undefined) {
      rememberAcknowledged(agent, operation, status.uuid);
    }
    removeOperation(state, agent, operation);
  }
}

/**
 * Acknowledged operations of an agent that are remembered: it may list them until the
 * acknowledgements have arrived.
 */
const MAX_ACKNOWLEDGED = 1_000;

function rememberAcknowledged(agent: Agent, operation: Operation, status: UUID): void {
  agent.acknowledgedOperations ??= new BoundedMap(MAX_ACKNOWLEDGED);
  agent.acknowledgedOperations.set(keyOf(operation.uuid), status);
}

/**
 * An operation that an agent lists and the master does not have. If its end was acknowledged, the
 * list was written before that, or the acknowledgement was lost: the acknowledgement is sent again.
 */
export function takeListed(state: MasterState, agent: Agent, operation: Operation): void {
  const acknowledged = agent.acknowledgedOperations?.get(keyOf(operation.uuid));
  if (acknowledged === undefined) {
    const owner = frameworkId(operation.framework_id?.value ?? '');
    addOperation(state, agent, state.frameworks.registered.get(owner), operation);
  } else {
    sendToAgent(state, agent, 'AcknowledgeOperationStatusMessage', {
      status_uuid: acknowledged,
      operation_uuid: operation.uuid,
    });
  }
}

export function acknowledgeOperation(
  state: MasterState,
  framework: Framework,
  call: SchedulerCall_AcknowledgeOperationStatus,
): void {
  const { values } = state.counters;
  values.messages_operation_status_update_acknowledgement++;
  const agent = state.agents.registered.get(agentId(call.agent_id?.value ?? ''));
  const key = framework.operationUuids.get(call.operation_id.value);
  const operation = key === undefined ? undefined : agent?.operations?.get(key);
  const status = operation?.statuses?.find(
    ({ uuid }) => uuid !== undefined && sameBytes(uuid.value, call.uuid),
  );
  if (
    agent?.connected !== true ||
    !agent.capabilities.operationFeedback ||
    operation === undefined ||
    status === undefined
  ) {
    values.invalid_operation_status_update_acknowledgements++;
    return;
  }
  if (isTerminalOperation(status.state)) {
    rememberAcknowledged(agent, operation, { value: call.uuid });
    removeOperation(state, agent, operation);
  }
  sendToAgent(state, agent, 'AcknowledgeOperationStatusMessage', {
    status_uuid: { value: call.uuid },
    operation_uuid: operation.uuid,
    ...(call.resource_provider_id !== undefined && {
      resource_provider_id: call.resource_provider_id,
    }),
  });
  values.valid_operation_status_update_acknowledgements++;
}

/** An operation that is not carried out: a framework that asked for feedback is told. */
export function dropOperation(
  state: MasterState,
  framework: Framework,
  operation: Offer_Operation,
  message: string,
): void {
  countOperationState(state.counters, operation, OperationState.OPERATION_ERROR, 1);
  if (operation.id !== undefined) {
    sendOperationStatus(state, framework, {
      operation_id: operation.id,
      state: OperationState.OPERATION_ERROR,
      message,
    });
  }
}

/**
 * Ends the operations of an agent that ends: the framework is told of each operation with an id.
 */
export function endOperations(
  state: MasterState,
  agent: Agent,
  end: OperationState,
  message?: string,
): void {
  for (const operation of [...(agent.operations?.values() ?? [])]) {
    const owner = frameworkId(operation.framework_id?.value ?? '');
    const framework = state.frameworks.registered.get(owner);
    if (operation.info.id !== undefined && framework !== undefined && message !== undefined) {
      sendOperationStatus(state, framework, {
        operation_id: operation.info.id,
        state: end,
        message,
        agent_id: { value: agent.id },
      });
      countOperationState(state.counters, operation.info, end, 1);
    }
    removeOperation(state, agent, operation);
  }
}
