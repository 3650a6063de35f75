// What an offer operation takes out of resources and what it puts in their place. The rules are Mesos's;
// the sums themselves are done by the module.
import {
  type Offer_Operation,
  Offer_Operation_Type as OperationType,
  type Resource,
  Resource_DiskInfo_Source_Type as SourceType,
} from '../model/generated/messages.ts';
import { fromMilli, toMilli } from './kinds.ts';
import type { Allocation, Lists } from './lists.ts';
import { CoreError } from './module.ts';

export interface Conversion {
  readonly consumed: readonly Resource[];
  readonly converted: readonly Resource[];
  /** Refused while another copy of what is consumed remains (destroying a shared volume). */
  readonly last?: boolean;
}

export type Conversions =
  | { readonly ok: true; readonly conversions: readonly Conversion[] }
  | { readonly ok: false; readonly why: string };

const refused = (why: string): Conversions => ({ ok: false, why });

function withoutLastReservation(resource: Resource): Resource {
  const { reservations, ...rest } = resource;
  const left = (reservations ?? []).slice(0, -1);
  return left.length === 0 ? rest : { ...rest, reservations: left };
}

/** The disk space of which a volume was made. */
function withoutVolume(volume: Resource): Resource {
  const { disk, shared: _, ...rest } = volume;
  return disk?.source === undefined ? rest : { ...rest, disk: { source: disk.source } };
}

function withAmount(resource: Resource, milli: number): Resource {
  return { ...resource, scalar: { value: fromMilli(milli) } };
}

function amount(resource: Resource): number {
  return toMilli(resource.scalar?.value ?? 0);
}

/** The same resource on a disk of another source. */
function withSource(resource: Resource, type: SourceType, profile: string | undefined): Resource {
  const source = { ...resource.disk?.source, type };
  if (profile !== undefined) source.profile = profile;
  return { ...resource, disk: { ...resource.disk, source } };
}

export function conversionsOf(operation: Offer_Operation): Conversions {
  switch (operation.type) {
    case OperationType.RESERVE: {
      const reserved = operation.reserve?.resources ?? [];
      const source = operation.reserve?.source ?? [];
      if (source.length === 0 && reserved.some((one) => (one.reservations?.length ?? 0) === 0)) {
        return refused('A resource to reserve has no reservation');
      }
      const consumed = source.length > 0 ? source : reserved.map(withoutLastReservation);
      return { ok: true, conversions: [{ consumed, converted: reserved }] };
    }
    case OperationType.UNRESERVE: {
      const resources = operation.unreserve?.resources ?? [];
      if (resources.some((one) => (one.reservations?.length ?? 0) === 0)) {
        return refused('A resource to unreserve has no reservation');
      }
      return {
        ok: true,
        conversions: resources.map((reserved) => ({
          consumed: [reserved],
          converted: [withoutLastReservation(reserved)],
        })),
      };
    }
    case OperationType.CREATE:
      return {
        ok: true,
        conversions: (operation.create?.volumes ?? []).map((volume) => ({
          consumed: [withoutVolume(volume)],
          converted: [volume],
        })),
      };
    case OperationType.DESTROY:
      return {
        ok: true,
        conversions: (operation.destroy?.volumes ?? []).map((volume) => ({
          consumed: [volume],
          converted: [withoutVolume(volume)],
          last: true,
        })),
      };
    case OperationType.GROW_VOLUME: {
      const grow = operation.grow_volume;
      if (grow === undefined) return refused('Unknown operation');
      if (grow.volume.provider_id !== undefined) {
        return refused('Operation not supported for resource provider');
      }
      const converted = withAmount(grow.volume, amount(grow.volume) + amount(grow.addition));
      return {
        ok: true,
        conversions: [{ consumed: [grow.volume, grow.addition], converted: [converted] }],
      };
    }
    case OperationType.SHRINK_VOLUME: {
      const shrink = operation.shrink_volume;
      if (shrink === undefined) return refused('Unknown operation');
      if (shrink.volume.provider_id !== undefined) {
        return refused('Operation not supported for resource provider');
      }
      const freed = toMilli(shrink.subtract.value);
      const left = amount(shrink.volume) - freed;
      if (!(freed >= 0) || left < 0)
        return refused('The volume is smaller than what is to be freed');
      return {
        ok: true,
        conversions: [
          {
            consumed: [shrink.volume],
            converted: [
              withAmount(shrink.volume, left),
              withoutVolume(withAmount(shrink.volume, freed)),
            ],
          },
        ],
      };
    }
    // Mesos leaves these two to the resource provider that carries them out. Here they say what a
    // provider without further ado would make of the disk.
    case OperationType.CREATE_DISK: {
      const create = operation.create_disk;
      if (create === undefined) return refused('Unknown operation');
      return {
        ok: true,
        conversions: [
          {
            consumed: [create.source],
            converted: [withSource(create.source, create.target_type, create.target_profile)],
          },
        ],
      };
    }
    case OperationType.DESTROY_DISK: {
      const destroy = operation.destroy_disk;
      if (destroy === undefined) return refused('Unknown operation');
      return {
        ok: true,
        conversions: [
          {
            consumed: [destroy.source],
            converted: [withSource(destroy.source, SourceType.RAW, undefined)],
          },
        ],
      };
    }
    default:
      return refused('Operation not supported');
  }
}

/**
 * Appends conversions to the exchange buffer; answers why not, when one consumes what nobody has or makes
 * more kinds than there may be.
 */
export function writeConversions(
  lists: Lists,
  conversions: readonly Conversion[],
  allocation: Allocation,
): string | undefined {
  for (const conversion of conversions) {
    const head = lists.head();
    const consumed = lists.ask(conversion.consumed, allocation);
    if (consumed === undefined) return NOT_THERE;
    const converted = tryWrite(lists, conversion.converted, allocation);
    if (typeof converted === 'string') return converted;
    lists.patch(head, consumed, converted, conversion.last === true ? 1 : 0);
    for (const resource of conversion.converted) {
      if (resource.disk?.persistence !== undefined) lists.refresh(resource, allocation);
    }
  }
  return undefined;
}

export const NOT_THERE = 'The resources do not contain what the operation consumes';

/** What an operation makes is up to a client, so the limits of kinds are its fault. */
function tryWrite(
  lists: Lists,
  resources: readonly Resource[],
  allocation: Allocation,
): number | string {
  try {
    return lists.write(resources, allocation);
  } catch (error) {
    if (error instanceof CoreError) return `Invalid resources (${error.code})`;
    throw error;
  }
}
