// The texts in recorded histories, and the messages that they mean. The format is described where
// the histories are kept; `formatResources` writes its canonical order.
import type { Quantities } from '../../src/core/interface.ts';
import {
  Resource_DiskInfo_Source_Type as DiskSource,
  Resource_ReservationInfo_Type as Reservation,
  type Resource,
  type Resource_DiskInfo,
  type Resource_ReservationInfo,
  Value_Type,
  Volume_Mode,
} from '../../src/model/generated/messages.ts';
import { copied } from '../support/copied.ts';

const ITEM = /^([A-Za-z_]\w*)((?:\([^)]*\))*)(\[[^\]]*\])?(\{REV\})?(\{SHARED\})?:(.*)$/;

export function parseQuantities(text: string): Quantities {
  return Object.fromEntries(
    text
      .split(';')
      .filter((item) => item !== '')
      .map((item) => {
        const [name = '', value = ''] = item.split(':');
        return [name, Number(value)];
      }),
  );
}

/** A shared volume with k copies becomes k messages. */
export function parseResources(text: string): Resource[] {
  return text === '' ? [] : text.split(/;(?![^[\]]*\])/).flatMap(parseItem);
}

function parseItem(text: string): Resource[] {
  const [, name, reservations, disk, revocable, shared, value] = ITEM.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new Error(`not a resource: ${text}`);
  }
  const [amount = '', copies = '1'] = value.split('*');
  const resource: Resource = {
    name,
    ...parseValue(amount),
    ...(reservations === undefined || reservations === ''
      ? {}
      : { reservations: parseReservations(reservations) }),
    ...(disk === undefined ? {} : { disk: parseDisk(disk) }),
    ...(revocable === undefined ? {} : { revocable: {} }),
    ...(shared === undefined ? {} : { shared: {} }),
  };
  return Array.from({ length: Number(copies) }, () => copied(resource));
}

function parseValue(text: string): Pick<Resource, 'type' | 'scalar' | 'ranges' | 'set'> {
  const inner = text.slice(1, -1).split(',');
  if (text.startsWith('[')) {
    const range = inner.map((item) => {
      const [begin = '', end = ''] = item.split('-');
      return { begin: Number(begin), end: Number(end) };
    });
    return { type: Value_Type.RANGES, ranges: { range } };
  }
  if (text.startsWith('{')) {
    return { type: Value_Type.SET, set: { item: inner } };
  }
  return { type: Value_Type.SCALAR, scalar: { value: Number(text) } };
}

function parseReservations(text: string): Resource_ReservationInfo[] {
  return text
    .slice(1, -1)
    .split(')(')
    .map((item) => {
      const [kind, role = '', principal] = item.split(',');
      return {
        type: kind === 'S' ? Reservation.STATIC : Reservation.DYNAMIC,
        role,
        ...(principal === undefined ? {} : { principal }),
      };
    });
}

function parseDisk(text: string): Resource_DiskInfo {
  const disk: Resource_DiskInfo = {};
  for (const part of text.slice(1, -1).split(',')) {
    const [key, value = ''] = part.split('=');
    switch (key) {
      case 'mount':
        disk.source = { type: DiskSource.MOUNT, mount: { root: value } };
        break;
      case 'path':
        disk.source = { type: DiskSource.PATH, path: { root: value } };
        break;
      case 'raw':
        disk.source = { type: DiskSource.RAW, id: value };
        break;
      case 'block':
        disk.source = { type: DiskSource.BLOCK, id: value };
        break;
      case 'vol':
        disk.persistence = { id: value };
        disk.volume = { mode: Volume_Mode.RW, container_path: 'v' };
        break;
      default:
        throw new Error(`not a part of a disk: ${part}`);
    }
  }
  return disk;
}

/** Allocation roles are left out: the role of an offer is beside its text. */
export function formatResources(resources: readonly Resource[]): string {
  const copies = new Map<string, { readonly parts: readonly string[]; count: number }>();
  for (const resource of resources) {
    const parts = formatItem(resource);
    const key = parts.join('\0');
    const same = copies.get(key);
    // Only shared volumes are held more than once; equal whole disks are two items.
    if (same !== undefined && resource.shared !== undefined) {
      same.count += 1;
    } else {
      copies.set(same === undefined ? key : `${key}\0${copies.size}`, { parts, count: 1 });
    }
  }
  return [...copies.values()]
    .sort((left, right) => compareParts(left.parts, right.parts))
    .map(({ parts: [name, reservations, disk, revocable, shared, value], count }) => {
      const suffix = count > 1 ? `*${count}` : '';
      return `${name}${reservations}${disk}${revocable}${shared}:${value}${suffix}`;
    })
    .join(';');
}

function compareParts(left: readonly string[], right: readonly string[]): number {
  for (const [index, part] of left.entries()) {
    const other = right[index] ?? '';
    if (part !== other) {
      return part < other ? -1 : 1;
    }
  }
  return 0;
}

function formatItem(resource: Resource): readonly string[] {
  return [
    resource.name,
    (resource.reservations ?? []).map(formatReservation).join(''),
    formatDisk(resource.disk),
    resource.revocable === undefined ? '' : '{REV}',
    resource.shared === undefined ? '' : '{SHARED}',
    formatValue(resource),
  ];
}

function formatReservation({ type, role, principal }: Resource_ReservationInfo): string {
  const kind = type === Reservation.STATIC ? 'S' : 'D';
  return `(${kind},${role}${principal === undefined ? '' : `,${principal}`})`;
}

function formatDisk(disk: Resource_DiskInfo | undefined): string {
  const { source } = disk ?? {};
  const parts: string[] = [];
  if (source?.type === DiskSource.MOUNT) {
    parts.push(`mount=${source.mount?.root}`);
  }
  if (source?.type === DiskSource.PATH) {
    parts.push(`path=${source.path?.root}`);
  }
  if (source?.type === DiskSource.RAW) {
    parts.push(`raw=${source.id}`);
  }
  if (source?.type === DiskSource.BLOCK) {
    parts.push(`block=${source.id}`);
  }
  if (disk?.persistence !== undefined) {
    parts.push(`vol=${disk.persistence.id}`);
  }
  return parts.length === 0 ? '' : `[${parts.join(',')}]`;
}

function formatValue(resource: Resource): string {
  switch (resource.type) {
    case Value_Type.SCALAR:
      return String(Math.round((resource.scalar?.value ?? 0) * 1000) / 1000);
    case Value_Type.RANGES: {
      const ranges = [...(resource.ranges?.range ?? [])].sort((a, b) => a.begin - b.begin);
      return `[${ranges.map(({ begin, end }) => `${begin}-${end}`).join(',')}]`;
    }
    default:
      return `{${[...(resource.set?.item ?? [])].sort().join(',')}}`;
  }
}
