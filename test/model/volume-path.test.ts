import { expect, test } from 'vitest';
import {
  type Resource,
  Resource_DiskInfo_Source_Type,
  Resource_ReservationInfo_Type,
  Value_Type,
} from '../../src/model/generated/messages.ts';
import { volumePlace } from '../../src/model/volume-path.ts';

const disk = (role: string, more: Resource['disk']): Resource => ({
  name: 'disk',
  type: Value_Type.SCALAR,
  scalar: { value: 1 },
  reservations: [{ type: Resource_ReservationInfo_Type.DYNAMIC, role }],
  ...(more === undefined ? {} : { disk: more }),
});

const persistence = { id: 'b' };
const { PATH, MOUNT, BLOCK } = Resource_DiskInfo_Source_Type;

test('volumes of nested roles do not share a folder with a volume of the outer role', () => {
  expect(volumePlace(disk('a', { persistence }))?.path).toBe('volumes/roles/a/b');
  expect(volumePlace(disk('a/b', { persistence }))).toEqual({
    path: 'volumes/roles/a b/b',
    kind: 'folder',
  });
});

test('on a disk of their own they are below its root, or are the mount itself', () => {
  const path = { type: PATH, path: { root: '/mnt/disk1/' } };
  const mount = { type: MOUNT, mount: { root: '/mnt/disk2' } };
  expect(volumePlace(disk('a', { persistence, source: path }))).toEqual({
    path: '/mnt/disk1/volumes/roles/a/b',
    kind: 'folder',
  });
  expect(volumePlace(disk('a', { persistence, source: mount }))).toEqual({
    path: '/mnt/disk2',
    kind: 'mount',
  });
});

test.each([
  undefined,
  { source: { type: MOUNT, mount: { root: '/mnt/disk1' } } },
  { persistence, source: { type: BLOCK } },
  { persistence, source: { type: MOUNT, id: 'csi', mount: { root: 'csi' } } },
  { persistence, source: { type: MOUNT, mount: { root: '/' } } },
  { persistence: { id: '..' } },
  { persistence: { id: '.' } },
  { persistence: { id: 'x/../../..' } },
] as const)('%o has no place', (more) => {
  expect(volumePlace(disk('a', more))).toBeUndefined();
});
