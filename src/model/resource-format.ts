// The two ways to write a reservation. In memory a resource has a list (`reservations`, innermost
// last). Clients older than reservation refinement read and write the pair `role` and
// `reservation`; endpoints show both.
import { sameMessage } from './equality.ts';
import { type Resource, Resource_ReservationInfo_Type } from './generated/messages.ts';

/**
 * A resource with its reservations as a list. The resource must be valid, in either form; one that
 * already has the list, or has no reservation, is returned as it is.
 */
export function toReservationList(resource: Resource): Resource {
  if (resource.role === undefined && resource.reservation === undefined) {
    return resource;
  }
  const { role, reservation, ...rest } = resource;
  if ((resource.reservations?.length ?? 0) > 0 || role === undefined || role === '*') {
    return rest;
  }
  return {
    ...rest,
    reservations: [
      reservation === undefined
        ? { type: Resource_ReservationInfo_Type.STATIC, role }
        : { ...reservation, type: Resource_ReservationInfo_Type.DYNAMIC, role },
    ],
  };
}

export function toReservationLists(resources: readonly Resource[] | undefined): Resource[] {
  return (resources ?? []).map(toReservationList);
}

export const hasRefinedReservation = (resource: Resource) =>
  (resource.reservations?.length ?? 0) > 1;

/**
 * A resource with `role` and `reservation`; refined reservations do not fit the pair and stay a
 * list.
 */
export function toRoleAndReservation(resource: Resource): Resource {
  // Most are of this kind, and one copy is half the time of two.
  if (resource.reservations === undefined) {
    return { ...resource, role: '*' };
  }
  const [only, refined] = resource.reservations;
  if (refined !== undefined) {
    return resource;
  }
  const { reservations: _, ...rest } = resource;
  if (only === undefined) {
    return { ...rest, role: '*' };
  }
  const { type, role, ...info } = only;
  return type === Resource_ReservationInfo_Type.DYNAMIC
    ? { ...rest, role: role ?? '*', reservation: info }
    : { ...rest, role: role ?? '*' };
}

/**
 * A resource as endpoints show it: with the list and, where the pair can express it, the pair too.
 */
export function toEndpointFormat(resource: Resource): Resource {
  const legacy = toRoleAndReservation(resource);
  return resource.reservations === undefined || legacy === resource
    ? legacy
    : { ...legacy, reservations: resource.reservations };
}

/** Role of the innermost reservation; `*` for unreserved resources. */
export function reservationRole(resource: Resource): string {
  return resource.reservations?.at(-1)?.role ?? '*';
}

/**
 * Every role that a resource names: the roles it is reserved for, and the one it is allocated to.
 */
export function namedRoles(resource: Resource): string[] {
  const roles = (resource.reservations ?? []).flatMap(({ role }) => role ?? []);
  if (resource.role !== undefined && resource.role !== '*') {
    roles.push(resource.role);
  }
  const allocatedTo = resource.allocation_info?.role;
  return allocatedTo === undefined ? roles : [...roles, allocatedTo];
}

/** How many reservations, counted from the outermost, all these resources share. */
export function commonReservations(resources: readonly Resource[]): number {
  const [first, ...others] = resources.map(({ reservations = [] }) => reservations);
  let common = 0;
  for (const reservation of first ?? []) {
    if (!others.every((it) => it[common] !== undefined && sameMessage(it[common], reservation))) {
      break;
    }
    common++;
  }
  return common;
}

export const isReserved = (resource: Resource) => (resource.reservations?.length ?? 0) > 0;

export const unreservedOf = (resources: readonly Resource[]) =>
  resources.filter((resource) => !isReserved(resource));

/** By the role of the innermost reservation; those without one are left out. */
export const reservedByRole = (resources: readonly Resource[]): Map<string, Resource[]> =>
  Map.groupBy(resources.filter(isReserved), reservationRole);

export const isDynamicallyReserved = (resource: Resource) =>
  resource.reservations?.at(-1)?.type === Resource_ReservationInfo_Type.DYNAMIC;

export const isPersistentVolume = (resource: Resource) => resource.disk?.persistence !== undefined;

/** Whether an agent must store the resource: its flags do not tell of it after a restart. */
export const needsCheckpoint = (resource: Resource) =>
  isDynamicallyReserved(resource) || isPersistentVolume(resource);

/** A copy that is allocated to the role; a resource that names an allocation role keeps it. */
export function allocatedTo(resource: Resource, role: string): Resource {
  return resource.allocation_info?.role === undefined
    ? { ...resource, allocation_info: { role } }
    : resource;
}

/** The role that all resources of a task or an executor are allocated to, if they are to any. */
export const allocationRole = (resources: readonly Resource[] | undefined): string | undefined =>
  resources?.[0]?.allocation_info?.role;

/** The role that a task or an executor runs for: `*` where its resources are allocated to none. */
export const holderRole = (resources: readonly Resource[] | undefined): string =>
  allocationRole(resources) ?? '*';

export function withoutAllocation(resource: Resource): Resource {
  if (resource.allocation_info === undefined) {
    return resource;
  }
  const { allocation_info: _, ...rest } = resource;
  return rest;
}

/** As it was before the innermost of its reservations was made. */
export function withoutLastReservation(resource: Resource): Resource {
  const { reservations, ...rest } = resource;
  const outer = (reservations ?? []).slice(0, -1);
  return outer.length === 0 ? rest : { ...rest, reservations: outer };
}

/** The disk space that a volume was made of. */
export function withoutVolume(volume: Resource): Resource {
  const { disk, shared: _, ...rest } = volume;
  return disk?.source === undefined ? rest : { ...rest, disk: { source: disk.source } };
}
