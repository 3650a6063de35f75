// Gives containers the root file systems of their images: the store has the layers, a backend makes
// of them what a container can write to, and what each container uses is on record, so that nothing
// of it is removed while the container is there.

import { parentOf } from '../../model/container-id.ts';
import type { Figures } from '../../model/figures.ts';
import type { Image, Image_Type } from '../../model/generated/messages.ts';
import type { ContainerId } from '../../model/ids.ts';
import { containerizerErrorOf } from '../containerizer-error.ts';
import { supervisorProgram } from '../launchers/process/supervisor-program.ts';
import { unsupportedType } from '../plan/images.ts';
import type { Rounds } from '../rounds.ts';
import type { WorkDirectory } from '../work-directory.ts';
import { type BackendName, ChosenBackend, makeRoot } from './backends/backends.ts';
import { type CollectionRules, watchImageDisk } from './collection.ts';
import { ContainerRoots, OWN_ROOT, type RecordedUse } from './container-roots.ts';
import type { ImageListing, ProvisionedImage, Provisioner } from './provisioner.ts';
import type { PullProgress } from './pull-progress.ts';
import type { HeldImage, ImageSource, ImageUse } from './store/image-source.ts';
import { ImageStore, type Pruned } from './store/image-store.ts';
import { STORE_VERSION } from './store/store-folders.ts';

/** Where images of one type come from, and where they are kept. */
export interface StoreOptions {
  readonly source: ImageSource;
  /** The folder of the store: an absolute path of the agent's own. */
  readonly folder: string;
}

/** The images of one type. */
interface OpenStore {
  readonly store: ImageStore;
  /** What its disk can. */
  readonly backend: ChosenBackend;
}

export interface ImageProvisionerOptions {
  /** One for each type of images that containers can have. */
  readonly stores: readonly StoreOptions[];
  /** Containers write below it. */
  readonly work: WorkDirectory;
  readonly backend: 'auto' | BackendName;
  /** Folders that may have the supervisor's program. */
  readonly programs: readonly string[];
  /** Undefined: images stay until they are pruned. */
  readonly collection: CollectionRules | undefined;
  readonly warn: (text: string) => void;
}

/** Whom images count for that operators ask for. */
const OPERATOR = '';

export class ImageProvisioner implements Provisioner {
  readonly #program: string;
  readonly #stores: ReadonlyMap<Image_Type, OpenStore>;
  readonly #roots: ContainerRoots;
  /** What lets go of the images that a container uses. */
  readonly #used = new Map<ContainerId, (() => void)[]>();
  readonly #collecting: readonly Rounds[];
  /** Images that containers wait for. */
  readonly #awaited = new Map<ContainerId, Image>();
  /** Root containers with files of their own. */
  readonly #rooted = new Set<ContainerId>();
  #failedRemovals = 0;

  private constructor(
    parts: {
      readonly program: string;
      readonly stores: ReadonlyMap<Image_Type, OpenStore>;
      readonly roots: ContainerRoots;
    },
    { collection, warn }: ImageProvisionerOptions,
  ) {
    this.#program = parts.program;
    this.#stores = parts.stores;
    this.#roots = parts.roots;
    this.#collecting =
      collection === undefined
        ? []
        : [...parts.stores.values()].map(({ store }) =>
            watchImageDisk({
              ...collection,
              folder: store.folder,
              prune: async (excluded) => void (await store.prune(excluded)),
              warn,
            }),
          );
  }

  /** Rejects with ContainerizerError where this machine cannot have such root file systems. */
  static async open(options: ImageProvisionerOptions): Promise<ImageProvisioner> {
    const { work, programs, warn } = options;
    const program = await supervisorProgram(programs);
    const roots = new ContainerRoots(work.provisioner, warn);
    const stores = new Map<Image_Type, OpenStore>();
    for (const { source, folder } of options.stores) {
      try {
        const store = await ImageStore.open({ folder, source, program, warn });
        const where = { program, layers: store.passing, containers: roots.passing };
        const backend = await ChosenBackend.open(options.backend, where);
        stores.set(source.type, { store, backend });
      } catch (error) {
        throw containerizerErrorOf(error, `The store of images in '${folder}' cannot be used`);
      }
    }
    return new ImageProvisioner({ program, stores, roots }, options);
  }

  async provision(
    id: ContainerId,
    name: string,
    image: Image,
    abort: AbortSignal,
    owner = '',
  ): Promise<ProvisionedImage> {
    const { store, backend } = this.#storeOf(image);
    const held = await this.#awaiting(id, { image, owner }, abort);
    // Destroying the container lets go of it from here on, also of what fails below.
    const releases = this.#used.get(id) ?? [];
    releases.push(() => held[Symbol.dispose]());
    this.#used.set(id, releases);
    this.#noteRoot(id, name);
    try {
      const files = await store.filesOf(held);
      const folder = await this.#roots.make(id, name, held);
      const root = await makeRoot(await backend.name(), this.#program, { ...files, folder, abort });
      abort.throwIfAborted();
      return { type: held.type, config: held.config, root };
    } catch (error) {
      abort.throwIfAborted();
      const what = `Failed to make the root file system of image '${held.name}'`;
      throw containerizerErrorOf(error, what);
    }
  }

  /** Throws ContainerizerError. */
  #storeOf({ type }: Image): OpenStore {
    const open = this.#stores.get(type);
    if (open === undefined) {
      throw unsupportedType(type);
    }
    return open;
  }

  /** A container asks for one image after the other. */
  async #awaiting(
    id: ContainerId,
    { image, owner }: { readonly image: Image; readonly owner: string },
    abort: AbortSignal,
  ): Promise<HeldImage> {
    this.#awaited.set(id, image);
    try {
      return await this.#storeOf(image).store.image(image, owner, abort);
    } finally {
      this.#awaited.delete(id);
    }
  }

  async pull(image: Image, abort: AbortSignal): Promise<ImageUse> {
    using held = await this.#storeOf(image).store.image(image, OPERATOR, abort);
    return held;
  }

  async images(): Promise<ImageListing> {
    const stores = [...this.#stores.values()].map(({ store }) => store);
    const lists = await Promise.all(stores.map((store) => store.images()));
    // Of one type, images share layers.
    const bytes = lists.map((images) => {
      const layers = images.flatMap((image) => image.layers);
      const sizes = new Map(layers.map(({ diffId, bytes }) => [diffId, bytes]));
      return sumOf([...sizes.values()]);
    });
    const awaited = [...this.#awaited.keys()].map((id) => ({ id, pull: this.progress(id) }));
    const pulls = stores
      .flatMap((store) => store.pulls())
      .map((pull) => ({
        ...pull,
        containers: awaited.filter((it) => isSameImage(it.pull, pull)).map(({ id }) => id),
      }));
    return { images: lists.flat(), pulls, bytes: sumOf(bytes) };
  }

  progress(id: ContainerId): PullProgress | undefined {
    const image = this.#awaited.get(id);
    return image && this.#storeOf(image).store.progress(image);
  }

  async destroy(id: ContainerId): Promise<void> {
    try {
      const hadRoots = await this.#roots.remove(id);
      for (const each of hadRoots ? [...this.#used.keys()] : [id]) {
        if (each === id || each.startsWith(`${id}.`)) {
          this.#release(each);
        }
      }
    } catch (error) {
      this.#failedRemovals++;
      throw error;
    }
  }

  #noteRoot(id: ContainerId, root: string): void {
    if (root === OWN_ROOT && parentOf(id) === undefined) {
      this.#rooted.add(id);
    }
  }

  #release(id: ContainerId): void {
    const releases = this.#used.get(id) ?? [];
    this.#used.delete(id);
    this.#rooted.delete(id);
    for (const release of releases) {
      release();
    }
  }

  async recover(known: ReadonlySet<ContainerId>): Promise<void> {
    const { left, unneeded } = await this.#roots.sorted(known);
    const older: RecordedUse[] = [];
    for (const id of left) {
      // Images of a type that there was, and is no more, are left alone altogether.
      const uses = await this.#roots.uses(id);
      const ours = uses.filter(({ store }) => store === STORE_VERSION);
      const holds = ours.map((use) => this.#stores.get(use.type)?.store.hold(use));
      this.#used.set(
        id,
        holds.filter((release) => release !== undefined),
      );
      for (const { root } of uses) {
        this.#noteRoot(id, root);
      }
      older.push(...uses.filter(({ store }) => store !== STORE_VERSION));
    }
    for (const id of unneeded) {
      await this.destroy(id);
    }
    await this.#roots.clear();
    for (const [type, { store }] of this.#stores) {
      const used = older.filter((use) => use.type === type);
      await store.removeOlder(new Set(used.map((use) => use.store)));
    }
  }

  async prune(excluded: readonly Image[]): Promise<Pruned> {
    const all: Pruned[] = [];
    for (const { store } of this.#stores.values()) {
      all.push(await store.prune(excluded));
    }
    return {
      images: all.flatMap(({ images }) => images),
      layers: all.flatMap(({ layers }) => layers),
    };
  }

  metrics(): Figures {
    const stores = [...this.#stores.values()];
    return Object.assign(
      {
        'containerizer/mesos/provisioner/remove_container_errors': this.#failedRemovals,
        'containerizer/mesos/filesystem/containers_new_rootfs': this.#rooted.size,
      },
      ...stores.map(({ backend: { known }, store }) => ({
        ...(known && {
          [`containerizer/mesos/provisioner/${known}/remove_rootfs_errors`]:
            this.#roots.failedDeletions,
        }),
        ...store.metrics(),
      })),
    );
  }

  /** Resolves when nothing is being deleted any more. */
  async close(): Promise<void> {
    for (const rounds of this.#collecting) {
      rounds.close();
    }
    const stores = [...this.#stores.values()].map(({ store }) => store);
    await Promise.all([this.#roots, ...stores].map((each) => each.close()));
  }
}

const isSameImage = (one: PullProgress | undefined, other: PullProgress) =>
  one?.type === other.type && one.name === other.name;

const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0);
