// RegisterAgent: an agent that is new to the cluster is checked, stored in the registry and added
// to the master's state and to the allocator.
import type { AgentFacts } from '../../core/interface.ts';
import { type AgentCapabilities, agentCapabilities } from '../../model/capabilities.ts';
import {
  type AgentInfo,
  type ExecutorInfo,
  type RegisterAgentMessage,
  type ReregisterAgentMessage,
  type Resource,
  Resource_ReservationInfo_Type,
  type Task,
  type UUID,
} from '../../model/generated/messages.ts';
import { idError } from '../../model/identifier.ts';
import { type AgentId, agentId, frameworkId } from '../../model/ids.ts';
import { heldSize } from '../../model/message-size.ts';
import { addressOf, parsePid } from '../../model/pid.ts';
import { isReserved, reservationRole, toReservationLists } from '../../model/resource-format.ts';
import { allResourcesError, amountOf, resourcesError } from '../../model/resource-validation.ts';
import type { ContinuationOf } from '../continuation.ts';
import { claimNamesOf } from '../offers/resource-names.ts';
import { publishAgentAdded } from '../operators/subscribers.ts';
import { log, mayDo, sendToAgent, sendToPid, tellDisbelief } from '../outbox.ts';
import { agentSizeError, isStoring, store, waitingError } from '../registrar.ts';
import { rolesOf, rolesRoomError } from '../roles/room.ts';
import type { Agent, MasterState } from '../state.ts';
import { addExecutor, addTask } from '../tasks/tasks.ts';
import { MAX_AGENTS_BYTES } from '../validation/agent-bounds.ts';
import { agentInfoSizeError } from '../validation/size.ts';
import { holdingsOn } from './holdings.ts';
import { linkAgent } from './links.ts';
import { isDown, machineOf } from './machines.ts';
import { startPings } from './pings.ts';
import { forgetRefusal, refuseAgent } from './refused.ts';
import { removeAgent } from './removal.ts';

/** Oldest major version of agents that may join. */
const MINIMUM_MAJOR_VERSION = 1;

/** `1.11.0`, perhaps with a suffix. */
function isSupportedVersion(version: string | undefined): boolean {
  const match = /^(\d+)(\.\d+){0,2}([-+].+)?$/.exec(version ?? '');
  return match !== null && Number(match[1]) >= MINIMUM_MAJOR_VERSION;
}

export function agentInfoError(info: AgentInfo): string | undefined {
  const id = info.id?.value;
  return (
    agentInfoSizeError(info) ??
    (id === undefined ? undefined : idError(id)) ??
    resourcesError(info.resources)
  );
}

/**
 * Whether an agent may register, for the first time or again: authorization, maintenance, version,
 * domain. A refused agent gets no answer, except on a machine that is down.
 */
export function mayJoin(
  state: MasterState,
  pid: string,
  info: AgentInfo,
  version: string | undefined,
): boolean {
  const refuse = (message: string) => {
    const says = `Refusing agent at ${pid} (${info.hostname})`;
    refuseAgent(state, { pid, info, message, says, origin: pid });
    return false;
  };
  const denied = deniedRegistration(state, pid, info);
  if (denied !== undefined) {
    sendToPid(state, pid, 'AuthenticationErrorMessage', { error: denied });
    return refuse(denied);
  }
  if (isDown(state, info.hostname, parsePid(pid)?.host ?? '')) {
    sendToPid(state, pid, 'ShutdownMessage', { message: 'Machine is `DOWN`' });
    return refuse('its machine is down');
  }
  if (!isSupportedVersion(version)) {
    return refuse(`version '${version ?? ''}' is not supported`);
  }
  if (info.domain !== undefined && state.options.domain === undefined) {
    return refuse('it has a domain and the master has none');
  }
  return info.domain === undefined && state.options.requireAgentDomain
    ? refuse('it has no domain')
    : true;
}

/**
 * Static reservations, which an agent's flags make, are authorized like dynamic ones, so that an
 * agent cannot reserve for any role it likes. Dynamic reservations were authorized when they were
 * made.
 */
function deniedRegistration(state: MasterState, pid: string, info: AgentInfo): string | undefined {
  const value = state.authentication.processes.proofOf(pid)?.principal;
  if (value === undefined && state.options.authenticateAgents) {
    tellDisbelief(state, { claimed: pid, why: 'authentication: the agent has not authenticated' });
    return 'It has not authenticated, and --authenticate_agents asks for it (see --credential)';
  }
  const principal = value === undefined ? undefined : { value };
  const who = value === undefined ? 'without a principal' : `as '${value}'`;
  const denied = (action: string, list: string) =>
    `Not authorized for action ${action} ${who}, by the list ${list} of --acls`;
  if (!mayDo(state, principal, 'REGISTER_AGENT', { agent: info.id?.value ?? info.hostname })) {
    return denied('REGISTER_AGENT', 'register_agents');
  }
  const resource = toReservationLists(info.resources).find(
    (it) => isReserved(it) && !mayDo(state, principal, 'RESERVE_RESOURCES', { resource: it }),
  );
  return resource === undefined
    ? undefined
    : denied(`RESERVE_RESOURCES for role '${reservationRole(resource)}'`, 'reserve_resources');
}

export const pingTimeoutMs = (state: MasterState) =>
  state.options.agentPingTimeoutMs * state.options.maxAgentPingTimeouts;

export const connectionMessage = (state: MasterState) => ({
  total_ping_timeout_seconds: pingTimeoutMs(state) / 1000,
});

/**
 * RegisterAgent, which agents repeat until they are answered: repetitions are cheap and harmless.
 */
export function registerAgent(
  state: MasterState,
  pid: string,
  message: RegisterAgentMessage,
): void {
  state.counters.values.messages_register_slave++;
  const checkpointed = message.checkpointed_resources ?? [];
  const says = `Dropping the registration of an agent at ${pid}`;
  const drop = (why: string) =>
    refuseAgent(state, { pid, info: message.agent, message: why, says });
  const error =
    agentInfoError(message.agent) ??
    resourcesError(checkpointed) ??
    allResourcesError(listsOf(message));
  if (error !== undefined) {
    drop(error);
    return;
  }
  if (
    isStoring(state, 'agentAdmitted', pid) ||
    !mayJoin(state, pid, message.agent, message.version)
  ) {
    return;
  }
  const known = state.agents.byPid.get(pid);
  if (known?.connected === true) {
    sendRegistered(state, known);
    return;
  }
  if (known !== undefined) {
    removeAgent(state, known, 'a new agent registered at the same address', 'registered');
  }
  if (!claimNamesOf(state, listsOf(message))) {
    drop('too many resource names');
    return;
  }
  const rolesError = rolesRoomError(state, rolesOf(listsOf(message)));
  if (rolesError !== undefined) {
    drop(rolesError);
    return;
  }
  const tooLarge = agentSizeError(state, message.agent);
  if (tooLarge !== undefined) {
    drop(tooLarge);
    return;
  }
  if (waitingError(state) !== undefined) {
    state.counters.values.dropped_messages++;
    return;
  }
  const id = agentId(`${state.options.id}-S${state.nextAgent}`);
  const noRoom = roomError(state, id, pid, message, listsOf(message));
  if (noRoom !== undefined) {
    drop(noRoom);
    return;
  }
  state.nextAgent++;
  store(state, [{ type: 'admitAgent', agent: withId(message.agent, id) }], {
    type: 'agentAdmitted',
    id,
    pid,
    message,
  });
}

const listsOf = ({ agent, checkpointed_resources }: RegisterAgentMessage) => [
  agent.resources,
  checkpointed_resources,
];

export function agentAdmitted(
  state: MasterState,
  { id, pid, message }: ContinuationOf<'agentAdmitted'>,
  isStale: boolean,
): void {
  // Other agents and frameworks may have brought roles since the first check.
  if (isStale || rolesRoomError(state, rolesOf(listsOf(message))) !== undefined) {
    state.agents.room.leave(id);
    store(state, [{ type: 'removeAgent', id }], { type: 'admissionTakenBack', id });
    return;
  }
  state.counters.values.slave_registrations++;
  const agent = createAgent(state, pid, withId(message.agent, id), {
    version: message.version ?? '',
    capabilities: agentCapabilities(message.agent_capabilities),
    checkpointed: toReservationLists(message.checkpointed_resources),
    resourceVersion: message.resource_version_uuid,
  });
  addAgent(state, agent);
  sendRegistered(state, agent);
}

/** Why there is no room for a registration; where there is, the room is taken. */
export function roomError(
  { agents }: MasterState,
  id: AgentId,
  pid: string,
  message: RegisterAgentMessage | ReregisterAgentMessage,
  lists: readonly (readonly Resource[] | undefined)[],
): string | undefined {
  const ip = parsePid(pid)?.host ?? '';
  const bytes = heldSize(message, MAX_AGENTS_BYTES);
  const amount = amountOf(lists);
  const error = agents.room.error(id, ip, bytes, amount);
  if (error === undefined) {
    agents.room.take(id, ip, bytes, amount);
  }
  return error;
}

function withId(info: AgentInfo, id: string): AgentInfo {
  return { ...info, id: { value: id }, resources: toReservationLists(info.resources) };
}

function sendRegistered(state: MasterState, agent: Agent): void {
  sendToAgent(state, agent, 'AgentRegisteredMessage', {
    agent_id: { value: agent.id },
    connection: connectionMessage(state),
  });
}

export interface AgentDescription {
  readonly version: string;
  readonly capabilities: AgentCapabilities;
  /** Dynamic reservations and volumes that the agent has checkpointed. */
  readonly checkpointed: readonly Resource[];
  readonly resourceVersion: UUID | undefined;
}

export function createAgent(
  state: MasterState,
  pid: string,
  info: AgentInfo,
  description: AgentDescription,
): Agent {
  const parsed = parsePid(pid);
  return {
    id: agentId(info.id?.value ?? ''),
    info,
    pid,
    address: parsed === undefined ? '' : addressOf(parsed),
    ip: parsed?.host ?? '',
    version: description.version,
    capabilities: description.capabilities,
    registeredMs: state.nowMs,
    connected: true,
    active: true,
    total: totalResources(state, info, description.checkpointed),
    resourceVersion: description.resourceVersion,
    tasks: new Map(),
    taskSizes: new Map(),
    executors: new Map(),
    bytes: 0,
    statusBytes: 0,
    frameworkBytes: new Map(),
    offers: new Set(),
    observer: state.nextObserver++,
    missedPings: 0,
    awaitsPong: false,
  };
}

/**
 * The agent's total: its configured resources with its checkpointed reservations and volumes in
 * place of what they were made of. The core applies them like operations.
 */
export function totalResources(
  state: MasterState,
  info: AgentInfo,
  checkpointed: readonly Resource[],
): readonly Resource[] {
  const own = info.resources ?? [];
  if (checkpointed.length === 0) {
    return own;
  }
  const origin = checkpointed.map(asConfigured);
  return state.algebra.add(state.algebra.subtract(own, origin), checkpointed);
}

/** What a reservation or volume was made of: static reservations stay, the rest is undone. */
function asConfigured(resource: Resource): Resource {
  const { reservations, disk, shared: _, ...rest } = resource;
  const configured: Resource = { ...rest };
  const fixed = (reservations ?? []).filter(
    ({ type }) => type === Resource_ReservationInfo_Type.STATIC,
  );
  if (fixed.length > 0) {
    configured.reservations = fixed;
  }
  if (disk?.source !== undefined) {
    configured.disk = { source: disk.source };
  }
  return configured;
}

export function agentFacts(info: AgentInfo): AgentFacts {
  const domain = info.domain?.fault_domain;
  return {
    hostname: info.hostname,
    attributes: info.attributes ?? [],
    region: domain?.region.name,
    zone: domain?.zone.name,
  };
}

/** What the allocator knows of an agent, but for what runs on it. */
export const agentTerms = ({ info, capabilities, total }: Agent) => ({
  facts: agentFacts(info),
  capabilities: capabilities.types,
  total,
});

/**
 * Adds an agent, with what runs on it, to the master's state and to the allocator, and begins to
 * ping it.
 */
export function addAgent(
  state: MasterState,
  agent: Agent,
  running: {
    readonly tasks?: readonly Task[] | undefined;
    readonly executors?: readonly ExecutorInfo[] | undefined;
  } = {},
): void {
  const { agents, frameworks } = state;
  agents.registered.set(agent.id, agent);
  forgetRefusal(state, agent.pid);
  agents.byPid.set(agent.pid, agent);
  linkAgent(state, agent);
  for (const info of running.executors ?? []) {
    const owner = frameworkId(info.framework_id?.value ?? '');
    addExecutor(agent, frameworks.registered.get(owner), info);
  }
  for (const task of running.tasks ?? []) {
    const owner = frameworkId(task.framework_id.value);
    addTask(state, agent, frameworks.registered.get(owner), task);
  }
  state.allocator.addAgent({
    id: agent.id,
    ...agentTerms(agent),
    used: holdingsOn(state, agent),
    unavailability: machineOf(state, agent)?.info.unavailability,
  });
  startPings(state, agent);
  log(state, 'info', `Added agent ${agent.id} at ${agent.pid} (${agent.info.hostname})`);
  publishAgentAdded(state, agent);
}
