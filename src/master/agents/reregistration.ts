// ReregisterAgent: an agent that was registered before, with this master or another, tells all it
// runs. Here the message is checked and what changes is stored; then the agent is readmitted
// (readmission.ts) or, if it is registered, reconnected (reconnection.ts).
import { frameworkRoles } from '../../model/capabilities.ts';
import { sameMessage } from '../../model/equality.ts';
import type {
  AgentInfo,
  ExecutorInfo,
  ReregisterAgentMessage,
  Resource,
  Task,
} from '../../model/generated/messages.ts';
import { type AgentId, agentId } from '../../model/ids.ts';
import { parsePid } from '../../model/pid.ts';
import type { RegistryChange } from '../../model/registry.ts';
import { allocatedTo, toReservationList, toReservationLists } from '../../model/resource-format.ts';
import type { ContinuationOf } from '../continuation.ts';
import { toldError } from '../frameworks/room.ts';
import { claimNamesOf } from '../offers/resource-names.ts';
import { logStranger, sendToPid, tellDisbelief } from '../outbox.ts';
import { agentSizeError, isStoring, store, waitingError } from '../registrar.ts';
import { rolesOf, rolesRoomError } from '../roles/room.ts';
import type { Agent, MasterState } from '../state.ts';
import { reregistrationError, resourceLists } from '../validation/reregistration.ts';
import { mayJoin, roomError } from './agents.ts';
import { readmitAgent } from './readmission.ts';
import { reconnectAgent } from './reconnection.ts';
import { forgetRefusal, refuseAgent } from './refused.ts';
import { cancelUnreachable } from './unreachable.ts';

export function reregisterAgent(
  state: MasterState,
  pid: string,
  sent: ReregisterAgentMessage,
): void {
  const { agents } = state;
  state.counters.values.messages_reregister_slave++;
  const id = agentId(sent.agent.id?.value ?? '');
  const isBusy =
    isStoring(state, 'agentReregistered', id) ||
    isStoring(state, 'agentUnreachable', id) ||
    isStoring(state, 'agentGone', id);
  if (isBusy) {
    return;
  }
  if (agents.gone.has(id)) {
    sendToPid(state, pid, 'ShutdownMessage', { message: 'Agent has been marked gone' });
    return;
  }
  const says = `Dropping the re-registration of agent ${id} at ${pid}`;
  const drop = (why: string) => refuseAgent(state, { pid, info: sent.agent, message: why, says });
  const error = toldError(state, id, pid, sent.frameworks ?? []) ?? reregistrationError(sent);
  if (error !== undefined) {
    drop(error);
    return;
  }
  const message = normalize(sent);
  if (!mayJoin(state, pid, message.agent, message.version)) {
    return;
  }
  const known = agents.registered.get(id);
  if (known !== undefined && isElsewhere(known, pid, message.agent)) {
    tellElsewhere(state, known, pid);
    sendToPid(state, pid, 'ShutdownMessage', {
      message: 'Agent attempted to reregister with different IP / hostname',
    });
    return;
  }
  if (known?.connected === true && known.pid !== pid) {
    // Deliberately unlike Mesos, which would send to this agent what is meant for the other of the
    // same id.
    logStranger(
      state,
      'registration',
      `Dropping a re-registration of agent ${id} at ${pid}: it is at ${known.pid}`,
    );
    tellElsewhere(state, known, pid);
    return;
  }
  const lists = resourceLists(message);
  if (!claimNamesOf(state, lists)) {
    drop('too many resource names');
    return;
  }
  const tooMany = rolesRoomError(state, rolesOf(lists));
  if (tooMany !== undefined) {
    drop(tooMany);
    return;
  }
  const change = neededChange(state, id, message.agent);
  const tooLarge = change === undefined ? undefined : agentSizeError(state, message.agent);
  if (tooLarge !== undefined) {
    drop(tooLarge);
    return;
  }
  if (change !== undefined && waitingError(state) !== undefined) {
    state.counters.values.dropped_messages++;
    return;
  }
  const noRoom = roomError(state, id, pid, sent, lists);
  if (noRoom !== undefined) {
    drop(noRoom);
    return;
  }
  cancelUnreachable(state, id, ['disconnected', 'recovery']);
  if (change === undefined) {
    complete(state, pid, message, false);
    return;
  }
  store(state, [change], { type: 'agentReregistered', id, pid, message });
}

export function agentReregistered(
  state: MasterState,
  { id, pid, message }: ContinuationOf<'agentReregistered'>,
  isStale: boolean,
): void {
  const { registered, recovered, room } = state.agents;
  // Other agents and frameworks may have brought roles since the first check.
  if (!isStale && rolesRoomError(state, rolesOf(resourceLists(message))) === undefined) {
    complete(state, pid, message, true);
  }
  if (!registered.has(id) && !recovered.has(id)) {
    room.leave(id);
  }
}

/** The change that the registry must hold before the agent is registered again; undefined: none. */
function neededChange(
  state: MasterState,
  id: AgentId,
  info: AgentInfo,
): RegistryChange | undefined {
  const before = state.agents.registered.get(id)?.info ?? state.agents.recovered.get(id);
  if (before === undefined) {
    return { type: 'markReachable', agent: info };
  }
  return sameMessage(before, info) ? undefined : { type: 'updateAgent', agent: info };
}

const tellElsewhere = (state: MasterState, known: Agent, pid: string) =>
  tellDisbelief(state, {
    claimed: pid,
    object: { agent: known.id },
    why: `sender: the agent is at ${known.pid}`,
  });

const isElsewhere = (known: Agent, pid: string, info: AgentInfo) =>
  known.ip !== parsePid(pid)?.host || known.info.hostname !== info.hostname;

/**
 * Resources in the list form, allocated to a role; agents from before MULTI_ROLE don't say which.
 */
function normalize(message: ReregisterAgentMessage): ReregisterAgentMessage {
  const roles = new Map<string, string>();
  for (const info of message.frameworks ?? []) {
    roles.set(info.id?.value ?? '', frameworkRoles(info)[0] ?? '*');
  }
  const normal = <Item extends Task | ExecutorInfo>(item: Item): Item => {
    const used = (resource: Resource) =>
      allocatedTo(toReservationList(resource), roles.get(item.framework_id?.value ?? '') ?? '*');
    // What is in this form already, as of all agents since MULTI_ROLE, is not copied.
    return item.resources?.every(isNormal) === true
      ? item
      : { ...item, resources: (item.resources ?? []).map(used) };
  };
  return {
    ...message,
    agent: { ...message.agent, resources: toReservationLists(message.agent.resources) },
    checkpointed_resources: toReservationLists(message.checkpointed_resources),
    executor_infos: (message.executor_infos ?? []).map(normal),
    tasks: (message.tasks ?? []).map(normal),
  };
}

const isNormal = (resource: Resource) =>
  resource.allocation_info?.role !== undefined && toReservationList(resource) === resource;

/**
 * The registry holds the change. The agent may have been removed, or have registered again,
 * meanwhile.
 */
function complete(
  state: MasterState,
  pid: string,
  message: ReregisterAgentMessage,
  isOld: boolean,
): void {
  const id = agentId(message.agent.id?.value ?? '');
  if (isStoring(state, 'agentGone', id)) {
    return;
  }
  if (state.agents.gone.has(id)) {
    sendToPid(state, pid, 'ShutdownMessage', { message: 'Agent has been marked gone' });
    return;
  }
  // Other agents may have told of frameworks since the first check.
  const error = isOld ? toldError(state, id, pid, message.frameworks ?? []) : undefined;
  if (error !== undefined) {
    const says = `Dropping the re-registration of agent ${id} at ${pid}`;
    refuseAgent(state, { pid, info: message.agent, message: error, says, origin: pid });
    return;
  }
  const known = state.agents.registered.get(id);
  if (known === undefined) {
    readmitAgent(state, pid, message);
  } else {
    reconnectAgent(state, known, pid, { message, isOld });
    forgetRefusal(state, pid);
  }
}
