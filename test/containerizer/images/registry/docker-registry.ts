// The program docker-registry on a port of the loopback, with images that skopeo pushes.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { until } from '../../../support/cluster.ts';
import { digestOf, json, OCI, ociManifest } from '../formats/samples.ts';

/** Of `pw`. */
const HASH = '$2b$04$CQ8lyy2DLFTrix5i1ktLleh1cNsbK9DUO8e67tRZuXYbTfsznl8TW';

/** Files. */
export interface RegistryTls {
  readonly certificate: string;
  readonly key: string;
  /** Whose clients alone are let in. */
  readonly clientAuthority?: string;
}

export class DockerRegistry {
  readonly host: string;
  /** Of docker's config file: `me` with the password `pw`. */
  readonly auths: { readonly auths: Readonly<Record<string, { readonly auth: string }>> };
  readonly #program: ChildProcess;

  /** `folder`: an empty one, for what the registry has. */
  static async start(folder: string, tls?: RegistryTls): Promise<DockerRegistry> {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const host = `127.0.0.1:${port}`;
    writeFileSync(join(folder, 'users'), `me:${HASH}\n`);
    const config = {
      version: 0.1,
      log: { level: 'error' },
      storage: { filesystem: { rootdirectory: join(folder, 'data') } },
      http: {
        addr: host,
        ...(tls && {
          tls: {
            certificate: tls.certificate,
            key: tls.key,
            ...(tls.clientAuthority && { clientcas: [tls.clientAuthority] }),
          },
        }),
      },
      auth: { htpasswd: { realm: 'kit', path: join(folder, 'users') } },
      compatibility: { schema1: { enabled: true } },
    };
    writeFileSync(join(folder, 'config.yml'), JSON.stringify(config));
    const program = spawn('docker-registry', ['serve', join(folder, 'config.yml')], {
      stdio: 'ignore',
    });
    const registry = new DockerRegistry(host, program);
    await until('docker-registry answers', async () => {
      if (program.exitCode !== null) {
        throw new Error('docker-registry has ended');
      }
      const socket = connect(port, '127.0.0.1');
      const isThere = await new Promise<boolean>((resolve) =>
        socket.on('connect', () => resolve(true)).on('error', () => resolve(false)),
      );
      socket.destroy();
      return isThere;
    });
    return registry;
  }

  private constructor(host: string, program: ChildProcess) {
    this.host = host;
    this.#program = program;
    this.auths = { auths: { [host]: { auth: Buffer.from('me:pw').toString('base64') } } };
  }

  [Symbol.dispose](): void {
    this.#program.kill();
  }
}

/** An OCI layout of one image of one layer, which is returned: a file in it, packed. */
export function writeLayout(folder: string): Buffer {
  const blobs = join(folder, 'layout', 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  const blob = (bytes: Uint8Array, mediaType: string) => {
    writeFileSync(join(blobs, digestOf(bytes).slice(7)), bytes);
    return { mediaType, size: bytes.length, digest: digestOf(bytes) };
  };
  writeFileSync(join(folder, 'file'), 'content\n');
  const tar = execFileSync('tar', ['-cf', '-', '-C', folder, 'file']);
  const layer = gzipSync(tar);
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
  return layer;
}

/** Of the layout in `folder`. */
export const copyLayout = (folder: string, to: string, ...options: readonly string[]) =>
  execFileSync(
    'skopeo',
    [
      ...['--insecure-policy', 'copy', '--quiet', '--dest-tls-verify=false', '--dest-creds=me:pw'],
      ...[...options, `oci:${join(folder, 'layout')}`, to],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
