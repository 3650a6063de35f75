// Registries whose images are asked for at mirrors first.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { readDockerConfig } from '../../../../src/containerizer/images/formats/docker-config.ts';
import { platformOf } from '../../../../src/containerizer/images/formats/platform.ts';
import { parseReference } from '../../../../src/containerizer/images/formats/reference.ts';
import {
  type Mirror,
  mirrorsOf,
  parseMirror,
} from '../../../../src/containerizer/images/formats/registry-mirrors.ts';
import { RegistryPuller } from '../../../../src/containerizer/images/registry/registry-puller.ts';
import { digestOf, json } from '../formats/samples.ts';
import { pulledLayer } from '../pulled-layer.ts';
import { TestRegistry } from './test-registry.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-mirrors-'));
const never = new AbortController().signal;
let registry: TestRegistry;
let mirror: TestRegistry;

beforeEach(async () => {
  [registry, mirror] = await Promise.all([TestRegistry.open(), TestRegistry.open()]);
});

afterEach(async () => {
  await Promise.all([registry.close(), mirror.close()]);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function mirrorAt(text: string): Mirror {
  const read = parseMirror(text);
  if ('problem' in read) {
    throw new Error(read.problem);
  }
  return read;
}

const puller = (url = `http://${mirror.host}`, stallMs = 10_000) =>
  new RegistryPuller({
    address: { scheme: 'http', host: registry.host },
    logins: readDockerConfig(
      json({ auths: { [registry.host]: { username: 'me', password: 'pw' } } }),
    ),
    mirrors: [mirrorAt(`${registry.host}=${url}`)],
    platform: platformOf('x64'),
    stallMs,
    pauseMs: 1,
    proxies: undefined,
  });

/** The text of the only layer. */
async function pulled(from: RegistryPuller, name = 'a'): Promise<string> {
  using image = await from.manifest(parseReference(name), { abort: never });
  return String(await pulledLayer(image, folder));
}

const breakAll = (at: TestRegistry, status: number) => {
  at.intercept = (_, response) => {
    response.writeHead(status).end('<html>');
    return true;
  };
};

test('a mirror is asked in place of the registry, and not by its login', async () => {
  mirror.image('a', ['of the mirror']);
  expect(await pulled(puller())).toBe('of the mirror');
  expect(registry.requests).toEqual([]);
  expect(mirror.requests.map(({ headers }) => headers.authorization)).toEqual([
    ...[undefined, undefined, undefined],
  ]);
});

test('a path of the mirror comes before the names', async () => {
  mirror.image('proxies/hub/a', ['below']);
  expect(await pulled(puller(`http://${mirror.host}/v2/proxies/hub/`))).toBe('below');
});

test('what a mirror lacks comes from the registry, which has its login', async () => {
  registry.image('a', ['of the registry']);
  expect(await pulled(puller())).toBe('of the registry');
  expect(registry.requests[0]?.headers.authorization).toMatch(/^Basic /);
});

test('a layer that a mirror lacks, or has wrong, comes from the registry', async () => {
  for (const change of ['none', 'wrong', 'half']) {
    const digest = digestOf(`layer ${change}`);
    registry.image('a', [`layer ${change}`]);
    mirror.image('a', [`layer ${change}`]);
    mirror.intercept = (_, response, path) => {
      if (path !== `a/blobs/${digest}`) {
        return false;
      }
      response.writeHead(change === 'none' ? 404 : 200).write(change);
      response.end(() => change === 'half' && response.destroy());
      return true;
    };
    expect(await pulled(puller())).toBe(`layer ${change}`);
  }
});

test('where no place has it, all of them are told of', async () => {
  breakAll(mirror, 500);
  await expect(pulled(puller())).rejects.toThrow(
    `Unexpected HTTP response '404 Not Found' when trying to get the manifest from ` +
      `'http://${registry.host}/v2/a/manifests/latest' (mirror ` +
      `http://${mirror.host}/: Unexpected HTTP response '500 Internal Server Error' when trying ` +
      `to get the manifest from 'http://${mirror.host}/v2/a/manifests/latest')`,
  );
});

test('a mirror that cannot be reached, or is mute, is left alone for a while', async () => {
  registry.image('a', ['of the registry']);
  const gone = puller('http://127.0.0.1:1');
  expect(await pulled(gone)).toBe('of the registry');
  mirror.intercept = () => true;
  const mute = puller(undefined, 200);
  expect(await pulled(mute)).toBe('of the registry');
  expect(await pulled(mute)).toBe('of the registry');
  expect(mirror.requests).toHaveLength(1);
});

test('an image that is given up is not asked for elsewhere', async () => {
  registry.image('a', ['x']);
  const abort = new AbortController();
  const reason = new Error('killed');
  mirror.intercept = () => {
    abort.abort(reason);
    return true;
  };
  const given = puller().manifest(parseReference('a'), { abort: abort.signal });
  await expect(given).rejects.toBe(reason);
  expect(registry.requests).toEqual([]);
});

test('where a registry leads nobody is told its login, whatever token server they name', async () => {
  registry.image('a', ['layer']);
  const storage = mirror;
  storage.intercept = (request, response) => {
    const isToken = request.url?.startsWith('/token');
    const realm = `Bearer realm="http://${storage.host}/token"`;
    response.writeHead(isToken ? 200 : 401, { 'www-authenticate': realm });
    response.end('{"token": "t"}');
    return true;
  };
  registry.intercept = (_, response, path) => {
    if (!path.includes('/blobs/')) {
      return false;
    }
    response.writeHead(307, { location: `http://${storage.host}/blob` }).end();
    return true;
  };
  await expect(pulled(puller('http://127.0.0.1:1'))).rejects.toThrow(/401 Unauthorized|empty WWW/);
  expect(storage.asked).toContain('/blob');
  expect(storage.requests.map(({ headers }) => headers.authorization).filter(Boolean)).toEqual([]);
});

test('mirrors are those of the registry, by whatever name Docker Hub has', () => {
  const all = [
    'docker.io=https://one',
    'quay.io=http://two:5000/x/',
    'index.docker.io=https://3.x',
  ];
  const mirrors = all.map(mirrorAt);
  expect(mirrorsOf('registry-1.docker.io', mirrors)).toEqual([
    { registry: 'docker.io', address: { scheme: 'https', host: 'one' }, prefix: '' },
    { registry: 'index.docker.io', address: { scheme: 'https', host: '3.x' }, prefix: '' },
  ]);
  expect(mirrorsOf('quay.io', mirrors)).toEqual([
    { registry: 'quay.io', address: { scheme: 'http', host: 'two:5000' }, prefix: 'x/' },
  ]);
  expect(mirrorsOf('quay.io:443', mirrors)).toEqual([]);
});

test.each([
  '',
  'https://mirror',
  'docker.io',
  'docker.io=mirror',
  'docker.io=ftp://mirror',
  'docker.io=https://me:pw@mirror',
  'docker.io=https://mirror/../x',
  'docker.io=https://mirror/?a',
  'x/y=https://mirror',
])('--docker_registry_mirrors=%s is refused', (text) => {
  expect(parseMirror(text)).toMatchObject({ problem: expect.stringMatching(/^expected HOST=URL/) });
});
