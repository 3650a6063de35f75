// Whether a reservation or volume operation may be made, by a framework (on what it was offered) or
// by an operator.

import type { ResourceAlgebra } from '../../core/interface.ts';
import { frameworkRoles } from '../../model/capabilities.ts';
import { sameMessage } from '../../model/equality.ts';
import {
  type FrameworkInfo,
  FrameworkInfo_Capability_Type,
  type Offer_Operation,
  type Offer_Operation_Reserve,
  Offer_Operation_Type,
  type Resource,
} from '../../model/generated/messages.ts';
import { operationResources } from '../../model/operation-resources.ts';
import {
  commonReservations,
  hasRefinedReservation,
  isDynamicallyReserved,
  isReserved,
  reservationRole,
  withoutAllocation,
} from '../../model/resource-format.ts';
import { resourcesText, resourceText } from '../../model/resource-label.ts';
import { resourceError } from '../../model/resource-validation.ts';
import { checkpointedResources } from '../agents/usage.ts';
import { hasNames } from '../offers/resource-names.ts';
import type { Agent } from '../state.ts';
import {
  isMountDisk,
  isVolume,
  persistenceIdsError,
  singleProviderError,
  singleRoleError,
  usedResourcesError,
  volumesError,
} from './resources.ts';

/** The framework or operator that wants the operation, and its agent. */
export interface Actor {
  readonly agent: Agent;
  readonly algebra: ResourceAlgebra;
  /** Absent: an operator. */
  readonly framework?: FrameworkInfo | undefined;
  readonly principal?: string | undefined;
}

/** What all tasks and executors of the agent use. Asked for only where it matters. */
export type UsedResources = () => readonly Resource[];

export function operationError(
  operation: Offer_Operation,
  actor: Actor,
  used: UsedResources,
): string | undefined {
  const error = kindError(operation, actor, used);
  return error === undefined ? undefined : `${error}; on agent ${actor.agent.id}`;
}

function kindError(
  operation: Offer_Operation,
  actor: Actor,
  used: UsedResources,
): string | undefined {
  switch (operation.type) {
    case Offer_Operation_Type.RESERVE:
      return operation.reserve && reserveError(operation, operation.reserve, actor);
    case Offer_Operation_Type.UNRESERVE:
      return unreserveError(operation.unreserve?.resources ?? []);
    case Offer_Operation_Type.CREATE:
      return createError(operation.create?.volumes ?? [], actor);
    case Offer_Operation_Type.DESTROY:
      return destroyError(operation.destroy?.volumes ?? [], actor.agent, used);
    case Offer_Operation_Type.GROW_VOLUME:
      return operation.grow_volume && growError(operation.grow_volume, actor.agent);
    case Offer_Operation_Type.SHRINK_VOLUME:
      return operation.shrink_volume && shrinkError(operation.shrink_volume, actor.agent);
    default:
      return 'Resource provider operations are not supported on this agent';
  }
}

const invalid = (error: string | undefined, prefix = 'Invalid resources: ') =>
  error === undefined ? undefined : prefix + error;

function reserveError(
  operation: Offer_Operation,
  { resources = [], source = [] }: Offer_Operation_Reserve,
  actor: Actor,
): string | undefined {
  const error =
    invalid(usedResourcesError(resources)) ??
    invalid(singleProviderError(resources)) ??
    (source.length === 0 ? undefined : sourceError(source, resources, actor));
  if (error !== undefined) {
    return error;
  }
  for (const resource of resources) {
    const wrong =
      (isDynamicallyReserved(resource)
        ? undefined
        : `Resource ${resourceText(resource)} is not dynamically reserved`) ??
      agentFormError(resource, actor.agent, 'Resource', 'reserved') ??
      reservePrincipalError(resource, actor.principal) ??
      allocationError(resource, actor);
    if (wrong !== undefined) {
      return wrong;
    }
  }
  const unbalanced = balanceError(operation, actor);
  if (unbalanced !== undefined) {
    return unbalanced;
  }
  return actor.framework === undefined
    ? undefined
    : invalid(singleRoleError(resources), 'Invalid reservation resources: ');
}

/**
 * All of the source are reserved alike, and so are all that it becomes: one answer is true of each.
 */
function sourceError(
  source: readonly Resource[],
  resources: readonly Resource[],
  { principal }: Actor,
): string | undefined {
  const error =
    invalid(usedResourcesError(source), 'Invalid source: ') ??
    invalid(mixedError(source), 'Invalid source: ') ??
    invalid(mixedError(resources));
  if (error !== undefined) {
    return error;
  }
  for (const resource of source) {
    if (resource.allocation_info !== undefined) {
      return `Invalid source: Resource ${resourceText(resource)} is allocated to a role`;
    }
    if (resource.revocable !== undefined || resource.shared !== undefined) {
      return `Invalid source: Resource ${resourceText(resource)} is revocable or shared`;
    }
  }
  const common = commonReservations([...source, ...resources]);
  for (const reservation of resources[0]?.reservations?.slice(common) ?? []) {
    const level = { ...resources[0], reservations: [reservation] } as Resource;
    const wrong = reservePrincipalError(level, principal);
    if (wrong !== undefined) {
      return wrong;
    }
  }
  return undefined;
}

function mixedError(resources: readonly Resource[]): string | undefined {
  const [first] = resources;
  if (first === undefined) {
    return 'Resource cannot be empty';
  }
  return resources.every((it) => sameMessage(it.reservations, first.reservations))
    ? undefined
    : `Mixed reservations are not supported: ${resourcesText(resources)}`;
}

/** Names that the agent does not have never get as far as the core. */
const balanceError = (operation: Offer_Operation, { agent, algebra }: Actor) =>
  hasNames(agent.total, operationResources(operation))
    ? algebra.operationError(operation)
    : undefined;

function agentFormError(
  resource: Resource,
  agent: Agent,
  noun: string,
  done: string,
): string | undefined {
  const role = reservationRole(resource);
  if (!agent.capabilities.hierarchicalRole && role.includes('/')) {
    return (
      `${noun} ${resourceText(resource)} with reservation for hierarchical role '${role}' cannot` +
      ` be ${done} on an agent without HIERARCHICAL_ROLE capability`
    );
  }
  return !agent.capabilities.reservationRefinement && hasRefinedReservation(resource)
    ? `${noun} ${resourceText(resource)} with reservation refinement cannot be ${done} on an` +
        ' agent without RESERVATION_REFINEMENT capability'
    : undefined;
}

function reservePrincipalError(
  resource: Resource,
  principal: string | undefined,
): string | undefined {
  if (principal === undefined) {
    return undefined;
  }
  const reserved = resource.reservations?.at(-1)?.principal;
  if (reserved === undefined) {
    return (
      `A reserve operation was attempted by principal '${principal}', but there is a reserved` +
      ' resource in the request with no principal set'
    );
  }
  return reserved === principal
    ? undefined
    : `A reserve operation was attempted by authenticated principal '${principal}', which does` +
        ` not match a reserved resource in the request with principal '${reserved}'`;
}

function allocationError(resource: Resource, { framework }: Actor): string | undefined {
  const allocated = resource.allocation_info?.role;
  if (framework === undefined) {
    return allocated === undefined
      ? undefined
      : 'A reserve operation was attempted with an allocated resource, but the operator API only' +
          ' allows reservations to be made to unallocated resources';
  }
  if (allocated === undefined) {
    return `A reserve operation was attempted on unallocated resource ${resourceText(resource)}`;
  }
  const role = reservationRole(resource);
  if (allocated !== role) {
    return (
      `A reserve operation was attempted for a resource with role '${role}', but the resource was` +
      ` allocated to role '${allocated}'`
    );
  }
  return frameworkRoles(framework).includes(role)
    ? undefined
    : `A reserve operation was attempted for a resource with role '${role}', but the framework can` +
        ` only reserve resources with roles '{ ${frameworkRoles(framework).join(', ')} }'`;
}

function unreserveError(resources: readonly Resource[]): string | undefined {
  const error = invalid(usedResourcesError(resources)) ?? invalid(singleProviderError(resources));
  if (error !== undefined) {
    return error;
  }
  for (const resource of resources) {
    if (!isDynamicallyReserved(resource)) {
      return `Resource ${resourceText(resource)} is not dynamically reserved`;
    }
    if (isVolume(resource)) {
      return (
        `A dynamically reserved persistent volume ${resourceText(resource)} cannot be unreserved` +
        ' directly. Please destroy the persistent volume first then unreserve the resource'
      );
    }
  }
  return undefined;
}

function createError(volumes: readonly Resource[], actor: Actor): string | undefined {
  const error =
    invalid(usedResourcesError(volumes)) ??
    invalid(singleProviderError(volumes)) ??
    invalid(volumesError(volumes), 'Not a persistent volume: ') ??
    persistenceIdsError([...checkpointedResources(actor.agent), ...volumes]);
  if (error !== undefined) {
    return error;
  }
  for (const volume of volumes) {
    const wrong =
      sharedError(volume, actor) ??
      agentFormError(volume, actor.agent, 'Volume', 'created') ??
      volumePrincipalError(volume, actor.principal);
    if (wrong !== undefined) {
      return wrong;
    }
  }
  return actor.framework === undefined
    ? undefined
    : invalid(singleRoleError(volumes), 'Invalid volume resources: ');
}

function sharedError(volume: Resource, { framework }: Actor): string | undefined {
  const canShare = framework?.capabilities?.some(
    ({ type }) => type === FrameworkInfo_Capability_Type.SHARED_RESOURCES,
  );
  return framework === undefined || volume.shared === undefined || canShare === true
    ? undefined
    : `Create volume operation for '${resourceText(volume)}' has been attempted by framework` +
        ` '${framework.id?.value}' with no SHARED_RESOURCES capability`;
}

function volumePrincipalError(volume: Resource, principal: string | undefined): string | undefined {
  const owner = volume.disk?.persistence?.principal;
  if (principal === undefined || principal === owner) {
    return undefined;
  }
  return owner === undefined
    ? `Create volume operation attempted by principal '${principal}', but there is a volume in` +
        " the operation with no principal set in 'disk.persistence'"
    : `Create volume operation attempted by authenticated principal '${principal}', which does` +
        ` not match a volume in the operation with principal '${owner}' set in` +
        " 'disk.persistence'";
}

function destroyError(
  resources: readonly Resource[],
  agent: Agent,
  used: UsedResources,
): string | undefined {
  const volumes = resources.map(withoutAllocation);
  const error =
    invalid(usedResourcesError(volumes)) ??
    invalid(singleProviderError(volumes)) ??
    invalid(volumesError(volumes), 'Not a persistent volume: ');
  if (error !== undefined) {
    return error;
  }
  const known = checkpointedResources(agent);
  if (!volumes.every((volume) => known.some((it) => sameVolume(it, volume)))) {
    return 'Persistent volumes not found';
  }
  const inUse = used().some((resource) =>
    volumes.some((volume) => sameVolume(withoutAllocation(resource), volume)),
  );
  return inUse ? 'Persistent volumes in use' : undefined;
}

/** The same volume: all but the way in which it is mounted. */
export function sameVolume(left: Resource, right: Resource): boolean {
  const identity = (resource: Resource) => ({
    ...resource,
    disk: { ...resource.disk, volume: undefined },
  });
  return isVolume(left) && isVolume(right) && sameMessage(identity(left), identity(right));
}

function growError(
  { volume, addition }: NonNullable<Offer_Operation['grow_volume']>,
  agent: Agent,
): string | undefined {
  const error =
    invalid(resourceError(volume), "Invalid resource in the 'GrowVolume.volume' field: ") ??
    invalid(resourceError(addition), "Invalid resource in the 'GrowVolume.addition' field: ");
  if (error !== undefined) {
    return error;
  }
  if (!((addition.scalar?.value ?? 0) > 0)) {
    return "The size of 'GrowVolume.addition' field must be greater than zero";
  }
  if (volume.provider_id !== undefined) {
    return 'Growing a volume from a resource provider is not supported';
  }
  const notVolume = volumesError([volume]);
  if (notVolume !== undefined) {
    return `Invalid persistent volume in the 'GrowVolume.volume' field: ${notVolume}`;
  }
  if (volume.shared !== undefined) {
    return 'Growing a shared persistent volume is not supported';
  }
  if (isMountDisk(volume) || !sameMessage(strippedVolume(volume), withoutScalar(addition))) {
    return "Incompatible resources in the 'GrowVolume.volume' and 'GrowVolume.addition' fields";
  }
  return agent.capabilities.resizeVolume
    ? undefined
    : `Volume ${resourceText(volume)} cannot be grown on an agent without RESIZE_VOLUME capability`;
}

const withoutScalar = ({ scalar: _, ...rest }: Resource) => rest;

/** The disk that a volume was made of. */
function strippedVolume(volume: Resource) {
  const { disk, ...rest } = withoutScalar(volume);
  return disk?.source === undefined ? rest : { ...rest, disk: { source: disk.source } };
}

function shrinkError(
  { volume, subtract }: NonNullable<Offer_Operation['shrink_volume']>,
  agent: Agent,
): string | undefined {
  const error = invalid(
    resourceError(volume),
    "Invalid resource in the 'ShrinkVolume.volume' field: ",
  );
  if (error !== undefined) {
    return error;
  }
  if (!(subtract.value > 0)) {
    return "Value of 'ShrinkVolume.subtract' must be greater than zero";
  }
  if ((volume.scalar?.value ?? 0) <= subtract.value) {
    return "Value of 'ShrinkVolume.subtract' must be smaller than the size of 'ShrinkVolume.volume'";
  }
  if (volume.provider_id !== undefined) {
    return 'Shrinking a volume from a resource provider is not supported';
  }
  if (isMountDisk(volume)) {
    return 'Shrinking a volume on a MOUNT disk is not supported';
  }
  const notVolume = volumesError([volume]);
  if (notVolume !== undefined) {
    return `Invalid persistent volume in the 'ShrinkVolume.volume' field: ${notVolume}`;
  }
  if (volume.shared !== undefined) {
    return 'Shrinking a shared persistent volume is not supported';
  }
  return agent.capabilities.resizeVolume && isReserved(volume)
    ? undefined
    : `Volume ${resourceText(volume)} cannot be shrunk on an agent without RESIZE_VOLUME capability`;
}
