// The offers on the table, as the operator API shows them.
import type {
  MasterResponse_GetOffers,
  MasterResponse_GetOffers_OutstandingInverseOffer,
  MasterResponse_GetOffers_OutstandingOffer,
} from '../../model/generated/messages.ts';
import { toEndpointFormat } from '../../model/resource-format.ts';
import { shownResources } from '../../model/role-sight.ts';
import { timeOf } from '../../model/time-info.ts';
import type { Framework, MasterState } from '../state.ts';
import type { Viewer } from '../views.ts';
import { roleSightOf, seesFramework } from './visibility.ts';

/** Both kinds in the order in which they were made. */
export function getOffers(state: MasterState, viewer: Viewer): MasterResponse_GetOffers {
  const { offerTimeoutMs } = state.options;
  const sees = roleSightOf(viewer);
  const visible = new Map<Framework, boolean>();
  const seesHolder = ({ framework }: { readonly framework: Framework }) => {
    const seen = visible.get(framework) ?? seesFramework(viewer, framework);
    visible.set(framework, seen);
    return seen;
  };
  const times = (madeMs: number) => ({
    made_time: timeOf(madeMs),
    ...(offerTimeoutMs !== undefined && { end_time: timeOf(madeMs + offerTimeoutMs) }),
  });
  const offers: MasterResponse_GetOffers_OutstandingOffer[] = [];
  for (const offer of state.offers.values()) {
    if (seesHolder(offer) && sees(offer.role)) {
      offers.push({
        offer_id: { value: offer.id },
        framework_id: offer.framework.idMessage,
        agent_id: { value: offer.agent.id },
        role: offer.role,
        resources: shownResources(offer.resources, sees).map(toEndpointFormat),
        ...times(offer.madeMs),
      });
    }
  }
  const inverse_offers: MasterResponse_GetOffers_OutstandingInverseOffer[] = [];
  for (const inverse of state.inverseOffers.values()) {
    if (seesHolder(inverse)) {
      inverse_offers.push({
        inverse_offer_id: { value: inverse.id },
        framework_id: inverse.framework.idMessage,
        agent_id: { value: inverse.agent.id },
        unavailability: inverse.message.unavailability,
        ...times(inverse.madeMs),
      });
    }
  }
  return {
    ...(offers.length > 0 && { offers }),
    ...(inverse_offers.length > 0 && { inverse_offers }),
  };
}
