// Archives of App Container images for tests.
import { type ArchiveEntry, archiveOf } from './archives.ts';

export interface TestAci {
  /** What the manifest says besides the name, or otherwise than usual. */
  readonly manifest?: object;
  /** By their paths in the root file system. */
  readonly files?: Readonly<Record<string, string>>;
  /** Their names begin with `rootfs/`. */
  readonly entries?: readonly ArchiveEntry[];
}

/** Not compressed. */
export function aciOf(
  name: string,
  { manifest, files = {}, entries = [] }: TestAci = {},
  arch = 'amd64',
): Buffer {
  const text = JSON.stringify({
    acKind: 'ImageManifest',
    acVersion: '0.8.11',
    name,
    labels: [
      { name: 'os', value: 'linux' },
      { name: 'arch', value: arch },
    ],
    ...manifest,
  });
  return archiveOf(
    { name: 'rootfs/', type: '5', mode: 0o755 },
    ...Object.entries(files).map(([path, content]) => ({ name: `rootfs/${path}`, content })),
    ...entries,
    { name: 'manifest', content: text },
  );
}
