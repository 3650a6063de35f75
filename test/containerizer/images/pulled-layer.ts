// What a puller gives of a layer, for tests.
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PulledImage } from '../../../src/containerizer/images/puller.ts';

/** The bytes of its blob; `folder`: where it is stored. */
export async function pulledLayer(
  image: PulledImage,
  folder: string,
  at = 0,
  abort = new AbortController().signal,
): Promise<Buffer> {
  const descriptor = image.manifest.layers[at];
  if (descriptor === undefined) {
    throw new Error('there is no such layer');
  }
  const path = join(mkdtempSync(join(folder, 'layer-')), 'blob');
  await image.download(descriptor, path, abort);
  return readFileSync(path);
}
