// The store of images of one type: what was pulled, and is kept for the next container. Images have
// names, which lead to layers; a layer is there once, whichever images have it.
import { enumNames } from '../../../model/enum-names.ts';
import type { Figures } from '../../../model/figures.ts';
import { type Image, Image_Type } from '../../../model/generated/messages.ts';
import { Holders } from '../../holders.ts';
import { named } from '../pull-failure.ts';
import type { PullProgress } from '../pull-progress.ts';
import type { TopFolder } from '../unpacking/layer-reader.ts';
import { admits } from './access.ts';
import { diffIdsOf, ImageRecords } from './image-records.ts';
import type {
  HeldImage,
  ImageSource,
  ImageUse,
  Needs,
  StoredImage,
  StoreParts,
} from './image-source.ts';
import { LayerStore, type RemovedLayer } from './layer-store.ts';
import { RunningPulls } from './running-pulls.ts';
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
  /** Folders that some layer does not list, above the lowest one. */
  readonly unlisted: readonly string[];
}

/** What the store has of an image. */
export interface ListedImage extends Pick<ImageUse, 'type' | 'name' | 'digest'> {
  readonly pulledMs: number;
  /** Lowest first. */
  readonly layers: readonly { readonly diffId: string; readonly bytes: number }[];
  readonly isInUse: boolean;
}

/** What was removed. */
export interface Pruned {
  readonly images: readonly Pick<ImageUse, 'type' | 'name'>[];
  readonly layers: readonly RemovedLayer[];
}

const typeName = enumNames(Image_Type);
const byName = ([one]: readonly [string, unknown], [other]: readonly [string, unknown]) =>
  one < other ? -1 : 1;

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
    const pulls = new RunningPulls(source.type, layers);
    return new ImageStore(source, folders, { records, layers, pulls });
  }

  /** The folder on whose disk all is. */
  get folder(): string {
    return this.#folders.root;
  }

  /** A folder on the same disk, in which all is deleted by the next agent. */
  get passing(): string {
    return this.#folders.staging;
  }

  /** Pulls what is missing. Rejects with ContainerizerError, or with the reason of the abort. */
  image(image: Image, owner: string, abort: AbortSignal): Promise<HeldImage> {
    return this.#image(image, owner, abort, { path: [], pulled: new Set() });
  }

  async #image(image: Image, owner: string, abort: AbortSignal, above: Needs): Promise<HeldImage> {
    const { name, text, credentials, pull } = this.#source.request(image);
    const isCachedEnough = image.cached ?? true;
    const stored = isCachedEnough ? await this.#stored(name, credentials) : undefined;
    if (stored !== undefined) {
      return this.#held(stored);
    }
    const needs = { ...above, path: [...above.path, name] };
    const below = (other: Image) => this.#image(other, owner, abort, needs);
    const parts = { ...this.#parts, image: below, needs };
    return this.#held(await named(text, abort, () => pull(parts, owner, abort)));
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
      unlisted: [...new Set(seen.slice(1).flatMap(({ unlisted = [] }) => unlisted))],
    };
  }

  /** All images in the store, by their names in order. */
  async images(): Promise<ListedImage[]> {
    const { type } = this.#source;
    const { records, layers: store } = this.#parts;
    const all: ListedImage[] = [];
    // One layer after the other: there may be more of them than files that can be open.
    for (const [name, { digest, pulledMs, layers }] of [...records.all()].sort(byName)) {
      const sizes: ListedImage['layers'][number][] = [];
      for (const diffId of diffIdsOf(layers)) {
        // One may be missing by now: it is pulled again when it is asked for.
        sizes.push({ diffId, bytes: (await store.bytes(diffId)) ?? 0 });
      }
      all.push({ type, name, digest, pulledMs, layers: sizes, isInUse: this.#users.has(name) });
    }
    return all;
  }

  /** What is being pulled. */
  pulls(): PullProgress[] {
    return this.#parts.pulls.all();
  }

  /** How far the image has come, if it is being pulled. */
  progress(image: Image): PullProgress | undefined {
    return this.#parts.pulls.of(this.#source.request(image).name);
  }

  /** Removes all images but these and those in use, and all layers that no image has. */
  async prune(excluded: readonly Image[]): Promise<Pruned> {
    const kept = new Set(
      excluded
        .filter(({ type }) => type === this.#source.type)
        .map((image) => this.#source.request(image).name),
    );
    const removed = [...this.#parts.records.all().keys()].filter(
      (name) => !kept.has(name) && !this.#users.has(name),
    );
    await this.#parts.records.remove(removed);
    const layers = await this.#parts.layers.removeAllBut(
      () =>
        new Set([...this.#parts.records.all().values()].flatMap(({ layers }) => diffIdsOf(layers))),
    );
    const { type } = this.#source;
    return { images: removed.map((name) => ({ type, name })), layers };
  }

  /** Removes stores of older versions, but for these. */
  removeOlder(used: ReadonlySet<number>): Promise<void> {
    return this.#folders.removeOlder(used);
  }

  /** By the names of Mesos, which has those of Docker's only. */
  metrics(): Figures {
    const store = `${typeName(this.#source.type)?.toLowerCase()}_store`;
    const timer = `containerizer/mesos/provisioner/${store}/image_pull_ms`;
    return { [timer]: this.#parts.pulls.durations };
  }

  /** Resolves when nothing is being deleted any more. */
  close(): Promise<void> {
    return this.#folders.close();
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
