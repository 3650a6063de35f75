// Calls of executors: SUBSCRIBE, updates of their tasks, messages to their frameworks.
import { containerIdMessage } from '../../model/container-id.ts';
import { enumNames } from '../../model/enum-names.ts';
import {
  type ExecutorCall,
  ExecutorCall_Type,
  ExecutorEvent_Type,
  type FrameworkToExecutorMessage,
  TaskState,
  type TaskStatus,
  TaskStatus_Reason,
  TaskStatus_Source,
} from '../../model/generated/messages.ts';
import { isUuid } from '../../model/identifier.ts';
import { executorId, frameworkId, type RequestId, type StreamId } from '../../model/ids.ts';
import { messageSize } from '../../model/message-size.ts';
import { tellDisbelief } from '../authorization.ts';
import type { ExecutorCalled, ExecutorSubscribe } from '../events.ts';
import { emit, emitAtOnce, isFull, log } from '../outbox.ts';
import { executorSettled } from '../recovery.ts';
import type { AgentState } from '../state.ts';
import { shutdownIfPointless } from '../tasks/kill.ts';
import { deliverQueued } from '../tasks/launch.ts';
import { executorReported, reportStatus } from '../tasks/status-update-source.ts';
import { agentStatus, droppedState } from '../tasks/task.ts';
import {
  type Executor,
  forgetStream,
  isCommandExecutor,
  resizeContainer,
  sendToExecutor,
} from './executor.ts';
import { claimsError } from './executor-claims.ts';

const executorCallName = enumNames(ExecutorCall_Type);

type Found = Executor | { readonly status: number; readonly text: string };

export function subscribe(agent: AgentState, event: ExecutorSubscribe): void {
  const executor = findExecutor(agent, event);
  if ('status' in executor) {
    reply(agent, event.request, executor.status, executor.text);
    return;
  }
  const { request, stream } = event;
  emit(agent, { type: 'openStream', request, stream });
  const isOver =
    agent.phase === 'terminating' ||
    executor.framework.state === 'terminating' ||
    executor.state === 'terminating' ||
    executor.state === 'terminated';
  if (isOver) {
    const type = ExecutorEvent_Type.SHUTDOWN;
    emit(agent, { type: 'sendToExecutor', stream, event: { type } });
    if (executor.state === 'terminated') {
      emit(agent, { type: 'closeStream', stream });
    } else {
      connect(agent, executor, stream);
    }
    return;
  }
  connect(agent, executor, stream);
  executor.state = 'running';
  const updates = event.call.subscribe?.unacknowledged_updates ?? [];
  executor.hasReported ||= updates.length > 0;
  dropUndelivered(agent, executor, event.call);
  if (!shutdownIfPointless(agent, executor)) {
    welcome(agent, executor);
    for (const { status } of updates) {
      if (invalidStatus(executor, status) === undefined) {
        executorReported(agent, executor, status);
      }
    }
    // Tasks may have come while the executor was starting.
    resizeContainer(agent, executor);
    deliverQueued(agent, executor);
  }
  executorSettled(agent);
}

/** The newest stream is the executor's; an older one is ended. */
function connect(agent: AgentState, executor: Executor, stream: StreamId): void {
  forgetStream(agent, executor);
  executor.stream = stream;
  agent.streams.set(stream, executor);
}

function welcome(agent: AgentState, executor: Executor): void {
  sendToExecutor(agent, executor, {
    type: ExecutorEvent_Type.SUBSCRIBED,
    subscribed: {
      executor_info: executor.info,
      framework_info: executor.framework.info,
      agent_info: agent.info,
      container_id: containerIdMessage(executor.containerId),
    },
  });
  for (const event of executor.missed.splice(0)) {
    sendToExecutor(agent, executor, event);
  }
}

/**
 * Ends tasks that were sent to the executor and that it does not name as it subscribes: it never
 * got them.
 */
function dropUndelivered(agent: AgentState, executor: Executor, { subscribe }: ExecutorCall): void {
  if (isCommandExecutor(executor)) {
    // It holds its task from the start, also over a restart of the agent.
    return;
  }
  const known = new Set([
    ...(subscribe?.unacknowledged_tasks ?? []).map((task) => task.task_id.value),
    ...(subscribe?.unacknowledged_updates ?? []).map(({ status }) => status.task_id.value),
  ]);
  for (const [id, task] of [...executor.launched]) {
    if (task.state === TaskState.TASK_STAGING && !known.has(id)) {
      const status = agentStatus({
        taskId: id,
        state: droppedState(executor.framework.partitionAware),
        reason: TaskStatus_Reason.REASON_AGENT_RESTARTED,
        message: 'Task launched during agent restart',
        executorId: executor.executorId,
      });
      reportStatus(agent, executor.framework, executor, status);
    }
  }
}

export function executorCalled(agent: AgentState, event: ExecutorCalled): void {
  const { call, request } = event;
  if (call.type === ExecutorCall_Type.HEARTBEAT) {
    // The ids in a heartbeat are not checked: it only keeps the connection open.
    reply(agent, request, 202);
    return;
  }
  const executor = findExecutor(agent, event);
  if ('status' in executor) {
    reply(agent, request, executor.status, executor.text);
    return;
  }
  if (isFull(agent)) {
    const text = 'The agent waits for its disk';
    emitAtOnce(agent, { type: 'reply', request, status: 503, text });
    return;
  }
  if (executor.state === 'registering') {
    reply(agent, request, 403, 'Executor is not subscribed');
    return;
  }
  switch (call.type) {
    case ExecutorCall_Type.UPDATE:
      updateCalled(agent, executor, event);
      return;
    case ExecutorCall_Type.MESSAGE:
      messageToFramework(agent, executor, call.message?.data ?? new Uint8Array());
      reply(agent, request, 202);
      return;
    case ExecutorCall_Type.SUBSCRIBE:
    case ExecutorCall_Type.UNKNOWN:
    case undefined:
      reply(agent, request, 501, "Received 'UNKNOWN' call");
      return;
    default:
      call.type satisfies never;
  }
}

function updateCalled(
  agent: AgentState,
  executor: Executor,
  { request, call, containerStatus }: ExecutorCalled,
): void {
  const status = call.update?.status;
  const why =
    status === undefined ? "Expecting 'update' to be present" : invalidStatus(executor, status);
  if (status === undefined || why !== undefined) {
    reply(agent, request, 400, `Failed to validate Executor::Call: ${why}`);
    return;
  }
  const refusal = executorReported(agent, executor, status, containerStatus);
  if (refusal === undefined) {
    emit(agent, { type: 'reply', request, status: 202 }, () =>
      messageSize(status, MAX_STATUS_BYTES),
    );
  } else {
    // Deliberately unlike Mesos, which takes every update: the executor may send it again when
    // others are acknowledged.
    reply(agent, request, 503, refusal);
  }
}

/** Why an executor must not send this status; the texts are Mesos's. */
function invalidStatus(executor: Executor, status: TaskStatus): string | undefined {
  if (status.uuid === undefined) {
    return "Expecting 'uuid' to be present";
  }
  if (!isUuid(status.uuid)) {
    return 'Not a valid UUID';
  }
  const claimed = status.executor_id?.value;
  if (claimed !== undefined && claimed !== executor.executorId) {
    return `ExecutorID in Call: ${executor.executorId} does not match ExecutorID in TaskStatus: ${claimed}`;
  }
  const who = `executor ${executor.executorId} of framework ${executor.frameworkId}`;
  if (status.source !== TaskStatus_Source.SOURCE_EXECUTOR) {
    return `Received Call from ${who} with invalid source, expecting 'SOURCE_EXECUTOR'`;
  }
  if (status.state === TaskState.TASK_STAGING) {
    return `Received TASK_STAGING from ${who} which is not allowed`;
  }
  return messageSize(status, MAX_STATUS_BYTES) > MAX_STATUS_BYTES
    ? `'status' has more than ${MAX_STATUS_BYTES} bytes`
    : undefined;
}

/**
 * Bytes of a status, as many as a task may have. Deliberately unlike Mesos, which has no bound: a
 * status is kept in memory and on disk until it is acknowledged.
 */
const MAX_STATUS_BYTES = 4 * 1024 * 1024;

function findExecutor(agent: AgentState, event: ExecutorSubscribe | ExecutorCalled): Found {
  const { call } = event;
  if (!agent.knowsExecutors) {
    return { status: 503, text: 'Agent has not finished recovery' };
  }
  const framework = agent.frameworks.get(frameworkId(call.framework_id.value));
  if (framework === undefined) {
    return { status: 400, text: 'Framework cannot be found' };
  }
  const executor = framework.executors.get(executorId(call.executor_id.value));
  if (executor === undefined) {
    return { status: 400, text: 'Executor cannot be found' };
  }
  const denied = deniedBy(agent, executor, event);
  if (denied !== undefined) {
    tellDisbelief(agent, event.origin, {
      principal: event.principal?.value,
      call: executorCallName(call.type) ?? 'UNKNOWN',
      object: { framework: executor.frameworkId, executor: executor.executorId },
      why: `sender: ${denied}`,
    });
  }
  return denied === undefined ? executor : { status: 403, text: denied };
}

/**
 * Built-in executors call from inside the agent: a caller that names one over HTTP is refused, and
 * so is a caller whose token names another executor.
 */
function deniedBy(
  agent: AgentState,
  executor: Executor,
  { isBuiltin, principal }: ExecutorSubscribe | ExecutorCalled,
): string | undefined {
  if (executor.builtin !== undefined) {
    return isBuiltin === true
      ? undefined
      : `Executor ${executor.executorId} is built into the agent and makes no calls over HTTP`;
  }
  return agent.options.authenticateExecutors ? claimsError(principal, executor) : undefined;
}

export function streamClosed(agent: AgentState, stream: StreamId): void {
  const executor = agent.streams.get(stream);
  agent.streams.delete(stream);
  if (executor?.stream === stream) {
    log(agent, 'info', `Executor ${executor.executorId} has disconnected`);
    executor.stream = undefined;
  }
}

function messageToFramework(agent: AgentState, executor: Executor, data: Uint8Array): void {
  const canSend =
    agent.phase === 'running' && executor.framework.state === 'running' && agent.id !== undefined;
  if (!canSend || agent.master === undefined || agent.id === undefined) {
    agent.counters.invalid_framework_messages++;
    return;
  }
  agent.counters.valid_framework_messages++;
  emit(agent, {
    type: 'sendToMaster',
    to: agent.master,
    message: {
      name: 'ExecutorToFrameworkMessage',
      body: {
        agent_id: { value: agent.id },
        framework_id: { value: executor.frameworkId },
        executor_id: { value: executor.executorId },
        data,
      },
    },
  });
}

/** A message of a scheduler; it is dropped while the executor is not connected. */
export function messageToExecutor(agent: AgentState, body: FrameworkToExecutorMessage): void {
  const framework = agent.frameworks.get(frameworkId(body.framework_id.value));
  const executor = framework?.executors.get(executorId(body.executor_id.value));
  const canSend =
    agent.phase === 'running' && framework?.state === 'running' && executor?.state === 'running';
  if (executor === undefined || !canSend || isFull(agent)) {
    agent.counters.invalid_framework_messages++;
    return;
  }
  agent.counters.valid_framework_messages++;
  const { data } = body;
  sendToExecutor(agent, executor, { type: ExecutorEvent_Type.MESSAGE, message: { data } });
}

export function reply(agent: AgentState, request: RequestId, status: number, text?: string): void {
  emit(agent, { type: 'reply', request, status, ...(text === undefined ? {} : { text }) });
}
