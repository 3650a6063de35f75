// Whether the offers that an ACCEPT names can be used together by this framework.
import type { OfferID } from '../../model/generated/messages.ts';
import { offerId } from '../../model/ids.ts';
import type { Framework, MasterState, OutstandingOffer } from '../state.ts';

export type NamedOffers =
  | { readonly ok: true; readonly offers: readonly OutstandingOffer[] }
  | { readonly ok: false; readonly why: string };

const no = (why: string): NamedOffers => ({ ok: false, why });

export function namedOffers(
  state: MasterState,
  framework: Framework,
  ids: readonly OfferID[],
): NamedOffers {
  if (ids.length === 0) {
    return no('No offers specified');
  }
  const seen = new Set<string>();
  for (const { value } of ids) {
    if (seen.has(value)) {
      return no(`Duplicate offer ${value} in offer list`);
    }
    seen.add(value);
  }
  const offers: OutstandingOffer[] = [];
  for (const { value } of ids) {
    const offer = state.offers.get(offerId(value));
    if (offer === undefined) {
      return no(`Offer ${value} is no longer valid`);
    }
    offers.push(offer);
  }
  return togetherness(framework, offers);
}

function togetherness(framework: Framework, offers: readonly OutstandingOffer[]): NamedOffers {
  const [first] = offers;
  for (const offer of offers) {
    if (offer.framework !== framework) {
      return no(
        `Offer ${offer.id} has invalid framework ${offer.framework.id} while framework` +
          ` ${framework.id} is expected`,
      );
    }
  }
  for (const offer of offers) {
    if (offer.role !== first?.role) {
      return no(
        `Aggregated offers must be allocated to the same role. Offer ${offer.id} uses role` +
          ` '${offer.role} but another is using role '${first?.role}`,
      );
    }
  }
  for (const offer of offers) {
    if (offer.agent !== first?.agent) {
      return no(
        `Aggregated offers must belong to one single agent. Offer ${offer.id} uses agent` +
          ` ${offer.agent.id} and agent ${first?.agent.id}`,
      );
    }
  }
  return { ok: true, offers };
}
