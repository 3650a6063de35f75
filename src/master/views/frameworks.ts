// Frameworks, as the operator API shows them.
import type {
  MasterResponse_GetFrameworks_Framework,
  Offer,
  Resource,
} from '../../model/generated/messages.ts';
import { executorId } from '../../model/ids.ts';
import { toEndpointFormat } from '../../model/resource-format.ts';
import {
  type RoleSight,
  shownConstraints,
  shownFramework,
  shownInverseOffer,
  shownOffer,
  shownResources,
} from '../../model/role-sight.ts';
import { timeOf } from '../../model/time-info.ts';
import { offerMessage } from '../offers/offers.ts';
import type { Framework, MasterState, OutstandingOffer } from '../state.ts';
import type { Viewer } from '../views.ts';
import { offeredToFramework, usedByFramework } from './usage.ts';
import { seesExecutor } from './visibility.ts';

type View = MasterResponse_GetFrameworks_Framework;

const common = (framework: Framework, sees: RoleSight): View => ({
  framework_info: shownFramework(framework.info, sees),
  active: framework.active,
  connected: framework.state === 'connected',
  recovered: framework.state === 'recovered',
});

/** A framework of the event stream: all its times, set or not, and nothing of what it holds. */
export function frameworkView(framework: Framework, sees: RoleSight): View {
  return {
    ...common(framework, sees),
    registered_time: timeOf(framework.registeredMs),
    reregistered_time: timeOf(framework.reregisteredMs),
    unregistered_time: timeOf(framework.unregisteredMs),
  };
}

/** A framework of the read calls: the times that it has, its offers, and what it holds. */
export function frameworkDetails(
  state: MasterState,
  framework: Framework,
  viewer: Viewer,
  sees: RoleSight,
): View {
  const view = common(framework, sees);
  const endpoint = (resources: readonly Resource[]) =>
    shownResources(resources, sees).map(toEndpointFormat);
  const offers = [...framework.offers].flatMap(
    (offer) => shownOffer(visibleOffer(state, offer, viewer), sees) ?? [],
  );
  const inverseOffers = [...framework.inverseOffers].map(({ message }) =>
    shownInverseOffer(message, sees),
  );
  const used = endpoint(usedByFramework(state, framework));
  const offered = endpoint(offeredToFramework(state, framework));
  if (offers.length > 0) {
    view.offers = offers;
  }
  if (inverseOffers.length > 0) {
    view.inverse_offers = inverseOffers;
  }
  if (used.length > 0) {
    view.allocated_resources = used;
  }
  if (offered.length > 0) {
    view.offered_resources = offered;
  }
  view.registered_time = timeOf(framework.registeredMs);
  view.reregistered_time = timeOf(framework.reregisteredMs);
  if (framework.unregisteredMs > 0) {
    view.unregistered_time = timeOf(framework.unregisteredMs);
  }
  view.offer_constraints = shownConstraints(framework.constraints ?? {}, sees);
  return view;
}

/** An offer with the ids of those executors that the viewer may see. */
function visibleOffer(state: MasterState, offer: OutstandingOffer, viewer: Viewer): Offer {
  const { executor_ids, ...message } = offerMessage(state, offer);
  const { agent, framework } = offer;
  const visible = executor_ids?.filter(({ value }) => {
    const info = framework.executors.get(agent.id)?.get(executorId(value));
    return info === undefined || seesExecutor(viewer, framework, info);
  });
  return (visible?.length ?? 0) === 0 ? message : { ...message, executor_ids: visible ?? [] };
}
