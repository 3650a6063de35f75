// Resource operations as replacements: what is removed from a list, and what is added for it.
import {
  type Offer_Operation,
  Offer_Operation_Type,
  type Resource,
} from '../../src/model/generated/messages.ts';
import {
  add,
  contains,
  containsPiece,
  fromResources,
  type Pieces,
  subtract,
  toPiece,
} from './pieces.ts';

export interface Replacement {
  readonly consumed: Pieces;
  readonly converted: Pieces;
  /** A volume that must be gone afterwards: other copies of it would be in use. */
  readonly gone?: Pieces;
}

const withoutLastReservation = (resource: Resource): Resource => ({
  ...resource,
  reservations: (resource.reservations ?? []).slice(0, -1),
});

/** The disk that a volume is made of. */
function diskOf(volume: Resource): Resource {
  const { shared: _shared, disk, ...plain } = volume;
  return disk?.source === undefined ? plain : { ...plain, disk: { source: disk.source } };
}

const sized = (resource: Resource, value: number): Resource => ({ ...resource, scalar: { value } });

export function replacementsOf(operation: Offer_Operation): Replacement[] {
  switch (operation.type) {
    case Offer_Operation_Type.RESERVE: {
      const resources = operation.reserve?.resources ?? [];
      const source = operation.reserve?.source ?? [];
      const consumed = source.length > 0 ? source : resources.map(withoutLastReservation);
      return [{ consumed: fromResources(consumed), converted: fromResources(resources) }];
    }
    case Offer_Operation_Type.UNRESERVE:
      return (operation.unreserve?.resources ?? []).map((resource) => ({
        consumed: fromResources([resource]),
        converted: fromResources([withoutLastReservation(resource)]),
      }));
    case Offer_Operation_Type.CREATE:
      return (operation.create?.volumes ?? []).map((volume) => ({
        consumed: fromResources([diskOf(volume)]),
        converted: fromResources([volume]),
      }));
    case Offer_Operation_Type.DESTROY:
      return (operation.destroy?.volumes ?? []).map((volume) => ({
        consumed: fromResources([volume]),
        converted: fromResources([diskOf(volume)]),
        gone: [toPiece(volume)],
      }));
    case Offer_Operation_Type.GROW_VOLUME: {
      if (operation.grow_volume === undefined) {
        return [];
      }
      const { volume, addition } = operation.grow_volume;
      const size = (volume.scalar?.value ?? 0) + (addition.scalar?.value ?? 0);
      return [
        {
          consumed: fromResources([volume, addition]),
          converted: fromResources([sized(volume, size)]),
        },
      ];
    }
    case Offer_Operation_Type.SHRINK_VOLUME: {
      if (operation.shrink_volume === undefined) {
        return [];
      }
      const { volume, subtract: less } = operation.shrink_volume;
      const size = (volume.scalar?.value ?? 0) - less.value;
      return [
        {
          consumed: fromResources([volume]),
          converted: fromResources([sized(volume, size), sized(diskOf(volume), less.value)]),
        },
      ];
    }
    default:
      throw new Error(`operation of type ${operation.type} changes no resources by itself`);
  }
}

/** The list after the replacements; undefined, without any of them, where one does not fit. */
export function replace(pieces: Pieces, replacements: readonly Replacement[]): Pieces | undefined {
  let result = pieces;
  for (const { consumed, converted, gone } of replacements) {
    if (!contains(result, consumed)) {
      return undefined;
    }
    result = add(subtract(result, consumed), converted);
    if (gone?.some((volume) => containsPiece(result, volume))) {
      return undefined;
    }
  }
  return result;
}
