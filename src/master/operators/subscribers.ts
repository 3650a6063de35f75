// Subscribers of the operator API's event stream, and the events that they get.
import { sameMessage } from '../../model/equality.ts';
import {
  type MasterEvent,
  MasterEvent_Type,
  type Task,
  type TaskStatus,
} from '../../model/generated/messages.ts';
import type { RequestId, StreamId } from '../../model/ids.ts';
import { shownFramework, shownHolder } from '../../model/role-sight.ts';
import { type AuditEntry, WatchedReads } from '../../security/audit.ts';
import type { Action, AuthorizationObject } from '../../security/authorizer.ts';
import type { Principal } from '../../security/principal.ts';
import { clearTimer, log, setTimer } from '../outbox.ts';
import type { Agent, Framework, MasterState, Subscriber } from '../state.ts';
import type { MasterTimer } from '../timers.ts';
import { streamedAgentView } from '../views/agents.ts';
import { frameworkView } from '../views/frameworks.ts';
import { getState } from '../views/state-message.ts';
import { roleSightOf } from '../views/visibility.ts';
import type { Viewer } from '../views.ts';

const heartbeatTimer = (stream: StreamId): MasterTimer => `operator-heartbeat/${stream}`;

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
  state.subscribers.set(stream, { stream, principal });
  const { event, denied } = welcome(state, principal);
  state.effects.push(
    ...denied.map((entry) => ({ type: 'audit', entry, origin: state.asking?.origin }) as const),
    { type: 'openStream', request, stream },
    { type: 'sendToOperator', stream, event },
  );
  operatorHeartbeat(state, stream);
}

/** The whole state for one principal, as it is until anything else happens than a SUBSCRIBE. */
export interface Snapshot {
  readonly principal: Principal | undefined;
  readonly event: MasterEvent;
  /** What it does not show, where that is audited. */
  readonly denied: readonly AuditEntry[];
}

/** Readers that come one after the other, as after a failover, get the same event. */
function welcome(state: MasterState, principal: Principal | undefined): Snapshot {
  if (state.snapshot === undefined || !sameMessage(state.snapshot.principal, principal)) {
    const { authorizer, isAudited } = state.options;
    const watched = new WatchedReads(authorizer, 'SUBSCRIBE');
    const get_state = getState(state, { principal, authorizer: isAudited ? watched : authorizer });
    const heartbeat_interval_seconds = state.options.heartbeatIntervalMs / 1000;
    state.snapshot = {
      principal,
      event: {
        type: MasterEvent_Type.SUBSCRIBED,
        subscribed: { get_state, heartbeat_interval_seconds },
      },
      denied: watched.denied,
    };
  }
  return state.snapshot;
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

type Sees = (subscriber: Subscriber) => boolean;

/** Sends an event to each subscriber that may see its object, as that subscriber may see it. */
function publish(state: MasterState, sees: Sees, shown: (viewer: Viewer) => MasterEvent): void {
  const { authorizer } = state.options;
  for (const subscriber of state.subscribers.values()) {
    if (sees(subscriber)) {
      const { stream, principal } = subscriber;
      const event = shown({ principal, authorizer });
      state.effects.push({ type: 'sendToOperator', stream, event });
    }
  }
}

const everybody: Sees = () => true;

/** What is left out of a stream is no decision about the call that the event came of. */
const sees = (
  { options }: MasterState,
  { principal }: Subscriber,
  action: Action,
  object: AuthorizationObject,
) => options.authorizer.authorize(principal, action, object);

const seesFramework =
  (state: MasterState, framework: Framework): Sees =>
  (subscriber) =>
    sees(state, subscriber, 'VIEW_FRAMEWORK', { framework: framework.info });

const seesTask =
  (state: MasterState, framework: Framework, task: Task): Sees =>
  (subscriber) =>
    seesFramework(state, framework)(subscriber) &&
    sees(state, subscriber, 'VIEW_TASK', { task, framework: framework.info });

// These are called often, and must cost nothing while there is no subscriber.

export function publishTaskAdded(state: MasterState, framework: Framework, task: Task): void {
  if (state.subscribers.size > 0) {
    const added = { ...task };
    publish(state, seesTask(state, framework, task), (viewer) => ({
      type: MasterEvent_Type.TASK_ADDED,
      task_added: { task: shownHolder(added, roleSightOf(viewer)) },
    }));
  }
}

export function publishTaskUpdated(
  state: MasterState,
  framework: Framework,
  task: Task,
  status: TaskStatus,
): void {
  if (state.subscribers.size > 0) {
    // The state that the update reports. The task's latest state may be ahead of it, and gets an
    // event of its own.
    const event = {
      type: MasterEvent_Type.TASK_UPDATED,
      task_updated: { framework_id: framework.idMessage, status, state: status.state },
    };
    publish(state, seesTask(state, framework, task), () => event);
  }
}

export function publishAgentAdded(state: MasterState, agent: Agent): void {
  if (state.subscribers.size > 0) {
    publish(state, everybody, (viewer) => ({
      type: MasterEvent_Type.AGENT_ADDED,
      agent_added: { agent: streamedAgentView(state, agent, viewer) },
    }));
  }
}

export function publishAgentRemoved(state: MasterState, agent: Agent): void {
  if (state.subscribers.size > 0) {
    const event = {
      type: MasterEvent_Type.AGENT_REMOVED,
      agent_removed: { agent_id: { value: agent.id } },
    };
    publish(state, everybody, () => event);
  }
}

export function publishFrameworkAdded(state: MasterState, framework: Framework): void {
  if (state.subscribers.size > 0) {
    publish(state, seesFramework(state, framework), (viewer) => ({
      type: MasterEvent_Type.FRAMEWORK_ADDED,
      framework_added: { framework: frameworkView(framework, roleSightOf(viewer)) },
    }));
  }
}

export function publishFrameworkUpdated(state: MasterState, framework: Framework): void {
  if (state.subscribers.size > 0) {
    publish(state, seesFramework(state, framework), (viewer) => ({
      type: MasterEvent_Type.FRAMEWORK_UPDATED,
      framework_updated: { framework: frameworkView(framework, roleSightOf(viewer)) },
    }));
  }
}

export function publishFrameworkRemoved(state: MasterState, framework: Framework): void {
  if (state.subscribers.size > 0) {
    publish(state, seesFramework(state, framework), (viewer) => ({
      type: MasterEvent_Type.FRAMEWORK_REMOVED,
      framework_removed: { framework_info: shownFramework(framework.info, roleSightOf(viewer)) },
    }));
  }
}
