// The store of images of one type: what was pulled, and is kept for the next container. Images have
// names, which lead to layers; a layer is there once, whichever images have it.
import type { Image } from '../../../model/generated/messages.ts';
import type { TopFolder } from '../unpacking/layer-reader.ts';
import { admits } from './access.ts';
import { Holders } from './holders.ts';
import { diffIdsOf, ImageRecords } from './image-records.ts';
import type { HeldImage, ImageSource, ImageUse, StoredImage, StoreParts } from './image-source.ts';
import { LayerStore } from './layer-store.ts';
import { StoreFolders } from './store-folders.ts';

export interface ImageStoreOptions {
  /** A folder of the agent's own. */
  readonly folder: string;
  readonly source: ImageSource;
  /** That of the supervisor. */
  readonly program: string;
  readonly warn: (text: string) => void;
}

/** What root file systems are made of. */
export interface ImageFiles {
  readonly layers: readonly string[];
  readonly top: TopFolder | undefined;
}

export class ImageStore {
  readonly #source: ImageSource;
  readonly #folders: StoreFolders;
  readonly #parts: StoreParts;
  /** Of images, by their names. */
  readonly #users = new Holders();

  private constructor(source: ImageSource, folders: StoreFolders, parts: StoreParts) {
    this.#source = source;
    this.#folders = folders;
    this.#parts = parts;
  }

  /** Deletes what an earlier agent has left half made. */
  static async open(options: ImageStoreOptions): Promise<ImageStore> {
    const { folder, source, program, warn } = options;
    const folders = StoreFolders.open(folder, warn);
    const records = await ImageRecords.open(folders.images, warn);
    const layers = await LayerStore.open({ folders, program });
    await folders.clear();
    return new ImageStore(source, folders, { records, layers });
  }

  /** The folder on whose disk all is. */
  get folder(): string {
    return this.#folders.root;
  }

  /** Pulls what is missing. Rejects with ContainerizerError, or with the reason of the abort. */
  async image(image: Image, abort: AbortSignal): Promise<HeldImage> {
    const { name, credentials, pull } = this.#source.request(image);
    const isCachedEnough = image.cached ?? true;
    const stored = isCachedEnough ? await this.#stored(name, credentials) : undefined;
    return this.#held(stored ?? (await pull(this.#parts, abort)));
  }

  /** Of an image that is in use already, as a container of an earlier agent. */
  hold({ name, layers }: ImageUse): () => void {
    const releases = [this.#parts.layers.hold(layers), this.#users.hold([name])];
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
        folder: this.#parts.layers.folder(diffId),
        ...(await this.#parts.layers.facts(diffId)),
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
  async prune(excluded: readonly Image[]): Promise<void> {
    const kept = new Set(
      excluded
        .filter(({ type }) => type === this.#source.type)
        .map((image) => this.#source.request(image).name),
    );
    const removed = [...this.#parts.records.all().keys()].filter(
      (name) => !kept.has(name) && !this.#users.has(name),
    );
    await this.#parts.records.remove(removed);
    await this.#parts.layers.removeAllBut(
      () =>
        new Set([...this.#parts.records.all().values()].flatMap(({ layers }) => diffIdsOf(layers))),
    );
  }

  async #stored(
    name: string,
    credentials: Uint8Array | undefined,
  ): Promise<StoredImage | undefined> {
    const entry = this.#parts.records.get(name);
    if (entry === undefined || !admits(entry.access, credentials)) {
      return undefined;
    }
    const layers = diffIdsOf(entry.layers);
    const release = this.#parts.layers.hold(layers);
    try {
      const there = await Promise.all(layers.map((diffId) => this.#parts.layers.isThere(diffId)));
      const config = await this.#parts.records.config(name, entry.digest);
      return config === undefined || there.includes(false)
        ? undefined
        : { type: this.#source.type, name, digest: entry.digest, layers, config };
    } finally {
      release();
    }
  }

  #held(image: StoredImage): HeldImage {
    return { ...image, [Symbol.dispose]: this.hold(image) };
  }
}
