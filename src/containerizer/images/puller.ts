// Where images come from: what a registry and a folder of archives have in common.
import type { Readable } from 'node:stream';
import type { ImageManifest, ImageReference, LayerDescriptor } from './image.ts';

export interface PullOptions {
  /** The bytes of a docker config file that belongs to this image. */
  readonly credentials?: Uint8Array | undefined;
  readonly abort: AbortSignal;
}

export interface Puller {
  /** Rejects with ContainerizerError, or with the reason of the abort. */
  manifest(reference: ImageReference, options: PullOptions): Promise<PulledImage>;
}

export interface PulledImage {
  readonly manifest: ImageManifest;
  /**
   * The blob's bytes as they are stored in the registry or archive. Size and digest are verified:
   * if they are wrong, the stream fails at its end with a ContainerizerError. Whoever takes the
   * stream reads it to its end or destroys it: others wait for its place.
   */
  blob(layer: LayerDescriptor, abort: AbortSignal): Promise<Readable>;
}
