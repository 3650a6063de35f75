// Messages of registered agents other than status updates: changed resources, messages of
// executors, ends of executors.
import type {
  ExecutorToFrameworkMessage,
  ExitedExecutorMessage,
  Operation,
  Resource,
  UpdateAgentMessage,
} from '../../model/generated/messages.ts';
import { SchedulerEvent_Type } from '../../model/generated/messages.ts';
import { agentId, executorId, frameworkId } from '../../model/ids.ts';
import { formatUuid } from '../../model/random.ts';
import { toReservationLists } from '../../model/resource-format.ts';
import { amountOf, resourcesError } from '../../model/resource-validation.ts';
import { rescindOffer } from '../offers/rescind.ts';
import { claimNamesOf } from '../offers/resource-names.ts';
import { takeListed } from '../operations/operations.ts';
import { publishAgentUpdated } from '../operators/subscribers.ts';
import { log, sendToAgent, sendToFramework } from '../outbox.ts';
import { rolesOf, rolesRoomError } from '../roles/room.ts';
import type { Agent, MasterState, ResourceProvider } from '../state.ts';
import { removeExecutor } from '../tasks/tasks.ts';
import { agentFacts } from './agents.ts';
import { drainIfIdle } from './draining.ts';

/** UpdateAgent: oversubscribed resources, resource providers, operations in progress. */
export function updateAgent(state: MasterState, message: UpdateAgentMessage): void {
  state.counters.values.messages_update_slave++;
  const agent = state.agents.registered.get(agentId(message.agent_id.value));
  if (agent === undefined) {
    return;
  }
  const error = reportError(state, message);
  if (error !== undefined) {
    log(state, 'warn', `Ignoring an update of agent ${agent.id}: ${error}`);
    return;
  }
  if (message.resource_version_uuid !== undefined) {
    agent.resourceVersion = message.resource_version_uuid;
  }
  const total = newTotal(agent, message);
  const isChanged = total !== undefined && !state.algebra.equal(total, agent.total);
  updateProviders(agent, message);
  reconcileOperations(state, agent, message);
  agent.hasListed = true;
  if (isChanged) {
    agent.total = total;
    state.allocator.updateAgent(agent.id, { facts: agentFacts(agent.info), total });
    rescindChanged(state, agent, message);
    publishAgentUpdated(state, agent);
  }
  drainIfIdle(state, agent);
}

function reportError(state: MasterState, message: UpdateAgentMessage): string | undefined {
  const providers = message.resource_providers?.providers ?? [];
  const lists = [message.oversubscribed_resources, ...providers.map((it) => it.total_resources)];
  return (
    resourcesError(lists.flatMap((it) => it ?? [])) ??
    (claimNamesOf(state, lists) ? undefined : 'too many resource names') ??
    rolesRoomError(state, rolesOf(lists)) ??
    state.agents.room.report(message.agent_id.value, amountOf(lists))
  );
}

const ofProvider = (resource: Resource) => resource.provider_id !== undefined;
const isOversubscribed = (resource: Resource) =>
  resource.revocable !== undefined && !ofProvider(resource);

const updatesOversubscribed = (message: UpdateAgentMessage) =>
  message.update_oversubscribed_resources !== false;

/** The agent's total after the message; undefined when the message cannot change it. */
function newTotal(agent: Agent, message: UpdateAgentMessage): Resource[] | undefined {
  const hasProviders = message.resource_providers !== undefined;
  if (!updatesOversubscribed(message) && !hasProviders) {
    return undefined;
  }
  const kept = agent.total.filter(
    (it) =>
      !(updatesOversubscribed(message) && isOversubscribed(it)) &&
      !(hasProviders && ofProvider(it)),
  );
  const oversubscribed = updatesOversubscribed(message)
    ? toReservationLists(message.oversubscribed_resources)
    : [];
  const provided = (message.resource_providers?.providers ?? []).flatMap((it) =>
    toReservationLists(it.total_resources),
  );
  return [...kept, ...oversubscribed, ...provided];
}

function updateProviders(agent: Agent, message: UpdateAgentMessage): void {
  if (message.resource_providers === undefined) {
    return;
  }
  const providers = new Map<string, ResourceProvider>();
  for (const { info, total_resources, resource_version_uuid } of message.resource_providers
    .providers ?? []) {
    if (info?.id !== undefined) {
      providers.set(info.id.value, {
        info,
        total: toReservationLists(total_resources),
        resourceVersion: resource_version_uuid,
      });
    }
  }
  agent.resourceProviders = providers.size === 0 ? undefined : providers;
}

/** Asks the agent about operations that it does not list, and takes over those that it lists. */
function reconcileOperations(state: MasterState, agent: Agent, message: UpdateAgentMessage): void {
  const listed = new Map<string, Operation>();
  for (const operation of message.operations?.operations ?? []) {
    listed.set(formatUuid(operation.uuid.value), operation);
  }
  for (const { operations } of message.resource_providers?.providers ?? []) {
    for (const operation of operations.operations ?? []) {
      listed.set(formatUuid(operation.uuid.value), operation);
    }
  }
  const missing = [...(agent.operations?.entries() ?? [])].filter(([key]) => !listed.has(key));
  if (missing.length > 0) {
    sendToAgent(state, agent, 'ReconcileOperationsMessage', {
      operations: missing.map(([, { uuid }]) => ({ operation_uuid: uuid })),
    });
  }
  for (const [key, operation] of listed) {
    if (agent.operations?.has(key) !== true) {
      takeListed(state, agent, operation);
    }
  }
}

function rescindChanged(state: MasterState, agent: Agent, message: UpdateAgentMessage): void {
  for (const offer of [...agent.offers]) {
    const isStale =
      (updatesOversubscribed(message) && offer.resources.some(isOversubscribed)) ||
      (message.resource_providers !== undefined && offer.resources.some(ofProvider));
    if (isStale) {
      rescindOffer(state, offer);
    }
  }
}

export function executorToFramework(state: MasterState, message: ExecutorToFrameworkMessage): void {
  const { values } = state.counters;
  values.messages_executor_to_framework++;
  const agent = state.agents.registered.get(agentId(message.agent_id.value));
  const framework = state.frameworks.registered.get(frameworkId(message.framework_id.value));
  if (agent === undefined || framework?.state !== 'connected') {
    values.invalid_executor_to_framework_messages++;
    return;
  }
  sendToFramework(state, framework, {
    type: SchedulerEvent_Type.MESSAGE,
    message: {
      agent_id: message.agent_id,
      executor_id: message.executor_id,
      data: message.data,
    },
  });
  values.valid_executor_to_framework_messages++;
}

export function exitedExecutor(state: MasterState, message: ExitedExecutorMessage): void {
  state.counters.values.messages_exited_executor++;
  const agent = state.agents.registered.get(agentId(message.agent_id.value));
  const owner = frameworkId(message.framework_id.value);
  const id = executorId(message.executor_id.value);
  if (agent?.executors.get(owner)?.has(id) !== true) {
    return;
  }
  removeExecutor(state, agent, owner, id);
  const framework = state.frameworks.registered.get(owner);
  if (framework !== undefined) {
    sendToFramework(state, framework, {
      type: SchedulerEvent_Type.FAILURE,
      failure: {
        agent_id: message.agent_id,
        executor_id: message.executor_id,
        status: message.status,
      },
    });
  }
}
