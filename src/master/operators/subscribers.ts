// Subscribers of the operator API's event stream, and the events that they get.
import { sameMessage } from '../../model/equality.ts';
import {
  type MasterEvent,
  MasterEvent_Type,
  type MasterResponse_GetAgents_RefusedAgent,
  type MasterResponse_GetFrameworks_Framework,
  type MasterResponse_GetState,
  type Task,
  type TaskStatus,
} from '../../model/generated/messages.ts';
import { type AgentId, frameworkId, type RequestId, type StreamId } from '../../model/ids.ts';
import { shownFramework, shownStatus, shownTask } from '../../model/role-sight.ts';
import { type AuditEntry, WatchedReads } from '../../security/audit.ts';
import type { Principal } from '../../security/principal.ts';
import { clearTimer, log, setTimer } from '../outbox.ts';
import type { Agent, Framework, MasterState, Subscriber } from '../state.ts';
import type { MasterTimer } from '../timers.ts';
import { streamedAgentView, updatedAgentView } from '../views/agents.ts';
import { frameworkView } from '../views/frameworks.ts';
import { lostAgentView, missingAgentsView } from '../views/missing-agents.ts';
import { getAgents, getFrameworks, getState } from '../views/state-message.ts';
import { roleSightOf } from '../views/visibility.ts';
import type { Viewer } from '../views.ts';
import { auditTimer, seenBy } from './left-out.ts';
import { beginTelling, type Telling } from './telling.ts';

const heartbeatTimer = (stream: StreamId): MasterTimer => `operator-heartbeat/${stream}`;

export function subscribeOperator(
  state: MasterState,
  request: RequestId,
  { stream, principal, updates }: Pick<Subscriber, 'stream' | 'principal' | 'updates'>,
): void {
  while (state.subscribers.size >= state.options.maxOperatorStreams) {
    const one = oneTooMany(state);
    if (one === undefined) {
      break;
    }
    log(state, 'info', `Closing the operator event stream ${one}: there are too many`);
    state.effects.push({ type: 'closeStream', stream: one });
    removeSubscriber(state, one);
  }
  const origin = state.asking?.origin;
  state.subscribers.set(stream, { stream, principal, updates, origin, denied: new Map() });
  const { event, denied, telling } = welcome(state, principal, updates);
  telling?.streams.add(stream);
  state.effects.push(
    ...denied.map((entry) => ({ type: 'audit', entry, origin }) as const),
    { type: 'openStream', request, stream },
    { type: 'sendToOperator', stream, event },
  );
  operatorHeartbeat(state, stream);
}

/**
 * The oldest of the principal that has most: nobody ends those of others with any number of his
 * own. With Mesos it is the oldest of all.
 */
function oneTooMany({ subscribers }: MasterState): StreamId | undefined {
  const counts = new Map<string | undefined, number>();
  let most = 0;
  for (const { principal } of subscribers.values()) {
    const count = (counts.get(principal?.value) ?? 0) + 1;
    counts.set(principal?.value, count);
    most = Math.max(most, count);
  }
  for (const { stream, principal } of subscribers.values()) {
    if (counts.get(principal?.value) === most) {
      return stream;
    }
  }
  return undefined;
}

/** The whole state for one principal, as it is until anything else happens than a SUBSCRIBE. */
export interface Snapshot {
  readonly principal: Principal | undefined;
  readonly updates: boolean;
  readonly event: MasterEvent;
  /** What it does not show, where that is audited. */
  readonly denied: readonly AuditEntry[];
  /** Of tasks that the event has not. */
  readonly telling: Telling | undefined;
}

/** Readers that come one after the other, as after a failover, get the same event. */
function welcome(state: MasterState, principal: Principal | undefined, updates: boolean): Snapshot {
  const known = state.snapshot;
  if (known?.updates !== updates || !sameMessage(known.principal, principal)) {
    const { authorizer, isAudited } = state.options;
    const watched = new WatchedReads(authorizer, 'SUBSCRIBE');
    const viewer = { principal, authorizer: isAudited ? watched : authorizer };
    const get_state = updates ? withoutTasks(state, viewer) : withOwnTasks(getState(state, viewer));
    const heartbeat_interval_seconds = state.options.heartbeatIntervalMs / 1000;
    state.snapshot = {
      principal,
      updates,
      event: {
        type: MasterEvent_Type.SUBSCRIBED,
        subscribed: { get_state, heartbeat_interval_seconds },
      },
      denied: watched.denied,
      telling: updates ? beginTelling(state) : undefined,
    };
  }
  return state.snapshot as Snapshot;
}

/** Who is told of all changes adds up by itself what tasks hold. */
function withoutTasks(state: MasterState, viewer: Viewer): MasterResponse_GetState {
  const withoutHeld = { withHeld: false };
  const { frameworks = [], ...others } = getFrameworks(state, viewer, withoutHeld);
  const shown = frameworks.map((framework) => withSuppressed(state, framework, viewer));
  return {
    get_frameworks: { ...others, frameworks: shown },
    get_agents: {
      ...getAgents(state, viewer, withoutHeld),
      ...missingAgentsView(state, viewer),
    },
  };
}

/** A framework with those of its suppressed roles that the viewer may see. */
function withSuppressed(
  { frameworks }: MasterState,
  shown: MasterResponse_GetFrameworks_Framework,
  viewer: Viewer,
): MasterResponse_GetFrameworks_Framework {
  const id = frameworkId(shown.framework_info.id?.value ?? '');
  const roles = [...(frameworks.registered.get(id)?.suppressedRoles ?? [])];
  const suppressed_roles = roles.filter(roleSightOf(viewer));
  return suppressed_roles.length === 0 ? shown : { ...shown, suppressed_roles };
}

/** It is written while other events change the tasks, and shows them as they were before these. */
const withOwnTasks = ({
  get_tasks = {},
  ...rest
}: MasterResponse_GetState): MasterResponse_GetState => ({
  ...rest,
  get_tasks: {
    ...get_tasks,
    tasks: get_tasks.tasks?.map(ownTask) ?? [],
    unreachable_tasks: get_tasks.unreachable_tasks?.map(ownTask) ?? [],
  },
});

const ownTask = (task: Task): Task =>
  task.statuses === undefined ? { ...task } : { ...task, statuses: [...task.statuses] };

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
  const subscriber = state.subscribers.get(stream);
  if (subscriber === undefined) {
    return false;
  }
  tellLeftOut(state, stream);
  clearTimer(state, auditTimer(stream));
  state.subscribers.delete(stream);
  clearTimer(state, heartbeatTimer(stream));
  return true;
}

/** Tells the audit log of what the events of a stream have left out. */
export function tellLeftOut(state: MasterState, stream: StreamId): void {
  const { denied, origin } = state.subscribers.get(stream) ?? {};
  for (const entry of denied?.values() ?? []) {
    state.effects.push({ type: 'audit', entry, origin });
  }
  denied?.clear();
}

type Sees = (viewer: Viewer) => boolean;

/**
 * Sends an event to each subscriber that may see its object, as that subscriber may see it; or only
 * to those that have asked for updates, which Mesos does not tell.
 */
function publish(
  state: MasterState,
  sees: Sees,
  shown: (viewer: Viewer, subscriber: Subscriber) => MasterEvent,
  options: { readonly isUpdate: boolean } = { isUpdate: false },
): void {
  let last: { readonly told: Subscriber; readonly event: MasterEvent | undefined } | undefined;
  for (const subscriber of state.subscribers.values()) {
    if (options.isUpdate && !subscriber.updates) {
      continue;
    }
    if (last === undefined || !areTheSame(state, last.told, subscriber)) {
      const event = seenBy(state, subscriber, (viewer) =>
        sees(viewer) ? shown(viewer, subscriber) : undefined,
      );
      last = { told: subscriber, event };
    }
    if (last.event !== undefined) {
      const { stream } = subscriber;
      state.effects.push({ type: 'sendToOperator', stream, event: last.event });
    }
  }
}

/** To whom the same is shown, as a few pages of one operator. Each is audited for itself. */
const areTheSame = ({ options }: MasterState, one: Subscriber, other: Subscriber) =>
  !options.isAudited &&
  one.updates === other.updates &&
  sameMessage(one.principal, other.principal);

const everybody: Sees = () => true;

/** All who are shown the same get one event, which is encoded once. */
function shared<Shown>(eventOf: (shown: Shown) => MasterEvent): (shown: Shown) => MasterEvent {
  let last: { readonly shown: Shown; readonly event: MasterEvent } | undefined;
  return (shown) => {
    if (last?.shown !== shown) {
      last = { shown, event: eventOf(shown) };
    }
    return last.event;
  };
}

const seesLog: Sees = ({ principal, authorizer }) =>
  authorizer.authorize(principal, 'ACCESS_MESOS_LOG');

const seesFramework =
  ({ info: framework }: Framework): Sees =>
  ({ principal, authorizer }) =>
    authorizer.authorize(principal, 'VIEW_FRAMEWORK', { framework });

const seesTask =
  (framework: Framework, task: Task): Sees =>
  (viewer) =>
    seesFramework(framework)(viewer) &&
    viewer.authorizer.authorize(viewer.principal, 'VIEW_TASK', { task, framework: framework.info });

// These are called often, and must cost nothing while there is no subscriber.

export function publishTaskAdded(state: MasterState, framework: Framework, task: Task): void {
  if (state.subscribers.size > 0) {
    const added = { ...task };
    const eventOf = shared((shown: Task) => ({
      type: MasterEvent_Type.TASK_ADDED,
      task_added: { task: shown },
    }));
    publish(state, seesTask(framework, task), (viewer) =>
      eventOf(shownTask(added, roleSightOf(viewer))),
    );
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
    const eventOf = shared((shown: TaskStatus) => ({
      type: MasterEvent_Type.TASK_UPDATED,
      task_updated: { framework_id: framework.idMessage, status: shown, state: status.state },
    }));
    publish(state, seesTask(framework, task), (viewer) =>
      eventOf(shownStatus(status, roleSightOf(viewer))),
    );
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

/** Of an agent that may be offered or not now, is drained, or has other resources. */
export function publishAgentUpdated(state: MasterState, agent: Agent): void {
  if (state.subscribers.size > 0) {
    const shown = (viewer: Viewer) => ({
      type: MasterEvent_Type.AGENT_UPDATED,
      agent_updated: { agent: updatedAgentView(state, agent, viewer) },
    });
    publish(state, everybody, shown, { isUpdate: true });
  }
}

export function publishAgentRemoved(state: MasterState, id: AgentId): void {
  if (state.subscribers.size > 0) {
    const event = {
      type: MasterEvent_Type.AGENT_REMOVED,
      agent_removed: { agent_id: { value: id } },
    };
    publish(state, everybody, () => event);
  }
}

/**
 * Of an agent that is unreachable or gone, or is forgotten as such: Mesos tells of those that are
 * removed only.
 */
export function publishAgentLost(state: MasterState, id: AgentId): void {
  if (state.subscribers.size > 0) {
    const lost_agent = lostAgentView(state, id);
    const agent_removed = { agent_id: { value: id }, ...(lost_agent && { lost_agent }) };
    const event = { type: MasterEvent_Type.AGENT_REMOVED, agent_removed };
    publish(state, everybody, () => event, { isUpdate: true });
  }
}

/** All of those that were refused lately, to who may read the same in the log. */
export function publishAgentsRefused(
  state: MasterState,
  agents: MasterResponse_GetAgents_RefusedAgent[],
): void {
  const event = { type: MasterEvent_Type.AGENTS_REFUSED, agents_refused: { agents } };
  publish(state, seesLog, () => event, { isUpdate: true });
}

export function publishFrameworkAdded(state: MasterState, framework: Framework): void {
  if (state.subscribers.size > 0) {
    publish(state, seesFramework(framework), (viewer, { updates }) => ({
      type: MasterEvent_Type.FRAMEWORK_ADDED,
      framework_added: { framework: streamedFramework(state, framework, viewer, updates) },
    }));
  }
}

/** As in Mesos, of a framework that has subscribed again or is described in another way. */
export function publishFrameworkUpdated(state: MasterState, framework: Framework): void {
  publishFramework(state, framework, { isUpdate: false });
}

/** Of a framework whose scheduler has gone, or has suppressed or revived roles. */
export function publishFrameworkChanged(state: MasterState, framework: Framework): void {
  publishFramework(state, framework, { isUpdate: true });
}

function publishFramework(
  state: MasterState,
  framework: Framework,
  options: { readonly isUpdate: boolean },
): void {
  if (state.subscribers.size > 0) {
    const shown = (viewer: Viewer, { updates }: Subscriber) => ({
      type: MasterEvent_Type.FRAMEWORK_UPDATED,
      framework_updated: { framework: streamedFramework(state, framework, viewer, updates) },
    });
    publish(state, seesFramework(framework), shown, options);
  }
}

function streamedFramework(
  state: MasterState,
  framework: Framework,
  viewer: Viewer,
  updates: boolean,
): MasterResponse_GetFrameworks_Framework {
  const view = frameworkView(framework, roleSightOf(viewer));
  return updates ? withSuppressed(state, view, viewer) : view;
}

export function publishFrameworkRemoved(state: MasterState, framework: Framework): void {
  if (state.subscribers.size > 0) {
    publish(state, seesFramework(framework), (viewer) => ({
      type: MasterEvent_Type.FRAMEWORK_REMOVED,
      framework_removed: { framework_info: shownFramework(framework.info, roleSightOf(viewer)) },
    }));
  }
}
