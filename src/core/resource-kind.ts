// The kind of a resource: all that distinguishes it from others by Mesos's rules. These are name,
// type, reservations, disk (without the volume's path and principal), revocable, shared, provider
// and, for a solid resource, which cannot be divided, its size.
import {
  type Labels,
  Resource_ReservationInfo_Type as ReservationType,
  type Resource,
  type Resource_DiskInfo,
  type Resource_ReservationInfo,
  Resource_DiskInfo_Source_Type as SourceType,
  Value_Type as ValueType,
} from '../model/generated/messages.ts';
import { toMilli } from '../model/milli.ts';
import { SOLID, TYPE_RANGES, TYPE_SCALAR, TYPE_SET } from './constants.ts';
import { CoreError } from './module.ts';

/** What the host keeps of a kind. `allocationRole` is '' for a resource without one. */
export interface Kind {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  /** For a solid kind, the thousandths of one copy. */
  readonly unit: number;
  readonly allocationRole: string;
  /** The resource without its value. All messages built from it share its parts. */
  template: Resource;
}

export const isSolid = (kind: Kind) => (kind.flags & SOLID) !== 0;
/**
 * The keys of Labels objects: all messages built from a kind share the labels of its reservations.
 */
const labelsKeys = new WeakMap<Labels, string>();

function labelsKey(labels: Labels | undefined): string {
  if (labels === undefined) {
    return '';
  }
  let key = labelsKeys.get(labels);
  if (key === undefined) {
    const pairs = (labels.labels ?? []).map((label) => JSON.stringify([label.key, label.value]));
    key = `{${pairs.sort().join()}}`;
    labelsKeys.set(labels, key);
  }
  return key;
}

function reservationKey(reservation: Resource_ReservationInfo): string {
  const principal = reservation.principal;
  return `(${reservation.type === ReservationType.STATIC ? 'S' : 'D'}${JSON.stringify(
    reservation.role,
  )}${principal === undefined ? '' : `,${JSON.stringify(principal)}`}${labelsKey(reservation.labels)})`;
}

function diskKey(disk: Resource_DiskInfo): string {
  const source = disk.source;
  const id = disk.persistence?.id;
  const volume = id === undefined ? '' : JSON.stringify(id);
  if (source === undefined) {
    return `[${volume}]`;
  }
  return `[${volume};${source.type};${JSON.stringify([
    source.path ?? null,
    source.mount ?? null,
    source.vendor ?? null,
    source.id ?? null,
    source.profile ?? null,
  ])}${labelsKey(source.metadata)}]`;
}

/** The reservations of a resource, also one in the form from before reservation refinement. */
export function reservationsOf(resource: Resource): readonly Resource_ReservationInfo[] {
  if (resource.reservations !== undefined && resource.reservations.length > 0) {
    return resource.reservations;
  }
  const role = resource.role;
  if (role === undefined || role === '*') {
    return [];
  }
  const dynamic = resource.reservation;
  return dynamic === undefined
    ? [{ type: ReservationType.STATIC, role }]
    : [{ ...dynamic, type: ReservationType.DYNAMIC, role }];
}

export function isSolidResource(resource: Resource): boolean {
  const disk = resource.disk;
  if (resource.shared !== undefined || disk?.persistence !== undefined) {
    return true;
  }
  const source = disk?.source;
  if (source === undefined) {
    return false;
  }
  return (
    source.type === SourceType.MOUNT ||
    source.type === SourceType.BLOCK ||
    (source.type === SourceType.RAW && source.id !== undefined)
  );
}

/** The resource without its value. */
export function withoutValue(resource: Resource, allocationRole: string): Resource {
  const { name, type, provider_id, disk, revocable, shared } = resource;
  const reservations = reservationsOf(resource);
  const template: Resource = { name, type };
  if (provider_id !== undefined) {
    template.provider_id = provider_id;
  }
  if (allocationRole !== '') {
    template.allocation_info = { role: allocationRole };
  }
  if (reservations.length > 0) {
    template.reservations = [...reservations];
  }
  if (disk !== undefined) {
    template.disk = disk;
  }
  if (revocable !== undefined) {
    template.revocable = revocable;
  }
  if (shared !== undefined) {
    template.shared = shared;
  }
  return template;
}

/** A text that is equal for resources of one kind. */
export function kindKey(resource: Resource, type: number, allocationRole: string): string {
  let key = `${type}${JSON.stringify(resource.name)}`;
  if (allocationRole !== '') {
    key += `@${JSON.stringify(allocationRole)}`;
  }
  for (const reservation of reservationsOf(resource)) {
    key += reservationKey(reservation);
  }
  if (resource.disk !== undefined) {
    key += diskKey(resource.disk);
  }
  if (resource.provider_id !== undefined) {
    key += `/${JSON.stringify(resource.provider_id.value)}`;
  }
  if (resource.revocable !== undefined) {
    key += '~';
  }
  if (resource.shared !== undefined) {
    key += '+';
  }
  if (isSolidResource(resource)) {
    key += `=${toMilli(resource.scalar?.value ?? 0)}`;
  }
  return key;
}

/** Whether a resource has a name and an amount only, and nothing that distinguishes it further. */
export function isPlain(resource: Resource): boolean {
  return (
    resource.disk === undefined &&
    resource.provider_id === undefined &&
    resource.revocable === undefined &&
    resource.shared === undefined &&
    (resource.reservations === undefined || resource.reservations.length === 0) &&
    (resource.role === undefined || resource.role === '*')
  );
}

export function isTyped(resource: Resource): boolean {
  const { type } = resource;
  return type === ValueType.SCALAR || type === ValueType.RANGES || type === ValueType.SET;
}

export function valueType(resource: Resource): number {
  switch (resource.type) {
    case ValueType.SCALAR:
      return TYPE_SCALAR;
    case ValueType.RANGES:
      return TYPE_RANGES;
    case ValueType.SET:
      return TYPE_SET;
    default:
      throw new CoreError('BAD_KIND', `${resource.name} is no scalar, ranges or set`);
  }
}
