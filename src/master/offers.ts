// Offers and inverse offers: made from the allocator's decisions, taken back, answered.
import type { OfferBatch } from '../core/interface.ts';
import {
  type InverseOffer,
  type Offer,
  type Resource,
  SchedulerEvent_Type,
  type URL,
} from '../model/generated/messages.ts';
import { type OfferId, offerId } from '../model/ids.ts';
import { parsePid } from '../model/pid.ts';
import { toRoleAndReservation, withoutAllocation } from '../model/resource-format.ts';
import { machineOf } from './machines.ts';
import { clearTimer, sendToFramework, setTimer } from './outbox.ts';
import type {
  Agent,
  Framework,
  MasterState,
  OutstandingInverseOffer,
  OutstandingOffer,
} from './state.ts';

const runTimer = 'allocate';
const batchTimer = 'allocation-batch';

/** Asks for a run over what changed, once per turn of the event loop, however many events ask. */
export function scheduleRun(state: MasterState): void {
  if (!state.runScheduled && state.recovered && state.allocator.hasPending) {
    state.runScheduled = true;
    state.runAskedMs = state.nowMs;
    setTimer(state, runTimer, 0);
  }
}

export function startBatches(state: MasterState): void {
  setTimer(state, batchTimer, state.options.allocationIntervalMs);
}

export function runPending(state: MasterState): void {
  state.runScheduled = false;
  state.counters.runLatencies.add(state.nowMs - state.runAskedMs);
  makeOffers(
    state,
    measured(state, () => state.allocator.runPending()),
  );
}

export function runBatch(state: MasterState): void {
  startBatches(state);
  makeOffers(
    state,
    measured(state, () => state.allocator.runBatch()),
  );
}

function measured(state: MasterState, run: () => OfferBatch): OfferBatch {
  const { stopwatch = () => 0 } = state.options;
  const startMs = stopwatch();
  const batch = run();
  state.counters.allocationRuns++;
  state.counters.runDurations.add(stopwatch() - startMs);
  return batch;
}

interface Made {
  readonly framework: Framework;
  readonly offers: OutstandingOffer[];
}

/** Turns a batch into events, one OFFERS and one INVERSE_OFFERS a framework. */
function makeOffers(state: MasterState, batch: OfferBatch): void {
  // All is read out before anything else is asked of the allocator: a batch lasts until then.
  const made = new Map<string, Made>();
  const impossible: (() => void)[] = [];
  for (let i = 0; i < batch.count; i++) {
    const framework = state.frameworks.registered.get(batch.frameworkId(i));
    const agent = state.agents.registered.get(batch.agentId(i));
    const role = batch.role(i);
    const resources = batch.resources(i);
    if (framework?.state !== 'connected' || !framework.active || agent?.active !== true) {
      const holding = { frameworkId: batch.frameworkId(i), agentId: batch.agentId(i), role };
      impossible.push(() => state.allocator.recover({ ...holding, resources, wasUsed: false }));
      continue;
    }
    const offer = addOffer(state, { framework, agent, role, resources });
    const others = made.get(framework.id);
    if (others === undefined) {
      made.set(framework.id, { framework, offers: [offer] });
    } else {
      others.offers.push(offer);
    }
  }
  const inverse = inverseOffers(state, batch);
  for (const giveBack of impossible) {
    giveBack();
  }
  for (const { framework, offers } of made.values()) {
    framework.counters.offersSent += offers.length;
    const messages = offers.map((offer) => offerEvent(state, offer));
    sendToFramework(state, framework, {
      type: SchedulerEvent_Type.OFFERS,
      offers: { offers: messages },
    });
  }
  for (const [framework, messages] of inverse) {
    sendToFramework(state, framework, {
      type: SchedulerEvent_Type.INVERSE_OFFERS,
      inverse_offers: { inverse_offers: messages },
    });
  }
}

const nextOfferId = (state: MasterState): OfferId =>
  offerId(`${state.options.id}-O${state.nextOffer++}`);

function addOffer(state: MasterState, fields: Omit<OutstandingOffer, 'id'>): OutstandingOffer {
  const offer: OutstandingOffer = { id: nextOfferId(state), ...fields };
  state.offers.set(offer.id, offer);
  offer.framework.offers.add(offer);
  offer.agent.offers.add(offer);
  if (state.options.offerTimeoutMs !== undefined) {
    setTimer(state, `offer/${offer.id}`, state.options.offerTimeoutMs);
  }
  return offer;
}

export function agentUrl(agent: Agent): URL {
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
  if (agent.info.domain !== undefined) message.domain = agent.info.domain;
  if (agent.info.attributes !== undefined && agent.info.attributes.length > 0) {
    message.attributes = agent.info.attributes;
  }
  const executors = agent.executors.get(framework.id);
  if (executors !== undefined && executors.size > 0) {
    message.executor_ids = [...executors.keys()].map((value) => ({ value }));
  }
  const unavailability = machineOf(state, agent)?.info.unavailability;
  if (unavailability !== undefined) message.unavailability = unavailability;
  return message;
}

/** The offer in the form that the framework's capabilities ask for. */
function offerEvent(state: MasterState, offer: OutstandingOffer): Offer {
  const { multiRole, reservationRefinement } = offer.framework.capabilities;
  const message = offerMessage(state, offer);
  let resources = offer.resources.filter(({ name }) => name !== 'ephemeral_ports');
  if (!multiRole) {
    delete message.allocation_info;
    resources = resources.map(withoutAllocation);
  }
  if (!reservationRefinement) {
    resources = resources.map(toRoleAndReservation);
  }
  message.resources = resources;
  return message;
}

/** Takes the offer out of all books but the allocator's. */
export function removeOffer(state: MasterState, offer: OutstandingOffer): void {
  state.offers.delete(offer.id);
  offer.framework.offers.delete(offer);
  offer.agent.offers.delete(offer);
  if (state.options.offerTimeoutMs !== undefined) {
    clearTimer(state, `offer/${offer.id}`);
  }
}

/** Ends an offer; its resources are free again, filtered for so long if the framework declined. */
export function discardOffer(
  state: MasterState,
  offer: OutstandingOffer,
  refuseSeconds?: number | undefined,
): void {
  removeOffer(state, offer);
  giveOfferBack(state, offer, offer.resources, refuseSeconds);
}

export function giveOfferBack(
  state: MasterState,
  offer: Pick<OutstandingOffer, 'framework' | 'agent' | 'role'>,
  resources: readonly Resource[],
  refuseSeconds?: number | undefined,
): void {
  state.allocator.recover({
    frameworkId: offer.framework.id,
    agentId: offer.agent.id,
    role: offer.role,
    resources,
    wasUsed: false,
    refuseSeconds,
  });
}

/** Ends an offer and tells the framework. */
export function rescindOffer(state: MasterState, offer: OutstandingOffer): void {
  offer.framework.counters.offersRescinded++;
  sendToFramework(state, offer.framework, {
    type: SchedulerEvent_Type.RESCIND,
    rescind: { offer_id: { value: offer.id } },
  });
  discardOffer(state, offer);
}

/** All offers of an agent, inverse ones too, when it cannot be offered any more. */
export function rescindAgentOffers(state: MasterState, agent: Agent): void {
  for (const offer of [...agent.offers]) {
    rescindOffer(state, offer);
  }
  for (const inverseOffer of [...(agent.inverseOffers ?? [])]) {
    endInverseOffer(state, inverseOffer, { rescind: true });
  }
}

export function offerTimedOut(state: MasterState, id: OfferId): void {
  const offer = state.offers.get(id);
  if (offer !== undefined) {
    rescindOffer(state, offer);
  }
  const inverseOffer = state.inverseOffers.get(id);
  if (inverseOffer !== undefined) {
    endInverseOffer(state, inverseOffer, { rescind: true });
  }
}

function inverseOffers(state: MasterState, batch: OfferBatch): Map<Framework, InverseOffer[]> {
  const made = new Map<Framework, InverseOffer[]>();
  for (let i = 0; i < batch.inverseCount; i++) {
    const framework = state.frameworks.registered.get(batch.inverseFrameworkId(i));
    const agent = state.agents.registered.get(batch.inverseAgentId(i));
    const unavailability = agent && machineOf(state, agent)?.info.unavailability;
    if (
      framework?.state !== 'connected' ||
      !framework.active ||
      agent?.active !== true ||
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
    const inverseOffer = { id, framework, agent, message };
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

export function removeInverseOffer(state: MasterState, it: OutstandingInverseOffer): void {
  state.inverseOffers.delete(it.id);
  it.framework.inverseOffers.delete(it);
  it.agent.inverseOffers?.delete(it);
  if (state.options.offerTimeoutMs !== undefined) {
    clearTimer(state, `offer/${it.id}`);
  }
}

/** Ends an inverse offer that was not answered. */
export function endInverseOffer(
  state: MasterState,
  it: OutstandingInverseOffer,
  options: { readonly rescind: boolean },
): void {
  removeInverseOffer(state, it);
  state.allocator.answerInverseOffer({ frameworkId: it.framework.id, agentId: it.agent.id });
  if (options.rescind) {
    sendToFramework(state, it.framework, {
      type: SchedulerEvent_Type.RESCIND_INVERSE_OFFER,
      rescind_inverse_offer: { inverse_offer_id: { value: it.id } },
    });
  }
}
