// A puller of the tests: images that lie in memory, as a registry would have them. It counts what
// is asked for, and holds blobs back as long as a test wants.
import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { ContainerizerError } from '../../../src/containerizer/containerizer-error.ts';
import type { ByteCounter } from '../../../src/containerizer/images/byte-counter.ts';
import { canonicalName } from '../../../src/containerizer/images/formats/reference.ts';
import type {
  ImageConfig,
  ImageManifest,
  ImageReference,
  LayerDescriptor,
} from '../../../src/containerizer/images/image.ts';
import type { PulledImage, Puller, PullOptions } from '../../../src/containerizer/images/puller.ts';
import { digestOf } from './formats/samples.ts';

export const NO_CONFIG: ImageConfig = {
  entrypoint: [],
  command: [],
  environment: [],
  workingDirectory: undefined,
};

export interface ShelfOptions {
  /** What the config says in place of the digests of the archives. */
  readonly diffIds?: readonly (string | undefined)[];
  readonly config?: Partial<ImageConfig>;
}

export class ImageShelf implements Puller {
  /** How often each blob was asked for, by the number of its layer in the order of `put`. */
  readonly blobs = new Map<string, number>();
  manifests = 0;
  /** What was said at the last time. */
  credentials: Uint8Array | undefined;
  /** What a blob waits for, or fails with, before it comes. */
  gate: (layer: LayerDescriptor, abort: AbortSignal) => Promise<void> = async () => undefined;
  readonly #images = new Map<string, ImageManifest>();
  readonly #bytes = new Map<string, Buffer>();

  /** Puts an image of these archives on the shelf, in the place of one of the same name. */
  put(name: string, archives: readonly Buffer[], options: ShelfOptions = {}): ImageManifest {
    const layers = archives.map((archive, at) => {
      const bytes = gzipSync(archive, { level: 1 });
      const digest = digestOf(bytes);
      this.#bytes.set(digest, bytes);
      const diffId = options.diffIds === undefined ? digestOf(archive) : options.diffIds[at];
      return { digest, size: bytes.length, diffId, urls: [] };
    });
    const config = { ...NO_CONFIG, ...options.config };
    const manifest = { digest: digestOf(JSON.stringify({ layers, config })), config, layers };
    this.#images.set(name, manifest);
    return manifest;
  }

  /** The digests of the blobs. */
  layersOf(name: string): string[] {
    return (this.#images.get(name)?.layers ?? []).map(({ digest }) => digest);
  }

  async manifest(
    reference: ImageReference,
    { abort, credentials }: PullOptions,
  ): Promise<PulledImage> {
    this.manifests++;
    this.credentials = credentials;
    await Promise.resolve();
    abort.throwIfAborted();
    const manifest = this.#images.get(canonicalName(reference));
    if (manifest === undefined) {
      throw new ContainerizerError(`There is no image '${reference.text}'`);
    }
    return {
      manifest,
      download: (layer, path, signal, arrived) => this.#download(layer, path, signal, arrived),
      [Symbol.dispose]: () => undefined,
    };
  }

  async #download(
    layer: LayerDescriptor,
    path: string,
    abort: AbortSignal,
    arrived: ByteCounter | undefined,
  ): Promise<void> {
    this.blobs.set(layer.digest, (this.blobs.get(layer.digest) ?? 0) + 1);
    const bytes = this.#bytes.get(layer.digest) ?? '';
    arrived?.add(bytes.length);
    await this.gate(layer, abort);
    await writeFile(path, bytes);
  }
}
