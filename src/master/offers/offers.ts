// Offers and inverse offers: when the allocator runs, and what is sent of its decisions. How offers
// end is in rescind.ts and accept.ts.
import type { Allocator, LiveAllocator, OfferBatch } from '../../core/interface.ts';
import {
  type InverseOffer,
  type Offer,
  type Resource,
  SchedulerEvent_Type,
  type URL,
} from '../../model/generated/messages.ts';
import { type OfferId, offerId } from '../../model/ids.ts';
import { parsePid } from '../../model/pid.ts';
import { toRoleAndReservation, withoutAllocation } from '../../model/resource-format.ts';
import { machineOf } from '../agents/machines.ts';
import { sendToFramework, setTimer } from '../outbox.ts';
import type {
  Agent,
  Framework,
  MasterState,
  OutstandingInverseOffer,
  OutstandingOffer,
} from '../state.ts';
import { DEFAULT_REFUSE_SECONDS, giveOfferBack } from './rescind.ts';

const RUN_TIMER = 'allocate';
const BATCH_TIMER = 'allocation-batch';

/** Asks for a run over what changed; all events of one turn of the event loop share a run. */
export function scheduleRun(state: MasterState): void {
  if (!state.runScheduled && state.recovered && state.allocator.hasPending) {
    state.runScheduled = true;
    state.runAskedMs = state.nowMs;
    setTimer(state, RUN_TIMER, 0);
  }
}

export function startBatches(state: MasterState): void {
  setTimer(state, BATCH_TIMER, state.options.allocationIntervalMs);
}

export function runPending(state: MasterState): void {
  state.runScheduled = false;
  state.counters.runLatencies.add(state.nowMs - state.runAskedMs);
  makeOffers(state, (allocator) => allocator.runPending());
}

export function runBatch(state: MasterState): void {
  startBatches(state);
  makeOffers(state, (allocator) => allocator.runBatch());
}

function measured(state: MasterState, run: () => OfferBatch): OfferBatch {
  const { stopwatch = () => 0 } = state.options;
  const startMs = stopwatch();
  const batch = run();
  state.counters.allocationRuns++;
  state.counters.runDurations.add(stopwatch() - startMs);
  return batch;
}

/** What the allocator has given to a framework, before an offer is made of it. */
export type Grant = Omit<OutstandingOffer, 'id' | 'madeMs'>;

/**
 * Offers made in one turn of the event loop, and at most in one event: other work comes in between.
 */
const MAX_OFFERS_PER_TURN = 500;
const MAX_OFFERS_PER_EVENT = 200;
const OFFERS_TIMER = 'offers';

interface Decisions {
  readonly grants: Grant[];
  /** Given to a framework, or on an agent, that is not registered any more. */
  readonly orphans: Parameters<Allocator['recover']>[0][];
  readonly inverse: Pick<OutstandingInverseOffer, 'framework' | 'agent'>[];
}

/** Copies a batch, which is valid until the next call of the allocator. */
function read(state: MasterState, batch: OfferBatch): Decisions {
  const decisions: Decisions = { grants: [], orphans: [], inverse: [] };
  for (let i = 0; i < batch.count; i++) {
    const framework = state.frameworks.registered.get(batch.frameworkId(i));
    const agent = state.agents.registered.get(batch.agentId(i));
    const role = batch.role(i);
    const resources = batch.resources(i);
    if (framework === undefined || agent === undefined) {
      const [frameworkId, agentId] = [batch.frameworkId(i), batch.agentId(i)];
      decisions.orphans.push({ frameworkId, agentId, role, resources, wasUsed: false });
    } else {
      decisions.grants.push({ framework, agent, role, resources });
    }
  }
  for (let i = 0; i < batch.inverseCount; i++) {
    const framework = state.frameworks.registered.get(batch.inverseFrameworkId(i));
    const agent = state.agents.registered.get(batch.inverseAgentId(i));
    if (framework !== undefined && agent !== undefined) {
      decisions.inverse.push({ framework, agent });
    }
  }
  return decisions;
}

/** Makes offers of what a run decides. A run that fails with its allocator decides nothing. */
function makeOffers(state: MasterState, run: (allocator: LiveAllocator) => OfferBatch): void {
  const decisions = state.allocator.attempt((allocator) =>
    read(
      state,
      measured(state, () => run(allocator)),
    ),
  );
  if (decisions === undefined) {
    return;
  }
  const { grants, orphans } = decisions;
  const inverse = inverseOffers(state, decisions.inverse);
  for (const orphan of orphans) {
    state.allocator.recover(orphan);
  }
  for (const [framework, messages] of inverse) {
    sendToFramework(state, framework, {
      type: SchedulerEvent_Type.INVERSE_OFFERS,
      inverse_offers: { inverse_offers: messages },
    });
  }
  const isWaiting = state.grants.length > 0;
  for (const grant of grants) {
    state.grants.push(grant);
  }
  if (!isWaiting) {
    offerGrants(state);
  }
}

/**
 * Makes offers of the next grants. One that its framework has no use for by now goes back; those of
 * an agent that gets no more offers have been withdrawn.
 */
export function offerGrants(state: MasterState): void {
  const turn = state.grants.splice(0, MAX_OFFERS_PER_TURN);
  if (state.grants.length > 0) {
    setTimer(state, OFFERS_TIMER, 0);
  }
  const made = new Map<Framework, OutstandingOffer[]>();
  const { maxExecutorsPerAgent: most } = state.options;
  for (const grant of turn) {
    const { framework, role } = grant;
    const isWanted = framework.state === 'connected' && framework.active;
    if (!isWanted || !framework.roles.has(role)) {
      giveOfferBack(state, grant, grant.resources);
      continue;
    }
    if (most !== undefined && executorsOf(grant.agent) >= most) {
      // With a filter: the allocator does not know of the bound, and would grant the same again.
      giveOfferBack(state, grant, grant.resources, DEFAULT_REFUSE_SECONDS);
      continue;
    }
    const offer = addOffer(state, grant);
    const others = made.get(framework);
    if (others === undefined) {
      made.set(framework, [offer]);
    } else {
      others.push(offer);
    }
  }
  for (const [framework, offers] of made) {
    sendOffers(state, framework, offers);
  }
}

/**
 * Those that frameworks have brought, and one for each task without: Apache Mesos does not count
 * these, which its agents run by executors nevertheless.
 */
function executorsOf({ executors, tasks }: Agent): number {
  let count = 0;
  for (const own of executors.values()) {
    count += own.size;
  }
  for (const own of tasks.values()) {
    for (const task of own.values()) {
      count += task.executor_id === undefined ? 1 : 0;
    }
  }
  return count;
}

/** Apache Mesos puts all offers of a run into one event, however long. */
function sendOffers(
  state: MasterState,
  framework: Framework,
  offers: readonly OutstandingOffer[],
): void {
  framework.counters.offersSent += offers.length;
  for (let from = 0; from < offers.length; from += MAX_OFFERS_PER_EVENT) {
    const part = offers.slice(from, from + MAX_OFFERS_PER_EVENT);
    sendToFramework(state, framework, {
      type: SchedulerEvent_Type.OFFERS,
      offers: { offers: part.map((offer) => offerEvent(state, offer)) },
    });
  }
}

const nextOfferId = (state: MasterState): OfferId =>
  offerId(`${state.options.id}-O${state.nextOffer++}`);

function addOffer(state: MasterState, grant: Grant): OutstandingOffer {
  const offer: OutstandingOffer = { ...grant, id: nextOfferId(state), madeMs: state.nowMs };
  state.offers.set(offer.id, offer);
  offer.framework.offers.add(offer);
  offer.agent.offers.add(offer);
  if (state.options.offerTimeoutMs !== undefined) {
    setTimer(state, `offer/${offer.id}`, state.options.offerTimeoutMs);
  }
  return offer;
}

function agentUrl(agent: Agent): URL {
  const pid = parsePid(agent.pid);
  return {
    scheme: 'http',
    address: { hostname: agent.info.hostname, ip: agent.ip, port: pid?.port ?? 0 },
    path: `/${pid?.id ?? ''}`,
  };
}

/** The offer as it stands, in the master's own form of resources. */
export function offerMessage(state: MasterState, offer: OutstandingOffer): Offer {
  const { agent, framework } = offer;
  const message: Offer = {
    id: { value: offer.id },
    framework_id: framework.idMessage,
    agent_id: { value: agent.id },
    hostname: agent.info.hostname,
    url: agentUrl(agent),
    resources: offer.resources,
    allocation_info: { role: offer.role },
  };
  if (agent.info.domain !== undefined) {
    message.domain = agent.info.domain;
  }
  if (agent.info.attributes !== undefined && agent.info.attributes.length > 0) {
    message.attributes = agent.info.attributes;
  }
  const executors = agent.executors.get(framework.id);
  if (executors !== undefined && executors.size > 0) {
    message.executor_ids = [...executors.keys()].map((value) => ({ value }));
  }
  const unavailability = machineOf(state, agent)?.info.unavailability;
  if (unavailability !== undefined) {
    message.unavailability = unavailability;
  }
  return message;
}

/** The offer in the form that the framework's capabilities ask for. */
function offerEvent(state: MasterState, offer: OutstandingOffer): Offer {
  const { multiRole, reservationRefinement } = offer.framework.capabilities;
  const message = offerMessage(state, offer);
  const resources: Resource[] = [];
  for (const resource of offer.resources) {
    if (resource.name !== 'ephemeral_ports') {
      const own = multiRole ? resource : withoutAllocation(resource);
      resources.push(reservationRefinement ? own : toRoleAndReservation(own));
    }
  }
  message.resources = resources;
  if (!multiRole) {
    delete message.allocation_info;
  }
  return message;
}

function inverseOffers(
  state: MasterState,
  decided: Decisions['inverse'],
): Map<Framework, InverseOffer[]> {
  const made = new Map<Framework, InverseOffer[]>();
  for (const { framework, agent } of decided) {
    const unavailability = machineOf(state, agent)?.info.unavailability;
    if (
      framework.state !== 'connected' ||
      !framework.active ||
      !agent.active ||
      unavailability === undefined
    ) {
      continue;
    }
    const id = nextOfferId(state);
    const message: InverseOffer = {
      id: { value: id },
      url: agentUrl(agent),
      framework_id: framework.idMessage,
      agent_id: { value: agent.id },
      unavailability,
    };
    const inverseOffer = { id, framework, agent, message, madeMs: state.nowMs };
    state.inverseOffers.set(id, inverseOffer);
    framework.inverseOffers.add(inverseOffer);
    agent.inverseOffers ??= new Set();
    agent.inverseOffers.add(inverseOffer);
    if (state.options.offerTimeoutMs !== undefined) {
      setTimer(state, `offer/${id}`, state.options.offerTimeoutMs);
    }
    made.set(framework, [...(made.get(framework) ?? []), message]);
  }
  return made;
}
