// Short ways to write resources in tests.
import {
  Resource_ReservationInfo_Type as ReservationType,
  type Resource,
  Resource_DiskInfo_Source_Type as SourceType,
  Value_Type as ValueType,
} from '../../src/model/generated/messages.ts';

export const scalar = (name: string, value: number): Resource => ({
  name,
  type: ValueType.SCALAR,
  scalar: { value },
});
export const cpus = (value: number) => scalar('cpus', value);
export const mem = (value: number) => scalar('mem', value);
export const disk = (value: number) => scalar('disk', value);

export const ports = (...ranges: readonly (readonly [number, number])[]): Resource => ({
  name: 'ports',
  type: ValueType.RANGES,
  ranges: { range: ranges.map(([begin, end]) => ({ begin, end })) },
});

export const items = (name: string, ...item: string[]): Resource => ({
  name,
  type: ValueType.SET,
  set: { item },
});

export const reserved = (resource: Resource, ...roles: string[]): Resource => ({
  ...resource,
  reservations: roles.map((role) => ({ type: ReservationType.DYNAMIC, role, principal: 'p' })),
});

export const allocated = (resource: Resource, role: string): Resource => ({
  ...resource,
  allocation_info: { role },
});

export const mount = (root: string, size: number): Resource => ({
  ...disk(size),
  disk: { source: { type: SourceType.MOUNT, mount: { root } } },
});

export const volume = (resource: Resource, id: string, shared = false): Resource => ({
  ...resource,
  disk: {
    ...resource.disk,
    persistence: { id, principal: 'p' },
    volume: { container_path: 'v', mode: 1 },
  },
  ...(shared ? { shared: {} } : {}),
});
