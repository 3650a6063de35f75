// From a name's manifest to an image: through the indexes to the image for this machine, and to its
// config. Where manifests and configs are kept, registry or archive, is for others to know.
import { ContainerizerError } from '../containerizer-error.ts';
import { MOST_CONFIG_BYTES, readConfigFile } from './formats/image-config.ts';
import {
  checkConfigType,
  imageOfKnown,
  imageOfSchemaOne,
  imageOfSchemaTwo,
} from './formats/image-manifest.ts';
import { type Descriptor, type Manifest, readManifest } from './formats/manifest.ts';
import { chooseImage, type Platform } from './formats/platform.ts';
import type { ImageManifest } from './image.ts';
import type { KnownImage } from './puller.ts';
import { sha256 } from './verification.ts';

export interface StoredManifest {
  readonly bytes: Uint8Array;
  readonly type: string;
  /** What its digest must be, as far as that is known. */
  readonly digests: readonly string[];
}

/** Both throw ContainerizerError, or the reason of the abort. */
export interface ManifestStore {
  manifest(descriptor: Descriptor): Promise<StoredManifest>;
  /** Verified. */
  config(descriptor: Descriptor): Promise<Uint8Array>;
}

/** Of indexes in indexes. */
const MOST_INDEXES = 3;

export async function readImage(
  name: string,
  first: StoredManifest,
  store: ManifestStore,
  platform: Platform,
  known: KnownImage | undefined,
): Promise<ImageManifest> {
  let stored = first;
  for (let indexes = 0; ; indexes++) {
    const manifest = readManifest(stored.bytes, stored.type);
    const digest = digestOf(manifest, stored.bytes);
    const other = stored.digests.find((expected) => expected !== digest);
    if (other !== undefined) {
      throw new ContainerizerError(
        `The manifest of image '${name}' does not match its digest '${other}': it is '${digest}'`,
      );
    }
    if (manifest.kind === 'schema one') {
      return imageOfSchemaOne(digest, manifest);
    }
    if (manifest.kind === 'schema two') {
      checkConfigType(manifest);
      if (known?.digest === digest) {
        return imageOfKnown(known, manifest.layers);
      }
      if (manifest.config.size > MOST_CONFIG_BYTES) {
        throw new ContainerizerError(
          `The config of image '${name}' has more than ${MOST_CONFIG_BYTES} bytes`,
        );
      }
      const config = readConfigFile(await store.config(manifest.config));
      return imageOfSchemaTwo(digest, manifest.layers, config);
    }
    if (indexes === MOST_INDEXES) {
      throw new ContainerizerError(
        `The index of image '${name}' leads to an index in an index, more than ${MOST_INDEXES} deep`,
      );
    }
    stored = await store.manifest(chooseImage(manifest, platform));
  }
}

function digestOf(manifest: Manifest, bytes: Uint8Array): string {
  const payload = manifest.kind === 'schema one' ? manifest.payload : undefined;
  return payload === undefined
    ? sha256(bytes)
    : sha256(bytes.subarray(0, payload.length), payload.tail);
}
