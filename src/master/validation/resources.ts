// What tasks, executors and operations may do with resources.
import {
  type Resource,
  Resource_DiskInfo_Source_Type,
  Volume_Mode,
} from '../../model/generated/messages.ts';
import { idError } from '../../model/identifier.ts';
import {
  isDynamicallyReserved,
  isPersistentVolume,
  isReserved,
  reservationRole,
} from '../../model/resource-format.ts';
import { resourceText } from '../../model/resource-label.ts';
import { gpusError, resourcesError } from '../../model/resource-validation.ts';

type List = readonly Resource[];

/** Rules for any list of resources in a request. */
export function usedResourcesError(resources: List): string | undefined {
  const invalid = resourcesError(resources);
  if (invalid !== undefined) {
    return `Invalid resources: ${invalid}`;
  }
  const gpus = gpusError(resources);
  if (gpus !== undefined) {
    return `Invalid 'gpus' resource: ${gpus}`;
  }
  return diskInfoError(resources) ?? dynamicReservationError(resources);
}

function diskInfoError(resources: List): string | undefined {
  for (const resource of resources) {
    const error = oneDiskInfoError(resource);
    if (error !== undefined) {
      return `Invalid DiskInfo: ${error}`;
    }
  }
  return undefined;
}

function oneDiskInfoError(resource: Resource): string | undefined {
  const { disk } = resource;
  if (disk === undefined) {
    return undefined;
  }
  if (disk.persistence === undefined) {
    if (disk.volume !== undefined) {
      return 'Non-persistent volume not supported';
    }
    return disk.source === undefined ? 'DiskInfo is set but empty' : undefined;
  }
  if (resource.revocable !== undefined) {
    return 'Persistent volumes cannot be created from revocable resources';
  }
  if (!isReserved(resource)) {
    return 'Persistent volumes cannot be created from unreserved resources';
  }
  if (disk.volume === undefined) {
    return "Expecting 'volume' to be set for persistent volume";
  }
  if (disk.volume.host_path !== undefined) {
    return "Expecting 'host_path' to be unset for persistent volume";
  }
  const error = idError(disk.persistence.id);
  return error === undefined ? undefined : `Invalid persistence ID for persistent volume: ${error}`;
}

function dynamicReservationError(resources: List): string | undefined {
  for (const resource of resources) {
    if (isDynamicallyReserved(resource) && resource.revocable !== undefined) {
      return (
        `Invalid ReservationInfo: Dynamically reserved resource ${resourceText(resource)} cannot` +
        ' be created from revocable resources'
      );
    }
  }
  return undefined;
}

export function persistenceIdsError(resources: List): string | undefined {
  const persistent = resources.filter(({ disk }) => disk?.persistence !== undefined);
  // Most tasks have none.
  return persistent.length < 2 ? undefined : repeatedIdError(persistent);
}

function repeatedIdError(persistent: List): string | undefined {
  const seen = new Set<string>();
  const volumes = new Set<string>();
  for (const resource of persistent) {
    const id = resource.disk?.persistence?.id;
    const key = JSON.stringify([reservationRole(resource), id]);
    // A shared volume may be listed as often as it is used.
    const volume =
      resource.shared === undefined ? '' : JSON.stringify([key, resource.scalar?.value]);
    if (seen.has(key) && !volumes.has(volume)) {
      return `Persistence ID '${id}' is not unique`;
    }
    seen.add(key);
    if (volume !== '') {
      volumes.add(volume);
    }
  }
  return undefined;
}

export function singleRoleError(resources: List): string | undefined {
  const [first] = resources;
  for (const { allocation_info } of resources) {
    const role = allocation_info?.role;
    if (role === undefined) {
      return 'The resources are not allocated to a role';
    }
    if (role !== first?.allocation_info?.role) {
      return (
        `The resources have multiple allocation roles ('${role}' and` +
        ` '${first?.allocation_info?.role}') but only one allocation role is allowed`
      );
    }
  }
  return undefined;
}

export function revocableMixError(resources: List): string | undefined {
  if (resources.every(({ revocable }) => revocable === undefined)) {
    return undefined;
  }
  const kinds = new Map<string, boolean>();
  for (const { name, revocable } of resources) {
    const isRevocable = revocable !== undefined;
    if (kinds.has(name) && kinds.get(name) !== isRevocable) {
      return `Cannot use both revocable and non-revocable '${name}' at the same time`;
    }
    kinds.set(name, isRevocable);
  }
  return undefined;
}

/** True when lists that are used side by side name the same port or item twice. */
export function hasOverlaps(lists: readonly List[]): boolean {
  const ranges = new Map<string, { readonly begin: number; readonly end: number }[]>();
  const items = new Map<string, Set<string>>();
  for (const { name, ranges: more, set } of lists.flat()) {
    if (more?.range !== undefined) {
      const known = ranges.get(name) ?? [];
      ranges.set(name, known);
      for (const range of more.range) {
        known.push(range);
      }
    }
    if (set?.item !== undefined) {
      const known = items.get(name) ?? new Set();
      items.set(name, known);
      for (const item of set.item) {
        if (known.has(item)) {
          return true;
        }
        known.add(item);
      }
    }
  }
  return [...ranges.values()].some(neighboursOverlap);
}

/** In order of their beginnings, ranges that overlap any overlap the one before. */
function neighboursOverlap(ranges: { readonly begin: number; readonly end: number }[]): boolean {
  ranges.sort((a, b) => a.begin - b.begin);
  return ranges.some(({ begin }, index) => begin <= (ranges[index - 1]?.end ?? -1));
}

/** Rules for resources that are to be, or are, persistent volumes. */
export function volumesError(volumes: List): string | undefined {
  for (const volume of volumes) {
    const { disk } = volume;
    if (disk === undefined) {
      return `Resource ${resourceText(volume)} does not have DiskInfo`;
    }
    if (disk.persistence === undefined) {
      return "'persistence' is not set in DiskInfo";
    }
    if (disk.volume === undefined) {
      return "Expecting 'volume' to be set for persistent volume";
    }
    if (disk.volume.mode === Volume_Mode.RO) {
      return 'Read-only persistent volume not supported';
    }
  }
  return undefined;
}

export function singleProviderError(resources: List): string | undefined {
  const providers = new Set(resources.map(({ provider_id }) => provider_id?.value));
  if (providers.size === 1) {
    return undefined;
  }
  return providers.has(undefined)
    ? 'Some resources have a resource provider and some do not'
    : `The resources have multiple resource providers: ${[...providers].join(', ')}`;
}

export const isMountDisk = (resource: Resource) =>
  resource.disk?.source?.type === Resource_DiskInfo_Source_Type.MOUNT;

export const isVolume = isPersistentVolume;
