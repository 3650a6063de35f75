// The store of images: what was pulled, and is kept for the next container. Images have names,
// which lead to layers; a layer is there once, whichever images have it.
import { errorText } from '../../../model/error-text.ts';
import { ContainerizerError } from '../../containerizer-error.ts';
import { canonicalName } from '../formats/reference.ts';
import { withoutRepeated } from '../formats/repeated-layers.ts';
import type { ImageConfig, ImageReference, LayerDescriptor } from '../image.ts';
import type { KnownImage, PulledImage, Puller } from '../puller.ts';
import { SharedWork } from '../shared-work.ts';
import type { TopFolder } from '../unpacking/layer-reader.ts';
import { accessWith, admits } from './access.ts';
import { Holders } from './holders.ts';
import { type ImageEntry, ImageRecords, type StoredLayer } from './image-records.ts';
import { LayerStore } from './layer-store.ts';
import { StoreFolders } from './store-folders.ts';

export interface ImageStoreOptions {
  /** A folder of the agent's own. */
  readonly folder: string;
  readonly puller: Puller;
  /** That of the supervisor. */
  readonly program: string;
  readonly warn: (text: string) => void;
}

/** An image that somebody uses: it stays in the store until it is released. */
export interface HeldImage extends ImageUse, Disposable {
  readonly config: ImageConfig;
}

/** What is to be known of an image in use. */
export interface ImageUse {
  /** As the store has it (formats/reference.ts). */
  readonly name: string;
  /** Of the manifest. */
  readonly digest: string;
  /** By their diffIds, the lowest first. */
  readonly layers: readonly string[];
}

/** What root file systems are made of. */
export interface ImageFiles {
  readonly layers: readonly string[];
  readonly top: TopFolder | undefined;
}

export interface ImageOptions {
  /** Whether an image that is there already will do. */
  readonly isCachedEnough: boolean;
  /** The bytes of a docker config file that belongs to the image. */
  readonly credentials: Uint8Array | undefined;
  readonly abort: AbortSignal;
}

type Pulled = Omit<HeldImage, keyof Disposable>;

export class ImageStore {
  readonly #puller: Puller;
  readonly #folders: StoreFolders;
  readonly #records: ImageRecords;
  readonly #layers: LayerStore;
  readonly #pulls = new SharedWork<Pulled>();
  /** Of images, by their names. */
  readonly #users = new Holders();

  private constructor(
    puller: Puller,
    parts: {
      readonly folders: StoreFolders;
      readonly records: ImageRecords;
      readonly layers: LayerStore;
    },
  ) {
    this.#puller = puller;
    this.#folders = parts.folders;
    this.#records = parts.records;
    this.#layers = parts.layers;
  }

  /** Deletes what an earlier agent has left half made. */
  static async open({ folder, puller, program, warn }: ImageStoreOptions): Promise<ImageStore> {
    const folders = StoreFolders.open(folder, warn);
    const records = await ImageRecords.open(folders.images, warn);
    const layers = await LayerStore.open({ folders, program });
    await folders.clear();
    return new ImageStore(puller, { folders, records, layers });
  }

  /** The folder on whose disk all is. */
  get folder(): string {
    return this.#folders.root;
  }

  /** Pulls what is missing. Rejects with ContainerizerError, or with the reason of the abort. */
  async image(reference: ImageReference, options: ImageOptions): Promise<HeldImage> {
    const { isCachedEnough, credentials, abort } = options;
    const name = canonicalName(reference);
    const stored = isCachedEnough ? await this.#stored(name, credentials) : undefined;
    if (stored !== undefined) {
      return this.#held(stored);
    }
    const key = `${name} ${Buffer.from(credentials ?? []).toString('base64')}`;
    return this.#held(
      await this.#pulls.run(key, abort, async (shared) => {
        const known = await this.#known(name);
        const options = { credentials, known, abort: shared };
        using pulled = await this.#puller.manifest(reference, options);
        return await this.#store(name, reference, pulled, { credentials, abort: shared });
      }),
    );
  }

  /** Of an image that is in use already, as a container of an earlier agent. */
  hold({ name, layers }: ImageUse): () => void {
    const releases = [this.#layers.hold(layers), this.#users.hold([name])];
    return () => {
      for (const release of releases) {
        release();
      }
    };
  }

  /**
   * The layers that are seen, as folders, the lowest first, and never none; and what the highest
   * one that tells of it says of the folder that all is in. Of that folder itself, the kernel would
   * not take a layer's word that all below is hidden.
   */
  async filesOf({ layers }: ImageUse): Promise<ImageFiles> {
    const all = await Promise.all(
      layers.map(async (diffId) => ({
        folder: this.#layers.folder(diffId),
        ...(await this.#layers.facts(diffId)),
      })),
    );
    const seen = all.slice(
      Math.max(
        0,
        all.findLastIndex(({ isOpaque }) => isOpaque),
      ),
    );
    return {
      layers: seen.length === 0 ? [this.#folders.empty] : seen.map(({ folder }) => folder),
      top: seen.findLast(({ top }) => top !== undefined)?.top,
    };
  }

  /** Removes all images but these and those in use, and all layers that no image has. */
  async prune(excluded: readonly ImageReference[]): Promise<void> {
    const kept = new Set(excluded.map(canonicalName));
    const removed = [...this.#records.all().keys()].filter(
      (name) => !kept.has(name) && !this.#users.has(name),
    );
    await this.#records.remove(removed);
    await this.#layers.removeAllBut(
      () => new Set([...this.#records.all().values()].flatMap(({ layers }) => diffIdsOf(layers))),
    );
  }

  async #stored(name: string, credentials: Uint8Array | undefined): Promise<Pulled | undefined> {
    const entry = this.#records.get(name);
    if (entry === undefined || !admits(entry.access, credentials)) {
      return undefined;
    }
    const layers = diffIdsOf(entry.layers);
    const release = this.#layers.hold(layers);
    try {
      const there = await Promise.all(layers.map((diffId) => this.#layers.isThere(diffId)));
      const config = await this.#records.config(name, entry.digest);
      return config === undefined || there.includes(false)
        ? undefined
        : { name, digest: entry.digest, layers, config };
    } finally {
      release();
    }
  }

  /** Who has pulled it does not matter: it is taken only for who is given its manifest. */
  async #known(name: string): Promise<KnownImage | undefined> {
    const digest = this.#records.get(name)?.digest;
    const config = digest && (await this.#records.config(name, digest));
    return digest && config ? { digest, config } : undefined;
  }

  async #store(
    name: string,
    reference: ImageReference,
    pulled: PulledImage,
    { credentials, abort }: Omit<ImageOptions, 'isCachedEnough'>,
  ): Promise<Pulled> {
    const { digest, config, layers } = pulled.manifest;
    const controller = new AbortController();
    const any = AbortSignal.any([abort, controller.signal]);
    const releases: (() => void)[] = [];
    const known = this.#knownBlobs();
    const provide = async (layer: LayerDescriptor): Promise<StoredLayer> => {
      try {
        const diffId = await this.#layers.provide(layer, known.get(layer.digest), {
          source: {
            name: reference.registry ?? '',
            bring: (it, path, signal) => pulled.download(it, path, signal),
          },
          abort: any,
        });
        releases.push(this.#layers.hold([diffId]));
        return { digest: layer.digest, diffId };
      } catch (error) {
        controller.abort(error);
        throw error;
      }
    };
    try {
      const all = await Promise.allSettled(layers.map(provide));
      abort.throwIfAborted();
      controller.signal.throwIfAborted();
      const stored = all.flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []));
      const distinct = withoutRepeated(stored, ({ diffId }) => diffId);
      const before = this.#records.get(name);
      const access = accessWith(before?.digest === digest ? before.access : [], credentials);
      await this.#records.set({ name, digest, config, layers: distinct, access });
      return { name, digest, config, layers: diffIdsOf(distinct) };
    } catch (error) {
      abort.throwIfAborted();
      throw new ContainerizerError(
        `Failed to pull image '${reference.text}': ${errorText(error)}`,
        { cause: error },
      );
    } finally {
      for (const release of releases) {
        release();
      }
    }
  }

  /** What the blobs of images in the store have in them, of which new manifests may not say it. */
  #knownBlobs(): ReadonlyMap<string, string> {
    return new Map(
      [...this.#records.all().values()].flatMap(({ layers }: ImageEntry) =>
        layers.map(({ digest, diffId }) => [digest, diffId] as const),
      ),
    );
  }

  #held(image: Pulled): HeldImage {
    return { ...image, [Symbol.dispose]: this.hold(image) };
  }
}

const diffIdsOf = (layers: readonly StoredLayer[]) => layers.map(({ diffId }) => diffId);
