// Images of App Container, from a real server and from a folder, in a store on a real disk.
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { AciDownloads } from '../../../src/containerizer/images/aci-download.ts';
import { AppcImages, type AppcOptions } from '../../../src/containerizer/images/appc-images.ts';
import { ImageProvisioner } from '../../../src/containerizer/images/image-provisioner.ts';
import { WorkDirectory } from '../../../src/containerizer/work-directory.ts';
import { type Image_Appc, Image_Type } from '../../../src/model/generated/messages.ts';
import { containerId } from '../../../src/model/ids.ts';
import { programs, temporaryFolder } from '../../agent-driver/harness.ts';
import { aciOf, type TestAci } from './acis.ts';

const never = new AbortController().signal;

let folder: ReturnType<typeof temporaryFolder>;
let provisioner: ImageProvisioner;
/** Paths that the server was asked for. */
let asked: string[];
const acis = () => join(folder.path, 'acis');

const server = createServer((request, response) => {
  asked.push(request.url ?? '');
  const path = join(acis(), request.url ?? '');
  if (existsSync(path)) {
    response.end(readFileSync(path));
  } else {
    response.writeHead(404).end();
  }
}).listen(0, '127.0.0.1');
const address = () => `127.0.0.1:${(server.address() as AddressInfo).port}`;
afterAll(() => server.close());

const downloads = new AciDownloads({
  stallMs: 10_000,
  pauseMs: 10,
  proxies: undefined,
  certificates: undefined,
});

const opened = (options: Partial<AppcOptions> = {}) =>
  ImageProvisioner.open({
    stores: [
      {
        source: new AppcImages({
          prefix: `http://${address()}/`,
          architecture: 'x64',
          fetch: (...args) => downloads.fetch(...args),
          ...options,
        }),
        folder: join(folder.path, 'store'),
      },
    ],
    work: new WorkDirectory(join(folder.path, 'work')),
    backend: 'copy',
    programs,
    collection: undefined,
    warn: (text) => expect.fail(text),
  });

beforeEach(async () => {
  folder = temporaryFolder();
  asked = [];
  provisioner = await opened();
});

afterEach(async () => {
  await provisioner.close();
  folder[Symbol.dispose]();
});

/** Puts an image where it is looked for; returns its id. */
function put(file: string, name: string, aci: TestAci = {}): string {
  const archive = aciOf(name, aci);
  const path = join(acis(), `${file}.aci`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, gzipSync(archive));
  return `sha512-${createHash('sha512').update(archive).digest('hex')}`;
}

let count = 0;
async function filesOf(appc: Image_Appc, cached?: boolean) {
  const image = { type: Image_Type.APPC, appc, ...(cached !== undefined && { cached }) };
  const id = containerId(`c${++count}`);
  const { config, root } = await provisioner.provision(id, 'rootfs', image, never);
  const path = root.kind === 'folder' ? root.path : '';
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).sort();
  return { config, path, files, text: (name: string) => readFileSync(join(path, name), 'utf8') };
}

const label = (key: string, value: string) => ({ key, value });
const needing = (...names: string[]) => ({
  manifest: { dependencies: names.map((imageName) => ({ imageName })) },
});

test('an image is looked for by its name and labels, and pulled once', async () => {
  const id = put('team/app-1.2-linux-amd64', 'team/app', {
    manifest: { app: { exec: ['/app', '-x'], user: '0', group: '0' } },
    files: { app: 'program', '.wh.app': 'a file as any other' },
  });
  const labels = { labels: [label('version', '1.2')] };
  const { config, files } = await filesOf({ name: 'team/app', labels });
  expect(files).toEqual(['.wh.app', 'app']);
  expect(config).toMatchObject({ entrypoint: ['/app'], command: ['-x'] });
  await filesOf({ name: 'team/app', labels });
  await filesOf({ name: 'team/app', labels, id });
  expect(asked).toEqual(Array(2).fill('/team/app-1.2-linux-amd64.aci'));
  await filesOf({ name: 'team/app', labels }, false);
  expect(asked).toHaveLength(3);
  const { images } = await provisioner.images();
  expect(images.map(({ name, digest }) => ({ name, digest }))).toEqual([
    { name: 'team/app,arch=amd64,os=linux,version=1.2', digest: id },
    { name: `team/app,arch=amd64,os=linux,version=1.2@${id}`, digest: id },
  ]);
});

test('images come from a folder, too', async () => {
  await provisioner.close();
  provisioner = await opened({ prefix: `${acis()}/`, architecture: 'arm64' });
  put('app-latest-linux-aarch64', 'app', {
    manifest: { labels: [{ name: 'arch', value: 'aarch64' }] },
    files: { a: '' },
  });
  expect((await filesOf({ name: 'app' })).files).toEqual(['a']);
  await expect(filesOf({ name: 'other' })).rejects.toThrow(
    `Failed to open '${acis()}/other-latest-linux-aarch64.aci': ENOENT`,
  );
});

test('an image stands on others, and what is in it counts most', async () => {
  put('low-latest-linux-amd64', 'low', { files: { a: 'low', low: '' } });
  put('one-latest-linux-amd64', 'one', { ...needing('low'), files: { a: 'one', b: 'one' } });
  put('two-latest-linux-amd64', 'two', { ...needing('low'), files: { b: 'two', c: 'two' } });
  put('top-latest-linux-amd64', 'top', { ...needing('one', 'two'), files: { c: 'top' } });
  const { files, text } = await filesOf({ name: 'top' });
  expect(files).toEqual(['a', 'b', 'c', 'low']);
  // What two need lies where the second one has it.
  expect(['a', 'b', 'c'].map(text)).toEqual(['low', 'two', 'top']);
  expect(asked.map((path) => path.slice(1, 4))).toEqual(['top', 'one', 'low', 'two']);
  // Each is there by itself by now; without the cache, each is asked for once.
  await filesOf({ name: 'two' });
  expect(asked).toHaveLength(4);
  await filesOf({ name: 'top' }, false);
  expect(asked).toHaveLength(8);
});

test('images that are excluded from pruning keep what they stand on', async () => {
  put('low-latest-linux-amd64', 'low', { files: { low: '' } });
  put('top-latest-linux-amd64', 'top', { ...needing('low'), files: { top: '' } });
  put('other-latest-linux-amd64', 'other', { files: { other: '' } });
  await filesOf({ name: 'top' });
  await filesOf({ name: 'other' });
  for (let each = count; each > count - 2; each--) {
    await provisioner.destroy(containerId(`c${each}`));
  }
  const pruned = await provisioner.prune([{ type: Image_Type.APPC, appc: { name: 'top' } }]);
  expect(pruned.layers).toHaveLength(1);
  expect((await filesOf({ name: 'top' })).files).toEqual(['low', 'top']);
  expect(asked).toHaveLength(3);
});

test('what a container uses stays when the agent comes back', async () => {
  put('low-latest-linux-amd64', 'low', { files: { low: '' } });
  put('top-latest-linux-amd64', 'top', { ...needing('low'), files: { top: '' } });
  await filesOf({ name: 'top' });
  await provisioner.close();
  provisioner = await opened();
  await provisioner.recover(new Set([containerId(`c${count}`)]));
  expect((await provisioner.prune([])).layers).toEqual([]);
  await provisioner.destroy(containerId(`c${count}`));
  expect((await provisioner.prune([])).layers).toHaveLength(2);
});

test('of a list of paths in the manifest, nothing else is seen', async () => {
  put('low-latest-linux-amd64', 'low', {
    files: { 'etc/kept': 'low', 'etc/gone': '', 'opt/gone/deep': '', low: '' },
    entries: [
      { name: 'rootfs/etc/\xff', content: 'no text' },
      { name: 'rootfs/dir', type: '5', mode: 0o711 },
      { name: 'rootfs/dir/gone' },
      { name: 'rootfs/link', type: '2', target: '/nowhere' },
      { name: 'rootfs/leads-out', type: '2', target: '/etc' },
    ],
  });
  put('top-latest-linux-amd64', 'top', {
    manifest: {
      dependencies: [{ imageName: 'low' }],
      pathWhitelist: ['/etc/kept', '/top', '/dir', '/link', '/missing'],
    },
    files: { top: 'top', unseen: '' },
  });
  put('over-latest-linux-amd64', 'over', { ...needing('top'), files: { 'etc/over': '' } });
  const { files, path, text } = await filesOf({ name: 'top' });
  expect(files).toEqual(['dir', 'etc', 'etc/kept', 'link', 'top']);
  expect(text('etc/kept')).toBe('low');
  expect(lstatSync(join(path, 'dir')).mode & 0o777).toBe(0o711);
  // It is about what the image itself stands on, and not about who stands on it.
  expect((await filesOf({ name: 'over' })).files).toContain('etc/over');
  expect((await filesOf({ name: 'low' })).files).toContain('low');
  await filesOf({ name: 'top' });
  expect(asked).toHaveLength(3);
});

test.each<[string, Image_Appc, (id: string) => void, string]>([
  ['is not there', { name: 'a' }, () => {}, "Unexpected HTTP response '404 Not Found' when trying"],
  [
    'is another image',
    { name: 'a' },
    () => put('a-latest-linux-amd64', 'b'),
    "The manifest there is that of image 'b'",
  ],
  [
    'has another id',
    { name: 'a', id: `sha512-${'0'.repeat(128)}` },
    () => put('a-latest-linux-amd64', 'a'),
    "and not 'sha512-0000",
  ],
  [
    'is for another machine',
    { name: 'a' },
    () =>
      put('a-latest-linux-amd64', 'a', {
        manifest: { labels: [{ name: 'arch', value: 'aarch64' }] },
      }),
    'The manifest there says arch=aarch64, and arch=amd64 was asked for',
  ],
  [
    'is for another system',
    { name: 'a', labels: { labels: [label('os', 'freebsd')] } },
    () => put('a-latest-freebsd-amd64', 'a', { manifest: { labels: [] } }),
    "for the system 'freebsd', not for linux",
  ],
  [
    'needs itself',
    { name: 'a' },
    () => {
      put('a-latest-linux-amd64', 'a', needing('b'));
      put('b-latest-linux-amd64', 'b', needing('a'));
    },
    'It needs itself: a,arch=amd64,os=linux,version=latest → b,',
  ],
  [
    'needs others without an end',
    { name: 'n0' },
    () => {
      for (let at = 0; at < 20; at++) {
        put(`n${at}-latest-linux-amd64`, `n${at}`, needing(`n${at + 1}`));
      }
    },
    'Images need others at most 16 deep',
  ],
  [
    'needs what has no name',
    { name: 'a' },
    () => put('a-latest-linux-amd64', 'a', needing('../b')),
    "Failed to parse appc image '../b'",
  ],
  [
    'has a wrong manifest',
    { name: 'a' },
    () => put('a-latest-linux-amd64', 'a', { manifest: { acKind: 'X' } }),
    'Failed to parse its manifest: Incorrect acKind field: X',
  ],
])('an image that %s is refused', async (_, appc, prepare, why) => {
  prepare('');
  const failure = filesOf(appc);
  await expect(failure).rejects.toThrow(`Failed to pull image '${appc.name}': `);
  await expect(failure).rejects.toThrow(why);
  expect((await provisioner.images()).images.filter(({ name }) => name.startsWith('a,'))).toEqual(
    [],
  );
});
