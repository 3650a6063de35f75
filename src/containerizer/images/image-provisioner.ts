// Gives containers the root file systems of their images: the store has the layers, a backend makes
// of them what a container can write to, and what each container uses is on record, so that nothing
// of it is removed while the container is there.

import { parentOf } from '../../model/container-id.ts';
import { type Image, Image_Type, Secret_Type } from '../../model/generated/messages.ts';
import type { ContainerId } from '../../model/ids.ts';
import { ContainerizerError, containerizerErrorOf } from '../containerizer-error.ts';
import { supervisorProgram } from '../launchers/process/supervisor-program.ts';
import type { Rounds } from '../rounds.ts';
import type { WorkDirectory } from '../work-directory.ts';
import { type BackendName, chooseBackend, makeRoot } from './backends/backends.ts';
import { type CollectionRules, watchImageDisk } from './collection.ts';
import { ContainerRoots } from './container-roots.ts';
import { parseReference } from './formats/reference.ts';
import type { ProvisionedImage, Provisioner } from './provisioner.ts';
import type { Puller } from './puller.ts';
import { ImageStore } from './store/image-store.ts';

export interface ImageProvisionerOptions {
  /** The folder of the store: an absolute path of the agent's own. */
  readonly storeDir: string;
  /** Containers write below it. */
  readonly work: WorkDirectory;
  readonly backend: 'auto' | BackendName;
  readonly puller: Puller;
  /** Folders that may have the supervisor's program. */
  readonly programs: readonly string[];
  /** Undefined: images stay until they are pruned. */
  readonly collection: CollectionRules | undefined;
  readonly warn: (text: string) => void;
}

export class ImageProvisioner implements Provisioner {
  readonly #program: string;
  readonly #store: ImageStore;
  readonly #roots: ContainerRoots;
  readonly #backend: BackendName;
  /** What lets go of the images that a container uses. */
  readonly #used = new Map<ContainerId, (() => void)[]>();
  readonly #collecting: Rounds | undefined;
  #failedRemovals = 0;

  private constructor(
    parts: {
      readonly program: string;
      readonly store: ImageStore;
      readonly roots: ContainerRoots;
      readonly backend: BackendName;
    },
    { collection, warn }: ImageProvisionerOptions,
  ) {
    this.#program = parts.program;
    this.#store = parts.store;
    this.#roots = parts.roots;
    this.#backend = parts.backend;
    this.#collecting =
      collection &&
      watchImageDisk({
        ...collection,
        folder: this.#store.folder,
        prune: (excluded) => this.prune(excluded),
        warn,
      });
  }

  /** Rejects with ContainerizerError where this machine cannot have such root file systems. */
  static async open(options: ImageProvisionerOptions): Promise<ImageProvisioner> {
    const { storeDir, work, puller, programs, warn } = options;
    try {
      const program = await supervisorProgram(programs);
      const roots = new ContainerRoots(work.provisioner, warn);
      const store = await ImageStore.open({ folder: storeDir, puller, program, warn });
      const where = { program, layers: store.folder, containers: roots.folder };
      const backend = await chooseBackend(options.backend, where);
      return new ImageProvisioner({ program, store, roots, backend }, options);
    } catch (error) {
      throw containerizerErrorOf(error, `The store of images in '${storeDir}' cannot be used`);
    }
  }

  async provision(
    id: ContainerId,
    name: string,
    image: Image,
    abort: AbortSignal,
  ): Promise<ProvisionedImage> {
    const held = await this.#store.image(parseReference(nameOf(image)), {
      isCachedEnough: image.cached ?? true,
      credentials: credentialsOf(image),
      abort,
    });
    // Destroying the container lets go of it from here on, also of what fails below.
    const releases = this.#used.get(id) ?? [];
    releases.push(() => held[Symbol.dispose]());
    this.#used.set(id, releases);
    try {
      const files = await this.#store.filesOf(held);
      const folder = await this.#roots.make(id, name, held);
      const root = await makeRoot(this.#backend, this.#program, { ...files, folder, abort });
      abort.throwIfAborted();
      return { config: held.config, root };
    } catch (error) {
      abort.throwIfAborted();
      const what = `Failed to make the root file system of image '${nameOf(image)}'`;
      throw containerizerErrorOf(error, what);
    }
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

  #release(id: ContainerId): void {
    const releases = this.#used.get(id) ?? [];
    this.#used.delete(id);
    for (const release of releases) {
      release();
    }
  }

  async recover(known: ReadonlySet<ContainerId>): Promise<void> {
    const all = await this.#roots.all();
    const needed = new Set<ContainerId>();
    for (const id of known) {
      for (let each: ContainerId | undefined = id; each !== undefined; each = parentOf(each)) {
        needed.add(each);
      }
    }
    for (const id of all) {
      if (known.has(id)) {
        const uses = await this.#roots.uses(id);
        this.#used.set(
          id,
          uses.map((use) => this.#store.hold(use)),
        );
      }
    }
    for (const id of all) {
      if (!needed.has(id)) {
        await this.destroy(id);
      }
    }
    await this.#roots.clear();
  }

  prune(excluded: readonly Image[]): Promise<void> {
    return this.#store.prune(
      excluded.filter(({ docker }) => docker !== undefined).map((it) => parseReference(nameOf(it))),
    );
  }

  metrics(): Record<string, number> {
    return { 'containerizer/mesos/provisioner/remove_container_errors': this.#failedRemovals };
  }

  /** Resolves when nothing is being deleted any more. */
  async close(): Promise<void> {
    this.#collecting?.close();
    await this.#roots.close();
  }
}

/** Throws ContainerizerError. */
function nameOf({ type, docker }: Image): string {
  if (type !== Image_Type.DOCKER || docker === undefined) {
    throw new ContainerizerError("Unsupported container image: expecting one with 'docker'");
  }
  return docker.name;
}

function credentialsOf({ docker }: Image): Uint8Array | undefined {
  const secret = docker?.config;
  if (secret === undefined) {
    return undefined;
  }
  if (secret.type !== Secret_Type.VALUE || secret.value === undefined) {
    throw new ContainerizerError(
      "The image's 'docker.config' must be a secret of type VALUE: there is no resolver of others",
    );
  }
  return secret.value.data;
}
