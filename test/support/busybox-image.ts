// An image of a static busybox, for a registry of the tests.
import { existsSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { type ArchiveEntry, archiveOf } from '../containerizer/images/archives.ts';
import { digestOf, json } from '../containerizer/images/formats/samples.ts';
import type { TestRegistry } from '../containerizer/images/registry/test-registry.ts';

/** Where the package busybox-static has it, before and since /bin is a link. */
const PATHS = ['/bin/busybox', '/usr/bin/busybox'];
const APPLETS = [
  'sh',
  'ls',
  'cat',
  'echo',
  'id',
  'sleep',
  'test',
  'touch',
  'pwd',
  'grep',
  'env',
  'stat',
  'mkdir',
];

export const busyboxPath = () => PATHS.find((it) => existsSync(it)) ?? 'busybox';

/** Busybox with the programs that tests use, below a folder. */
export function busyboxEntries(below = ''): ArchiveEntry[] {
  return [
    { name: `${below}bin/`, type: '5', mode: 0o755 },
    { name: `${below}bin/busybox`, mode: 0o755, content: readFileSync(busyboxPath()) },
    ...APPLETS.map((name) => ({ name: `${below}bin/${name}`, type: '2', target: 'busybox' })),
  ];
}

export const busyboxLayer = (): Buffer => archiveOf(...busyboxEntries());

/** Puts an image of two layers into the registry: busybox, and a file that says its name. */
export function putBusybox(registry: TestRegistry, name: string, config: object = {}): void {
  const [repository = '', tag = 'latest'] = name.split(':');
  const release = { name: 'etc/os-release', content: `NAME=${repository}\n` };
  const archives = [busyboxLayer(), archiveOf({ name: 'etc/', type: '5', mode: 0o755 }, release)];
  const bytes = json({
    os: 'linux',
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    config: { Env: ['PATH=/bin'], ...config },
    rootfs: { type: 'layers', diff_ids: archives.map((it) => digestOf(it)) },
  });
  const TYPE = 'application/vnd.docker';
  registry.manifest(
    repository,
    tag,
    {
      schemaVersion: 2,
      mediaType: `${TYPE}.distribution.manifest.v2+json`,
      config: {
        mediaType: `${TYPE}.container.image.v1+json`,
        size: bytes.length,
        digest: registry.blob(bytes),
      },
      layers: archives.map((archive) => {
        const packed = gzipSync(archive, { level: 1 });
        return {
          mediaType: `${TYPE}.image.rootfs.diff.tar.gzip`,
          size: packed.length,
          digest: registry.blob(packed),
        };
      }),
    },
    `${TYPE}.distribution.manifest.v2+json`,
  );
}
