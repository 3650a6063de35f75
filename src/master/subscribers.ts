// Readers of the operator API's event stream: who they are, and what they are told.
import {
  type MasterEvent,
  MasterEvent_Type,
  type Task,
  type TaskStatus,
} from '../model/generated/messages.ts';
import type { RequestId, StreamId } from '../model/ids.ts';
import type { Principal } from '../security/principal.ts';
import { clearTimer, log, mayDo, setTimer } from './outbox.ts';
import type { Agent, Framework, MasterState, Subscriber } from './state.ts';
import { streamedAgentView } from './views/agents.ts';
import { frameworkView } from './views/frameworks.ts';
import { getState } from './views/state-message.ts';

const heartbeatTimer = (stream: StreamId) => `operator-heartbeat/${stream}`;

export function subscribeOperator(
  state: MasterState,
  request: RequestId,
  stream: StreamId,
  principal: Principal | undefined,
): void {
  while (state.subscribers.size >= state.options.maxOperatorStreams) {
    const [oldest] = state.subscribers.keys();
    if (oldest === undefined) {
      break;
    }
    log(state, 'info', `Closing the operator event stream ${oldest}: there are too many`);
    state.effects.push({ type: 'closeStream', stream: oldest });
    removeSubscriber(state, oldest);
  }
  state.effects.push({ type: 'openStream', request, stream });
  state.subscribers.set(stream, { stream, principal });
  const viewer = { principal, authorizer: state.options.authorizer };
  state.effects.push({
    type: 'sendToOperator',
    stream,
    event: {
      type: MasterEvent_Type.SUBSCRIBED,
      subscribed: {
        get_state: getState(state, viewer),
        heartbeat_interval_seconds: state.options.heartbeatIntervalMs / 1000,
      },
    },
  });
  operatorHeartbeat(state, stream);
}

export function operatorHeartbeat(state: MasterState, stream: StreamId): void {
  if (!state.subscribers.has(stream)) {
    return;
  }
  state.effects.push({
    type: 'sendToOperator',
    stream,
    event: { type: MasterEvent_Type.HEARTBEAT },
  });
  setTimer(state, heartbeatTimer(stream), state.options.heartbeatIntervalMs);
}

/** True when the stream was an operator's. */
export function removeSubscriber(state: MasterState, stream: StreamId): boolean {
  if (!state.subscribers.delete(stream)) {
    return false;
  }
  clearTimer(state, heartbeatTimer(stream));
  return true;
}

function publish(
  state: MasterState,
  event: MasterEvent,
  sees: (subscriber: Subscriber) => boolean,
): void {
  for (const subscriber of state.subscribers.values()) {
    if (sees(subscriber)) {
      state.effects.push({ type: 'sendToOperator', stream: subscriber.stream, event });
    }
  }
}

const seesFramework = (state: MasterState, framework: Framework) => (subscriber: Subscriber) =>
  mayDo(state, subscriber.principal, 'VIEW_FRAMEWORK', { framework: framework.info });

const seesTask =
  (state: MasterState, framework: Framework, task: Task) => (subscriber: Subscriber) =>
    seesFramework(state, framework)(subscriber) &&
    mayDo(state, subscriber.principal, 'VIEW_TASK', { task, framework: framework.info });

// All of them are called often and cost nothing while nobody reads.

export function publishTaskAdded(state: MasterState, framework: Framework, task: Task): void {
  if (state.subscribers.size > 0) {
    const event = { type: MasterEvent_Type.TASK_ADDED, task_added: { task: { ...task } } };
    publish(state, event, seesTask(state, framework, task));
  }
}

export function publishTaskUpdated(
  state: MasterState,
  framework: Framework,
  task: Task,
  status: TaskStatus,
): void {
  if (state.subscribers.size > 0) {
    // The state being reported. The task's latest may be ahead of it, and gets an event of its own.
    const event = {
      type: MasterEvent_Type.TASK_UPDATED,
      task_updated: { framework_id: framework.idMessage, status, state: status.state },
    };
    publish(state, event, seesTask(state, framework, task));
  }
}

export function publishAgentAdded(state: MasterState, agent: Agent): void {
  if (state.subscribers.size > 0) {
    const { authorizer } = state.options;
    for (const { stream, principal } of state.subscribers.values()) {
      const viewed = streamedAgentView(state, agent, { principal, authorizer });
      const event = { type: MasterEvent_Type.AGENT_ADDED, agent_added: { agent: viewed } };
      state.effects.push({ type: 'sendToOperator', stream, event });
    }
  }
}

export function publishAgentRemoved(state: MasterState, agent: Agent): void {
  if (state.subscribers.size > 0) {
    const event = {
      type: MasterEvent_Type.AGENT_REMOVED,
      agent_removed: { agent_id: { value: agent.id } },
    };
    publish(state, event, () => true);
  }
}

export function publishFrameworkAdded(state: MasterState, framework: Framework): void {
  if (state.subscribers.size > 0) {
    const event = {
      type: MasterEvent_Type.FRAMEWORK_ADDED,
      framework_added: { framework: frameworkView(framework) },
    };
    publish(state, event, seesFramework(state, framework));
  }
}

export function publishFrameworkUpdated(state: MasterState, framework: Framework): void {
  if (state.subscribers.size > 0) {
    const event = {
      type: MasterEvent_Type.FRAMEWORK_UPDATED,
      framework_updated: { framework: frameworkView(framework) },
    };
    publish(state, event, seesFramework(state, framework));
  }
}

export function publishFrameworkRemoved(state: MasterState, framework: Framework): void {
  if (state.subscribers.size > 0) {
    const event = {
      type: MasterEvent_Type.FRAMEWORK_REMOVED,
      framework_removed: { framework_info: framework.info },
    };
    publish(state, event, seesFramework(state, framework));
  }
}
