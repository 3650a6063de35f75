import { expect, test } from 'vitest';
import {
  type Resource,
  Resource_ReservationInfo_Type,
  Value_Type,
} from '../../src/model/generated/messages.ts';
import { volumePath } from '../../src/model/volume-path.ts';

const disk = (role: string, more: Resource['disk']): Resource => ({
  name: 'disk',
  type: Value_Type.SCALAR,
  scalar: { value: 1 },
  reservations: [{ type: Resource_ReservationInfo_Type.DYNAMIC, role }],
  ...(more === undefined ? {} : { disk: more }),
});

test('volumes of nested roles do not share a folder with a volume of the outer role', () => {
  const persistence = { id: 'b' };
  expect(volumePath(disk('a', { persistence }))).toBe('volumes/roles/a/b');
  expect(volumePath(disk('a/b', { persistence }))).toBe('volumes/roles/a b/b');
});

test('other disk resources have no folder here', () => {
  const mount = { type: 2, mount: { root: '/mnt/disk1' } } as const;
  expect(volumePath(disk('a', undefined))).toBeUndefined();
  expect(volumePath(disk('a', { persistence: { id: 'b' }, source: mount }))).toBeUndefined();
});
