// Images from archives of `docker save` and in OCI's layout, also from those that are not as they
// should be: nothing outside an archive is read, and what is taken is what was named.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ContainerizerError } from '../../../../src/containerizer/containerizer-error.ts';
import { LocalArchives } from '../../../../src/containerizer/images/archives/archive-folder.ts';
import { ArchivePuller } from '../../../../src/containerizer/images/archives/archive-puller.ts';
import { platformOf } from '../../../../src/containerizer/images/formats/platform.ts';
import { parseReference } from '../../../../src/containerizer/images/formats/reference.ts';
import type { PulledImage } from '../../../../src/containerizer/images/puller.ts';
import { digestOf, entry, index, json, OCI, OCI_INDEX, ociManifest } from '../formats/samples.ts';
import { pulledLayer } from '../pulled-layer.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesoscale-archives-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

type Files = Readonly<Record<string, string | Uint8Array | { readonly link: string }>>;

/** An archive of these files, in their order. */
function archive(name: string, files: Files): string {
  const root = join(folder, 'files');
  rmSync(root, { recursive: true, force: true });
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (typeof content === 'object' && 'link' in content) {
      symlinkSync(content.link, join(root, path));
    } else {
      writeFileSync(join(root, path), content);
    }
  }
  const path = join(folder, 'images', `${name}.tar`);
  mkdirSync(dirname(path), { recursive: true });
  execFileSync('tar', ['-cf', path, '-C', root, ...Object.keys(files)]);
  return path;
}

const never = new AbortController().signal;

const pull = (name: string, abort = never) =>
  new ArchivePuller({
    folder: new LocalArchives(join(folder, 'images')),
    platform: platformOf('x64'),
  }).manifest(parseReference(name), { abort });

const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof ContainerizerError ? error.message : error),
  );

const layer = async (image: PulledImage, at = 0) => String(await pulledLayer(image, folder, at));

describe('of docker save', () => {
  const config = (...layers: string[]) =>
    json({
      os: 'linux',
      config: { Cmd: ['sh'] },
      rootfs: { type: 'layers', diff_ids: layers.map(digestOf) },
    });
  const saved = (names: unknown, change: Files = {}): Files => ({
    'a/layer.tar': 'lower',
    'b/layer.tar': 'upper',
    'config.json': config('lower', 'upper'),
    'manifest.json': json([
      { Config: 'config.json', RepoTags: names, Layers: ['a/layer.tar', 'b/layer.tar'] },
    ]),
    ...change,
  });

  test('config and layers are taken', async () => {
    archive('busybox', saved(['busybox:latest']));
    const image = await pull('busybox');
    expect(image.manifest).toEqual({
      digest: digestOf(config('lower', 'upper')),
      config: expect.objectContaining({ command: ['sh'] }),
      layers: ['lower', 'upper'].map((content) => ({
        digest: digestOf(content),
        diffId: digestOf(content),
        size: 5,
        urls: [],
      })),
    });
    expect([await layer(image, 0), await layer(image, 1)]).toEqual(['lower', 'upper']);
  });

  const large = randomBytes(600_000).toString('hex');

  test.each([
    ['gzip', ''],
    ['gzip', '.gz'],
    ['zstd', '.zst'],
    ['xz', '.xz'],
    ['bzip2', '.bz2'],
  ])('an archive that %s has compressed is read, also as NAME.tar%s', async (program, end) => {
    const files = { 'a/layer.tar': large, 'config.json': config(large, 'upper') };
    const path = archive('a', saved(['a:latest'], files));
    writeFileSync(
      `${path}.packed`,
      execFileSync(program, ['-1', '-c', path], { maxBuffer: 2 ** 26 }),
    );
    rmSync(path);
    renameSync(`${path}.packed`, `${path}${end}`);
    const image = await pull('a');
    expect(image.manifest.layers.map(({ diffId }) => diffId)).toEqual(
      [large, 'upper'].map(digestOf),
    );
    expect([await layer(image, 0), await layer(image, 1)]).toEqual([large, 'upper']);
  });

  test('a compressed archive that ends early is told, and can be given up', async () => {
    const path = archive('a', saved(['a:latest'], { 'a/layer.tar': large }));
    const packed = gzipSync(readFileSync(path));
    for (const end of [1_000, packed.length - 5_000]) {
      writeFileSync(path, packed.subarray(0, end));
      expect(await errorOf(pull('a'))).toBe(
        `Failed to read archive '${path}': unexpected end of file`,
      );
    }
    writeFileSync(path, packed);
    const given = new AbortController();
    const done = pull('a', given.signal);
    given.abort(new Error('enough'));
    await expect(done).rejects.toThrow('enough');
  });

  test.each<[file: string, asked: string, within: string]>([
    ['a', 'a:latest', 'a:latest'],
    ['a:latest', 'a', 'docker.io/library/a:latest'],
    ['a:1', 'a:1', 'localhost/a:1'],
    ['host.example:5000/group/a', 'host.example:5000/group/a', 'host.example:5000/group/a:latest'],
    ['docker.io/a', 'docker.io/a', 'a:latest'],
  ])('%s.tar is image %s', async (file, asked, within) => {
    archive(file, saved(['other:x', within]));
    expect((await pull(asked)).manifest.layers).toHaveLength(2);
  });

  test.each<[asked: string, within: string[]]>([
    ['a', ['b:latest']],
    ['a', ['a:1', 'host.example/a:latest', 'docker.io/group/a:latest', '']],
  ])('an archive of %s that has %j is refused', async (asked, within) => {
    archive(asked, saved(within));
    expect(await errorOf(pull(asked))).toBe(
      `Image 'a' is not in its archive, which has: ${within.join(', ')}`,
    );
  });

  test('an image without a name is that of its archive, if it is alone', async () => {
    archive('a', saved(null));
    expect((await pull('a')).manifest.layers).toHaveLength(2);
  });

  test('a layer may be a link to another one, but to nothing outside the archive', async () => {
    const link = { link: '../a/layer.tar' };
    archive('a', saved(null, { 'b/layer.tar': link, 'config.json': config('lower', 'lower') }));
    // The same layer twice is one.
    const image = await pull('a');
    expect(image.manifest.layers).toHaveLength(1);
    expect(await layer(image)).toBe('lower');
    for (const target of ['/etc/hostname', '../../../../etc/hostname', 'layer.tar']) {
      const path = archive('a', saved(null, { 'b/layer.tar': { link: target } }));
      expect(await errorOf(pull('a'))).toBe(`There is no layer 'b/layer.tar' in archive '${path}'`);
    }
  });

  test.each([
    ['by gzip', gzipSync('upper')],
    ['by zstd', zstdCompressSync('upper')],
    // The frame in front has two bytes, which say nothing.
    [
      'by pzstd',
      Buffer.concat([Buffer.from('502a4d18020000000000', 'hex'), zstdCompressSync('upper')]),
    ],
  ])('a layer may be packed %s', async (_, packed) => {
    archive('a', saved(null, { 'b/layer.tar': packed }));
    const image = await pull('a');
    expect(image.manifest.layers[1]).toMatchObject({
      digest: digestOf(packed),
      diffId: digestOf('upper'),
      size: packed.length,
    });
    await layer(image, 1);
  });

  test('a layer may be empty', async () => {
    archive('a', saved(null, { 'b/layer.tar': '', 'config.json': config('lower', '') }));
    expect(await layer(await pull('a'), 1)).toBe('');
  });

  test('a layer of other content fails at its end', async () => {
    archive('a', saved(null, { 'b/layer.tar': 'other' }));
    expect(await errorOf(layer(await pull('a'), 1))).toBe(
      `Failed to fetch layer '${digestOf('upper')}': what arrived does not match ` +
        `the digest: it is ${digestOf('other')}`,
    );
  });

  test.each<[string, Files, RegExp]>([
    ['no list', { 'manifest.json': '{' }, /^Failed to parse 'manifest.json': syntax error/],
    ['a list of nothing', { 'manifest.json': '[1]' }, /'\[0\]' must be an object/],
    [
      'no config',
      { 'config.json': { link: 'none' } },
      /^There is no file 'config.json' in archive/,
    ],
    [
      'a config of another image',
      { 'config.json': config('lower') },
      /has 2 layers, and its config 1/,
    ],
    [
      'too many layers',
      {
        'manifest.json': json([{ Config: 'config.json', Layers: Array(501).fill('a/layer.tar') }]),
      },
      /at most 500 layers, and 'a' has 501$/,
    ],
  ])('with %s is refused', async (_, change, error) => {
    archive('a', saved(null, change));
    expect(await errorOf(pull('a'))).toMatch(error);
  });

  test('has no digests', async () => {
    const digest = digestOf('x');
    archive(`a@${digest}`, saved(null));
    expect(await errorOf(pull(`a@${digest}`))).toMatch(/has a digest, which the archive/);
  });
});

describe('in a layout', () => {
  const config = json({ os: 'linux', config: { Cmd: ['sh'] } });
  const blob = (content: string | Uint8Array) => `blobs/${digestOf(content).replace(':', '/')}`;
  const manifest = json(
    ociManifest({
      config: { ...ociManifest().config, size: config.length, digest: digestOf(config) },
      layers: [{ ...ociManifest().layers[0], size: 5 }],
    }),
  );
  const named = (annotations?: Record<string, string>, type = OCI) => ({
    mediaType: type,
    size: manifest.length,
    digest: digestOf(manifest),
    annotations,
  });
  const layout = (entries: unknown[], change: Files = {}): Files => ({
    'oci-layout': '{"imageLayoutVersion": "1.0.0"}',
    'index.json': json(index(entries)),
    [blob(config)]: config,
    [blob(manifest)]: manifest,
    [blob('lower')]: 'lower',
    ...change,
  });
  const NAME = 'org.opencontainers.image.ref.name';
  const FULL_NAME = 'io.containerd.image.name';

  test.each<[asked: string, entry: Record<string, string> | undefined]>([
    ['a', undefined],
    ['a', { [NAME]: 'latest' }],
    ['a:1', { [NAME]: '1' }],
    ['a', { [NAME]: 'a:latest' }],
    ['a', { [NAME]: 'latest', [FULL_NAME]: 'docker.io/library/a:latest' }],
    [`a@${digestOf(manifest)}`, { [NAME]: 'whatever' }],
  ])('%s is found by %j', async (asked, annotations) => {
    archive(asked, layout([named(annotations)]));
    const image = await pull(asked);
    expect(image.manifest).toMatchObject({
      digest: digestOf(manifest),
      config: { command: ['sh'] },
      layers: [{ digest: digestOf('lower') }],
    });
    expect(await layer(image)).toBe('lower');
  });

  test('an image of another name, or of another digest, is refused', async () => {
    archive('a', layout([named({ [NAME]: 'b:latest' }), named({ [NAME]: '2' })]));
    expect(await errorOf(pull('a'))).toBe(
      "Image 'a' is not in its archive, which has: b:latest, 2",
    );
    const other = `a@${digestOf('other')}`;
    archive(other, layout([named()]));
    expect(await errorOf(pull(other))).toMatch(/is not in its archive, which has: sha256:/);
  });

  test('an index leads to the image for this machine', async () => {
    const own = { ...named(), platform: { os: 'linux', architecture: 'amd64' } };
    const both = json(index([entry('linux', 'arm64'), own]));
    const top = { mediaType: OCI_INDEX, size: both.length, digest: digestOf(both) };
    archive('a', layout([top], { [blob(both)]: both }));
    expect((await pull('a')).manifest.digest).toBe(digestOf(manifest));
  });

  test('manifest, config and layers are what their digests say', async () => {
    archive('a', layout([named()], { [blob(manifest)]: json(ociManifest()) }));
    expect(await errorOf(pull('a'))).toMatch(
      /^The manifest of image 'a' does not match its digest/,
    );
    archive('a', layout([named()], { [blob(config)]: '{}' }));
    expect(await errorOf(pull('a'))).toMatch(/^The config of image 'a' does not match its digest/);
    archive('a', layout([named()], { [blob('lower')]: 'upper' }));
    expect(await errorOf(layer(await pull('a')))).toMatch(/does not match the digest/);
    archive('a', layout([named()], { [blob('lower')]: 'longer' }));
    expect(await errorOf(layer(await pull('a')))).toMatch(/more than 5 bytes arrived/);
    const path = archive('a', layout([named()], { [blob('lower')]: { link: '/etc/hostname' } }));
    expect(await errorOf(layer(await pull('a')))).toBe(
      `Failed to fetch layer '${digestOf('lower')}': it is not in archive '${path}'`,
    );
  });
});

describe('an archive that', () => {
  const path = (name: string) => join(folder, 'images', `${name}.tar`);

  test('is not there is named', async () => {
    expect(await errorOf(pull('a:1'))).toBe(
      `Failed to find archive for image 'a:1' at '${path('a:1')}', with or without .gz, .zst, .xz, .bz2`,
    );
    expect(await errorOf(pull('a'))).toBe(
      `Failed to find archive for image 'a' at '${path('a')}' or '${path('a:latest')}', with or without .gz, .zst, .xz, .bz2`,
    );
  });

  test('is none is refused', async () => {
    mkdirSync(path('folder'), { recursive: true });
    expect(await errorOf(pull('folder'))).toMatch(/is no file$/);
    execFileSync('mkfifo', [path('pipe')]);
    expect(await errorOf(pull('pipe'))).toMatch(/is no file$/);
    writeFileSync(path('text'), 'no archive, but a text that is long enough\n'.repeat(100));
    expect(await errorOf(pull('text'))).toMatch(/it is no tar archive, by its first bytes$/);
    writeFileSync(path('empty'), '');
    expect(await errorOf(pull('empty'))).toMatch(/^There is no file 'manifest.json' in archive/);
    truncateSync(archive('short', { 'manifest.json': ' '.repeat(10_000) }), 3_000);
    expect(await errorOf(pull('short'))).toMatch(/: it ends in the middle of a file$/);
    truncateSync(path('short'), 300);
    expect(await errorOf(pull('short'))).toMatch(/: it ends in the middle of an entry$/);
  });

  test('has too much in it is refused', async () => {
    archive('large', { 'manifest.json': ' '.repeat(5 * 2 ** 20) });
    expect(await errorOf(pull('large'))).toMatch(/'manifest.json' .* more than 4194304 bytes$/);
    // The same file again and again.
    const block = readFileSync(archive('one', { file: '' })).subarray(0, 512);
    writeFileSync(path('many'), Buffer.concat(Array(20_001).fill(block)));
    expect(await errorOf(pull('many'))).toMatch(/has more than 20000 entries$/);
  });

  test('is given up is not read on', async () => {
    archive('a', { 'manifest.json': '[]' });
    const reason = new Error('killed');
    await expect(pull('a', AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
