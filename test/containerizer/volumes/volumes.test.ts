// Volumes on disks that tasks' users can write to: whatever they create there, root works only in
// its own folders.
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { volumeLinks } from '../../../src/containerizer/plan/volume-links.ts';
import { Volumes } from '../../../src/containerizer/volumes/volumes.ts';
import { WorkDirectory } from '../../../src/containerizer/work-directory.ts';
import {
  type Resource,
  Resource_DiskInfo_Source_Type,
  Resource_ReservationInfo_Type,
  Value_Type,
  Volume_Mode,
} from '../../../src/model/generated/messages.ts';
import { containerId } from '../../../src/model/ids.ts';
import { temporaryFolder } from '../../agent-driver/harness.ts';
import { exchanging } from '../../support/exchange.ts';
import { mounted } from '../../support/mounted.ts';

const nobody = 65534;

let temporary: ReturnType<typeof temporaryFolder>;
let volumes: Volumes;
let warnings: string[];
let launches: number;

const here = (...path: string[]) => join(temporary.path, ...path);
const disk = (...path: string[]) => here('disk', ...path);

beforeEach(() => {
  temporary = temporaryFolder();
  warnings = [];
  launches = 0;
  mkdirSync(here('work'));
  volumes = new Volumes(new WorkDirectory(here('work')), (text) => warnings.push(text));
  mkdirSync(here('victim/sub'), { recursive: true });
  writeFileSync(here('victim/file'), 'kept');
  chmodSync(here('victim'), 0o700);
  mkdirSync(disk());
});

afterEach(() => temporary[Symbol.dispose]());

const { PATH, MOUNT } = Resource_DiskInfo_Source_Type;

const onDisk = (root: string | undefined, id?: string): Resource => ({
  name: 'disk',
  type: Value_Type.SCALAR,
  scalar: { value: 64 },
  reservations: [{ type: Resource_ReservationInfo_Type.DYNAMIC, role: 'kit' }],
  disk: {
    ...(root === undefined ? {} : { source: { type: PATH, path: { root } } }),
    ...(id === undefined
      ? {}
      : { persistence: { id }, volume: { container_path: 'data', mode: Volume_Mode.RW } }),
  },
});

/** As at the launch of a task of user nobody. */
function provide(resource: Resource): void {
  const sandbox = `sandbox-${++launches}`;
  mkdirSync(here('work', sandbox));
  chownSync(here('work', sandbox), nobody, nobody);
  volumes.provide(
    containerId(sandbox),
    here('work', sandbox),
    volumeLinks(here('work'), [resource]),
  );
}

/** A link that a task has made, and the folders that lead to it from the top of the disk. */
function nobodysLink(...path: string[]): void {
  for (let length = 1; length < path.length; length++) {
    const folder = disk(...path.slice(0, length));
    if (!existsSync(folder)) {
      mkdirSync(folder);
      chownSync(folder, nobody, nobody);
    }
  }
  symlinkSync(here('victim'), disk(...path));
  lchownSync(disk(...path), nobody, nobody);
}

function expectVictimUntouched(): void {
  expect(readdirSync(here('victim'))).toEqual(['file', 'sub']);
  const { uid, mode } = statSync(here('victim'));
  expect({ uid, mode: mode & 0o777 }).toEqual({ uid: 0, mode: 0o700 });
}

describe('a disk', () => {
  const place = { path: 'volumes/roles/kit/v1', kind: 'folder' } as const;

  test.each([
    { owner: nobody, mode: '0755', why: "disk' belongs to user 65534, who could exchange it" },
    { owner: nobody, mode: '1777', why: "disk' belongs to user 65534, who could exchange it" },
    { owner: 0, mode: '0777', why: "Others may write to '.*disk' \\(mode 0777\\)" },
    { owner: 0, mode: '0775', why: "Others may write to '.*disk' \\(mode 0775\\)" },
  ])(
    'of user $owner and mode $mode can have no volumes, which is said at the start (needs root)',
    async ({ owner, mode, why }) => {
      nobodysLink('volumes', 'roles', 'kit', 'v1');
      nobodysLink('volumes', 'destroyed');
      chownSync(disk('volumes'), 0, 0);
      chownSync(disk('volumes/roles'), 0, 0);
      chownSync(disk('volumes/roles/kit'), 0, 0);
      chownSync(disk(), owner, owner);
      chmodSync(disk(), Number.parseInt(mode, 8));
      expect(() => provide(onDisk(disk(), 'v1'))).toThrow(new RegExp(why));
      const path = disk(place.path);
      expect(() => volumes.create({ path, kind: 'folder' })).toThrow(new RegExp(why));
      await expect(volumes.destroy({ path, kind: 'folder' })).rejects.toThrow(new RegExp(why));
      await volumes.destroyLeft([onDisk(disk())]);
      expect(warnings).toEqual([
        expect.stringMatching(`^There can be no persistent volumes on disk '${disk()}': .*${why}`),
      ]);
      expectVictimUntouched();
    },
  );

  test('that is the work directory is no exception (needs root)', async () => {
    mkdirSync(here('work/volumes/destroyed'), { recursive: true });
    symlinkSync(here('victim'), here('work/volumes/destroyed/link'));
    chmodSync(here('work'), 0o777);
    expect(() => provide(onDisk(undefined, 'v1'))).toThrow(/Others may write to '.*work'/);
    await volumes.destroyLeft([]);
    expect(warnings.join()).toContain(`no persistent volumes on disk '${here('work')}'`);
    chmodSync(here('work'), 0o755);
    await volumes.destroyLeft([]);
    expect(readdirSync(here('work/volumes/destroyed'))).toEqual([]);
    provide(onDisk(undefined, 'v1'));
    expect(statSync(here('work', place.path)).uid).toBe(nobody);
    expectVictimUntouched();
  });
});

describe('on a disk like /tmp', () => {
  beforeEach(() => chmodSync(disk(), 0o1777));

  test('a volume is its user’s, and the way to it is root’s (needs root)', async () => {
    provide(onDisk(disk(), 'v1'));
    expect(statSync(disk('volumes/roles/kit/v1')).uid).toBe(nobody);
    for (const folder of ['volumes', 'volumes/roles', 'volumes/roles/kit']) {
      expect(statSync(disk(folder))).toMatchObject({ uid: 0 });
      expect(statSync(disk(folder)).mode & 0o777).toBe(0o755);
    }
    writeFileSync(disk('volumes/roles/kit/v1/file'), '');
    await volumes.destroy({ path: disk('volumes/roles/kit/v1'), kind: 'folder' });
    expect(readdirSync(disk('volumes/destroyed'))).toEqual([]);
    expect(readdirSync(disk('volumes/roles'))).toEqual([]);
    expect(statSync(disk('volumes/destroyed')).mode & 0o777).toBe(0o700);
    await volumes.destroyLeft([onDisk(disk())]);
    expect(warnings).toEqual([]);
  });

  test.each(['volumes', 'volumes/destroyed'])(
    'a link at %s leads no deletion to what is root’s (needs root)',
    async (path) => {
      mkdirSync(here('victim/destroyed'));
      nobodysLink(...path.split('/'));
      await volumes.destroyLeft([onDisk(disk())]);
      expect(warnings).toEqual([
        expect.stringContaining(`on disk '${disk()}': '${disk('volumes')}'`),
      ]);
      expect(readdirSync(here('victim'))).toEqual(['destroyed', 'file', 'sub']);
    },
  );

  test('a folder for what is destroyed that is a link or another’s is not used (needs root)', async () => {
    const place = { path: disk('volumes/roles/kit/v1'), kind: 'folder' } as const;
    provide(onDisk(disk(), 'v1'));
    nobodysLink('volumes', 'destroyed');
    await expect(volumes.destroy(place)).rejects.toThrow("destroyed' is a link");
    await volumes.destroyLeft([onDisk(disk())]);
    expect(warnings.join()).toContain("destroyed' is a link");
    renameSync(disk('volumes/destroyed'), here('link'));
    mkdirSync(disk('volumes/destroyed'));
    chmodSync(disk('volumes/destroyed'), 0o777);
    await expect(volumes.destroy(place)).rejects.toThrow("Others may write to '");
    expect(statSync(place.path).isDirectory()).toBe(true);
    expectVictimUntouched();
  });

  test.each(['volumes', 'volumes/roles', 'volumes/roles/kit', 'volumes/roles/kit/v1'])(
    'a link at %s gives nothing of root’s away (needs root)',
    (path) => {
      nobodysLink(...path.split('/'));
      expect(() => provide(onDisk(disk(), 'v1'))).toThrow(`'${disk('volumes')}'`);
      expectVictimUntouched();
    },
  );

  test('folders that are exchanged for another’s at any time lead nowhere (needs root)', async () => {
    nobodysLink('prepared', 'roles', 'kit', 'v1');
    nobodysLink('prepared', 'destroyed');
    provide(onDisk(disk(), 'v1'));
    await using _ = await exchanging([[disk('volumes'), disk('prepared')]]);
    for (let round = 0; round < 300; round++) {
      try {
        provide(onDisk(disk(), 'v1'));
      } catch {
        // The other folder was there, or neither.
      }
      await volumes.destroyLeft([onDisk(disk())]);
    }
    expectVictimUntouched();
  });
});

describe('on the way to a disk', () => {
  const onMount = (root: string, id?: string): Resource => {
    const resource = onDisk(undefined, id);
    return {
      ...resource,
      disk: { ...resource.disk, source: { type: MOUNT, mount: { root } } },
    };
  };

  test('a link of another user’s gives nothing of root’s away (needs root)', async () => {
    mkdirSync(here('theirs'));
    chownSync(here('theirs'), nobody, nobody);
    mkdirSync(here('sticky'));
    chmodSync(here('sticky'), 0o1777);
    mkdirSync(here('victim/volumes/destroyed/file'), { recursive: true });
    for (const folder of ['theirs', 'sticky']) {
      const link = here(folder, 'disk');
      symlinkSync(here('victim'), link);
      const why = `'${link}' is a link, in a folder that others may write to`;
      for (const resource of [
        onMount(link, 'v1'),
        onDisk(link, 'v1'),
        onDisk(`${link}/sub`, 'v1'),
      ]) {
        expect(() => provide(resource)).toThrow(why);
      }
      await expect(volumes.destroy({ path: link, kind: 'mount' })).rejects.toThrow(why);
      warnings = [];
      await volumes.destroyLeft([onDisk(link), onMount(link)]);
      expect(warnings).toEqual([expect.stringContaining(why), expect.stringContaining(why)]);
    }
    expect(readdirSync(here('victim')).toSorted()).toEqual(['file', 'sub', 'volumes']);
    expect(readdirSync(here('victim/volumes/destroyed'))).toEqual(['file']);
    expect(readdirSync(here('victim/sub'))).toEqual([]);
    expect(statSync(here('victim')).uid).toBe(0);
  });

  test('links of the operator’s are followed, and missing folders are made (needs root)', () => {
    symlinkSync('disk', here('relative'));
    symlinkSync(here('relative'), here('absolute'));
    provide(onDisk(here('absolute/new/top'), 'v1'));
    expect(statSync(disk('new/top/volumes/roles/kit/v1')).uid).toBe(nobody);
    using _ = mounted(disk());
    provide(onMount(here('absolute'), 'v1'));
    expect(statSync(disk()).uid).toBe(nobody);
    symlinkSync('loop', here('loop'));
    expect(() => provide(onDisk(here('loop'), 'v1'))).toThrow('too many links');
  });
});

test('a volume that the operator has put elsewhere stays the operator’s (needs root)', () => {
  mkdirSync(disk('volumes/roles/kit'), { recursive: true });
  symlinkSync(here('victim'), disk('volumes/roles/kit/v1'));
  provide(onDisk(disk(), 'v1'));
  expectVictimUntouched();
});

test('where a nested container had a volume, no link on the way to its sandbox is followed', () => {
  const links = volumeLinks(here('work'), [onDisk(undefined, 'v')], 'mount');
  const [name = ''] = links.keys();
  const root = here('work/root');
  mkdirSync(join(root, 'containers/one', name), { recursive: true });
  mkdirSync(here('other/one', name), { recursive: true });
  const release = () => {
    const id = containerId('root.one');
    volumes.adopt(id, join(root, 'containers/one'), links);
    volumes.release(id);
  };
  renameSync(join(root, 'containers'), here('aside'));
  symlinkSync(here('other'), join(root, 'containers'));
  release();
  expect(readdirSync(here('other/one'))).toEqual([name]);
  renameSync(join(root, 'containers'), here('link'));
  renameSync(here('aside'), join(root, 'containers'));
  release();
  expect(readdirSync(join(root, 'containers/one'))).toEqual([]);
});

test('a running executor with an image gets no volume that it could not see', () => {
  const id = containerId('executor');
  const sandbox = here('work/executor');
  mkdirSync(sandbox);
  const links = volumeLinks(here('work'), [onDisk(undefined, 'v1')]);
  const running = { hasProcess: true, hasOwnFiles: true };
  expect(() => volumes.provide(id, sandbox, links, running)).toThrow(
    /volumes\/roles\/kit\/v1' as 'data': a link to it leads nowhere in the executor's image/,
  );
  // One of its start is there.
  const mounts = volumeLinks(here('work'), [onDisk(undefined, 'v1')], 'mount');
  volumes.provide(id, sandbox, mounts);
  volumes.provide(id, sandbox, links, running);
});
