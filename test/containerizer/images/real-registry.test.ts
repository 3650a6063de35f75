// The registry and the archives of other programs: docker-registry, to which skopeo pushes, and
// what skopeo writes as docker and podman do.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readDockerConfig } from '../../../src/containerizer/images/formats/docker-config.ts';
import { parseReference } from '../../../src/containerizer/images/formats/reference.ts';
import { parseDockerSource } from '../../../src/containerizer/images/formats/registry-address.ts';
import { ThreadPuller } from '../../../src/containerizer/images/thread-puller.ts';
import { json } from './formats/samples.ts';
import { pulledLayer } from './pulled-layer.ts';
import { copyLayout, DockerRegistry, writeLayout } from './registry/docker-registry.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-registry-'));
let registry: DockerRegistry;
let layer: Buffer;

beforeAll(async () => {
  registry = await DockerRegistry.start(folder);
  layer = writeLayout(folder);
  for (const format of ['oci', 'v2s2', 'v2s1']) {
    copyLayout(folder, `docker://${registry.host}/group/a:${format}`, '--format', format);
  }
  mkdirSync(join(folder, 'images'));
  copyLayout(folder, `docker-archive:${join(folder, 'images')}/docker.tar:docker:latest`);
  copyLayout(folder, `oci-archive:${join(folder, 'images')}/oci.tar:latest`);
}, 60_000);

afterAll(() => {
  registry[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

async function pull(source: string, name: string) {
  const abort = new AbortController().signal;
  const from = parseDockerSource(source);
  if ('problem' in from) {
    throw new Error(from.problem);
  }
  const puller = new ThreadPuller({
    source: from,
    logins: readDockerConfig(json(registry.auths)),
    stallMs: 10_000,
    proxies: undefined,
    mirrors: [],
    certificates: join(folder, 'certificates'),
    architecture: 'x64',
  });
  using image = await puller.manifest(parseReference(name), { abort });
  const layers: Buffer[] = [];
  for (const at of image.manifest.layers.keys()) {
    layers.push(await pulledLayer(image, folder, at));
  }
  await puller.close();
  return { ...image.manifest, layers };
}

test.each(['oci', 'v2s2', 'v2s1'])('an image is pulled from docker-registry as %s', async (tag) => {
  const image = await pull(`http://${registry.host}`, `group/a:${tag}`);
  expect(image.config).toMatchObject({ command: ['/bin/show'], environment: ['A=b'] });
  expect(image.layers[0]?.equals(layer)).toBe(true);
  const same = await pull('https://registry.example', `${registry.host}/group/a@${image.digest}`);
  expect(same.digest).toBe(image.digest);
});

test.each(['docker', 'oci'])('%s.tar has the image', async (name) => {
  const image = await pull(`file://${join(folder, 'images')}`, name);
  expect(image.config).toMatchObject({ command: ['/bin/show'], environment: ['A=b'] });
  expect(image.layers).toHaveLength(1);
});
