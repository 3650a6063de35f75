// The authorization of operations on resources: which actions an operation needs, and on which
// resources.
import {
  type Offer_Operation,
  type Offer_Operation_Reserve,
  Offer_Operation_Type,
  type Resource,
  Resource_DiskInfo_Source_Type,
} from '../../model/generated/messages.ts';
import { commonReservations } from '../../model/resource-format.ts';
import type { Action } from '../../security/authorizer.ts';
import type { Principal } from '../../security/principal.ts';
import { mayDo } from '../outbox.ts';
import type { MasterState } from '../state.ts';

interface Step {
  readonly action: Action;
  readonly resource: Resource;
}

const steps = (action: Action, resources: readonly Resource[] = []): Step[] =>
  resources.map((resource) => ({ action, resource }));

/** The first action of the operation that the principal may not do; undefined: it may do all. */
export function deniedAction(
  state: MasterState,
  principal: Principal | undefined,
  operation: Offer_Operation,
): Action | undefined {
  return stepsOf(operation).find(({ action, resource }) => {
    return !mayDo(state, principal, action, { resource });
  })?.action;
}

export function stepsOf(operation: Offer_Operation): Step[] {
  switch (operation.type) {
    case Offer_Operation_Type.RESERVE:
      return operation.reserve === undefined ? [] : reserveSteps(operation.reserve);
    case Offer_Operation_Type.UNRESERVE:
      return steps('UNRESERVE_RESOURCES', operation.unreserve?.resources);
    case Offer_Operation_Type.CREATE:
      return steps('CREATE_VOLUME', operation.create?.volumes);
    case Offer_Operation_Type.DESTROY:
      return steps('DESTROY_VOLUME', operation.destroy?.volumes);
    case Offer_Operation_Type.GROW_VOLUME:
      return steps('RESIZE_VOLUME', present(operation.grow_volume?.volume));
    case Offer_Operation_Type.SHRINK_VOLUME:
      return steps('RESIZE_VOLUME', present(operation.shrink_volume?.volume));
    case Offer_Operation_Type.CREATE_DISK: {
      const { source, target_type } = operation.create_disk ?? {};
      return diskSteps(CREATIONS[target_type ?? 0], source);
    }
    case Offer_Operation_Type.DESTROY_DISK: {
      const source = operation.destroy_disk?.source;
      return diskSteps(DESTRUCTIONS[source?.disk?.source?.type ?? 0], source);
    }
    default:
      return [];
  }
}

/**
 * The steps of a RESERVE with a source: reservations that the source has and the result has not are
 * taken off, level by level, and then the new ones are put on.
 */
function reserveSteps({ source = [], resources = [] }: Offer_Operation_Reserve): Step[] {
  if (source.length === 0) {
    return steps('RESERVE_RESOURCES', resources);
  }
  const common = commonReservations([...source, ...resources]);
  return [
    ...source.flatMap((it) => steps('UNRESERVE_RESOURCES', levelsAbove(it, common))),
    ...resources.flatMap((it) => steps('RESERVE_RESOURCES', levelsAbove(it, common))),
  ];
}

/** The resource with all of its reservations, and with each of the fewer ones above the common. */
function levelsAbove(resource: Resource, common: number): Resource[] {
  const { reservations = [] } = resource;
  return reservations
    .map((_, level) => ({ ...resource, reservations: reservations.slice(0, level + 1) }))
    .slice(common);
}

const CREATIONS: Readonly<Record<number, Action>> = {
  [Resource_DiskInfo_Source_Type.MOUNT]: 'CREATE_MOUNT_DISK',
  [Resource_DiskInfo_Source_Type.BLOCK]: 'CREATE_BLOCK_DISK',
};
const DESTRUCTIONS: Readonly<Record<number, Action>> = {
  [Resource_DiskInfo_Source_Type.MOUNT]: 'DESTROY_MOUNT_DISK',
  [Resource_DiskInfo_Source_Type.BLOCK]: 'DESTROY_BLOCK_DISK',
  [Resource_DiskInfo_Source_Type.RAW]: 'DESTROY_RAW_DISK',
};

const diskSteps = (action: Action | undefined, source: Resource | undefined) =>
  action === undefined ? [] : steps(action, present(source));

export const present = (resource: Resource | undefined) =>
  resource === undefined ? [] : [resource];
