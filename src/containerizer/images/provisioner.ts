// What the rest of the containerizer knows of images: one that a container asks for becomes a root
// file system, which is gone with the container.
import type { Figures } from '../../model/figures.ts';
import type { Image, Image_Type } from '../../model/generated/messages.ts';
import type { ContainerId } from '../../model/ids.ts';
import type { ImageConfig } from './image.ts';
import type { PullProgress } from './pull-progress.ts';
import type { ImageUse } from './store/image-source.ts';
import type { ListedImage, Pruned } from './store/image-store.ts';

/** The files of an image, as a container has them. All paths are absolute. */
export type RootFileSystem =
  | {
      /** To be mounted as an overlay, in the mount namespace of the container. */
      readonly kind: 'overlay';
      /** Folders that nothing may change, the lowest first; never none. */
      readonly layers: readonly string[];
      /** What the container writes; beside it the folder that the kernel works in. */
      readonly upper: string;
      readonly work: string;
    }
  | {
      /** A folder that is the container's alone; or, where it is read-only, of others, too. */
      readonly kind: 'folder';
      readonly path: string;
      readonly isReadOnly: boolean;
    };

export interface ProvisionedImage {
  readonly type: Image_Type;
  readonly config: ImageConfig;
  readonly root: RootFileSystem;
}

export interface AwaitedPull extends PullProgress {
  /** Containers that wait for it. */
  readonly containers: readonly ContainerId[];
}

export interface ImageListing {
  readonly images: readonly ListedImage[];
  readonly pulls: readonly AwaitedPull[];
  /** Of all layers, each counted once. */
  readonly bytes: number;
}

export interface Provisioner {
  /**
   * Pulls what is missing, and makes a root file system. `name` tells several of one container
   * apart: 'rootfs', 'volume-0', …. `owner`: whom downloads count for, so that they do not take
   * all turns of others; such as a framework. Rejects with ContainerizerError.
   */
  provision(
    id: ContainerId,
    name: string,
    image: Image,
    abort: AbortSignal,
    owner?: string,
  ): Promise<ProvisionedImage>;

  /**
   * Removes all root file systems of a container, once its processes have ended; before that, those
   * of containers nested in it. Does nothing where there are none.
   */
  destroy(id: ContainerId): Promise<void>;

  /**
   * To be called before all else. What containers of an earlier agent use is known again from
   * what is on disk; root file systems of all that are not among `known` are removed.
   */
  recover(known: ReadonlySet<ContainerId>): Promise<void>;

  /**
   * The image is in the store when this resolves, for containers to come. Rejects with
   * ContainerizerError, or with the reason of the abort.
   */
  pull(image: Image, abort: AbortSignal): Promise<ImageUse>;

  /** What is in the store, and what is on its way there. */
  images(): Promise<ImageListing>;

  /** How far the image has come that a container waits for; undefined where it waits for none. */
  progress(id: ContainerId): PullProgress | undefined;

  /** Removes the images that no container uses, but for these, and all layers without an image. */
  prune(excluded: readonly Image[]): Promise<Pruned>;

  /** By the names that Mesos gives to them. */
  metrics(): Figures;
}
