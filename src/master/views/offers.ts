// The offers on the table, as the operator API shows them.
import type {
  MasterCall_GetOffers,
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

/** An offer or inverse offer, as far as it is asked about. */
interface Held {
  readonly framework: Framework;
  readonly madeMs: number;
}

/** Both kinds in the order in which they were made. */
export function getOffers(
  state: MasterState,
  { framework_id, older_than, limit = Number.POSITIVE_INFINITY }: MasterCall_GetOffers,
  viewer: Viewer,
): MasterResponse_GetOffers {
  const { offerTimeoutMs } = state.options;
  const sees = roleSightOf(viewer);
  const visible = new Map<Framework, boolean>();
  const olderThanMs = Number(older_than?.nanoseconds ?? -1n) / 1e6;
  const isMeant = ({ framework, madeMs }: Held) => {
    if (state.nowMs - madeMs <= olderThanMs) {
      return false;
    }
    const seen =
      visible.get(framework) ??
      ((framework_id === undefined || framework.id === framework_id.value) &&
        seesFramework(viewer, framework));
    visible.set(framework, seen);
    return seen;
  };
  let more = 0;
  const hasRoom = (list: readonly unknown[]) => {
    const room = list.length < limit;
    more += room ? 0 : 1;
    return room;
  };
  const times = (madeMs: number) => ({
    made_time: timeOf(madeMs),
    ...(offerTimeoutMs !== undefined && { end_time: timeOf(madeMs + offerTimeoutMs) }),
  });
  const offers: MasterResponse_GetOffers_OutstandingOffer[] = [];
  for (const offer of state.offers.values()) {
    if (isMeant(offer) && sees(offer.role) && hasRoom(offers)) {
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
    if (isMeant(inverse) && hasRoom(inverse_offers)) {
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
    ...(more > 0 && { more }),
  };
}
