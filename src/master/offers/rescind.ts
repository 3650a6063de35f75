// Offers that end without being accepted: rescinded, because an agent, a framework, a quota or a
// weight has changed, or a timeout has passed; discarded, because the framework has declined them
// or has no use for them any more. Inverse offers end in the same ways.
import { type Resource, SchedulerEvent_Type } from '../../model/generated/messages.ts';
import type { OfferId } from '../../model/ids.ts';
import { clearTimer, sendToFramework } from '../outbox.ts';
import type { Agent, MasterState, OutstandingInverseOffer, OutstandingOffer } from '../state.ts';

/** Seconds of a filter that names none. */
export const DEFAULT_REFUSE_SECONDS = 5;

/** Takes an offer out of the master's state; the caller tells the allocator. */
export function removeOffer(state: MasterState, offer: OutstandingOffer): void {
  state.offers.delete(offer.id);
  offer.framework.offers.delete(offer);
  offer.agent.offers.delete(offer);
  if (state.options.offerTimeoutMs !== undefined) {
    clearTimer(state, `offer/${offer.id}`);
  }
}

/**
 * Ends an offer: its resources are free again. After `refuseSeconds` the framework may be offered
 * them again.
 */
export function discardOffer(
  state: MasterState,
  offer: OutstandingOffer,
  refuseSeconds?: number | undefined,
): void {
  removeOffer(state, offer);
  giveOfferBack(state, offer, offer.resources, refuseSeconds);
}

/** Tells the allocator that offered resources are free again. */
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

/** Ends an offer that the framework has not answered, and tells the framework. */
export function rescindOffer(state: MasterState, offer: OutstandingOffer): void {
  offer.framework.counters.offersRescinded++;
  sendToFramework(state, offer.framework, {
    type: SchedulerEvent_Type.RESCIND,
    rescind: { offer_id: { value: offer.id } },
  });
  discardOffer(state, offer);
}

/** Rescinds all offers and inverse offers of an agent, which has changed or gets no more offers. */
export function rescindAgentOffers(state: MasterState, agent: Agent): void {
  withdrawGrants(state, agent);
  for (const offer of [...agent.offers]) {
    rescindOffer(state, offer);
  }
  for (const inverseOffer of [...(agent.inverseOffers ?? [])]) {
    endInverseOffer(state, inverseOffer, { rescind: true });
  }
}

/** Gives the grants on an agent back, of which no offers have been made yet. */
function withdrawGrants(state: MasterState, agent: Agent): void {
  for (let i = state.grants.length - 1; i >= 0; i--) {
    const grant = state.grants[i];
    if (grant?.agent === agent) {
      state.grants.splice(i, 1);
      giveOfferBack(state, grant, grant.resources);
    }
  }
}

/** --offer_timeout has passed. */
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

/** Takes an inverse offer out of the master's state; the caller tells the allocator. */
export function removeInverseOffer(
  state: MasterState,
  inverseOffer: OutstandingInverseOffer,
): void {
  state.inverseOffers.delete(inverseOffer.id);
  inverseOffer.framework.inverseOffers.delete(inverseOffer);
  inverseOffer.agent.inverseOffers?.delete(inverseOffer);
  if (state.options.offerTimeoutMs !== undefined) {
    clearTimer(state, `offer/${inverseOffer.id}`);
  }
}

/** Ends an inverse offer that the framework has not answered. */
export function endInverseOffer(
  state: MasterState,
  inverseOffer: OutstandingInverseOffer,
  options: { readonly rescind: boolean },
): void {
  removeInverseOffer(state, inverseOffer);
  state.allocator.answerInverseOffer({
    frameworkId: inverseOffer.framework.id,
    agentId: inverseOffer.agent.id,
  });
  if (options.rescind) {
    sendToFramework(state, inverseOffer.framework, {
      type: SchedulerEvent_Type.RESCIND_INVERSE_OFFER,
      rescind_inverse_offer: { inverse_offer_id: { value: inverseOffer.id } },
    });
  }
}
