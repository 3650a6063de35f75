// Manifests and indexes: what is read of them, and what is wrong with the others.
import { describe, expect, test } from 'vitest';
import { ContainerizerError } from '../../../../src/containerizer/containerizer-error.ts';
import {
  type ImageIndex,
  MOST_LAYERS,
  readManifest,
} from '../../../../src/containerizer/images/formats/manifest.ts';
import { chooseImage, platformOf } from '../../../../src/containerizer/images/formats/platform.ts';
import {
  DOCKER,
  digestOf,
  dockerManifest,
  entry,
  index,
  json,
  OCI,
  OCI_INDEX,
  ociManifest,
  SCHEMA_ONE,
  schemaOne,
} from './samples.ts';

describe('read', () => {
  test('a manifest of docker', () => {
    expect(readManifest(json(dockerManifest()), DOCKER)).toEqual({
      kind: 'schema two',
      config: {
        type: 'application/vnd.docker.container.image.v1+json',
        size: 2,
        digest: digestOf('{}'),
      },
      layers: ['lower', 'upper'].map((name) => ({
        digest: digestOf(name),
        size: 10,
        diffId: undefined,
        urls: [],
      })),
    });
  });

  test('a layer that can be had elsewhere', () => {
    const layer = {
      mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
      size: 1,
      digest: digestOf('x'),
      urls: Array.from({ length: 20 }, (_, i) => `https://layers.example/${i}`),
    };
    const manifest = readManifest(json(dockerManifest({ layers: [layer] })), DOCKER);
    expect(manifest.kind === 'schema two' && manifest.layers[0]?.urls).toHaveLength(8);
  });

  test.each([
    ['with parameters', `${OCI}; charset=utf-8`],
    ['in capitals', OCI.toUpperCase()],
    ['that says nothing', 'application/json'],
    ['of a server for plain files', 'application/octet-stream'],
  ])('a manifest under a type %s', (_, type) => {
    expect(readManifest(json(ociManifest()), type).kind).toBe('schema two');
  });

  test('what says by itself what it is', () => {
    const kind = (value: unknown) => readManifest(json(value), 'text/plain').kind;
    expect(kind(dockerManifest())).toBe('schema two');
    expect(kind(index([entry('linux', 'amd64')]))).toBe('index');
    expect(kind(index([entry('linux', 'amd64')], { mediaType: undefined }))).toBe('index');
    expect(kind(schemaOne())).toBe('schema one');
  });

  test('a manifest of schema 1: its config is that of the upper layer, and layers turn round', () => {
    const manifest = readManifest(json(schemaOne()), SCHEMA_ONE);
    expect(manifest).toMatchObject({
      kind: 'schema one',
      config: { command: ['/bin/sh'], entrypoint: [] },
      layers: [{ digest: digestOf('lower') }, { digest: digestOf('upper') }],
      payload: undefined,
    });
  });

  test('where what is signed ends', () => {
    const base64 = (text: string) => Buffer.from(text).toString('base64url');
    const signature = base64(JSON.stringify({ formatLength: 7, formatTail: base64('\n}') }));
    const signed = schemaOne({ signatures: [{ protected: signature }] });
    expect(readManifest(json(signed), SCHEMA_ONE)).toMatchObject({
      payload: { length: 7, tail: new Uint8Array(Buffer.from('\n}')) },
    });
  });
});

const prefix = {
  [DOCKER]:
    'Failed to parse the V2 Schema 2 image manifest: Docker v2 s2 image manifest validation failed: ',
  [OCI]: 'Failed to parse the OCI image manifest: OCI image manifest validation failed: ',
  [OCI_INDEX]: 'Failed to parse the image index: Image index validation failed: ',
  [SCHEMA_ONE]:
    'Failed to parse the V2 Schema 1 image manifest: Docker v2 image manifest validation failed: ',
};

test.each<[what: string, value: unknown, type: keyof typeof prefix, why: string]>([
  [
    'has no layers',
    dockerManifest({ layers: [] }),
    DOCKER,
    "'layers' field size must be at least one",
  ],
  [
    'is of another schema',
    dockerManifest({ schemaVersion: 3 }),
    DOCKER,
    "'schemaVersion' field must be 2",
  ],
  [
    'does not say its type',
    dockerManifest({ mediaType: undefined }),
    DOCKER,
    `'mediaType' field must be '${DOCKER}'`,
  ],
  [
    'says another type than the registry',
    ociManifest({ mediaType: DOCKER }),
    OCI,
    `'mediaType' field must be '${OCI}'`,
  ],
  [
    'is an index as well',
    ociManifest({ manifests: [entry('linux', 'amd64')] }),
    OCI,
    "there must be no field 'manifests'",
  ],
  [
    'is an image as well',
    index([entry('linux', 'amd64')], { layers: [] }),
    OCI_INDEX,
    "there must be no field 'layers'",
  ],
  ['is an empty index', index([]), OCI_INDEX, "'manifests' field size must be at least one"],
  [
    'has a digest that leads out of a folder',
    ociManifest({ config: { mediaType: 'x', size: 1, digest: 'sha256:../../etc/passwd' } }),
    OCI,
    "'config.digest' must be 'sha256:' and 64 hexadecimal digits, and is 'sha256:../../etc/passwd'",
  ],
  [
    'has a layer that is none',
    ociManifest({
      layers: [{ mediaType: 'application/x-helm', size: 1, digest: digestOf('') }],
    }),
    OCI,
    "'layers[0].mediaType' is 'application/x-helm', which is no layer of files",
  ],
  [
    'has a layer of a negative size',
    ociManifest({ layers: [{ ...ociManifest().layers[0], size: -1 }] }),
    OCI,
    "'layers[0].size' must be a whole number from 0 on",
  ],
  [
    'has a layer that is too large',
    ociManifest({ layers: [{ ...ociManifest().layers[0], size: 2 ** 40 }] }),
    OCI,
    `'layers[0].size' is more than ${64 * 2 ** 30} bytes`,
  ],
  [
    'has too many layers',
    dockerManifest({ layers: Array(10_000).fill(dockerManifest().layers[0]) }),
    DOCKER,
    `an image has at most ${MOST_LAYERS} layers, not 10000`,
  ],
  [
    'of schema 1 has no layers',
    schemaOne({ fsLayers: [] }),
    SCHEMA_ONE,
    "'fsLayers' field size must be at least one",
  ],
  [
    'of schema 1 has less history than layers',
    schemaOne({ history: schemaOne().history.slice(1) }),
    SCHEMA_ONE,
    "The size of 'fsLayers' should be equal to the size of 'history'",
  ],
  [
    'of schema 1 has too many layers',
    schemaOne({ fsLayers: Array(501).fill(schemaOne().fsLayers[0]) }),
    SCHEMA_ONE,
    'an image has at most 500 layers, not 501',
  ],
  ['is a list', [], OCI, "'manifest' must be an object"],
])('what %s is refused', (_, value, type, why) => {
  expect(() => readManifest(json(value), type)).toThrow(new ContainerizerError(prefix[type] + why));
});

test('what is no JSON, no UTF-8 or of no known type is refused', () => {
  expect(() => readManifest(Buffer.from('{"schemaVersion": 2,'), DOCKER)).toThrow(
    new ContainerizerError(
      'Failed to parse the V2 Schema 2 image manifest: JSON parse failed: ' +
        'syntax error at line 1 near: ',
    ),
  );
  expect(() => readManifest(Buffer.from([0xff]), DOCKER)).toThrow(/not in UTF-8/);
  expect(() => readManifest(Buffer.from('<html>'), 'text/html')).toThrow(
    new ContainerizerError('Unsupported manifest MIME type: text/html'),
  );
  expect(() => readManifest(json({ mediaType: 'application/x' }), 'application/json')).toThrow(
    new ContainerizerError('Unsupported manifest MIME type: application/x'),
  );
});

describe('of an index', () => {
  const indexOf = (...entries: unknown[]) =>
    readManifest(json(index(entries)), OCI_INDEX) as ImageIndex;
  const chosen = (from: ImageIndex, architecture: string) => {
    const { os, architecture: name, variant } = chooseImage(from, platformOf(architecture));
    return [os, name, variant].join('/');
  };

  test('the image for this machine is chosen', () => {
    const all = indexOf(
      entry('windows', 'amd64'),
      entry('linux', 'amd64', 'v3'),
      entry('linux', 'arm', 'v6'),
      entry('linux', 'arm', 'v7'),
      entry('linux', 'arm64', 'v8'),
      entry('linux', 'amd64'),
      entry('unknown', 'unknown'),
    );
    expect(chosen(all, 'x64')).toBe('linux/amd64/');
    expect(chosen(all, 'arm64')).toBe('linux/arm64/v8');
    expect(chosen(all, 'arm')).toBe('linux/arm/v7');
  });

  test('an image without a platform is for machines that have no other', () => {
    const { platform: _, ...plain } = entry('', '');
    const all = indexOf(plain, entry('linux', 'arm64'));
    expect(chosen(all, 'arm64')).toBe('linux/arm64/');
    expect(chosen(all, 'x64')).toBe('//');
  });

  test('there may be none, and what there is, is said', () => {
    const all = indexOf(entry('linux', 'arm', 'v7'), entry('linux', 'amd64', 'v4'));
    expect(() => chosen(all, 'x64')).toThrow(
      new ContainerizerError(
        'There is no image for linux/amd64 among those of the index: linux/arm/v7, linux/amd64/v4',
      ),
    );
    const many = indexOf(...Array.from({ length: 1000 }, (_, i) => entry(`os${i}`, 'x')));
    expect(() => chosen(many, 'x64')).toThrow(/: os0\/x, .*os19\/x, …$/);
  });
});
