// An image with files of this machine in a registry of its own: what is pulled has the sizes, names
// and links that real files have.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const OCI = 'application/vnd.oci.image';
const LOOK_MS = 20;
/** Of the file that a large image has; half of it can be compressed. */
const LARGE = `i=0; while [ $i -lt $0 ]; do head -c 500000 /dev/urandom; head -c 500000 /dev/zero; i=$((i+1)); done > $1`;

export interface ImageContent {
  /** Of this machine: a layer each, over one of busybox. */
  readonly folders: readonly string[];
  /** Of one more layer, of one file; 0: without. */
  readonly megabytes: number;
}

export class RegistryWithImage {
  readonly host: string;
  /** Without the registry. */
  readonly image = 'bench/image';
  /** Of its layers, unpacked. */
  readonly bytes: number;
  readonly #program: ChildProcess;

  private constructor(host: string, bytes: number, program: ChildProcess) {
    this.host = host;
    this.bytes = bytes;
    this.#program = program;
  }

  /** Needs docker-registry, skopeo and busybox-static. `folder` is an empty one. */
  static async start(
    folder: string,
    port: number,
    content: ImageContent,
  ): Promise<RegistryWithImage> {
    const host = `127.0.0.1:${port}`;
    const bytes = writeLayout(folder, content);
    const config = join(folder, 'config.yml');
    writeFileSync(
      config,
      JSON.stringify({
        version: 0.1,
        log: { level: 'error' },
        storage: { filesystem: { rootdirectory: join(folder, 'data') } },
        http: { addr: host },
      }),
    );
    const program = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
    const registry = new RegistryWithImage(host, bytes, program);
    try {
      while (!(await answers(port))) {
        if (program.exitCode !== null) {
          throw new Error('docker-registry has ended');
        }
        await delay(LOOK_MS);
      }
      const from = `oci:${join(folder, 'layout')}`;
      skopeo(['--dest-tls-verify=false', from, `docker://${host}/${registry.image}`]);
      rmSync(join(folder, 'layout'), { recursive: true });
      return registry;
    } catch (error) {
      registry.stop();
      throw error;
    }
  }

  /** Into the layout `name` below a folder, as `skopeo copy` does it. */
  copyTo(layout: string): void {
    skopeo(['--src-tls-verify=false', `docker://${this.host}/${this.image}`, `oci:${layout}:it`]);
  }

  stop(): void {
    this.#program.kill();
  }
}

const skopeo = (parameters: readonly string[]) =>
  execFileSync('skopeo', ['--insecure-policy', 'copy', '--quiet', ...parameters], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const isThere = await new Promise<boolean>((resolve) =>
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false)),
  );
  socket.destroy();
  return isThere;
}

const digestOf = (path: string): string =>
  execFileSync('sha256sum', [path], { encoding: 'latin1' }).slice(0, 64);

/** A folder with those above it, which the archives of images list, too. */
function listed(path: string): string[] {
  const names = path.split('/').slice(0, -1);
  const above = names.map((_, at) => names.slice(0, at + 1).join('/'));
  return ['--no-recursion', ...above, '--recursion', path];
}

/** Returns how many bytes the archives of its layers have. */
function writeLayout(folder: string, { folders, megabytes }: ImageContent): number {
  const layout = join(folder, 'layout');
  const blobs = join(layout, 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  const root = join(folder, 'root');
  mkdirSync(join(root, 'bin'), { recursive: true });
  const busybox = execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim();
  execFileSync('cp', [busybox, join(root, 'bin', 'busybox')]);
  for (const name of ['sh', 'sleep', 'true']) {
    execFileSync('ln', ['-s', 'busybox', join(root, 'bin', name)]);
  }
  const parts: string[][] = [
    ['-C', root, 'bin'],
    ...folders.map((path) => ['-C', '/', ...listed(path.replace(/^\/+/, ''))]),
  ];
  if (megabytes > 0) {
    execFileSync('sh', ['-c', LARGE, String(megabytes), join(root, 'large')]);
    parts.push(['-C', root, 'large']);
  }
  const archive = join(folder, 'layer.tar');
  let bytes = 0;
  const layers = parts.map((part) => {
    execFileSync('tar', ['-cf', archive, ...part], { stdio: ['ignore', 'ignore', 'inherit'] });
    bytes += statSync(archive).size;
    const diffId = `sha256:${digestOf(archive)}`;
    const packed = `${archive}.gz`;
    execFileSync('gzip', ['-6', '-f', archive]);
    const digest = digestOf(packed);
    const size = statSync(packed).size;
    renameSync(packed, join(blobs, digest));
    return { diffId, mediaType: `${OCI}.layer.v1.tar+gzip`, size, digest: `sha256:${digest}` };
  });
  rmSync(root, { recursive: true });
  const blob = (value: unknown, mediaType: string) => {
    const text = JSON.stringify(value);
    const digest = createHash('sha256').update(text).digest('hex');
    writeFileSync(join(blobs, digest), text);
    return { mediaType, size: Buffer.byteLength(text), digest: `sha256:${digest}` };
  };
  const config = blob(
    {
      os: 'linux',
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      config: { Env: ['PATH=/bin'] },
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    },
    `${OCI}.config.v1+json`,
  );
  const manifest = blob(
    { schemaVersion: 2, config, layers: layers.map(({ diffId: _, ...layer }) => layer) },
    `${OCI}.manifest.v1+json`,
  );
  writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion": "1.0.0"}');
  writeFileSync(
    join(layout, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [manifest] }),
  );
  return bytes;
}

/** The layers of a layout as one folder of files, as `umoci unpack` does it. */
export function umociUnpack(layout: string, bundle: string): void {
  execFileSync('umoci', ['unpack', '--image', `${layout}:it`, bundle], { stdio: 'ignore' });
  execFileSync('sync', ['-f', bundle]);
}

/** Called with the runtime as $0, the bundle, and how often. The runtime looks for no cgroups. */
const BARE_LOOP = `set -e
mount --make-rprivate /
mount -t tmpfs none /sys/fs/cgroup
for i in $(seq $2); do
  began=$(date +%s%N)
  $0 --cgroup-manager=disabled --root $1/state run --bundle $1 c$i </dev/null >/dev/null
  echo $(($(date +%s%N) - began))
done
`;

/** The seconds of `crun run` of a command in a folder of files, again and again: the median. */
export function bareRuns(runtime: string, bundle: string, count: number): number {
  const path = join(bundle, 'config.json');
  const made = JSON.parse(readFileSync(path, 'utf8')) as Record<string, object>;
  const changed = {
    ...made,
    process: { ...made.process, args: ['/bin/true'], terminal: false },
    linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }] },
    hooks: undefined,
    hostname: undefined,
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['mode=755'] },
    ],
  };
  writeFileSync(path, JSON.stringify(changed));
  const loop = ['--mount', 'sh', '-c', BARE_LOOP, runtime, bundle, String(count)];
  const times = execFileSync('unshare', loop, { encoding: 'latin1' })
    .split('\n')
    .filter(Boolean)
    .map(Number)
    .toSorted((a, b) => a - b);
  return (times[Math.floor(count / 2)] ?? 0) / 1e9;
}
