// Reservations and volumes that a framework makes of its offers, and undoes.
import {
  type Offer,
  type Offer_Operation,
  Offer_Operation_Type,
  type Resource,
  Resource_ReservationInfo_Type,
  Volume_Mode,
} from '../../src/model/generated/messages.ts';
import type { Chance } from './chance.ts';

const isDynamic = ({ reservations }: Resource) =>
  reservations?.at(-1)?.type === Resource_ReservationInfo_Type.DYNAMIC;
const isVolume = ({ disk }: Resource) => disk?.persistence !== undefined;

const { RESERVE, UNRESERVE, CREATE, DESTROY, GROW_VOLUME, SHRINK_VOLUME } = Offer_Operation_Type;

/** Undefined where the offer has nothing for the kind of operation that chance has chosen. */
export function conversionOf(
  chance: Chance,
  offer: Offer,
  names: {
    readonly volume: string;
    readonly operation: string | undefined;
    readonly resizes: boolean;
  },
): Offer_Operation | undefined {
  const role = offer.allocation_info?.role ?? '*';
  const scalars = (offer.resources ?? []).filter(({ scalar }) => (scalar?.value ?? 0) >= 1);
  const type = chance.pick([
    ...[RESERVE, RESERVE, UNRESERVE, CREATE, DESTROY],
    ...(names.resizes ? [GROW_VOLUME, SHRINK_VOLUME] : []),
  ]);
  const resource = chance.pick([
    ...scalars.filter((it) => isSubject(type, it)),
    ...(chance.of(0.1) ? scalars : []),
    undefined,
  ]);
  if (resource === undefined || role === '*') {
    return undefined;
  }
  const id = names.operation === undefined ? {} : { id: { value: names.operation } };
  const part = { ...resource, scalar: { value: chance.int(1, resource.scalar?.value ?? 1) } };
  switch (type) {
    case RESERVE: {
      const reservations = [{ type: Resource_ReservationInfo_Type.DYNAMIC, role }];
      return { ...id, type, reserve: { resources: [{ ...part, reservations }] } };
    }
    case UNRESERVE:
      return { ...id, type, unreserve: { resources: [part] } };
    case CREATE: {
      const disk = {
        persistence: { id: names.volume },
        volume: { container_path: 'data', mode: Volume_Mode.RW },
      };
      return { ...id, type, create: { volumes: [{ ...part, disk }] } };
    }
    case GROW_VOLUME: {
      const like = scalars.find((it) => it.name === 'disk' && isDynamic(it) && !isVolume(it));
      const { scalar } = like ?? {};
      const addition = like && { ...like, scalar: { value: chance.int(1, scalar?.value ?? 1) } };
      return addition && { ...id, type, grow_volume: { volume: resource, addition } };
    }
    case SHRINK_VOLUME:
      return {
        ...id,
        type,
        shrink_volume: { volume: resource, subtract: { value: part.scalar.value } },
      };
    default:
      return { ...id, type: DESTROY, destroy: { volumes: [resource] } };
  }
}

function isSubject(type: Offer_Operation_Type, resource: Resource): boolean {
  switch (type) {
    case RESERVE:
      return resource.reservations === undefined;
    case UNRESERVE:
      return isDynamic(resource) && !isVolume(resource);
    case CREATE:
      return isDynamic(resource) && !isVolume(resource) && resource.name === 'disk';
    default:
      return isVolume(resource);
  }
}
