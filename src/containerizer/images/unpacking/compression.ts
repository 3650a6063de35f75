// How the blob of a layer is compressed: its first bytes decide, and not the media type, which in
// old registries is wrong. Pure.

export type Compression = 'gzip' | 'zstd' | 'xz' | 'bzip2' | 'lz4';

/** How many of a blob's first bytes tell it. */
export const MAGIC_BYTES = 8;

/** Beginnings of files, in hex; zstd may have a frame in front that is to be passed over. */
const BEGINNINGS: readonly (readonly [Compression, RegExp])[] = [
  ['gzip', /^1f8b/],
  ['zstd', /^(28b52ffd|5.2a4d18)/],
  ['xz', /^fd377a585a00/],
  ['bzip2', /^425a68/],
  ['lz4', /^04224d18/],
];

/** Undefined: not at all. */
export function compressionOf(beginning: Buffer): Compression | undefined {
  const magic = beginning.toString('hex');
  return BEGINNINGS.find(([, pattern]) => pattern.test(magic))?.[0];
}
