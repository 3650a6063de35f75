import { expect, test } from 'vitest';
import { diskQuotas } from '../../../src/containerizer/plan/disk-quotas.ts';
import {
  type Resource,
  Resource_DiskInfo_Source_Type,
  Value_Type,
  Volume_Mode,
} from '../../../src/model/generated/messages.ts';

const MB = 2 ** 20;
const folders = {
  workDirectory: '/agent',
  sandbox: '/agent/slaves/s/runs/c1',
  ephemeral: ['/roots/c1/upper'],
};

const disk = (value: number, more: Partial<Resource> = {}): Resource => ({
  name: 'disk',
  type: Value_Type.SCALAR,
  scalar: { value },
  ...more,
});

const persistence = { id: 'v1' };
const volume = { container_path: 'data', mode: Volume_Mode.RW };
const kit = { reservations: [{ role: 'kit' }] };

test('a sandbox may have all of the disk that is no volume', () => {
  const own = [disk(10), disk(0.5, { reservations: [{ role: 'kit' }] })];
  const cpus: Resource = { name: 'cpus', type: Value_Type.SCALAR, scalar: { value: 3 } };
  expect(diskQuotas(folders, [cpus, ...own])).toEqual([
    {
      path: folders.sandbox,
      also: folders.ephemeral,
      limitBytes: 10.5 * MB,
      resources: own,
      isWhole: false,
    },
  ]);
});

test('without disk there is no quota', () => {
  expect(diskQuotas(folders, [])).toEqual([]);
});

test('each persistent volume has a quota of its own, where its data lies', () => {
  const one = disk(64, { ...kit, disk: { persistence, volume } });
  const source = { type: Resource_DiskInfo_Source_Type.PATH, path: { root: '/fast' } };
  const two = disk(8, { ...kit, disk: { persistence, volume, source } });
  expect(diskQuotas(folders, [one, two, one])).toEqual([
    {
      path: '/agent/volumes/roles/kit/v1',
      also: [],
      limitBytes: 64 * MB,
      resources: [one],
      volume: { persistence },
      isWhole: false,
    },
    {
      path: '/fast/volumes/roles/kit/v1',
      also: [],
      limitBytes: 8 * MB,
      resources: [two],
      volume: { persistence, source },
      isWhole: false,
    },
  ]);
});

test('a disk that is a file system by itself limits its volume', () => {
  const source = { type: Resource_DiskInfo_Source_Type.MOUNT, mount: { root: '/mnt/disk' } };
  const mount = disk(100, { ...kit, disk: { persistence, volume, source } });
  expect(diskQuotas(folders, [mount])).toMatchObject([{ path: '/mnt/disk', isWhole: true }]);
});
