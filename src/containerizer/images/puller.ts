// Where images come from: what a registry and a folder of archives have in common.
import type { ByteCounter } from './byte-counter.ts';
import type { ImageConfig, ImageManifest, ImageReference, LayerDescriptor } from './image.ts';

/** An image that was pulled before. */
export interface KnownImage {
  /** Of its manifest. */
  readonly digest: string;
  readonly config: ImageConfig;
}

export interface PullOptions {
  /** The bytes of a docker config file that belongs to this image. */
  readonly credentials?: Uint8Array | undefined;
  /** If it is still the image that is asked for, its config is taken from here. */
  readonly known?: KnownImage | undefined;
  /** On whose behalf, such as a framework's: others are to have their turn. */
  readonly owner?: string | undefined;
  readonly abort: AbortSignal;
}

export interface Puller {
  /** Rejects with ContainerizerError, or with the reason of the abort. */
  manifest(reference: ImageReference, options: PullOptions): Promise<PulledImage>;
}

/** To be disposed of when no more layers are wanted. */
export interface PulledImage extends Disposable {
  readonly manifest: ImageManifest;
  /**
   * Stores the blob of a layer as it is in the registry or archive, with the size and digest that
   * are named. Nothing may exist at `path`; the new file is private, and whoever calls deletes it,
   * also after a failure. `arrived` counts its bytes. Rejects with ContainerizerError, with the
   * system's error, or with the reason of the abort.
   */
  download(
    layer: LayerDescriptor,
    path: string,
    abort: AbortSignal,
    arrived?: ByteCounter,
  ): Promise<void>;
}
