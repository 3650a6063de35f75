// Whatever registries, archives and operators say: it is read, or refused in words about it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ContainerizerError } from '../../../../src/containerizer/containerizer-error.ts';
import { chooseSaved } from '../../../../src/containerizer/images/archives/saved-image.ts';
import {
  loginFor,
  readDockerConfig,
} from '../../../../src/containerizer/images/formats/docker-config.ts';
import { readConfigFile } from '../../../../src/containerizer/images/formats/image-config.ts';
import { imageOfSchemaTwo } from '../../../../src/containerizer/images/formats/image-manifest.ts';
import {
  type ImageIndex,
  readManifest,
} from '../../../../src/containerizer/images/formats/manifest.ts';
import { chooseImage, platformOf } from '../../../../src/containerizer/images/formats/platform.ts';
import { parseReference } from '../../../../src/containerizer/images/formats/reference.ts';
import {
  DOCKER,
  DOCKER_LIST,
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

const values = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(2, -1, 1e300, 'sha256:', [], {}, null, '\0', '=', 'linux', digestOf('x')),
);

/** The value with something else at a place in it. */
function changed(value: unknown, path: readonly number[], to: unknown): unknown {
  if (path.length === 0 || typeof value !== 'object' || value === null) {
    return to;
  }
  const keys = Object.keys(value);
  const key = keys[(path[0] as number) % keys.length] ?? 'x';
  const copy = Array.isArray(value) ? [...value] : { ...value };
  const below = (value as Record<string, unknown>)[key];
  (copy as Record<string, unknown>)[key] = changed(below, path.slice(1), to);
  return copy;
}

const seldom = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

/** Bytes that are like those of the samples, but for some. */
const bytesLike = (...samples: readonly unknown[]) =>
  fc
    .record({
      sample: fc.constantFrom(...samples),
      path: fc.array(fc.nat(9), { minLength: 1, maxLength: 5 }),
      to: values,
      // Most are JSON.
      cut: seldom(fc.nat(400)),
      byte: seldom(fc.tuple(fc.nat(400), fc.nat(255))),
    })
    .map(({ sample, path, to, cut, byte }) => {
      const bytes = Buffer.from(json(changed(sample, path, to)));
      if (byte !== undefined && byte[0] < bytes.length) {
        bytes[byte[0]] = byte[1];
      }
      return cut === undefined ? bytes : bytes.subarray(0, cut);
    });

/** How often it was read; all else is refused. */
function count(arbitrary: fc.Arbitrary<Buffer>, read: (bytes: Buffer) => void): number {
  let done = 0;
  fc.assert(
    fc.property(arbitrary, (bytes) => {
      try {
        read(bytes);
        done++;
      } catch (error) {
        if (!(error instanceof ContainerizerError)) {
          throw error;
        }
      }
    }),
    { numRuns: 1500 },
  );
  return done;
}

test('a manifest', () => {
  const samples = [dockerManifest(), ociManifest(), index([entry('linux', 'arm')]), schemaOne()];
  const types = [DOCKER, OCI, DOCKER_LIST, OCI_INDEX, SCHEMA_ONE, 'application/json'];
  let turn = 0;
  const read = (bytes: Buffer) => {
    readManifest(bytes, types[turn++ % types.length] as string);
  };
  expect(count(bytesLike(...samples), read)).toBeGreaterThan(20);
});

test('an index, of which an entry is chosen that is for this machine, or for none', () => {
  const all = index([
    entry('linux', 'amd64', 'v3'),
    entry('windows', 'amd64'),
    entry('linux', 'arm64', 'v8'),
    entry('linux', 'amd64'),
  ]);
  const read = (bytes: Buffer) => {
    const chosen = chooseImage(readManifest(bytes, OCI_INDEX) as ImageIndex, platformOf('x64'));
    expect(['linux/amd64', 'undefined/undefined']).toContain(`${chosen.os}/${chosen.architecture}`);
    expect([undefined, 'v1']).toContain(chosen.variant);
  };
  expect(count(bytesLike(all), read)).toBeGreaterThan(20);
});

test('a config, which has what containers can be given', () => {
  const sample = {
    os: 'linux',
    config: {
      Env: ['A=b', 'PATH=/bin'],
      Cmd: ['/bin/sh'],
      Entrypoint: ['/init'],
      WorkingDir: '/srv',
      User: 'nobody',
      Volumes: { '/data': {} },
    },
    rootfs: { type: 'layers', diff_ids: [digestOf('lower'), digestOf('upper')] },
  };
  const layers = ['lower', 'upper'].map((name) => ({
    ...{ digest: digestOf(name), size: 1, diffId: undefined, urls: [] },
  }));
  const read = (bytes: Buffer) => {
    const { config } = imageOfSchemaTwo(digestOf('m'), layers, readConfigFile(bytes));
    const texts = [...config.entrypoint, ...config.command, ...config.environment];
    expect([...texts, config.workingDirectory ?? ''].every((it) => !it.includes('\0'))).toBe(true);
    expect(config.environment.every((it) => it.indexOf('=') > 0)).toBe(true);
  };
  expect(count(bytesLike(sample), read)).toBeGreaterThan(20);
});

test('logins, which fit into a header', () => {
  const samples = [
    {
      auths: {
        'https://index.docker.io/v1/': { auth: 'bWU6cHc=' },
        'quay.io': { username: 'me', password: 'pw', identitytoken: 'a', registrytoken: 'b' },
      },
      credsStore: 'desktop',
      credHelpers: { 'gcr.io': 'gcloud' },
    },
    { 'quay.io': { auth: 'bWU6cHc=', email: 'x' } },
  ];
  const read = (bytes: Buffer) => {
    const logins = readDockerConfig(bytes);
    for (const registry of ['quay.io', 'docker.io', 'gcr.io']) {
      const { basic, identityToken, registryToken } = loginFor(registry, [logins]) ?? {};
      for (const text of [basic, identityToken, registryToken]) {
        expect(text ?? 'none').toMatch(/^[!-~]*$/);
      }
    }
  };
  expect(count(bytesLike(...samples), read)).toBeGreaterThan(20);
});

test('what docker save writes of its archive', () => {
  const sample = [
    { Config: 'c.json', RepoTags: ['a:latest', 'x/b:1'], Layers: ['l/layer.tar', 'm/layer.tar'] },
  ];
  const reference = parseReference('a');
  const read = (bytes: Buffer) => void chooseSaved(bytes, reference);
  expect(count(bytesLike(sample), read)).toBeGreaterThan(20);
});
