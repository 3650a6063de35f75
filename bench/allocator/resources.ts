// The resources in the workloads.
import {
  type Labels,
  Resource_ReservationInfo_Type as Reservation,
  type Resource,
  Value_Type,
  Volume_Mode,
} from '../../src/model/generated/messages.ts';

export const scalar = (name: string, value: number): Resource => ({
  name,
  type: Value_Type.SCALAR,
  scalar: { value },
});

export const scalars = (amounts: Readonly<Record<string, number>>): Resource[] =>
  Object.entries(amounts).map(([name, value]) => scalar(name, value));

export const ports = (...range: readonly (readonly [number, number])[]): Resource => ({
  name: 'ports',
  type: Value_Type.RANGES,
  ranges: { range: range.map(([begin, end]) => ({ begin, end })) },
});

/** Every other one of 2 × count equal parts of a range. */
export function fragments(begin: number, end: number, count: number): Resource {
  const width = Math.max(1, Math.floor((end - begin + 1) / (2 * count)));
  return ports(
    ...Array.from({ length: count }, (_, index) => {
      const first = begin + 2 * index * width;
      return [first, first + width - 1] as const;
    }),
  );
}

export const reserved = (resource: Resource, role: string, labels?: Labels): Resource => ({
  ...resource,
  reservations: [
    { type: Reservation.DYNAMIC, role, principal: 'bench', ...(labels && { labels }) },
  ],
});

export const volume = (id: string, role: string, megabytes: number): Resource => ({
  ...reserved(scalar('disk', megabytes), role),
  disk: {
    persistence: { id, principal: 'bench' },
    volume: { mode: Volume_Mode.RW, container_path: 'path' },
  },
});

/** Labels of one reservation: `shared` labels that all reservations have, and one of its own. */
export function labels(shared: number, own: string): Labels {
  const equal = Array.from({ length: shared }, (_, index) => ({
    key: `key-${index}`,
    value: `value-${index}`,
  }));
  return { labels: [...equal, { key: 'unique', value: own }] };
}
