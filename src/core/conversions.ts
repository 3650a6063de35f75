// What an offer operation consumes and what it makes of that. The rules are Mesos's; the module
// does the sums.
import { sameMessage } from '../model/equality.ts';
import {
  type Offer_Operation,
  Offer_Operation_Type as OperationType,
  Resource_ReservationInfo_Type as ReservationType,
  type Resource,
  type Resource_ReservationInfo,
  Resource_DiskInfo_Source_Type as SourceType,
} from '../model/generated/messages.ts';
import { fromMilli, toMilli } from '../model/milli.ts';
import {
  commonReservations,
  toReservationList,
  toReservationLists,
  withoutLastReservation,
  withoutVolume,
} from '../model/resource-format.ts';
import type { Allocation, ExchangeBuffer } from './exchange-buffer.ts';
import { CoreError } from './module.ts';

export interface Conversion {
  readonly consumed: readonly Resource[];
  readonly converted: readonly Resource[];
  /**
   * The operation is refused while another copy of the consumed resource remains: a shared volume
   * is destroyed only with its last copy.
   */
  readonly last?: boolean;
  /**
   * Whether both sides have to be compared: they came from the client, or a mount was divided.
   * Otherwise one side was computed from the other.
   */
  readonly compared?: boolean;
}

export type Conversions =
  | { readonly ok: true; readonly conversions: readonly Conversion[] }
  | { readonly ok: false; readonly why: string };

const refused = (why: string): Conversions => ({ ok: false, why });

function withAmount(resource: Resource, milli: number): Resource {
  return { ...resource, scalar: { value: fromMilli(milli) } };
}

function amount(resource: Resource): number {
  return toMilli(resource.scalar?.value ?? 0);
}

/** The same resource on a disk with another type of source. */
function withSource(resource: Resource, type: SourceType, profile: string | undefined): Resource {
  const source = { ...resource.disk?.source, type };
  if (profile !== undefined) {
    source.profile = profile;
  }
  return { ...resource, disk: { ...resource.disk, source } };
}

/**
 * The conversions of an operation, once it is sure that both sides are the same resources but for
 * reservations and volumes, so that nothing is made up. Uses the exchange buffer, which must be
 * empty.
 */
export function conversionsOf(buffer: ExchangeBuffer, operation: Offer_Operation): Conversions {
  const conversions = ruledConversions(operation);
  if (conversions.ok) {
    for (const { consumed, converted, compared } of conversions.conversions) {
      const why = compared === true ? imbalance(buffer, consumed, converted) : undefined;
      if (why !== undefined) {
        return refused(why);
      }
    }
  }
  return conversions;
}

function imbalance(
  buffer: ExchangeBuffer,
  consumed: readonly Resource[],
  converted: readonly Resource[],
) {
  const before = tryWrite(buffer.begin(), consumed.map(bare), 'drop');
  if (typeof before === 'string') {
    return before;
  }
  const after = tryWrite(buffer, converted.map(bare), 'drop');
  if (typeof after === 'string') {
    return after;
  }
  return buffer.module.exports.listEqual(before, after) === 1 ? undefined : UNEQUAL;
}

const UNEQUAL = 'Source and target resources should refer to identical resource quantities';

/** The resource without its reservations and its volume. */
function bare(resource: Resource): Resource {
  const { reservations: _, role: __, reservation: ___, ...rest } = withoutVolume(resource);
  return rest;
}

const isDynamic = ({ type }: Resource_ReservationInfo) => type !== ReservationType.STATIC;

/**
 * Why these reservations cannot change: the resource is a volume, or the agent's flags reserve it.
 */
function reservationError(
  resources: readonly Resource[],
  kept: number,
  verb: 'reserve' | 'unreserve',
): string | undefined {
  for (const { reservations = [], disk } of resources) {
    if (disk?.persistence !== undefined) {
      return `A persistent volume cannot be ${verb}d: destroy it first`;
    }
    if (!reservations.slice(kept).every(isDynamic)) {
      return `A static reservation cannot be ${verb === 'reserve' ? 'made' : 'taken off'}`;
    }
  }
  return undefined;
}

function reserveConversions(
  source: readonly Resource[],
  reserved: readonly Resource[],
): Conversions {
  if (reserved.some((one) => (one.reservations?.length ?? 0) === 0)) {
    return refused('A resource to reserve has no reservation');
  }
  if (source.length === 0) {
    for (const one of reserved) {
      const why = reservationError([one], (one.reservations?.length ?? 0) - 1, 'reserve');
      if (why !== undefined) {
        return refused(why);
      }
    }
    const consumed = reserved.map(withoutLastReservation);
    return { ok: true, conversions: [{ consumed, converted: reserved }] };
  }
  const common = commonReservations([...source, ...reserved]);
  const why =
    reservationError(source, common, 'unreserve') ?? reservationError(reserved, common, 'reserve');
  return why === undefined
    ? { ok: true, conversions: [{ consumed: source, converted: reserved, compared: true }] }
    : refused(why);
}

function ruledConversions(operation: Offer_Operation): Conversions {
  switch (operation.type) {
    case OperationType.RESERVE: {
      const { source = [], resources = [] } = operation.reserve ?? {};
      return reserveConversions(toReservationLists(source), toReservationLists(resources));
    }
    case OperationType.UNRESERVE: {
      const resources = operation.unreserve?.resources ?? [];
      if (resources.some((one) => (one.reservations?.length ?? 0) === 0)) {
        return refused('A resource to unreserve has no reservation');
      }
      for (const one of resources) {
        const why = reservationError([one], (one.reservations?.length ?? 0) - 1, 'unreserve');
        if (why !== undefined) {
          return refused(why);
        }
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
      if (grow === undefined) {
        return refused('Unknown operation');
      }
      if (grow.volume.provider_id !== undefined) {
        return refused('Operation not supported for resource provider');
      }
      const [volume, addition] = [grow.volume, grow.addition].map(toReservationList);
      if (!sameMessage(addition?.reservations, volume?.reservations)) {
        return refused('A volume grows only by what is reserved as it is');
      }
      const converted = withAmount(grow.volume, amount(grow.volume) + amount(grow.addition));
      return {
        ok: true,
        conversions: [
          { consumed: [grow.volume, grow.addition], converted: [converted], compared: true },
        ],
      };
    }
    case OperationType.SHRINK_VOLUME: {
      const shrink = operation.shrink_volume;
      if (shrink === undefined) {
        return refused('Unknown operation');
      }
      if (shrink.volume.provider_id !== undefined) {
        return refused('Operation not supported for resource provider');
      }
      const freed = toMilli(shrink.subtract.value);
      const left = amount(shrink.volume) - freed;
      if (!(freed >= 0) || left < 0) {
        return refused('The volume is smaller than what is to be freed');
      }
      return {
        ok: true,
        conversions: [
          {
            consumed: [shrink.volume],
            converted: [
              withAmount(shrink.volume, left),
              withoutVolume(withAmount(shrink.volume, freed)),
            ],
            compared: true,
          },
        ],
      };
    }
    // For these two Mesos leaves the outcome to the resource provider. Here it is what a simple
    // provider would make of the disk.
    case OperationType.CREATE_DISK: {
      const create = operation.create_disk;
      if (create === undefined) {
        return refused('Unknown operation');
      }
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
      if (destroy === undefined) {
        return refused('Unknown operation');
      }
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
 * Appends conversions to the exchange buffer. Returns why not, if one consumes a resource of a kind
 * that nothing has, or would exceed the limit of kinds.
 */
export function writeConversions(
  buffer: ExchangeBuffer,
  conversions: readonly Conversion[],
  allocation: Allocation,
): string | undefined {
  for (const conversion of conversions) {
    const head = buffer.head();
    const consumed = buffer.ask(conversion.consumed, allocation);
    if (consumed === undefined) {
      return NOT_THERE;
    }
    const converted = tryWrite(buffer, conversion.converted, allocation);
    if (typeof converted === 'string') {
      return converted;
    }
    buffer.patch(head, consumed, converted, conversion.last === true ? 1 : 0);
    for (const resource of conversion.converted) {
      if (resource.disk?.persistence !== undefined) {
        buffer.refresh(resource, allocation);
      }
    }
  }
  return undefined;
}

export const NOT_THERE = 'The resources do not contain what the operation consumes';

/**
 * Appends what an operation makes. Clients choose it, so a limit of the core that it exceeds is a
 * refusal and no bug.
 */
function tryWrite(
  buffer: ExchangeBuffer,
  resources: readonly Resource[],
  allocation: Allocation,
): number | string {
  try {
    return buffer.write(resources, allocation);
  } catch (error) {
    if (error instanceof CoreError) {
      return `Invalid resources (${error.code})`;
    }
    throw error;
  }
}
