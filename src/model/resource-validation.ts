// Why resources from outside are refused, in Mesos's words. Reservations are checked in both forms;
// a resource that passes can be converted to the list form.
import { disksOf, overlapError } from './disk-overlap.ts';
import {
  type Labels,
  type Resource,
  Resource_DiskInfo_Source_Type,
  Resource_ReservationInfo_Type,
  Value_Type,
} from './generated/messages.ts';
import { scalarAmount, toMilli } from './milli.ts';
import { pathNames } from './paths.ts';
import { resourceText } from './resource-label.ts';
import { isStrictSubrole, roleError } from './role.ts';

/** The largest quantity: far more than exists, and small enough for exact sums of many. */
const MOST_OF_ONE = 1e10;
/** The most resources, ranges and items in a list: each takes time to work on. */
const MOST_ITEMS = 10_000;
/** The most characters of a resource that a message shows. */
const MOST_SHOWN = 200;
/**
 * The most names in a list: the core has room for about a thousand, for all agents and frameworks.
 */
const MOST_NAMES = 256;
const MOST_PORT = 65_535;

/** Checks a list of resources from outside: the core can take every list that passes. */
export function resourcesError(resources: readonly Resource[] = []): string | undefined {
  let sum = 0;
  let items = resources.length;
  for (const resource of resources) {
    const error = resourceError(resource);
    if (error !== undefined) {
      const text = resourceText(resource);
      const shown = text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
      return `Resource '${shown}' is invalid: ${error}`;
    }
    sum += resource.scalar?.value ?? rangesCount(resource);
    items += resource.ranges?.range?.length ?? resource.set?.item?.length ?? 0;
  }
  if (resources.length > MOST_NAMES && namesIn(resources) > MOST_NAMES) {
    return `Resources are invalid: more than ${MOST_NAMES} names`;
  }
  return sum > MOST_OF_ONE || items > MOST_ITEMS
    ? 'Resources are invalid: more than can be counted'
    : undefined;
}

const namesIn = (resources: readonly Resource[]) => new Set(resources.map(({ name }) => name)).size;

/** The most resources, ranges and items in all lists of one agent and its tasks. */
const MOST_ITEMS_OF_AGENT = 200_000;
/** The most of those that differ in reservation or disk. */
const MOST_KINDS_OF_AGENT = 4_000;

/**
 * Checks all lists of one agent together; each has passed `resourcesError` already. The core can
 * take what passes.
 */
export function allResourcesError(
  lists: readonly (readonly Resource[] | undefined)[],
): string | undefined {
  let sum = 0;
  let items = 0;
  const kinds = new Set<string>();
  const roles = new Set<string>();
  for (const list of lists) {
    for (const resource of list ?? []) {
      roles.add(resource.allocation_info?.role ?? '*');
      sum += resource.scalar?.value ?? rangesCount(resource);
      items += 1 + (resource.ranges?.range ?? resource.set?.item ?? []).length;
      const { name, reservations, role, reservation, disk } = resource;
      if (reservations !== undefined || reservation !== undefined || disk !== undefined) {
        kinds.add(JSON.stringify([name, reservations, role, reservation, disk]));
      }
      if (kinds.size > MOST_KINDS_OF_AGENT) {
        return `Resources are invalid: more than ${MOST_KINDS_OF_AGENT} of the agent differ by reservation or disk`;
      }
    }
  }
  for (const role of roles) {
    const error = roleError(role);
    if (error !== undefined) {
      return `Resources are allocated to an invalid role: ${error}`;
    }
  }
  return sum > MOST_OF_ONE || items > MOST_ITEMS_OF_AGENT
    ? 'Resources are invalid: more than can be counted in all that the agent has and runs'
    : undefined;
}

/** The sum of all scalar values, and of how many numbers lie in ranges, of any name. */
export function amountOf(lists: readonly (readonly Resource[] | undefined)[]): number {
  let sum = 0;
  for (const list of lists) {
    for (const resource of list ?? []) {
      sum += resource.scalar?.value ?? rangesCount(resource);
    }
  }
  return sum;
}

/** How many numbers lie in the ranges. */
function rangesCount({ ranges }: Resource): number {
  let count = 0;
  for (const { begin, end } of ranges?.range ?? []) {
    count += end - begin + 1;
  }
  return count;
}

/**
 * Why an agent must not be configured with these resources. Volumes, dynamic reservations and
 * allocations are made by the master only, and have no place in a flag.
 */
export function configuredResourcesError(resources: readonly Resource[]): string | undefined {
  const invalid = resourcesError(resources);
  if (invalid !== undefined) {
    return invalid;
  }
  const types = new Map<string, Value_Type>();
  for (const resource of resources) {
    const error = configuredError(resource);
    if (error !== undefined) {
      return error;
    }
    if ((types.get(resource.name) ?? resource.type) !== resource.type) {
      return `Resources with the same name ('${resource.name}') but different types are not allowed`;
    }
    types.set(resource.name, resource.type);
  }
  return overlapError(disksOf(resources), ({ root }) => [plainPath(root)]);
}

/** The path without empty parts and `.`; `..` stays, for where it leads depends on links. */
const plainPath = (path: string) => (path.startsWith('/') ? '/' : '') + pathNames(path).join('/');

function configuredError(resource: Resource): string | undefined {
  const only = 'cannot be specified at the command line';
  if (resource.disk?.persistence !== undefined) {
    return `Persistent volumes ${only}`;
  }
  if (resource.disk?.volume !== undefined) {
    return `'disk.volume' ${only}: it belongs to persistent volumes`;
  }
  if (resource.revocable !== undefined) {
    return `Revocable resources ${only}; do not include a 'revocable' key in the resources JSON`;
  }
  const isDynamic = ({ type }: { readonly type?: Resource_ReservationInfo_Type }) =>
    type === Resource_ReservationInfo_Type.DYNAMIC;
  if (resource.reservation !== undefined || resource.reservations?.some(isDynamic) === true) {
    return (
      `Dynamic reservations ${only}; do not include a reservation with DYNAMIC type in the` +
      ' resources JSON'
    );
  }
  if (resource.allocation_info !== undefined) {
    return `'allocation_info' ${only}: the master sets it in offers`;
  }
  if (resource.provider_id !== undefined) {
    return `'provider_id' ${only}: resource providers bring their own resources`;
  }
  return knownNameError(resource) ?? configuredDiskError(resource);
}

/** Checks the type of a resource that schedulers compute with, such as cpus. */
function knownNameError({ name, type, scalar, ranges }: Resource): string | undefined {
  switch (name) {
    case 'cpus':
    case 'mem':
    case 'disk':
    case 'gpus':
      if (type !== Value_Type.SCALAR) {
        return `'${name}' must be a number, such as ${name}:1`;
      }
      return name === 'gpus' && !Number.isInteger(scalar?.value)
        ? `'gpus' must be a whole number, got ${scalar?.value}`
        : undefined;
    case 'ports':
    case 'ephemeral_ports':
      return type === Value_Type.RANGES &&
        (ranges?.range ?? []).every(({ begin, end }) => begin >= 0 && end <= MOST_PORT)
        ? undefined
        : `'${name}' must be ranges within 0-${MOST_PORT}, such as ${name}:[31000-32000]`;
    default:
      return undefined;
  }
}

/**
 * Checks the disk of a configured resource: an agent has folders and mounts; other disks come from
 * storage plugins.
 */
function configuredDiskError({ disk }: Resource): string | undefined {
  const source = disk?.source;
  if (source?.id !== undefined) {
    return "'disk.source.id' cannot be specified at the command line: disks with one are a storage plugin's";
  }
  switch (source?.type) {
    case undefined:
      return undefined;
    case Resource_DiskInfo_Source_Type.PATH:
      return source.mount === undefined
        ? rootError('PATH', 'path', source.path?.root)
        : 'Mount should not be set for PATH disk source';
    case Resource_DiskInfo_Source_Type.MOUNT:
      if (source.path !== undefined) {
        return 'Path should not be set for MOUNT disk source';
      }
      return (
        rootError('MOUNT', 'mount', source.mount?.root) ??
        (source.mount?.root?.startsWith('/') === true
          ? undefined
          : `'disk.source.mount.root' must be an absolute path, got '${source.mount?.root}'`)
      );
    default:
      return "'disk.source.type' must be PATH or MOUNT: other disks come from resource providers";
  }
}

function rootError(type: string, field: string, root = ''): string | undefined {
  if (root === '' || root.includes('\0')) {
    return `A ${type} disk needs the path of its folder in 'disk.source.${field}.root'`;
  }
  return /^\/+$/.test(root)
    ? `'disk.source.${field}.root' cannot be '/', which is no disk of its own`
    : undefined;
}

export function resourceError(resource: Resource): string | undefined {
  if (resource.name === '') {
    return 'Empty resource name';
  }
  return (
    valueError(resource) ??
    diskError(resource) ??
    ((resource.reservations?.length ?? 0) === 0
      ? roleAndReservationError(resource)
      : reservationsError(resource)) ??
    sharedError(resource)
  );
}

function valueError(resource: Resource): string | undefined {
  const { type, scalar, ranges, set } = resource;
  switch (type) {
    case Value_Type.SCALAR:
      if (scalar === undefined || ranges !== undefined || set !== undefined) {
        return 'Invalid scalar resource';
      }
      if (Number.isNaN(scalar.value)) {
        return 'Invalid scalar resource: not a number';
      }
      if (scalar.value !== 0 && !(toMilli(scalar.value) > 0)) {
        return 'Invalid scalar resource: value <= 0';
      }
      return scalar.value > MOST_OF_ONE
        ? 'Invalid scalar resource: more than can be counted'
        : undefined;
    case Value_Type.RANGES:
      return scalar !== undefined || ranges === undefined || set !== undefined
        ? 'Invalid ranges resource'
        : rangesError(resource);
    case Value_Type.SET: {
      if (scalar !== undefined || ranges !== undefined || set === undefined) {
        return 'Invalid set resource';
      }
      const items = set.item ?? [];
      if (items.length > MOST_ITEMS) {
        return 'Invalid set resource: more than can be counted';
      }
      return new Set(items).size < items.length
        ? 'Invalid set resource: duplicated elements'
        : undefined;
    }
    default:
      return 'Unsupported resource type';
  }
}

function rangesError(resource: Resource): string | undefined {
  const ranges = [...(resource.ranges?.range ?? [])];
  if (ranges.some(({ begin, end }) => begin > end)) {
    return 'Invalid ranges resource: begin > end';
  }
  const isCountable =
    ranges.length <= MOST_ITEMS &&
    ranges.every(({ end }) => Number.isSafeInteger(end)) &&
    rangesCount(resource) <= MOST_OF_ONE;
  if (!isCountable) {
    return 'Invalid ranges resource: more than can be counted';
  }
  ranges.sort((left, right) => left.begin - right.begin);
  for (let i = 1; i < ranges.length; i++) {
    if ((ranges[i]?.begin ?? 0) <= (ranges[i - 1]?.end ?? 0)) {
      return 'Invalid ranges resource: overlapping ranges';
    }
  }
  return undefined;
}

function diskError(resource: Resource): string | undefined {
  if (resource.disk === undefined) {
    return undefined;
  }
  if (resource.name !== 'disk') {
    return `DiskInfo should not be set for ${resource.name} resource`;
  }
  const source = resource.disk.source;
  switch (source?.type) {
    case undefined:
    case Resource_DiskInfo_Source_Type.PATH:
    case Resource_DiskInfo_Source_Type.MOUNT:
      return undefined;
    case Resource_DiskInfo_Source_Type.BLOCK:
    case Resource_DiskInfo_Source_Type.RAW: {
      const type = source?.type === Resource_DiskInfo_Source_Type.RAW ? 'RAW' : 'BLOCK';
      if (source?.mount !== undefined) {
        return `Mount should not be set for ${type} disk source`;
      }
      return source?.path === undefined
        ? undefined
        : `Path should not be set for ${type} disk source`;
    }
    default:
      return "Unsupported 'DiskInfo.Source.Type'";
  }
}

function roleAndReservationError(resource: Resource): string | undefined {
  const role = resource.role ?? '*';
  const error = roleError(role);
  if (error !== undefined || resource.reservation === undefined) {
    return error;
  }
  if (resource.reservation.type !== undefined) {
    return "'Resource.ReservationInfo.type' must not be set for the 'Resource.reservation' field";
  }
  if (resource.reservation.role !== undefined) {
    return "'Resource.ReservationInfo.role' must not be set for the 'Resource.reservation' field";
  }
  return role === '*' ? 'Invalid reservation: role "*" cannot be dynamically reserved' : undefined;
}

function reservationsError(resource: Resource): string | undefined {
  const reservations = resource.reservations ?? [];
  for (const { type, role } of reservations) {
    if (type === undefined) {
      return "Invalid reservation: 'Resource.ReservationInfo.type' field must be set.";
    }
    if (role === undefined) {
      return "Invalid reservation: 'Resource.ReservationInfo.role' field must be set.";
    }
    const error = roleError(role);
    if (error !== undefined) {
      return error;
    }
    if (role === '*') {
      return 'Invalid reservation: role "*" cannot be reserved';
    }
  }
  return (
    refinementError(resource) ??
    (reservations.length === 1 ? oneReservationError(resource) : mixedFormatError(resource))
  );
}

function refinementError(resource: Resource): string | undefined {
  const [first, ...refined] = resource.reservations ?? [];
  let ancestor = first?.role ?? '';
  for (const { type, role = '' } of refined) {
    if (type === Resource_ReservationInfo_Type.STATIC) {
      return 'Invalid refined reservation: A refined reservation cannot be STATIC';
    }
    if (!isStrictSubrole(role, ancestor)) {
      return `Invalid refined reservation: role '${role}' is not a refinement of '${ancestor}'`;
    }
    ancestor = role;
  }
  return undefined;
}

function oneReservationError(resource: Resource): string | undefined {
  const [only] = resource.reservations ?? [];
  const { role, reservation } = resource;
  if (role !== undefined && role !== only?.role) {
    return (
      `Invalid resource format: 'Resource.role' field with '${role}' does not match the role` +
      ` '${only?.role}' in 'Resource.reservations'`
    );
  }
  switch (only?.type) {
    case Resource_ReservationInfo_Type.STATIC:
      return reservation === undefined
        ? undefined
        : "Invalid resource format: 'Resource.reservation' must not be set if the single" +
            " reservation in 'Resource.reservations' is STATIC";
    case Resource_ReservationInfo_Type.DYNAMIC:
      if ((role === undefined) !== (reservation === undefined)) {
        return (
          "Invalid resource format: 'Resource.role' and 'Resource.reservation' must either be" +
          " both set or both not set if the single reservation in 'Resource.reservations' is DYNAMIC"
        );
      }
      if (reservation === undefined) {
        return undefined;
      }
      if ((reservation.principal ?? '') !== (only.principal ?? '')) {
        return (
          `Invalid resource format: 'Resource.reservation.principal' field with` +
          ` '${reservation.principal ?? ''}' does not match the principal` +
          ` '${only.principal ?? ''}' in 'Resource.reservations'`
        );
      }
      return sameLabels(reservation.labels, only.labels)
        ? undefined
        : "Invalid resource format: 'Resource.reservation.labels' field does not match the" +
            " labels in 'Resource.reservations'";
    default:
      return "Unsupported 'Resource.ReservationInfo.Type'";
  }
}

function mixedFormatError(resource: Resource): string | undefined {
  for (const field of ['role', 'reservation'] as const) {
    if (resource[field] !== undefined) {
      return (
        `Invalid resource format: 'Resource.${field}' must not be set if there is more than one` +
        " reservation in 'Resource.reservations'"
      );
    }
  }
  return undefined;
}

function sharedError(resource: Resource): string | undefined {
  if (resource.shared === undefined) {
    return undefined;
  }
  if (resource.name !== 'disk') {
    return `Resource ${resource.name} cannot be shared`;
  }
  return resource.disk?.persistence === undefined
    ? 'Only persistent volumes can be shared'
    : undefined;
}

/** Whether two lists have the same labels, in any order. */
function sameLabels(left: Labels | undefined, right: Labels | undefined): boolean {
  const texts = (labels: Labels | undefined) =>
    (labels?.labels ?? []).map(({ key, value }) => JSON.stringify([key, value])).sort();
  const [a, b] = [texts(left), texts(right)];
  return a.length === b.length && a.every((text, i) => text === b[i]);
}

export const gpusError = (resources: readonly Resource[]): string | undefined =>
  Number.isInteger(scalarAmount(resources, 'gpus') ?? 0)
    ? undefined
    : "The 'gpus' resource must be an unsigned integer";
