// Reservations and volumes that an operator makes or ends, on resources that no task uses.
import { enumNames } from '../../model/enum-names.ts';
import {
  type Offer_Operation,
  Offer_Operation_Type,
  type Resource,
  SchedulerEvent_Type,
  type Value_Scalar,
} from '../../model/generated/messages.ts';
import { type AgentId, agentId, type RequestId } from '../../model/ids.ts';
import { operationResources } from '../../model/operation-resources.ts';
import {
  toReservationList,
  toReservationLists,
  withoutAllocation,
  withoutLastReservation,
  withoutVolume,
} from '../../model/resource-format.ts';
import { resourceError, resourcesError } from '../../model/resource-validation.ts';
import type { Principal } from '../../security/principal.ts';
import { usedOn } from '../agents/usage.ts';
import { ask } from '../offers/allocator-recovery.ts';
import { DEFAULT_REFUSE_SECONDS, discardOffer } from '../offers/rescind.ts';
import { hasNames } from '../offers/resource-names.ts';
import { publishAgentUpdated } from '../operators/subscribers.ts';
import { reply, sendToFramework } from '../outbox.ts';
import { rolesOf, rolesRoomError } from '../roles/room.ts';
import type { Agent, MasterState, OutstandingOffer } from '../state.ts';
import { distinctError } from '../validation/accept.ts';
import { countError, MAX_CONVERTED } from '../validation/count.ts';
import { operationError } from '../validation/operation.ts';
import { operationSizeError } from '../validation/size.ts';
import { deniedAction } from './authorization.ts';
import { applyOperation } from './operations.ts';

export interface OperatorOperation {
  readonly agentId: string | undefined;
  readonly principal: Principal | undefined;
  readonly request: RequestId;
}

interface Volume {
  readonly volume: Resource;
}

export const reserveOperation = (
  resources: readonly Resource[] | undefined,
  source: readonly Resource[] | undefined,
): Offer_Operation => ({
  type: Offer_Operation_Type.RESERVE,
  reserve: {
    resources: toReservationLists(resources),
    ...((source?.length ?? 0) > 0 && { source: toReservationLists(source) }),
  },
});

export const unreserveOperation = (
  resources: readonly Resource[] | undefined,
): Offer_Operation => ({
  type: Offer_Operation_Type.UNRESERVE,
  unreserve: { resources: toReservationLists(resources) },
});

export const createOperation = (volumes: readonly Resource[] | undefined): Offer_Operation => ({
  type: Offer_Operation_Type.CREATE,
  create: { volumes: toReservationLists(volumes) },
});

export const destroyOperation = (volumes: readonly Resource[] | undefined): Offer_Operation => ({
  type: Offer_Operation_Type.DESTROY,
  destroy: { volumes: toReservationLists(volumes) },
});

export const growOperation = ({
  volume,
  addition,
}: Volume & { readonly addition: Resource }): Offer_Operation => ({
  type: Offer_Operation_Type.GROW_VOLUME,
  grow_volume: { volume: toReservationList(volume), addition: toReservationList(addition) },
});

export const shrinkOperation = ({
  volume,
  subtract,
}: Volume & { readonly subtract: Value_Scalar }): Offer_Operation => ({
  type: Offer_Operation_Type.SHRINK_VOLUME,
  shrink_volume: { volume: toReservationList(volume), subtract },
});

/** Why the resources of a call are not valid; they are not in the list form yet. */
export const inputError = (...lists: (readonly Resource[] | undefined)[]) => {
  for (const list of lists) {
    const error =
      countError('The list of resources', list?.length ?? 0, MAX_CONVERTED) ?? resourcesError(list);
    if (error !== undefined) {
      return error;
    }
  }
  return undefined;
};

export const oneInputError = (...resources: Resource[]) => {
  for (const resource of resources) {
    const error = resourceError(resource);
    if (error !== undefined) {
      return error;
    }
  }
  return undefined;
};

/** Checks, takes back the offers that hold what is needed, and carries the operation out. */
export function operate(
  state: MasterState,
  who: OperatorOperation,
  operation: Offer_Operation,
): void {
  const { principal, request } = who;
  const id: AgentId = agentId(who.agentId ?? '');
  const agent = state.agents.registered.get(id);
  if (agent === undefined) {
    reply(state, request, 400, 'No agent found with specified ID');
    return;
  }
  if (deniedAction(state, principal, operation) !== undefined) {
    reply(state, request, 403);
    return;
  }
  const actor = { agent, algebra: state.algebra, principal: principal?.value };
  const error = operationError(operation, actor, () => usedOn(agent));
  if (error !== undefined) {
    reply(state, request, 400, `Invalid ${typeName(operation.type) ?? ''} operation: ${error}`);
    return;
  }
  if (!hasNames(agent.total, operationResources(operation))) {
    reply(state, request, 409, 'The agent has no such resources');
    return;
  }
  const tooMany =
    distinctError(agent.total.length, operation) ??
    rolesRoomError(state, rolesOf([operationResources(operation)])) ??
    operationSizeError(agent, operation);
  if (tooMany !== undefined) {
    reply(state, request, 409, tooMany);
    return;
  }
  freeOffered(state, agent, operation);
  const applied = ask(state, (allocator) => allocator.updateAvailable(id, operation));
  if (!applied.ok) {
    reply(state, request, 409, applied.why);
    return;
  }
  agent.total = applied.resources;
  publishAgentUpdated(state, agent);
  applyOperation(state, agent, undefined, operation);
  reply(state, request, 202);
}

const typeName = enumNames(Offer_Operation_Type);

/** The resources that the operation takes, as they are before it. */
function requiredResources(state: MasterState, operation: Offer_Operation): Resource[] {
  const { reserve, unreserve, create, destroy, grow_volume, shrink_volume } = operation;
  if (reserve !== undefined) {
    return (reserve.source?.length ?? 0) > 0
      ? (reserve.source ?? [])
      : (reserve.resources ?? []).map(withoutLastReservation);
  }
  if (create !== undefined) {
    return (create.volumes ?? []).map(withoutVolume);
  }
  if (grow_volume !== undefined) {
    return state.algebra.add([grow_volume.volume], [grow_volume.addition]);
  }
  if (shrink_volume !== undefined) {
    return [shrink_volume.volume];
  }
  return unreserve?.resources ?? destroy?.volumes ?? [];
}

/**
 * Rescinds offers that hold some of what the operation needs, until enough is free. The frameworks'
 * filters keep them from being offered the same at once.
 */
function freeOffered(state: MasterState, agent: Agent, operation: Offer_Operation): void {
  let required = requiredResources(state, operation);
  let freed: Resource[] = [];
  for (const offer of [...agent.offers]) {
    const resources = offer.resources.map(withoutAllocation);
    const left = state.algebra.subtract(required, resources);
    if (state.algebra.equal(left, required)) {
      continue;
    }
    required = left;
    freed = state.algebra.add(freed, resources);
    rescindWithFilter(state, offer);
    if (state.algebra.apply(freed, operation).ok) {
      break;
    }
  }
}

function rescindWithFilter(state: MasterState, offer: OutstandingOffer): void {
  offer.framework.counters.offersRescinded++;
  sendToFramework(state, offer.framework, {
    type: SchedulerEvent_Type.RESCIND,
    rescind: { offer_id: { value: offer.id } },
  });
  discardOffer(state, offer, DEFAULT_REFUSE_SECONDS);
}
