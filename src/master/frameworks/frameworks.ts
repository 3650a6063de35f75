// Frameworks: how they subscribe, fail over, disconnect, change and end.
import type { FrameworkTerms } from '../../core/interface.ts';
import { frameworkCapabilities, frameworkRoles } from '../../model/capabilities.ts';
import { formatDuration } from '../../model/duration.ts';
import {
  type FrameworkInfo,
  type OfferConstraints,
  SchedulerEvent_Type,
} from '../../model/generated/messages.ts';
import { type FrameworkId, frameworkId } from '../../model/ids.ts';
import { treeSize } from '../../model/role.ts';
import type { Principal } from '../../security/principal.ts';
import { BoundedList, BoundedMap } from '../bounded-map.ts';
import { createFrameworkCounters } from '../metrics/counters.ts';
import { discardOffer, endInverseOffer, rescindOffer } from '../offers/rescind.ts';
import { adoptOperations } from '../operations/operations.ts';
import {
  publishFrameworkAdded,
  publishFrameworkChanged,
  publishFrameworkUpdated,
} from '../operators/subscribers.ts';
import { clearTimer, log, sendError, sendToAgent, sendToFramework, setTimer } from '../outbox.ts';
import { RecentMap } from '../recent-map.ts';
import { amountsOf, recordOf } from '../roles/quantities.ts';
import type { Agent, Framework, MasterState } from '../state.ts';
import type { MasterTimer } from '../timers.ts';
import { MAX_FRAMEWORK_TREE } from '../validation/count.ts';
import { frameworkBytes, recountFramework } from '../validation/size.ts';
import {
  type ConnectionRequest,
  closeConnection,
  forgetConnection,
  heartbeat,
  openConnection,
  schedulerPid,
} from './connection.ts';

export const failoverTimer = (framework: Framework): MasterTimer => `failover/${framework.id}`;

/** What a framework brings when it subscribes, checked and authorized. */
export interface Subscription {
  readonly from: ConnectionRequest;
  readonly principal: Principal | undefined;
  readonly info: FrameworkInfo;
  readonly suppressedRoles: readonly string[];
  readonly constraints: OfferConstraints | undefined;
}

/**
 * Acknowledged ends of tasks that a framework remembers. Updates that come after one are late by
 * seconds, or by as long as an agent was unreachable.
 */
const MAX_ACKNOWLEDGED_ENDS = 2_000;

function createFramework(
  state: MasterState,
  id: FrameworkId,
  info: FrameworkInfo,
  fields: Pick<Framework, 'state' | 'active' | 'constraints'> & {
    readonly suppressedRoles: readonly string[];
  },
): Framework {
  const isNew = fields.state !== 'recovered';
  return {
    id,
    idMessage: { value: id },
    info: { ...info, id: { value: id } },
    roles: new Set(frameworkRoles(info)),
    treeSize: treeSize(frameworkRoles(info), MAX_FRAMEWORK_TREE),
    suppressedRoles: new Set(fields.suppressedRoles),
    capabilities: frameworkCapabilities(info),
    constraints: fields.constraints,
    bytes: frameworkBytes(info, fields.constraints),
    principal: info.principal === undefined ? undefined : { value: info.principal },
    state: fields.state,
    active: fields.active,
    connection: undefined,
    registeredMs: isNew ? state.nowMs : 0,
    reregisteredMs: isNew ? state.nowMs : 0,
    unregisteredMs: 0,
    tasks: new Map(),
    unreachableTasks: new BoundedMap(state.options.maxUnreachableTasksPerFramework, {
      weight: state.frameworks.taskHistory,
    }),
    completedTasks: new BoundedList(
      state.options.maxCompletedTasksPerFramework,
      state.frameworks.taskHistory,
    ),
    acknowledgedEnds: new RecentMap(MAX_ACKNOWLEDGED_ENDS),
    executors: new Map(),
    offers: new Set(),
    inverseOffers: new Set(),
    operations: new Map(),
    operationUuids: new Map(),
    counters: createFrameworkCounters(),
  };
}

/** Forgets the histories of a framework that is itself forgotten. */
export function forgetTasks({ completedTasks, unreachableTasks }: Framework): void {
  completedTasks.remove(() => true);
  unreachableTasks.clear();
}

export function frameworkTerms(framework: Framework): FrameworkTerms {
  const minAllocatable = recordOf<Record<string, number>[]>([]);
  for (const [role, filters] of Object.entries(framework.info.offer_filters ?? {})) {
    if (filters.min_allocatable_resources !== undefined) {
      minAllocatable[role] = (filters.min_allocatable_resources.quantities ?? []).map(
        ({ quantities }) => amountsOf(quantities),
      );
    }
  }
  return {
    roles: [...framework.roles],
    suppressedRoles: [...framework.suppressedRoles],
    capabilities: framework.capabilities.types,
    minAllocatable,
    constraints: framework.constraints,
  };
}

/** `<master id>-0000`, counted up. */
function nextFrameworkId(state: MasterState): FrameworkId {
  const number = state.nextFramework++;
  return frameworkId(`${state.options.id}-${String(number).padStart(4, '0')}`);
}

/** The first subscription of a framework that has no id yet. */
export function addNewFramework(state: MasterState, subscription: Subscription): Framework {
  const framework = createFramework(state, nextFrameworkId(state), subscription.info, {
    state: 'connected',
    active: true,
    constraints: subscription.constraints,
    suppressedRoles: subscription.suppressedRoles,
  });
  addFramework(state, framework);
  welcome(state, framework, subscription.from);
  log(state, 'info', `Added framework ${framework.id} (${framework.info.name})`);
  publishFrameworkAdded(state, framework);
  return framework;
}

function addFramework(state: MasterState, framework: Framework): void {
  state.frameworks.registered.set(framework.id, framework);
  state.frameworks.sums.count(framework);
  state.allocator.addFramework({
    id: framework.id,
    ...frameworkTerms(framework),
    active: framework.active,
    used: [],
  });
}

/**
 * Adds a framework that an agent names, or the framework itself as it subscribes, but this master
 * does not know.
 */
export function recoverFramework(
  state: MasterState,
  info: FrameworkInfo,
  toldBy?: string,
): Framework {
  const framework = createFramework(state, frameworkId(info.id?.value ?? ''), info, {
    state: 'recovered',
    active: false,
    constraints: undefined,
    suppressedRoles: [],
  });
  framework.toldBy = toldBy;
  addFramework(state, framework);
  adoptOperations(state, framework);
  publishFrameworkAdded(state, framework);
  return framework;
}

/** Subscribes a known framework again; the connection that it may have had ends. */
export function resubscribe(
  state: MasterState,
  framework: Framework,
  subscription: Subscription,
): void {
  const wasRecovered = framework.state === 'recovered';
  updateFramework(state, framework, subscription);
  framework.reregisteredMs = state.nowMs;
  if (wasRecovered) {
    framework.registeredMs = state.nowMs;
  }
  if (framework.state === 'connected') {
    sendError(state, framework, 'Framework failed over');
    closeConnection(state, framework);
  }
  clearTimer(state, failoverTimer(framework));
  for (const offer of [...framework.offers]) {
    discardOffer(state, offer);
  }
  for (const inverseOffer of [...framework.inverseOffers]) {
    endInverseOffer(state, inverseOffer, { rescind: false });
  }
  framework.state = 'connected';
  state.frameworks.sums.count(framework);
  if (!framework.active) {
    framework.active = true;
    state.allocator.activateFramework(framework.id);
  }
  welcome(state, framework, subscription.from);
  tellOfFramework(state, framework);
}

/** Opens the connection that the scheduler asks for, with SUBSCRIBED and a first heartbeat. */
function welcome(state: MasterState, framework: Framework, from: ConnectionRequest): void {
  openConnection(state, framework, from);
  sendToFramework(state, framework, {
    type: SchedulerEvent_Type.SUBSCRIBED,
    subscribed: {
      framework_id: framework.idMessage,
      heartbeat_interval_seconds: state.options.heartbeatIntervalMs / 1000,
      master_info: state.info,
    },
  });
  heartbeat(state, framework);
}

/** Gives a framework a new description; offers for roles that it has left are rescinded. */
export function updateFramework(
  state: MasterState,
  framework: Framework,
  change: Pick<Subscription, 'info' | 'suppressedRoles' | 'constraints'>,
): void {
  const { info } = change;
  framework.info = { ...info, id: framework.idMessage };
  framework.roles = new Set(frameworkRoles(info));
  framework.treeSize = treeSize(framework.roles, MAX_FRAMEWORK_TREE);
  framework.suppressedRoles = new Set(change.suppressedRoles);
  framework.capabilities = frameworkCapabilities(info);
  framework.constraints = change.constraints;
  framework.bytes = frameworkBytes(info, change.constraints);
  state.frameworks.sums.count(framework);
  for (const agent of agentsOf(state, framework)) {
    recountFramework(agent, framework);
  }
  framework.principal = info.principal === undefined ? undefined : { value: info.principal };
  for (const offer of [...framework.offers]) {
    if (!framework.roles.has(offer.role)) {
      rescindOffer(state, offer);
    }
  }
  state.allocator.updateFramework(framework.id, frameworkTerms(framework));
}

/**
 * Tells subscribers of the operator API and agents of a changed framework. Apache Mesos tells every
 * agent; here an agent is told only if it runs something of the framework, for no other agent keeps
 * a record of it.
 */
export function tellOfFramework(state: MasterState, framework: Framework): void {
  publishFrameworkUpdated(state, framework);
  for (const agent of agentsOf(state, framework)) {
    tellAgentOfFramework(state, agent, framework);
  }
}

/** Tells an agent that runs something of a framework how the framework is described now. */
export function tellAgentOfFramework(state: MasterState, agent: Agent, framework: Framework): void {
  sendToAgent(state, agent, 'UpdateFrameworkMessage', {
    framework_id: framework.idMessage,
    pid: schedulerPid(framework),
    framework_info: framework.info,
  });
}

/**
 * Registered agents that have tasks, executors or operations of the framework, by the agents' own
 * maps.
 */
export function agentsOf(state: MasterState, framework: Framework): Agent[] {
  const { id, operations } = framework;
  const operating = new Set([...operations.values()].map(({ agent_id }) => agent_id?.value));
  return [...state.agents.registered.values()].filter(
    (agent) => agent.tasks.has(id) || agent.executors.has(id) || operating.has(agent.id),
  );
}

export function deactivate(
  state: MasterState,
  framework: Framework,
  options: { readonly rescind: boolean },
): void {
  if (!framework.active) {
    return;
  }
  framework.active = false;
  state.allocator.deactivateFramework(framework.id);
  for (const offer of [...framework.offers]) {
    if (options.rescind) {
      rescindOffer(state, offer);
    } else {
      discardOffer(state, offer);
    }
  }
  for (const inverseOffer of [...framework.inverseOffers]) {
    endInverseOffer(state, inverseOffer, options);
  }
}

/** The scheduler's connection has ended; it may come back within its failover timeout. */
export function disconnectFramework(state: MasterState, framework: Framework): void {
  forgetConnection(state, framework);
  framework.state = 'disconnected';
  deactivate(state, framework, { rescind: true });
  const timeoutMs = Math.max(0, (framework.info.failover_timeout ?? 0) * 1000);
  log(
    state,
    'info',
    `Framework ${framework.id} disconnected; it has ${formatDuration(timeoutMs)} to return`,
  );
  setTimer(state, failoverTimer(framework), timeoutMs);
  publishFrameworkChanged(state, framework);
}
