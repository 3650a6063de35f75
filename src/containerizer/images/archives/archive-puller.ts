// Images from a folder of archives, one for each image, as Mesos has them: NAME.tar, where NAME is
// all of the image's name. Each is what `docker save` writes, or a layout of the Open Container
// Initiative in a tar file.
import { buffer } from 'node:stream/consumers';
import { ContainerizerError, containerizerErrorOf } from '../../containerizer-error.ts';
import { storeBlob } from '../blob-file.ts';
import { MOST_CONFIG_BYTES, readConfigFile } from '../formats/image-config.ts';
import { imageOfSchemaTwo } from '../formats/image-manifest.ts';
import {
  type Descriptor,
  type ImageIndex,
  MOST_LAYERS,
  MOST_MANIFEST_BYTES,
  readManifest,
} from '../formats/manifest.ts';
import { OCI_INDEX } from '../formats/media-types.ts';
import { chooseImage, type Platform } from '../formats/platform.ts';
import { bareName, canonicalName } from '../formats/reference.ts';
import type { ImageManifest, ImageReference, LayerDescriptor } from '../image.ts';
import { readImage, type StoredManifest } from '../image-reading.ts';
import type { PulledImage, Puller, PullOptions } from '../puller.ts';
import { compressionOf, MAGIC_BYTES } from '../unpacking/compression.ts';
import { sha256, sha256Of, verifiedBytes } from '../verification.ts';
import { Archive } from './archive.ts';
import type { ArchiveFolder, ArchiveUse } from './archive-folder.ts';
import { isNamed, notArchived } from './archived-name.ts';
import { chooseSaved } from './saved-image.ts';

export interface ArchiveOptions {
  readonly folder: ArchiveFolder;
  readonly platform: Platform;
}

/** An image, and the names of the files that its layers are. */
interface ArchivedImage {
  readonly manifest: ImageManifest;
  readonly files: ReadonlyMap<string, string>;
}

export class ArchivePuller implements Puller {
  readonly #options: ArchiveOptions;

  constructor(options: ArchiveOptions) {
    this.#options = options;
  }

  async manifest(
    reference: ImageReference,
    { known, owner, abort }: PullOptions,
  ): Promise<PulledImage> {
    const { archive, remove } = await this.#find(reference, { owner, abort });
    const isLayout = archive.find('index.json') !== undefined;
    let image: ArchivedImage;
    try {
      image = await (isLayout
        ? this.#layout(archive, reference, { known, abort })
        : this.#saved(archive, reference, abort));
    } catch (error) {
      await remove();
      throw error;
    }
    return {
      manifest: image.manifest,
      download: async (layer, path, abort, arrived) => {
        const name = `layer '${layer.digest}'`;
        const file = archive.find(image.files.get(layer.digest) ?? '');
        if (file === undefined) {
          throw new ContainerizerError(
            `Failed to fetch ${name}: it is not in archive '${archive.place}'`,
          );
        }
        const expected = { digest: layer.digest, size: layer.size ?? file.size };
        const source = await archive.stream(file);
        await storeBlob(verifiedBytes(source, expected, name), path, abort, arrived);
      },
      // What cannot be removed now is so at the next start of the agent.
      [Symbol.dispose]: () => void remove().catch(() => undefined),
    };
  }

  async #find(
    reference: ImageReference,
    use: ArchiveUse,
  ): Promise<{ readonly archive: Archive; readonly remove: () => Promise<void> }> {
    const { folder } = this.#options;
    const { abort } = use;
    const names = namesOf(reference).map((name) => `${name}.tar`);
    for (const name of folder.endings.flatMap((end) => names.map((it) => `${it}${end}`))) {
      const file = await folder.file(name, use);
      const place = folder.place(name);
      try {
        const archive = file && (await Archive.open(file.path, abort, place));
        if (file !== undefined && archive !== undefined) {
          return { archive, remove: file.remove };
        }
      } catch (error) {
        await file?.remove();
        abort.throwIfAborted();
        throw containerizerErrorOf(error, `Failed to read archive '${place}'`);
      }
    }
    const places = names.map((name) => folder.place(name)).join("' or '");
    const others = folder.endings.slice(1).join(', ');
    throw new ContainerizerError(
      `Failed to find archive for image '${reference.text}' at '${places}'` +
        (others === '' ? '' : `, with or without ${others}`),
    );
  }

  async #layout(
    archive: Archive,
    reference: ImageReference,
    { known, abort }: Pick<PullOptions, 'known' | 'abort'>,
  ): Promise<ArchivedImage> {
    const { platform } = this.#options;
    const blob = async ({ digest }: Descriptor, most: number) => {
      abort.throwIfAborted();
      return archive.read(blobName(digest), most);
    };
    const store = {
      manifest: async (entry: Descriptor): Promise<StoredManifest> => ({
        bytes: await blob(entry, MOST_MANIFEST_BYTES),
        type: entry.type,
        digests: [entry.digest],
      }),
      config: async (config: Descriptor) => {
        const bytes = await blob(config, MOST_CONFIG_BYTES);
        if (sha256(bytes) !== config.digest) {
          throw new ContainerizerError(
            `The config of image '${reference.text}' does not match its digest '${config.digest}'`,
          );
        }
        return bytes;
      },
    };
    const index = readManifest(await archive.read('index.json', MOST_MANIFEST_BYTES), OCI_INDEX);
    const entry = chooseImage(entriesFor(index as ImageIndex, reference), platform);
    const manifest = await readImage(
      reference.text,
      await store.manifest(entry),
      store,
      platform,
      known,
    );
    const files = manifest.layers.map(({ digest }) => [digest, blobName(digest)] as const);
    return { manifest, files: new Map(files) };
  }

  async #saved(
    archive: Archive,
    reference: ImageReference,
    abort: AbortSignal,
  ): Promise<ArchivedImage> {
    const { text } = reference;
    if (reference.digest !== undefined) {
      throw new ContainerizerError(
        `Image '${text}' has a digest, which the archive '${archive.place}' of docker does not know`,
      );
    }
    const list = await archive.read('manifest.json', MOST_MANIFEST_BYTES);
    const saved = chooseSaved(list, reference);
    if (saved.layers.length > MOST_LAYERS) {
      throw new ContainerizerError(
        `An image has at most ${MOST_LAYERS} layers, and '${text}' has ${saved.layers.length}`,
      );
    }
    const config = await archive.read(saved.config, MOST_CONFIG_BYTES);
    const file = readConfigFile(config);
    const layers: LayerDescriptor[] = [];
    const files = new Map<string, string>();
    for (const [i, name] of saved.layers.entries()) {
      abort.throwIfAborted();
      const layer = await layerOf(archive, name, file.diffIds?.[i]);
      layers.push(layer);
      files.set(layer.digest, name);
    }
    const manifest = imageOfSchemaTwo(sha256(config), layers, file);
    return { manifest, files };
  }
}

/** A name with and without the tag that it has if it has none. */
function namesOf(reference: ImageReference): readonly string[] {
  const { tag, digest } = reference;
  const [full, short] = [canonicalName(reference), bareName(reference)];
  if (digest !== undefined || (tag !== undefined && tag !== 'latest')) {
    return [full];
  }
  return tag === undefined ? [short, full] : [full, short];
}

const blobName = (digest: string) => `blobs/${digest.replace(':', '/')}`;

/** Those entries that have the name, or that have none where no entry has one. */
function entriesFor(index: ImageIndex, reference: ImageReference): ImageIndex {
  const { entries } = index;
  const fitting = entries.filter(({ name, digest }) =>
    reference.digest !== undefined
      ? digest === reference.digest
      : name !== undefined && isNamed(name, reference),
  );
  if (fitting.length > 0) {
    return { ...index, entries: fitting };
  }
  if (reference.digest === undefined && entries.every(({ name }) => name === undefined)) {
    return index;
  }
  throw notArchived(
    reference,
    entries.map(({ name, digest }) => name ?? digest),
  );
}

/** Most layers are saved as they are, so that their digest is known already. */
async function layerOf(
  archive: Archive,
  name: string,
  diffId: string | undefined,
): Promise<LayerDescriptor> {
  const file = archive.find(name);
  if (file === undefined) {
    throw new ContainerizerError(`There is no layer '${name}' in archive '${archive.place}'`);
  }
  const head = { ...file, size: Math.min(file.size, MAGIC_BYTES) };
  const beginning = await buffer(await archive.stream(head));
  const isPacked = compressionOf(beginning) !== undefined;
  const digest =
    diffId !== undefined && !isPacked ? diffId : await sha256Of(await archive.stream(file));
  return { digest, size: file.size, diffId, urls: [] };
}
