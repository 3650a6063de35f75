// A resource as Mesos writes it in messages: `cpus(allocated: ads)(reservations:
// [(DYNAMIC,ads)]):1.5`.
import {
  type Resource,
  Resource_ReservationInfo_Type,
  type Value_Ranges,
  type Value_Set,
  Value_Type,
} from './generated/messages.ts';
import { rounded } from './milli.ts';

export function resourceText(resource: Resource): string {
  return resource.name + qualifiers(resource) + valueSuffix(resource);
}

export const resourcesText = (resources: readonly Resource[]) =>
  resources.length === 0 ? '{}' : resources.map(resourceText).join('; ');

function qualifiers(resource: Resource): string {
  let text = '';
  if (resource.allocation_info?.role !== undefined) {
    text += `(allocated: ${resource.allocation_info.role})`;
  }
  if (resource.reservations !== undefined && resource.reservations.length > 0) {
    const reservations = resource.reservations.map(({ type, role, principal }) => {
      const kind = type === Resource_ReservationInfo_Type.DYNAMIC ? 'DYNAMIC' : 'STATIC';
      return `(${kind},${role}${principal === undefined ? '' : `,${principal}`})`;
    });
    text += `(reservations: [${reservations.join(',')}])`;
  } else if (resource.role !== undefined && resource.role !== '*') {
    text += `(${resource.role})`;
  }
  const volume = resource.disk?.persistence;
  if (volume !== undefined) {
    text += `[${volume.id}:${resource.disk?.volume?.container_path ?? ''}]`;
  }
  if (resource.revocable !== undefined) {
    text += '{REV}';
  }
  return resource.shared === undefined ? text : `${text}<SHARED>`;
}

function valueSuffix(resource: Resource): string {
  switch (resource.type) {
    case Value_Type.SCALAR:
      return `:${rounded(resource.scalar?.value ?? 0)}`;
    case Value_Type.RANGES:
      return `:${rangesText(resource.ranges)}`;
    case Value_Type.SET:
      return `:${setText(resource.set)}`;
    default:
      return '';
  }
}

/** `[31000-32000, 40000-41000]` */
export function rangesText(ranges: Value_Ranges | undefined): string {
  const texts = (ranges?.range ?? []).map(({ begin, end }) => `${begin}-${end}`);
  return `[${texts.join(', ')}]`;
}

/** `{a, b}` */
export const setText = (set: Value_Set | undefined) => `{${(set?.item ?? []).join(', ')}}`;
