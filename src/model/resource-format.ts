// The two ways to write a reservation. Inside, resources carry their reservations as a list
// (`reservations`, innermost last). Clients from before reservation refinement read and write the
// pair `role` and `reservation`; endpoints show both.
import { sameMessage } from './equality.ts';
import { type Resource, Resource_ReservationInfo_Type } from './generated/messages.ts';

/**
 * The list form of a resource in either form (which must be valid). A plain one is returned as is.
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

/** The old pair; a refined reservation has no such form and stays a list. */
export function toRoleAndReservation(resource: Resource): Resource {
  const [only, refined] = resource.reservations ?? [];
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

/** What endpoints show: the list, and where there is one, the old pair too. */
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

/** Every role that a resource names: those it is reserved to, and the one it is allocated to. */
export function namedRoles(resource: Resource): string[] {
  const roles = (resource.reservations ?? []).flatMap(({ role }) => role ?? []);
  if (resource.role !== undefined && resource.role !== '*') {
    roles.push(resource.role);
  }
  const allocatedTo = resource.allocation_info?.role;
  return allocatedTo === undefined ? roles : [...roles, allocatedTo];
}

/** How many reservations, from the outermost, all of these resources have in common. */
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

export const isDynamicallyReserved = (resource: Resource) =>
  resource.reservations?.at(-1)?.type === Resource_ReservationInfo_Type.DYNAMIC;

export const isPersistentVolume = (resource: Resource) => resource.disk?.persistence !== undefined;

/** What an agent must write down, for it cannot be told from its flags after a restart. */
export const needsCheckpoint = (resource: Resource) =>
  isDynamicallyReserved(resource) || isPersistentVolume(resource);

/** A copy for the given allocation role; resources that name a role keep it. */
export function allocatedTo(resource: Resource, role: string): Resource {
  return resource.allocation_info?.role === undefined
    ? { ...resource, allocation_info: { role } }
    : resource;
}

export function withoutAllocation(resource: Resource): Resource {
  if (resource.allocation_info === undefined) {
    return resource;
  }
  const { allocation_info: _, ...rest } = resource;
  return rest;
}
