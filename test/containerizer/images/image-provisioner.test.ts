// Root file systems of images, with a store on a real disk.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DockerImages } from '../../../src/containerizer/images/docker-images.ts';
import {
  ImageProvisioner,
  type ImageProvisionerOptions,
} from '../../../src/containerizer/images/image-provisioner.ts';
import { LeftRoots } from '../../../src/containerizer/images/left-roots.ts';
import type { ProvisionedImage } from '../../../src/containerizer/images/provisioner.ts';
import { progressText } from '../../../src/containerizer/images/pull-progress.ts';
import { WorkDirectory } from '../../../src/containerizer/work-directory.ts';
import { reportFigures, snapshotSink } from '../../../src/model/figures.ts';
import { type Image, Image_Type, Secret_Type } from '../../../src/model/generated/messages.ts';
import { containerId } from '../../../src/model/ids.ts';
import { programs, temporaryFolder } from '../../agent-driver/harness.ts';
import { mounted } from '../../support/mounted.ts';
import { SmallDisk } from '../../support/small-disk.ts';
import { type ArchiveEntry, archiveOf } from './archives.ts';
import { digestOf } from './formats/samples.ts';
import { ImageShelf } from './image-shelf.ts';

const isRoot = process.geteuid?.() === 0;
const never = new AbortController().signal;
const id = containerId('one');

let folder: ReturnType<typeof temporaryFolder>;
let shelf: ImageShelf;
let provisioner: ImageProvisioner;
let warnings: string[];

const storeDir = () => join(folder.path, 'store');
const store = (...names: string[]) => join(storeDir(), 'mesoscale-2', ...names);
const work = () => new WorkDirectory(join(folder.path, 'work'));

const opened = (options: Partial<ImageProvisionerOptions> = {}) =>
  ImageProvisioner.open({
    stores: [{ source: new DockerImages(shelf), folder: storeDir() }],
    work: work(),
    backend: 'copy',
    programs,
    collection: undefined,
    warn: (text) => void warnings.push(text),
    ...options,
  });

beforeEach(async () => {
  folder = temporaryFolder();
  shelf = new ImageShelf();
  warnings = [];
  provisioner = await opened();
});

afterEach(async () => {
  await provisioner.close();
  expect(warnings).toEqual([]);
  folder[Symbol.dispose]();
});

const layer = (...entries: readonly ArchiveEntry[]) => archiveOf(...entries);

const docker = (name: string, more: Partial<Image> = {}): Image => ({
  type: Image_Type.DOCKER,
  docker: { name },
  ...more,
});

const pathOf = ({ root }: ProvisionedImage) => (root.kind === 'folder' ? root.path : '');

const layersInStore = () =>
  readdirSync(store('layers', 'sha256'))
    .map((name) => `sha256:${name}`)
    .sort();

/** What is left of work that did not come to its end. */
const unfinished = () => [store('staging'), store('removed')].flatMap((path) => readdirSync(path));

/** Mesos's name for how many root containers have files of their own. */
const NEW_ROOTS = 'containerizer/mesos/filesystem/containers_new_rootfs';

const diffIds = (...archives: readonly Buffer[]) => archives.map(digestOf).sort();

const low = layer(
  { name: 'etc/', type: '5' },
  { name: 'etc/a', content: 'a' },
  { name: 'etc/b', content: 'b' },
);
const high = layer({ name: 'etc/.wh.a' }, { name: 'etc/b', content: 'B' });

test('an image is pulled once, and each container has files of its own', async () => {
  shelf.put('base:latest', [low, high], { config: { command: ['/bin/sh'] } });
  const one = await provisioner.provision(id, 'rootfs', docker('base'), never);
  expect(one).toMatchObject({
    config: { command: ['/bin/sh'] },
    root: { kind: 'folder', isReadOnly: false },
  });
  expect(readdirSync(join(pathOf(one), 'etc'))).toEqual(['b']);
  writeFileSync(join(pathOf(one), 'etc/b'), 'changed');
  const two = await provisioner.provision(
    containerId('two'),
    'rootfs',
    docker('base:latest'),
    never,
  );
  expect(readFileSync(join(pathOf(two), 'etc/b'), 'utf8')).toBe('B');
  expect(shelf.manifests).toBe(1);
  expect([...shelf.blobs.values()]).toEqual([1, 1]);
  expect(unfinished()).toEqual([]);
});

test('a layer is there once, whichever images have it, and how often', async () => {
  const other = layer({ name: 'other' });
  shelf.put('one:latest', [low, high]);
  shelf.put('two:latest', [low, other, low]);
  await provisioner.provision(id, 'rootfs', docker('one'), never);
  const two = await provisioner.provision(id, 'volume-0', docker('two'), never);
  expect(readdirSync(join(pathOf(two), 'etc'))).toEqual(['a', 'b']);
  expect(layersInStore()).toEqual(diffIds(low, high, other));
  expect([...shelf.blobs.values()]).toEqual([1, 1, 1]);
});

test('those who want the same at the same time get it from one pull', async () => {
  shelf.put('base:latest', [low, high]);
  shelf.put('other:latest', [high]);
  const open = Promise.withResolvers<void>();
  shelf.gate = () => open.promise;
  const all = Array.from({ length: 5 }, (_, at) =>
    provisioner.provision(containerId(`c${at}`), 'rootfs', docker('base'), never),
  );
  const other = provisioner.provision(id, 'rootfs', docker('other'), never);
  const given = new AbortController();
  const left = provisioner.provision(containerId('left'), 'rootfs', docker('base'), given.signal);
  given.abort(new Error('killed'));
  await expect(left).rejects.toThrow('killed');
  open.resolve();
  await Promise.all([...all, other]);
  expect(shelf.manifests).toBe(2);
  expect([...shelf.blobs.values()]).toEqual([1, 1]);
});

test('nobody waits for the registry of another image, whatever layers it names', async () => {
  const archive = layer({ name: 'a', content: 'a' });
  shelf.put('good:latest', [archive]);
  shelf.put('bad.example/slow:latest', [archive]);
  const given = new AbortController();
  const begun = Promise.withResolvers<void>();
  shelf.gate = (_, abort) =>
    new Promise((_, reject) => {
      abort.addEventListener('abort', () => reject(abort.reason));
      begun.resolve();
    });
  const slow = provisioner.provision(id, 'rootfs', docker('bad.example/slow'), given.signal);
  await begun.promise;
  shelf.gate = async () => undefined;
  const good = await provisioner.provision(containerId('two'), 'rootfs', docker('good'), never);
  expect(readFileSync(join(pathOf(good), 'a'), 'utf8')).toBe('a');
  given.abort(new Error('enough'));
  await expect(slow).rejects.toThrow('enough');
});

test('who asks for much keeps nobody else waiting, not even those who want the same', async () => {
  const names = Array.from({ length: 40 }, (_, at) => `host${at % 20}.example/slow${at}`);
  for (const [at, name] of names.entries()) {
    shelf.put(`${name}:latest`, [layer({ name: `${at}` })]);
  }
  shelf.put('base:latest', [low, high]);
  shelf.put('good:latest', [layer({ name: 'good' })]);
  const given = new AbortController();
  const quick = new Set(['base', 'good'].flatMap((name) => shelf.layersOf(`${name}:latest`)));
  shelf.gate = ({ digest }, abort) =>
    quick.has(digest)
      ? Promise.resolve()
      : new Promise((_, reject) => {
          abort.addEventListener('abort', () => reject(abort.reason));
        });
  const greedy = [...names, 'base'].map((name, at) =>
    provisioner.provision(containerId(`g${at}`), 'rootfs', docker(name), given.signal, 'greedy'),
  );
  const ends = Promise.allSettled(greedy);
  await vi.waitFor(() => expect(shelf.blobs.size).toBe(16));
  for (const [at, name] of ['base', 'good'].entries()) {
    const root = `rootfs-${at}`;
    await provisioner.provision(id, root, docker(name), never, 'other');
  }
  given.abort(new Error('enough'));
  await ends;
  await vi.waitFor(() => expect(unfinished()).toEqual([]));
});

test('a pull that nobody waits for any more ends, and leaves nothing', async () => {
  shelf.put('base:latest', [low, high]);
  shelf.gate = (_, abort) =>
    new Promise((_resolve, reject) => {
      abort.addEventListener('abort', () => reject(abort.reason));
    });
  const given = new AbortController();
  const done = provisioner.provision(id, 'rootfs', docker('base'), given.signal);
  await expect.poll(() => shelf.blobs.size).toBe(2);
  expect(unfinished()).toHaveLength(2);
  given.abort(new Error('killed'));
  await expect(done).rejects.toThrow('killed');
  await expect.poll(unfinished).toEqual([]);
  shelf.gate = async () => undefined;
  await provisioner.provision(id, 'again', docker('base'), never);
});

test('an image that is not to come from the store is asked for again', async () => {
  shelf.put('base:latest', [low]);
  const isNew = docker('base', { cached: false });
  await provisioner.provision(id, 'rootfs', isNew, never);
  await provisioner.provision(id, 'again', isNew, never);
  expect(shelf.manifests).toBe(2);
  expect([...shelf.blobs.values()], 'its layers are there').toEqual([1]);
  shelf.put('base:latest', [low, high]);
  const old = await provisioner.provision(id, 'old', docker('base'), never);
  expect(existsSync(join(pathOf(old), 'etc/a'))).toBe(true);
  const moved = await provisioner.provision(id, 'moved', isNew, never);
  expect(existsSync(join(pathOf(moved), 'etc/a'))).toBe(false);
});

test('an image that came by credentials of its own is given to those who have them', async () => {
  shelf.put('base:latest', [low]);
  const by = (password: string) =>
    docker('base', {
      docker: {
        name: 'base',
        config: { type: Secret_Type.VALUE, value: { data: Buffer.from(password) } },
      },
    });
  let count = 0;
  const asks = async (image: Image) => {
    shelf.manifests = 0;
    await provisioner.provision(id, `root-${++count}`, image, never);
    return shelf.manifests;
  };
  expect(await asks(by('one'))).toBe(1);
  expect(await asks(by('one'))).toBe(0);
  expect(await asks(by('two')), 'others ask the registry').toBe(1);
  expect([await asks(by('one')), await asks(by('two'))]).toEqual([0, 0]);
  const [record = ''] = readdirSync(store('images'));
  expect(readFileSync(store('images', record), 'utf8')).not.toMatch(/one|two/);
  expect(await asks(docker('base'))).toBe(1);
  expect(await asks(by('three')), 'what the agent itself may have is for all').toBe(0);
  expect([...shelf.blobs.values()]).toEqual([1]);
});

test('layers of which the image does not say the content are known by their blobs', async () => {
  shelf.put('one:latest', [low, high], { diffIds: [] });
  shelf.put('two:latest', [low], { diffIds: [] });
  await provisioner.provision(id, 'rootfs', docker('one'), never);
  await provisioner.provision(id, 'volume-0', docker('two'), never);
  expect([...shelf.blobs.values()]).toEqual([1, 1]);
  expect(layersInStore()).toEqual(diffIds(low, high));
});

test('a layer that is not what its image says is refused', async () => {
  const { layers } = shelf.put('base:latest', [low], { diffIds: [digestOf('other')] });
  await expect(provisioner.provision(id, 'rootfs', docker('base'), never)).rejects.toThrow(
    `Failed to pull image 'base': Layer ${layers[0]?.digest} is not what its image says: its ` +
      `content has the digest ${digestOf(low)}, and not ${digestOf('other')}`,
  );
  expect(unfinished()).toEqual([]);
});

test('a layer that cannot be unpacked is an error with image, layer and cause', async () => {
  const evil = layer({ name: '../evil' });
  const { layers } = shelf.put('base:latest', [low, evil]);
  await expect(provisioner.provision(id, 'rootfs', docker('base'), never)).rejects.toThrow(
    `Failed to pull image 'base': Layer ${layers[1]?.digest} cannot be unpacked: '../evil' leads ` +
      'out of the layer',
  );
  await expect.poll(unfinished).toEqual([]);
  expect(existsSync(store('evil'))).toBe(false);
});

test.each<[string, Image, string]>([
  ['an image of another type', { type: Image_Type.APPC }, 'Unsupported container image type: APPC'],
  ['an image without a name', { type: Image_Type.DOCKER }, "expecting one with 'docker'"],
  ['a name that is none', docker('base:'), "Failed to parse docker image 'base:'"],
  ['an unknown image', docker('nothing'), "There is no image 'nothing'"],
  [
    'a secret that is elsewhere',
    docker('base', {
      docker: {
        name: 'base',
        config: { type: Secret_Type.REFERENCE, reference: { name: 'somewhere' } },
      },
    }),
    'is no secret by value, and this agent resolves no others',
  ],
])('%s is refused', async (_, image, why) => {
  await expect(provisioner.provision(id, 'rootfs', image, never)).rejects.toThrow(why);
  await provisioner.destroy(id);
});

test('what a container has is gone with it, and with what is nested in it', async () => {
  shelf.put('base:latest', [low]);
  const nested = containerId('one.two');
  const one = await provisioner.provision(id, 'rootfs', docker('base'), never);
  const two = await provisioner.provision(nested, 'rootfs', docker('base'), never);
  await provisioner.destroy(nested);
  expect([pathOf(one), pathOf(two)].map((path) => existsSync(path))).toEqual([true, false]);
  const again = await provisioner.provision(nested, 'rootfs', docker('base'), never);
  await provisioner.destroy(id);
  await provisioner.destroy(id);
  await provisioner.destroy(nested);
  expect([pathOf(one), pathOf(again)].map((path) => existsSync(path))).toEqual([false, false]);
  await provisioner.close();
  expect(readdirSync(work().provisioner, { recursive: true })).toEqual(['containers', 'removed']);
  await provisioner.prune([]);
  expect(layersInStore()).toEqual([]);
});

test('pruning takes what no container uses and nobody wants to keep', async () => {
  const third = layer({ name: 'third' });
  shelf.put('used:latest', [low, high]);
  shelf.put('kept:latest', [third]);
  shelf.put('unused:latest', [low, layer({ name: 'fourth' })]);
  for (const name of ['used', 'kept', 'unused']) {
    await provisioner.provision(containerId(name), 'rootfs', docker(name), never);
  }
  await provisioner.destroy(containerId('kept'));
  await provisioner.destroy(containerId('unused'));
  await Promise.all([
    provisioner.prune([docker('kept:latest')]),
    provisioner.prune([docker('kept:latest')]),
  ]);
  expect(layersInStore()).toEqual(diffIds(low, high, third));
  expect(unfinished()).toEqual([]);
  shelf.manifests = 0;
  await provisioner.provision(id, 'a', docker('used'), never);
  await provisioner.provision(id, 'b', docker('kept'), never);
  expect(shelf.manifests).toBe(0);
  await provisioner.provision(id, 'c', docker('unused'), never);
  expect(shelf.manifests).toBe(1);
});

test('what was pruned is told, and what is there, with its size and use', async () => {
  const begun = Date.now();
  shelf.put('one:latest', [low, high]);
  shelf.put('two:latest', [low, layer({ name: 'c', content: 'ccc' })]);
  await provisioner.provision(id, 'rootfs', docker('one'), never);
  expect(await provisioner.pull(docker('two'), never)).toMatchObject({ name: 'two:latest' });
  const { images, pulls, bytes } = await provisioner.images();
  expect({ pulls, bytes }).toEqual({ pulls: [], bytes: 2 + 1 + 3 });
  expect(images).toMatchObject([
    { name: 'one:latest', isInUse: true, layers: [{ diffId: digestOf(low), bytes: 2 }, {}] },
    { name: 'two:latest', isInUse: false, layers: [{ bytes: 2 }, { bytes: 3 }] },
  ]);
  expect(images.every(({ pulledMs }) => pulledMs >= begun && pulledMs <= Date.now())).toBe(true);
  expect(await provisioner.prune([])).toMatchObject({
    images: [{ type: Image_Type.DOCKER, name: 'two:latest' }],
    layers: [{ bytes: 3 }],
  });
  expect(await provisioner.prune([])).toEqual({ images: [], layers: [] });
});

test('how far a pull has come is told, of an image and of a container', async () => {
  const { layers } = shelf.put('base:latest', [low, high]);
  const [first, second] = layers;
  const open = Promise.withResolvers<void>();
  shelf.gate = ({ digest }) => (digest === first?.digest ? open.promise : Promise.resolve());
  const done = provisioner.provision(id, 'rootfs', docker('base'), never);
  await expect
    .poll(() => provisioner.progress(id)?.layers?.map(({ stage }) => stage))
    .toEqual(['downloading', 'done']);
  const [pull] = (await provisioner.images()).pulls;
  expect(pull).toEqual({ ...provisioner.progress(id), containers: [id] });
  expect(pull?.layers).toMatchObject([
    { digest: first?.digest, size: first?.size, received: first?.size },
    { digest: second?.digest, size: second?.size, received: second?.size },
  ]);
  expect(pull && progressText(pull)).toMatch(
    /^1 of 2 layers are there, and (\d+ B) of \1 have arrived$/,
  );
  open.resolve();
  await done;
  expect(provisioner.progress(id)).toBeUndefined();
  expect((await provisioner.images()).pulls).toEqual([]);
  const metrics: Record<string, number> = {};
  const sink = snapshotSink((name, value) => {
    metrics[name] = value;
  });
  reportFigures(provisioner.metrics(), sink);
  expect(metrics).toMatchObject({
    'containerizer/mesos/provisioner/docker_store/image_pull_ms/count': 1,
    'containerizer/mesos/provisioner/copy/remove_rootfs_errors': 0,
  });
});

test('a store of an older version goes with the last container that uses it', async () => {
  const old = (...names: string[]) => join(storeDir(), 'mesoscale-1', ...names);
  const record = join(work().provisioner, 'containers', id, 'roots/rootfs/image.json');
  shelf.put('base:latest', [low]);
  await provisioner.provision(id, 'rootfs', docker('base'), never);
  await provisioner.close();
  renameSync(store(), old());
  const { store: version, ...before } = JSON.parse(readFileSync(record, 'utf8'));
  expect(version).toBe(2);
  writeFileSync(record, JSON.stringify({ ...before, version: 1 }));
  mkdirSync(join(storeDir(), 'mesoscale-9'));

  provisioner = await opened();
  await provisioner.recover(new Set([id]));
  await provisioner.prune([]);
  expect(readdirSync(old('layers/sha256'))).toHaveLength(1);
  shelf.manifests = 0;
  await provisioner.provision(containerId('two'), 'rootfs', docker('base'), never);
  expect(shelf.manifests, 'images are pulled anew').toBe(1);
  await provisioner.destroy(id);
  await provisioner.close();

  provisioner = await opened();
  await provisioner.recover(new Set([containerId('two')]));
  await provisioner.close();
  expect(readdirSync(storeDir())).toEqual(['mesoscale-2', 'mesoscale-9']);
  expect(unfinished()).toEqual([]);
});

test('roots of containers go with them, also where later agents have no images', async () => {
  shelf.put('base:latest', [low]);
  for (const name of ['one', 'two', 'three.four']) {
    await provisioner.provision(containerId(name), 'rootfs', docker('base'), never);
  }
  await provisioner.close();
  const containers = () => readdirSync(join(work().provisioner, 'containers'));
  const later = new LeftRoots(work().provisioner, (text) => void warnings.push(text));
  await later.recover(new Set([id, containerId('three'), containerId('three.four')]));
  expect(containers()).toEqual(['one', 'three']);
  await later.destroy(containerId('three'));
  await later.destroy(id);
  await later.close();
  expect([...containers(), ...readdirSync(join(work().provisioner, 'removed'))]).toEqual([]);
  const nothing = new LeftRoots(join(folder.path, 'nothing'), (text) => void warnings.push(text));
  await nothing.recover(new Set([id]));
  await nothing.destroy(id);
  expect(existsSync(join(folder.path, 'nothing'))).toBe(false);
});

test('a layer stays that has just been made, for those who wait for it', async () => {
  const names = Array.from({ length: 40 }, (_, at) => `made-${at}`);
  for (const name of names) {
    shelf.put(`${name}:latest`, [layer({ name: 'file', content: name })]);
  }
  let isPulling = true;
  const pruning = (async () => {
    while (isPulling) {
      await provisioner.prune([]);
    }
  })();
  const provided = await Promise.allSettled(
    names.map((name) => provisioner.provision(containerId(name), 'rootfs', docker(name), never)),
  );
  isPulling = false;
  await pruning;
  expect(provided.filter(({ status }) => status === 'rejected')).toEqual([]);
  for (const [at, each] of provided.entries()) {
    const path = each.status === 'fulfilled' ? join(pathOf(each.value), 'file') : '';
    expect(readFileSync(path, 'utf8')).toBe(names[at]);
  }
});

test('what is pulled while images are pruned is whole', async () => {
  shelf.put('one:latest', [low, high]);
  shelf.put('two:latest', [low]);
  for (let round = 0; round < 6; round++) {
    const one = containerId(`one-${round}`);
    const two = containerId(`two-${round}`);
    const given = await Promise.all([
      provisioner.provision(one, 'rootfs', docker('one'), never),
      provisioner.prune([]),
      provisioner.provision(two, 'rootfs', docker('two'), never),
      provisioner.prune([]),
    ]);
    expect(readdirSync(join(pathOf(given[0]), 'etc'))).toEqual(['b']);
    expect(readdirSync(join(pathOf(given[2]), 'etc'))).toEqual(['a', 'b']);
    await provisioner.destroy(one);
    await provisioner.destroy(two);
  }
});

test.runIf(isRoot)('an agent starts on a full disk, and goes on when there is room', async () => {
  shelf.put('base:latest', [low]);
  await provisioner.provision(id, 'rootfs', docker('base'), never);
  await provisioner.close();
  const path = join(folder.path, 'disk');
  mkdirSync(path);
  using disk = new SmallDisk(path, 2, 40);
  const small = { backend: 'auto', work: new WorkDirectory(join(path, 'work')) } as const;
  await (await opened(small)).close();
  disk.crowd();
  provisioner = await opened(small);
  await provisioner.recover(new Set());
  const two = containerId('two');
  await expect(provisioner.provision(two, 'rootfs', docker('base'), never)).rejects.toThrow(
    /^Failed to make the root file system of image 'base:latest': .*no space left on device/,
  );
  await provisioner.destroy(two);
  disk.empty();
  const { root } = await provisioner.provision(two, 'rootfs', docker('base'), never);
  expect(root.kind).toBe('overlay');
  await provisioner.close();
});

test('a later agent knows what is in the store, and what its containers use', async () => {
  shelf.put('base:latest', [low]);
  shelf.put('other:latest', [high]);
  await provisioner.provision(containerId('one.two'), 'rootfs', docker('base'), never);
  await provisioner.provision(containerId('gone'), 'rootfs', docker('other'), never);
  await provisioner.close();
  mkdirSync(store('staging', 'half/layer/files'), { recursive: true });
  mkdirSync(join(work().provisioner, 'removed/half'));
  provisioner = await opened();
  await provisioner.recover(new Set([id, containerId('one.two')]));
  expect(unfinished()).toEqual([]);
  await provisioner.prune([]);
  expect(layersInStore(), 'of the container that goes on').toEqual(diffIds(low));
  expect(provisioner.metrics()).toMatchObject({ [NEW_ROOTS]: 0 });
  shelf.manifests = 0;
  await provisioner.provision(containerId('new'), 'rootfs', docker('base'), never);
  expect(provisioner.metrics(), 'no nested ones').toMatchObject({ [NEW_ROOTS]: 1 });
  expect(shelf.manifests).toBe(0);
  await provisioner.close();
  expect(readdirSync(join(work().provisioner, 'containers'))).toEqual(['new', 'one']);
  expect(readdirSync(join(work().provisioner, 'removed'))).toEqual([]);
});

test('an image of which somebody has deleted a layer is pulled again', async () => {
  shelf.put('base:latest', [low, high]);
  await provisioner.provision(id, 'rootfs', docker('base'), never);
  rmSync(store('layers', 'sha256', digestOf(low).slice(7)), { recursive: true });
  const again = await provisioner.provision(id, 'again', docker('base'), never);
  expect(readdirSync(join(pathOf(again), 'etc'))).toEqual(['b']);
  expect([...shelf.blobs.values()].sort()).toEqual([1, 2]);
});

test('a damaged record of an image is told, and the image pulled again', async () => {
  shelf.put('base:latest', [low]);
  await provisioner.provision(id, 'rootfs', docker('base'), never);
  const [record = ''] = readdirSync(store('images'));
  for (const [at, text] of ['', '{"version": 2}', '{"version": 1}'].entries()) {
    writeFileSync(store('images', record), text);
    provisioner = await opened();
    expect(warnings.splice(0)).toMatchObject([expect.stringContaining('is no record of an image')]);
    shelf.manifests = 0;
    await provisioner.provision(id, `again-${at}`, docker('base'), never);
    expect(shelf.manifests).toBe(1);
  }
});

test('what is in a store of others stays', async () => {
  mkdirSync(join(storeDir(), 'layers'));
  writeFileSync(join(storeDir(), 'storedImages'), '');
  provisioner = await opened();
  await provisioner.prune([]);
  expect(readdirSync(storeDir())).toEqual(['layers', 'mesoscale-2', 'storedImages']);
});

test.each(isRoot ? (['copy', 'overlay'] as const) : (['copy'] as const))(
  'a layer can hide all that is below it (%s)',
  async (backend) => {
    provisioner = await opened({ backend });
    const hiding = layer({ name: '.wh..wh..opq' }, { name: 'new' });
    shelf.put('base:latest', [low, hiding, high]);
    const given = await provisioner.provision(id, 'rootfs', docker('base'), never);
    if (given.root.kind === 'overlay') {
      expect(given.root.layers).toHaveLength(2);
    } else {
      expect(readdirSync(pathOf(given), { recursive: true }).sort()).toEqual([
        'etc',
        'etc/b',
        'new',
      ]);
    }
    expect(layersInStore()).toEqual(diffIds(low, hiding, high));
  },
);

test('with one layer, bind gives the layer itself, for reading', async () => {
  provisioner = await opened({ backend: 'bind' });
  shelf.put('one:latest', [low]);
  shelf.put('two:latest', [low, high]);
  const one = await provisioner.provision(id, 'rootfs', docker('one'), never);
  expect(one.root).toEqual({
    kind: 'folder',
    path: store('layers', 'sha256', digestOf(low).slice(7), 'files'),
    isReadOnly: true,
  });
  await expect(provisioner.provision(id, 'two', docker('two'), never)).rejects.toThrow(
    'Multiple layers are not supported by the bind backend',
  );
});

test.runIf(isRoot)('an overlay has the layers, and a top folder as the image has it', async () => {
  provisioner = await opened({ backend: 'overlay' });
  const top = layer({ name: './', type: '5', mode: 0o711, uid: 7, gid: 8 });
  shelf.put('base:latest', [top, low]);
  shelf.put('empty:latest', []);
  const { root } = await provisioner.provision(id, 'rootfs', docker('base'), never);
  const files = (archive: Buffer) => store('layers', 'sha256', digestOf(archive).slice(7), 'files');
  const place = join(work().provisioner, 'containers/one/roots/rootfs');
  expect(root).toEqual({
    kind: 'overlay',
    layers: [files(top), files(low)],
    upper: join(place, 'upper'),
    work: join(place, 'work'),
  });
  expect(lstatSync(join(place, 'upper'))).toMatchObject({ mode: 0o40711, uid: 7, gid: 8 });
  const empty = await provisioner.provision(id, 'empty', docker('empty'), never);
  expect(empty.root).toMatchObject({ layers: [store('empty')] });
});

test.runIf(isRoot)('a full disk is an error, and nothing half made is left', async () => {
  const path = join(folder.path, 'small');
  using _disk = mounted(path);
  provisioner = await opened({ stores: [{ source: new DockerImages(shelf), folder: path }] });
  const { layers } = shelf.put('base:latest', [low]);
  await expect(provisioner.provision(id, 'rootfs', docker('base'), never)).rejects.toThrow(
    `Failed to pull image 'base': There is no room for layer ${layers[0]?.digest} of `,
  );
  const left = execFileSync('find', [path, '-type', 'f'], { encoding: 'utf8' });
  expect(left).toBe('');
});

test('images that nobody uses are removed when the disk is full', async () => {
  shelf.put('base:latest', [low]);
  shelf.put('used:latest', [high]);
  const excluded = [docker('kept')];
  const kept = layer({ name: 'kept' });
  shelf.put('kept:latest', [kept]);
  for (const name of ['base', 'used', 'kept']) {
    await provisioner.provision(containerId(name), 'rootfs', docker(name), never);
  }
  await provisioner.destroy(containerId('base'));
  await provisioner.destroy(containerId('kept'));
  await provisioner.close();
  const collection = { watchIntervalMs: 20, excluded };
  provisioner = await opened({ collection: { headroom: 1, ...collection } });
  await provisioner.recover(new Set([containerId('used')]));
  await expect.poll(layersInStore).toEqual(diffIds(high, kept));
});
