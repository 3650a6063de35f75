// Operations on the agent's resources. Operations are applied at once. Where the framework has
// asked for feedback, the final status is sent until it is acknowledged, like a status update of a
// task.

import {
  type AcknowledgeOperationStatusMessage,
  type ApplyOperationMessage,
  type FrameworkID,
  type Operation,
  OperationState,
  type OperationStatus,
  type ReconcileOperationsMessage,
  type ReconcileOperationsMessage_Operation,
  type UpdateOperationStatusMessage,
  type UUID,
} from '../../model/generated/messages.ts';
import { sameBytes } from '../../model/identifier.ts';
import { formatUuid } from '../../model/random.ts';
import { drained } from '../idle.ts';
import { emit, log, persist, setTimer } from '../outbox.ts';
import type { AgentState } from '../state.ts';
import { applyOperation } from './resources.ts';

export interface OperationRecord {
  readonly operation: Operation;
  /** The wait before the final status is sent once more. */
  retryMs: number;
  isSent: boolean;
  /**
   * True when the status was sent before the latest registration: its acknowledgement may come from
   * an earlier master.
   */
  isCarriedOver: boolean;
}

const FIRST_RETRY_MS = 10_000;
const MAX_RETRY_MS = 600_000;
/**
 * Operations are few, but a master that never acknowledges them must not fill the agent's memory.
 */
const MAX_OPERATIONS = 10_000;

/**
 * Applies an operation. False when it is dropped: the master has converted the resources already,
 * and must be corrected.
 */
export function operationAsked(agent: AgentState, body: ApplyOperationMessage): boolean {
  const key = keyOf(body.operation_uuid.value);
  if (agent.operations.has(key) || agent.deniedOperations.has(key) || agent.id === undefined) {
    return true;
  }
  const applied = applyOperation(agent, body.operation_info);
  if (!applied.ok) {
    log(agent, 'error', `Cannot apply operation: ${applied.why}`);
  }
  const status: OperationStatus = {
    ...(body.operation_info.id === undefined ? {} : { operation_id: body.operation_info.id }),
    state: applied.ok ? OperationState.OPERATION_FINISHED : OperationState.OPERATION_DROPPED,
    ...(applied.ok ? {} : { message: applied.why }),
    uuid: { value: agent.random.uuid() },
    agent_id: { value: agent.id },
  };
  const operation: Operation = {
    ...(body.framework_id === undefined ? {} : { framework_id: body.framework_id }),
    agent_id: { value: agent.id },
    info: body.operation_info,
    latest_status: status,
    statuses: [status],
    uuid: body.operation_uuid,
  };
  const record = recordOf(operation, { isSent: false });
  agent.operations.set(key, record);
  if (agent.operations.size > MAX_OPERATIONS) {
    for (const [oldest, { operation: forgotten }] of agent.operations) {
      forget(agent, oldest, forgotten);
      break;
    }
  }
  persist(agent, { type: 'operation', operation });
  sendStatus(agent, key, record);
  return applied.ok;
}

const recordOf = (
  operation: Operation,
  { isSent }: { readonly isSent: boolean },
): OperationRecord => ({ operation, retryMs: FIRST_RETRY_MS, isSent, isCarriedOver: false });

export const unfinishedOperations = (agent: AgentState): Operation[] =>
  [...agent.operations.values()].map(({ operation }) => operation);

function forget(agent: AgentState, key: string, { uuid }: Operation): void {
  agent.operations.delete(key);
  persist(agent, { type: 'operationCompleted', uuid: uuid.value });
}

export function restoreOperations(agent: AgentState, operations: readonly Operation[]): void {
  for (const operation of operations) {
    // The agent before this one may have sent its status.
    agent.operations.set(keyOf(operation.uuid.value), recordOf(operation, { isSent: true }));
  }
}

export function resumeOperations(agent: AgentState): void {
  for (const [key, record] of agent.operations) {
    record.retryMs = FIRST_RETRY_MS;
    record.isCarriedOver = record.isSent;
    sendStatus(agent, key, record);
  }
}

function sendStatus(agent: AgentState, key: string, record: OperationRecord): void {
  if (agent.phase !== 'running') {
    return;
  }
  record.isSent = true;
  send(agent, record.operation.latest_status, record.operation);
  setTimer(agent, `operation/${key}`, record.retryMs);
}

export function operationTimerFired(agent: AgentState, key: string): void {
  const record = agent.operations.get(key);
  if (record !== undefined) {
    record.retryMs = Math.min(record.retryMs * 2, MAX_RETRY_MS);
    sendStatus(agent, key, record);
  }
}

export function operationAcknowledged(
  agent: AgentState,
  body: AcknowledgeOperationStatusMessage,
): void {
  const key = keyOf(body.operation_uuid.value);
  const record = agent.operations.get(key);
  const expected = record?.operation.latest_status.uuid?.value;
  if (
    record === undefined ||
    expected === undefined ||
    !sameBytes(expected, body.status_uuid.value)
  ) {
    log(agent, 'warn', 'Ignoring acknowledgement of an operation status that nobody waits for');
    return;
  }
  forget(agent, key, record.operation);
  if (record.isCarriedOver) {
    repeatEnd(agent, record.operation);
  }
  drained(agent);
}

/**
 * Tells the master the end of an operation that an earlier master has acknowledged, in case this
 * one still counts it. The status has no uuid, so that no framework acknowledges it, and names no
 * framework, so that a master which does not count the operation takes no notice.
 */
function repeatEnd(agent: AgentState, { latest_status, uuid }: Operation): void {
  const { uuid: _, ...status } = latest_status;
  send(agent, status, { uuid });
}

/**
 * Answers a reconciliation of operations. With a framework: with the latest statuses, and
 * OPERATION_UNKNOWN for the others, whose resource providers are unknown. Without one: which
 * operations never arrived.
 */
export function reconcileOperations(agent: AgentState, body: ReconcileOperationsMessage): void {
  for (const asked of body.operations ?? []) {
    const known = findOperation(agent, asked, body.framework_id?.value);
    if (known !== undefined && body.framework_id !== undefined) {
      const { uuid: _, ...status } = known.latest_status;
      send(agent, status, known);
    } else if (known === undefined && body.framework_id !== undefined) {
      const unknown: OperationStatus = {
        state: OperationState.OPERATION_UNKNOWN,
        ...(asked.operation_id === undefined ? {} : { operation_id: asked.operation_id }),
        ...(agent.id === undefined ? {} : { agent_id: { value: agent.id } }),
        ...(asked.resource_provider_id === undefined
          ? {}
          : { resource_provider_id: asked.resource_provider_id }),
      };
      const { operation_uuid: uuid } = asked;
      send(agent, unknown, { uuid, framework_id: body.framework_id });
    } else if (known === undefined && asked.operation_uuid !== undefined) {
      const dropped = {
        state: OperationState.OPERATION_DROPPED,
        ...(agent.id === undefined ? {} : { agent_id: { value: agent.id } }),
      };
      send(agent, dropped, { uuid: asked.operation_uuid });
      agent.deniedOperations.add(keyOf(asked.operation_uuid.value));
    }
  }
}

function findOperation(
  agent: AgentState,
  asked: ReconcileOperationsMessage_Operation,
  framework: string | undefined,
): Operation | undefined {
  if (asked.operation_uuid !== undefined) {
    return agent.operations.get(keyOf(asked.operation_uuid.value))?.operation;
  }
  return unfinishedOperations(agent).find(
    (operation) =>
      operation.framework_id?.value === framework &&
      operation.info.id?.value === asked.operation_id?.value,
  );
}

function send(
  agent: AgentState,
  status: OperationStatus,
  operation: {
    readonly uuid?: UUID | undefined;
    readonly framework_id?: FrameworkID | undefined;
  },
): void {
  if (agent.master === undefined || agent.id === undefined || agent.phase !== 'running') {
    return;
  }
  const body: UpdateOperationStatusMessage = {
    ...(operation.framework_id === undefined ? {} : { framework_id: operation.framework_id }),
    agent_id: { value: agent.id },
    status,
    ...(operation.uuid === undefined ? {} : { operation_uuid: operation.uuid }),
  };
  const message = { name: 'UpdateOperationStatusMessage' as const, body };
  emit(agent, { type: 'sendToMaster', to: agent.master, message });
}

const keyOf = (uuid: Uint8Array) => formatUuid(uuid);
