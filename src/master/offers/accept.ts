// ACCEPT: a framework's operations on offers. They are taken in order; an operation that does not
// fit what is left of the offers is refused, and the others go on. What is left at the end goes
// back.
import type { ResourcePool } from '../../core/interface.ts';
import {
  type Offer_Operation,
  Offer_Operation_Type,
  type Resource,
  type SchedulerCall_Accept,
  TaskState,
  TaskStatus_Reason,
} from '../../model/generated/messages.ts';
import { offerId } from '../../model/ids.ts';
import { operationResources } from '../../model/operation-resources.ts';
import { isSpeculative } from '../../model/operation-state.ts';
import { usedOn } from '../agents/usage.ts';
import { countOperation } from '../metrics/counters.ts';
import { deniedAction, present } from '../operations/authorization.ts';
import {
  completeOperation,
  operationInputError,
  tasksOf,
  withoutAllocations,
} from '../operations/normalization.ts';
import { applyOperation, dropOperation, sendCheckpoint } from '../operations/operations.ts';
import { publishAgentUpdated } from '../operators/subscribers.ts';
import { log } from '../outbox.ts';
import type { Agent, Framework, MasterState, OutstandingOffer } from '../state.ts';
import { refuseTask, stateFor } from '../tasks/status-updates.ts';
import { distinctError } from '../validation/accept.ts';
import { namedOffers } from '../validation/offers.ts';
import { operationError, sameVolume } from '../validation/operation.ts';
import { operationSizeError } from '../validation/size.ts';
import { launchGroup, launchTasks } from './launch.ts';
import {
  DEFAULT_REFUSE_SECONDS,
  discardOffer,
  giveOfferBack,
  removeOffer,
  rescindOffer,
} from './rescind.ts';
import { hasNames } from './resource-names.ts';

/** What is left of the offers of one ACCEPT, while its operations are taken. */
export interface Acceptance {
  readonly framework: Framework;
  readonly agent: Agent;
  readonly role: string;
  readonly offered: readonly Resource[];
  /** What is left of the offered resources. */
  readonly pool: ResourcePool;
  /**
   * What the agent has, once an operation converts some of it: `agent.total` follows when it is
   * needed.
   */
  total: ResourcePool | undefined;
  /** How many of the conversions are in `agent.total`. */
  booked: number;
  /**
   * The text of what is left, made for the first error that names it and kept until more is used.
   */
  leftText: string | undefined;
  /** Shared volumes that were offered or made; they can be used any number of times. */
  shared: Resource[];
  /** Volumes that were resized; they are not to be used before the next offer. */
  readonly resized: Resource[];
  /** Copies of shared volumes beyond those offered. */
  readonly extraShared: Resource[];
  readonly launched: Resource[][];
  readonly converted: Offer_Operation[];
  /** Why operations are dropped. */
  readonly dropped: string[];
}

export function accept(state: MasterState, framework: Framework, call: SchedulerCall_Accept): void {
  const operations = call.operations ?? [];
  countMessages(state, operations);
  const named = namedOffers(state, framework, call.offer_ids ?? []);
  if (!named.ok) {
    refuseAll(state, framework, call, named.why);
    return;
  }
  const [first] = named.offers;
  if (first === undefined) {
    return;
  }
  const { agent, role } = first;
  const dropped: string[] = [];
  const usable = usableOperations(state, { framework, agent, role, dropped }, operations);
  const acceptance = take(state, first, named.offers, dropped);
  for (const operation of usable) {
    perform(state, acceptance, operation);
  }
  settle(state, acceptance, call.filters?.refuse_seconds ?? DEFAULT_REFUSE_SECONDS);
  logDropped(state, framework, dropped);
}

function drop(
  state: MasterState,
  { framework, dropped }: Pick<Acceptance, 'framework' | 'dropped'>,
  operation: Offer_Operation,
  why: string,
): void {
  dropped.push(why);
  dropOperation(state, framework, operation, why);
}

/** Characters of a reason in the log: a reason may quote the call at length. */
const MAX_LOGGED = 1_000;

/** Logs all dropped operations of an ACCEPT in one line. */
function logDropped(state: MasterState, { id }: Framework, dropped: readonly string[]): void {
  const [first] = dropped;
  if (first === undefined) {
    return;
  }
  const why = first.length > MAX_LOGGED ? `${first.slice(0, MAX_LOGGED)}…` : first;
  const what =
    dropped.length === 1
      ? `an operation of framework ${id}`
      : `${dropped.length} operations of framework ${id}, the first because`;
  log(state, 'warn', `Dropping ${what}: ${why}`);
}

function countMessages(state: MasterState, operations: readonly Offer_Operation[]): void {
  for (const operation of operations) {
    if (operation.type === Offer_Operation_Type.LAUNCH) {
      if ((operation.launch?.task_infos?.length ?? 0) > 0) {
        state.counters.values.messages_launch_tasks++;
      } else {
        state.counters.values.messages_decline_offers++;
      }
    }
  }
}

/** Refuses the whole ACCEPT: offers that still exist go back, and each task is lost. */
function refuseAll(
  state: MasterState,
  framework: Framework,
  call: SchedulerCall_Accept,
  why: string,
): void {
  for (const { value } of call.offer_ids ?? []) {
    const offer = state.offers.get(offerId(value));
    // Apache Mesos also ends offers of other frameworks that are named here.
    if (offer?.framework === framework) {
      discardOffer(state, offer);
    }
  }
  const dropped: string[] = [];
  for (const operation of call.operations ?? []) {
    const tasks = tasksOf(operation);
    if (tasks === undefined) {
      const error = `Operation attempted with invalid offers: ${why}`;
      drop(state, { framework, dropped }, operation, error);
      continue;
    }
    for (const task of tasks) {
      refuseTask(state, framework, task, {
        state: stateFor(framework, TaskState.TASK_DROPPED),
        reason: TaskStatus_Reason.REASON_INVALID_OFFERS,
        message: `Task launched with invalid offers: ${why}`,
      });
    }
  }
  logDropped(state, framework, dropped);
}

type Place = Pick<Acceptance, 'framework' | 'agent' | 'role' | 'dropped'>;

function usableOperations(
  state: MasterState,
  place: Place,
  operations: readonly Offer_Operation[],
): Offer_Operation[] {
  const usable: Offer_Operation[] = [];
  for (const operation of operations) {
    const error = operationInputError(operation);
    if (error !== undefined) {
      refuseOperation(state, place, operation, {
        ofTasks: error,
        ofOthers: `Operation attempted with invalid resources: ${error}`,
      });
      continue;
    }
    const feedbackError = operation.id === undefined ? undefined : idError(place.agent, operation);
    if (feedbackError !== undefined) {
      refuseOperation(state, place, operation, {
        ofTasks: feedbackError,
        ofOthers: feedbackError,
      });
      continue;
    }
    usable.push(completeOperation(operation, place.framework, place.role));
  }
  return usable;
}

/**
 * Why an operation may not have an id, which asks for feedback: not every operation and agent gives
 * it.
 */
function idError(agent: Agent, operation: Offer_Operation): string | undefined {
  switch (operation.type) {
    case Offer_Operation_Type.LAUNCH:
      return 'The `id` field cannot be set on LAUNCH operations';
    case Offer_Operation_Type.LAUNCH_GROUP:
      return 'The `id` field cannot be set on LAUNCH_GROUP operations';
    default:
      break;
  }
  if (!agent.capabilities.resourceProvider) {
    return (
      `Operation requested feedback, but agent ${agent.id} does not have the required` +
      ' RESOURCE_PROVIDER capability'
    );
  }
  return agent.capabilities.operationFeedback
    ? undefined
    : `Operation on agent default resources requested feedback, but agent ${agent.id} does not` +
        ' have the required AGENT_OPERATION_FEEDBACK and RESOURCE_PROVIDER capabilities';
}

function refuseOperation(
  state: MasterState,
  place: Place,
  operation: Offer_Operation,
  why: { readonly ofTasks: string; readonly ofOthers: string },
): void {
  const tasks = tasksOf(operation);
  if (tasks === undefined) {
    drop(state, place, operation, why.ofOthers);
    return;
  }
  const reason =
    operation.type === Offer_Operation_Type.LAUNCH
      ? TaskStatus_Reason.REASON_TASK_INVALID
      : TaskStatus_Reason.REASON_TASK_GROUP_INVALID;
  for (const task of tasks) {
    refuseTask(state, place.framework, task, {
      state: TaskState.TASK_ERROR,
      reason,
      message: why.ofTasks,
    });
  }
}

/**
 * Ends the offers. Their resources stay allocated to the framework until the operations are done.
 */
function take(
  state: MasterState,
  first: OutstandingOffer,
  offers: readonly OutstandingOffer[],
  dropped: string[],
): Acceptance {
  const offered =
    offers.length === 1
      ? first.resources
      : state.algebra.sum(offers.map(({ resources }) => resources));
  for (const offer of offers) {
    removeOffer(state, offer);
  }
  const { counters } = first.framework;
  counters.offersAccepted += offers.length;
  counters.declinedSince = 0;
  counters.acceptedMs = state.nowMs;
  return {
    framework: first.framework,
    agent: first.agent,
    role: first.role,
    offered,
    pool: state.algebra.pool(offered),
    total: undefined,
    booked: 0,
    leftText: undefined,
    shared: offered.filter(({ shared }) => shared !== undefined),
    resized: [],
    extraShared: [],
    launched: [],
    converted: [],
    dropped,
  };
}

function perform(state: MasterState, acceptance: Acceptance, operation: Offer_Operation): void {
  switch (operation.type) {
    case Offer_Operation_Type.LAUNCH:
      bookTotal(state, acceptance);
      launchTasks(state, acceptance, operation);
      break;
    case Offer_Operation_Type.LAUNCH_GROUP:
      bookTotal(state, acceptance);
      launchGroup(state, acceptance, operation);
      break;
    case Offer_Operation_Type.UNKNOWN:
    case undefined:
      // An operation of a later version, perhaps. Apache Mesos drops it in silence.
      drop(state, acceptance, operation, 'Unknown type of operation');
      break;
    default:
      convert(state, acceptance, operation);
  }
}

/** Reservations and volumes: later operations of the ACCEPT see the result. */
function convert(state: MasterState, acceptance: Acceptance, operation: Offer_Operation): void {
  const { framework, agent } = acceptance;
  const { info } = framework;
  const actor = { agent, algebra: state.algebra, framework: info, principal: info.principal };
  const error =
    unauthorized(state, framework, operation) ??
    (isSpeculative(operation)
      ? operationError(operation, actor, () => usedOn(agent))
      : 'Resource provider operations are not supported on this agent');
  if (error !== undefined) {
    drop(state, acceptance, operation, error);
    return;
  }
  if (!hasNames(agent.total, operationResources(operation))) {
    drop(state, acceptance, operation, 'not on the agent');
    return;
  }
  acceptance.total ??= state.algebra.pool(agent.total);
  const unbooked = acceptance.converted.slice(acceptance.booked);
  const tooMany =
    distinctError(acceptance.total.size(), operation) ??
    operationSizeError(agent, operation, unbooked);
  if (tooMany !== undefined) {
    drop(state, acceptance, operation, tooMany);
    return;
  }
  const applied = acceptance.pool.convert(operation);
  if (!applied.ok) {
    drop(state, acceptance, operation, applied.why);
    return;
  }
  if (!acceptance.total.convert(withoutAllocations(operation)).ok) {
    acceptance.pool.undo();
    drop(state, acceptance, operation, 'not on the agent');
    return;
  }
  rescindDestroyed(state, agent, operation);
  setResizedAside(state, acceptance, operation);
  acceptance.leftText = undefined;
  if (operationResources(operation).some(({ shared }) => shared !== undefined)) {
    acceptance.shared = acceptance.pool.resources().filter(({ shared }) => shared !== undefined);
  }
  acceptance.converted.push(operation);
  if (agent.capabilities.resourceProvider) {
    // In the order of the list: a task that uses a volume must not reach the agent before it.
    applyOperation(state, agent, framework, operation);
  } else {
    countOperation(framework.counters, operation);
  }
}

/** A resized volume cannot be used in the same ACCEPT. */
function setResizedAside(
  state: MasterState,
  acceptance: Acceptance,
  operation: Offer_Operation,
): void {
  const { grow_volume: grow, shrink_volume: shrink } = operation;
  if (grow === undefined && shrink === undefined) {
    return;
  }
  const taken = grow === undefined ? present(shrink?.volume) : [grow.volume, grow.addition];
  const applied = state.algebra.apply(taken, operation);
  const made = applied.ok ? state.algebra.subtract(applied.resources, taken) : [];
  acceptance.resized.push(...made);
  acceptance.pool.take(made);
}

/**
 * The agent's total after the operations so far. One that takes its reservations and volumes as a
 * whole hears of them here: before a task that uses them, and at the end.
 */
function bookTotal(state: MasterState, acceptance: Acceptance): void {
  const { agent, total, converted } = acceptance;
  if (total === undefined || acceptance.booked === converted.length) {
    return;
  }
  acceptance.booked = converted.length;
  agent.total = total.resources();
  if (!agent.capabilities.resourceProvider) {
    sendCheckpoint(state, agent);
  }
}

function unauthorized(
  state: MasterState,
  framework: Framework,
  operation: Offer_Operation,
): string | undefined {
  const action = deniedAction(state, framework.principal, operation);
  return action === undefined
    ? undefined
    : `Principal '${framework.info.principal ?? ''}' is not authorized to ${action.toLowerCase()}`;
}

function rescindDestroyed(state: MasterState, agent: Agent, operation: Offer_Operation): void {
  for (const volume of operation.destroy?.volumes ?? []) {
    for (const offer of [...agent.offers]) {
      if (offer.resources.some((resource) => sameVolume(resource, volume))) {
        rescindOffer(state, offer);
      }
    }
  }
}

/** Tells the allocator the outcome: conversions, launches, and what goes back. */
function settle(state: MasterState, acceptance: Acceptance, refuseSeconds: number): void {
  const { framework, agent, role, offered, pool, converted, extraShared } = acceptance;
  bookTotal(state, acceptance);
  acceptance.total?.free();
  const place = { framework, agent, role };
  const holding = { frameworkId: framework.id, agentId: agent.id, role };
  const left = pool.resources();
  pool.free();
  if (converted.length > 0 || extraShared.length > 0) {
    const total = state.allocator.convert(
      { ...holding, resources: offered },
      converted.map(withoutAllocations),
      extraShared,
    );
    // Operation by operation, the agent's total has been converted already.
    agent.total = total ?? agent.total;
    if (converted.length > 0) {
      publishAgentUpdated(state, agent);
    }
  }
  if (acceptance.launched.length > 0) {
    const [first = [], ...rest] = acceptance.launched;
    const resources = rest.length === 0 ? first : state.algebra.sum(acceptance.launched);
    state.allocator.launch({ ...holding, resources });
  }
  if (converted.length === 0) {
    if (left.length > 0) {
      giveOfferBack(state, place, left, refuseSeconds);
    }
    return;
  }
  // What an operation has made goes back without a filter, so that it is offered again at once.
  const all = state.algebra.sum([left, acceptance.resized]);
  const made = state.algebra.subtract(all, offered);
  const kept = state.algebra.subtract(all, made);
  if (made.length > 0) {
    giveOfferBack(state, place, made);
  }
  if (kept.length > 0) {
    giveOfferBack(state, place, kept, refuseSeconds);
  }
}
