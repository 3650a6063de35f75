// ReregisterAgent: an agent that was registered before, with this master or another, tells all it
// runs. The change is stored first, then the master's state and the allocator take it over, then
// frameworks are told.
import { agentCapabilities, frameworkRoles } from '../../model/capabilities.ts';
import { sameMessage } from '../../model/equality.ts';
import {
  type AgentInfo,
  type ExecutorInfo,
  type ReconcileTasksMessage,
  type ReregisterAgentMessage,
  type Resource,
  type Task,
  type TaskStatus,
  TaskStatus_Reason,
  TaskStatus_Source,
} from '../../model/generated/messages.ts';
import {
  type AgentId,
  agentId,
  executorId,
  type FrameworkId,
  frameworkId,
  taskId,
} from '../../model/ids.ts';
import { isTerminalOperation } from '../../model/operation-state.ts';
import { addressOf, parsePid } from '../../model/pid.ts';
import type { RegistryChange } from '../../model/registry.ts';
import {
  allocatedTo,
  needsCheckpoint,
  toReservationList,
  toReservationLists,
} from '../../model/resource-format.ts';
import { isTerminal } from '../../model/task-state.ts';
import type { ContinuationOf } from '../continuation.ts';
import { schedulerPid } from '../frameworks/connection.ts';
import { recoverFramework } from '../frameworks/frameworks.ts';
import { toldError } from '../frameworks/room.ts';
import { rescindAgentOffers } from '../offers/rescind.ts';
import { claimNamesOf } from '../offers/resource-names.ts';
import { doubtOperations, removeOperation, sendCheckpoint } from '../operations/operations.ts';
import { log, sendToAgent, sendToPid } from '../outbox.ts';
import { isStoring, store, waitingError } from '../registrar.ts';
import { rolesOf, rolesRoomError } from '../roles/room.ts';
import type { Agent, MasterState } from '../state.ts';
import { killDuplicates, partDuplicates } from '../tasks/duplicates.ts';
import { removeExecutor } from '../tasks/tasks.ts';
import { executorIds, reregistrationError, resourceLists } from '../validation/reregistration.ts';
import {
  acknowledgeAgain,
  adoptUncounted,
  tellOfReturn,
  withoutAcknowledged,
} from './adopt-uncounted.ts';
import {
  addAgent,
  agentFacts,
  connectionMessage,
  createAgent,
  mayJoin,
  roomError,
  totalResources,
} from './agents.ts';
import { cancelReregistration, deactivateAgent } from './disconnection.ts';
import { drainIfIdle, sendDrain } from './draining.ts';
import { linkAgent, unlinkAgent } from './links.ts';
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
  const error = toldError(state, id, pid, sent.frameworks ?? []) ?? reregistrationError(sent);
  if (error !== undefined) {
    log(state, 'warn', `Dropping the re-registration of agent ${id} at ${pid}: ${error}`);
    return;
  }
  const message = normalize(sent);
  if (!mayJoin(state, pid, message.agent, message.version)) {
    return;
  }
  const known = agents.registered.get(id);
  if (known !== undefined && isElsewhere(known, pid, message.agent)) {
    sendToPid(state, pid, 'ShutdownMessage', {
      message: 'Agent attempted to reregister with different IP / hostname',
    });
    return;
  }
  if (known?.connected === true && known.pid !== pid) {
    // Deliberately unlike Mesos, which would send to this agent what is meant for the other of the
    // same id.
    log(
      state,
      'warn',
      `Dropping a re-registration of agent ${id} at ${pid}: it is at ${known.pid}`,
    );
    return;
  }
  const lists = resourceLists(message);
  if (!claimNamesOf(state, lists)) {
    log(state, 'warn', `Dropping the re-registration of agent ${id}: too many resource names`);
    return;
  }
  const tooMany = rolesRoomError(state, rolesOf(lists));
  if (tooMany !== undefined) {
    log(state, 'warn', `Dropping the re-registration of agent ${id} at ${pid}: ${tooMany}`);
    return;
  }
  const change = neededChange(state, id, message.agent);
  if (change !== undefined && waitingError(state) !== undefined) {
    state.counters.values.dropped_messages++;
    return;
  }
  const noRoom = roomError(state, id, pid, sent, lists);
  if (noRoom !== undefined) {
    log(state, 'warn', `Dropping the re-registration of agent ${id} at ${pid}: ${noRoom}`);
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
    // Agents of today write resources so: of many tasks no copy is made.
    return item.resources?.every((it) => used(it) === it) === true
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
    log(state, 'warn', `Dropping the re-registration of agent ${id} at ${pid}: ${error}`);
    return;
  }
  const known = state.agents.registered.get(id);
  if (known === undefined) {
    comeBack(state, pid, message);
  } else {
    reconnect(state, known, pid, { message, isOld });
  }
}

/**
 * Registers an agent that this master does not have: it was in the registry, unreachable, or with
 * another master.
 */
function comeBack(state: MasterState, pid: string, message: ReregisterAgentMessage): void {
  const { agents } = state;
  const id = agentId(message.agent.id?.value ?? '');
  const wasRecovered = agents.recovered.has(id);
  const wasUnreachable = agents.unreachable.has(id);
  for (const info of message.frameworks ?? []) {
    const owner = frameworkId(info.id?.value ?? '');
    if (!state.frameworks.registered.has(owner) && !state.frameworks.completed.has(owner)) {
      recoverFramework(state, info, parsePid(pid)?.host);
    }
  }
  const isOurs = (owner: string | undefined) =>
    !state.frameworks.completed.has(frameworkId(owner ?? ''));
  const { tasks, acknowledged } = withoutAcknowledged(
    state,
    (message.tasks ?? []).filter(({ framework_id }) => isOurs(framework_id.value)),
  );
  const executors = (message.executor_infos ?? []).filter((it) => isOurs(it.framework_id?.value));
  const { own, duplicates } = partDuplicates(state, { id }, tasks);
  if (!wasRecovered) {
    tellOfReturn(state, own, { wasUnreachable });
  }
  forgetUnreachableTasks(state, id);
  agents.recovered.delete(id);
  agents.removed.delete(id);
  agents.unreachable.delete(id);
  const agent = createAgent(state, pid, message.agent, {
    version: message.version ?? '',
    capabilities: agentCapabilities(message.agent_capabilities),
    checkpointed: message.checkpointed_resources ?? [],
    resourceVersion: message.resource_version_uuid,
  });
  agent.reregisteredMs = state.nowMs;
  state.counters.values.slave_reregistrations++;
  addAgent(state, agent, { tasks, executors });
  rememberCompleted(state, message);
  if (agents.deactivated.has(id)) {
    deactivateAgent(state, agent);
  }
  continueDrain(state, agent);
  sendToAgent(state, agent, 'AgentReregisteredMessage', {
    agent_id: { value: id },
    connection: connectionMessage(state),
  });
  acknowledgeAgain(state, agent, acknowledged);
  killDuplicates(state, agent, duplicates);
  for (const info of message.frameworks ?? []) {
    tellAgentOfFramework(state, agent, frameworkId(info.id?.value ?? ''));
  }
}

/**
 * Forgets the tasks that became unreachable with the agent: those that it has not brought back do
 * not exist any more.
 */
export function forgetUnreachableTasks(state: MasterState, id: AgentId): void {
  const byFramework = state.agents.unreachableTasks.get(id);
  for (const [owner, tasks] of byFramework ?? []) {
    const framework = state.frameworks.registered.get(owner);
    for (const task of tasks) {
      framework?.unreachableTasks.delete(task);
    }
  }
  state.agents.unreachableTasks.delete(id);
}

function rememberCompleted(state: MasterState, message: ReregisterAgentMessage): void {
  for (const { framework_info, tasks } of message.completed_frameworks ?? []) {
    const framework = state.frameworks.registered.get(frameworkId(framework_info.id?.value ?? ''));
    for (const task of tasks ?? []) {
      framework?.completedTasks.push(task);
    }
  }
}

/** A registered agent registers again: what it lists is compared with the master's state. */
function reconnect(
  state: MasterState,
  agent: Agent,
  pid: string,
  { message, isOld }: { readonly message: ReregisterAgentMessage; readonly isOld: boolean },
): void {
  agent.reregistrationRequested = false;
  agent.hasListed = false;
  doubtOperations(agent);
  movePid(state, agent, pid);
  const before = agent.total;
  updateDescription(state, agent, message);
  agent.reregisteredMs = state.nowMs;
  if (!state.algebra.equal(before, agent.total)) {
    // Offered resources may have changed: an operation was lost on its way.
    rescindAgentOffers(state, agent);
  }
  state.allocator.updateAgent(agent.id, {
    facts: agentFacts(agent.info),
    capabilities: agent.capabilities.types,
    total: agent.total,
  });
  reconcileAgent(state, agent, message);
  const wasAway = !agent.connected;
  if (wasAway) {
    cancelReregistration(state, agent);
    agent.connected = true;
    if (!state.agents.deactivated.has(agent.id)) {
      agent.active = true;
      state.allocator.activateAgent(agent.id);
    }
  }
  continueDrain(state, agent);
  for (const info of message.frameworks ?? []) {
    const owner = frameworkId(info.id?.value ?? '');
    if (state.frameworks.registered.has(owner)) {
      tellAgentOfFramework(state, agent, owner);
    } else if (!state.frameworks.completed.has(owner)) {
      recoverFramework(state, info, parsePid(pid)?.host);
    }
  }
  adoptUncounted(state, agent, message, { wasAway, isOld: isOld && !wasAway });
  if (!agent.capabilities.resourceProvider) {
    sendCheckpoint(state, agent);
  }
}

function movePid(state: MasterState, agent: Agent, pid: string): void {
  if (agent.pid !== pid) {
    state.agents.byPid.delete(agent.pid);
    agent.pid = pid;
    state.agents.byPid.set(pid, agent);
  }
  unlinkAgent(state, agent);
  const parsed = parsePid(pid);
  agent.address = parsed === undefined ? '' : addressOf(parsed);
  linkAgent(state, agent);
}

function updateDescription(
  state: MasterState,
  agent: Agent,
  message: ReregisterAgentMessage,
): void {
  const capabilities = agentCapabilities(message.agent_capabilities);
  if (agent.capabilities.operationFeedback && !capabilities.operationFeedback) {
    dropUnacknowledged(state, agent);
  }
  const checkpointed = agent.capabilities.resourceProvider
    ? (message.checkpointed_resources ?? [])
    : agent.total.filter(needsCheckpoint);
  agent.info = message.agent;
  agent.version = message.version ?? '';
  agent.capabilities = capabilities;
  agent.resourceVersion = message.resource_version_uuid;
  agent.total = totalResources(state, agent.info, checkpointed);
}

/**
 * An agent that was downgraded cannot report ended operations any more, so no framework will
 * acknowledge them.
 */
function dropUnacknowledged(state: MasterState, agent: Agent): void {
  for (const operation of [...(agent.operations?.values() ?? [])]) {
    const { latest_status, info } = operation;
    if (info.id !== undefined && isTerminalOperation(latest_status.state)) {
      removeOperation(state, agent, operation);
    }
  }
}

function reconcileAgent(state: MasterState, agent: Agent, message: ReregisterAgentMessage): void {
  sendToAgent(state, agent, 'AgentReregisteredMessage', {
    agent_id: { value: agent.id },
    connection: connectionMessage(state),
    ...withReconciliations(missingTasks(state, agent, message.tasks ?? [])),
  });
  removeMissingExecutors(state, agent, message.executor_infos ?? []);
  for (const task of message.tasks ?? []) {
    const owner = frameworkId(task.framework_id.value);
    const wasKilled = agent.killed?.get(owner)?.has(taskId(task.task_id.value)) === true;
    if (wasKilled && !isTerminal(task.state)) {
      sendToAgent(state, agent, 'KillTaskMessage', {
        framework_id: task.framework_id,
        task_id: task.task_id,
      });
    }
  }
  for (const { id } of message.frameworks ?? []) {
    if (id !== undefined && state.frameworks.completed.has(frameworkId(id.value))) {
      sendToAgent(state, agent, 'ShutdownFrameworkMessage', { framework_id: id });
    }
  }
}

const withReconciliations = (reconciliations: ReconcileTasksMessage[]) =>
  reconciliations.length === 0 ? {} : { reconciliations };

/**
 * Tasks of the master's that the agent does not list: the agent is asked about them, and answers
 * with their ends.
 */
function missingTasks(
  state: MasterState,
  agent: Agent,
  tasks: readonly Task[],
): ReconcileTasksMessage[] {
  const there = new Map<FrameworkId, Set<string>>();
  for (const task of tasks) {
    const owner = frameworkId(task.framework_id.value);
    const ids = there.get(owner) ?? new Set();
    ids.add(task.task_id.value);
    there.set(owner, ids);
  }
  const reconciliations: ReconcileTasksMessage[] = [];
  for (const [owner, own] of agent.tasks) {
    const statuses: TaskStatus[] = [];
    for (const [id, task] of own) {
      if (there.get(owner)?.has(id) !== true) {
        statuses.push({
          task_id: task.task_id,
          agent_id: task.agent_id,
          state: task.status_update_state ?? task.state,
          source: TaskStatus_Source.SOURCE_MASTER,
          message: 'Reconciliation request',
          reason: TaskStatus_Reason.REASON_RECONCILIATION,
          timestamp: state.nowMs / 1000,
        });
      }
    }
    const framework = state.frameworks.registered.get(owner);
    if (statuses.length > 0 && framework !== undefined) {
      reconciliations.push({
        framework_id: framework.idMessage,
        statuses,
        framework: framework.info,
      });
    }
  }
  return reconciliations;
}

function removeMissingExecutors(
  state: MasterState,
  agent: Agent,
  executors: readonly ExecutorInfo[],
): void {
  const there = executorIds(executors);
  for (const [owner, own] of [...agent.executors]) {
    for (const id of [...own.keys()]) {
      if (there.get(owner)?.has(id) !== true) {
        removeExecutor(state, agent, owner, executorId(id));
      }
    }
  }
}

function continueDrain(state: MasterState, agent: Agent): void {
  if (sendDrain(state, agent) && !agent.capabilities.resourceProvider) {
    drainIfIdle(state, agent);
  }
}

/**
 * Tells an agent the current description of a framework that it runs something of, or that the
 * framework has ended.
 */
function tellAgentOfFramework(state: MasterState, agent: Agent, owner: FrameworkId): void {
  const framework = state.frameworks.registered.get(owner);
  if (framework !== undefined) {
    sendToAgent(state, agent, 'UpdateFrameworkMessage', {
      framework_id: framework.idMessage,
      pid: schedulerPid(framework),
      framework_info: framework.info,
    });
  } else if (state.frameworks.completed.has(owner)) {
    sendToAgent(state, agent, 'ShutdownFrameworkMessage', { framework_id: { value: owner } });
  }
}
