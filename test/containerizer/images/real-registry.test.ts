// The registry and the archives of other programs: docker-registry, to which skopeo pushes, and
// what skopeo writes as docker and podman do.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readDockerConfig } from '../../../src/containerizer/images/formats/docker-config.ts';
import { parseReference } from '../../../src/containerizer/images/formats/reference.ts';
import { parseImageSource } from '../../../src/containerizer/images/formats/registry-address.ts';
import { ThreadPuller } from '../../../src/containerizer/images/thread-puller.ts';
import { digestOf, json, OCI, ociManifest } from './formats/samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-registry-'));
let registry: ChildProcess;
let host: string;
let layer: Buffer;

/** Of `pw`. */
const HASH = '$2b$04$CQ8lyy2DLFTrix5i1ktLleh1cNsbK9DUO8e67tRZuXYbTfsznl8TW';

const auths = () => ({
  auths: { [host]: { auth: Buffer.from('me:pw').toString('base64') } },
});

beforeAll(async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  host = `127.0.0.1:${(server.address() as { port: number }).port}`;
  await new Promise((resolve) => server.close(resolve));
  writeFileSync(join(folder, 'users'), `me:${HASH}\n`);
  const config = {
    version: 0.1,
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    http: { addr: host },
    auth: { htpasswd: { realm: 'kit', path: join(folder, 'users') } },
    compatibility: { schema1: { enabled: true } },
  };
  writeFileSync(join(folder, 'config.yml'), JSON.stringify(config));
  registry = spawn('docker-registry', ['serve', join(folder, 'config.yml')], { stdio: 'ignore' });
  while (!(await fetch(`http://${host}/v2/`).catch(() => undefined))) {
    expect(registry.exitCode).toBeNull();
    await pause(20);
  }
  writeLayout();
  for (const format of ['oci', 'v2s2', 'v2s1']) {
    copy(`docker://${host}/group/a:${format}`, '--format', format);
  }
  mkdirSync(join(folder, 'images'));
  copy(`docker-archive:${join(folder, 'images')}/docker.tar:docker:latest`);
  copy(`oci-archive:${join(folder, 'images')}/oci.tar:latest`);
}, 60_000);

afterAll(() => {
  registry.kill();
  rmSync(folder, { recursive: true });
});

/** An image of one layer, as the source of all copies. */
function writeLayout(): void {
  const blobs = join(folder, 'layout', 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  const blob = (bytes: Uint8Array, mediaType: string) => {
    writeFileSync(join(blobs, digestOf(bytes).slice(7)), bytes);
    return { mediaType, size: bytes.length, digest: digestOf(bytes) };
  };
  writeFileSync(join(folder, 'file'), 'content\n');
  const tar = execFileSync('tar', ['-cf', '-', '-C', folder, 'file']);
  layer = gzipSync(tar);
  const config = json({
    os: 'linux',
    architecture: 'amd64',
    config: { Cmd: ['/bin/show'], Env: ['A=b'] },
    rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
    history: [{ created_by: 'test' }],
  });
  const manifest = json(
    ociManifest({
      config: blob(config, 'application/vnd.oci.image.config.v1+json'),
      layers: [blob(layer, 'application/vnd.oci.image.layer.v1.tar+gzip')],
    }),
  );
  writeFileSync(join(folder, 'layout', 'oci-layout'), '{"imageLayoutVersion": "1.0.0"}');
  writeFileSync(
    join(folder, 'layout', 'index.json'),
    json({ schemaVersion: 2, manifests: [blob(manifest, OCI)] }),
  );
}

const copy = (to: string, ...options: string[]) =>
  execFileSync(
    'skopeo',
    [
      ...['--insecure-policy', 'copy', '--quiet', '--dest-tls-verify=false', '--dest-creds=me:pw'],
      ...[...options, `oci:${join(folder, 'layout')}`, to],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );

async function pull(source: string, name: string) {
  const abort = new AbortController().signal;
  const from = parseImageSource(source);
  if ('problem' in from) {
    throw new Error(from.problem);
  }
  const puller = new ThreadPuller({
    source: from,
    logins: readDockerConfig(json(auths())),
    stallMs: 10_000,
    proxies: undefined,
    architecture: 'x64',
  });
  using image = await puller.manifest(parseReference(name), { abort });
  const layers: Buffer[] = [];
  for (const descriptor of image.manifest.layers) {
    const path = join(mkdtempSync(join(folder, 'layer-')), 'blob');
    await image.download(descriptor, path, abort);
    layers.push(readFileSync(path));
  }
  await puller.close();
  return { ...image.manifest, layers };
}

test.each(['oci', 'v2s2', 'v2s1'])('an image is pulled from docker-registry as %s', async (tag) => {
  const image = await pull(`http://${host}`, `group/a:${tag}`);
  expect(image.config).toMatchObject({ command: ['/bin/show'], environment: ['A=b'] });
  expect(image.layers[0]?.equals(layer)).toBe(true);
  const same = await pull('https://registry.example', `${host}/group/a@${image.digest}`);
  expect(same.digest).toBe(image.digest);
});

test.each(['docker', 'oci'])('%s.tar has the image', async (name) => {
  const image = await pull(`file://${join(folder, 'images')}`, name);
  expect(image.config).toMatchObject({ command: ['/bin/show'], environment: ['A=b'] });
  expect(image.layers).toHaveLength(1);
});
