// What a store of images asks of those who know where images of its type come from. They put layers
// into the store and a record for each image; what is there already is for the store to say.
import type { Image, Image_Type } from '../../../model/generated/messages.ts';
import type { ImageConfig } from '../image.ts';
import type { ImageRecords } from './image-records.ts';
import type { LayerStore } from './layer-store.ts';
import type { RunningPulls } from './running-pulls.ts';

/** What is to be known of an image in use. */
export interface ImageUse {
  readonly type: Image_Type;
  /** As the store has it (ImageRequest). */
  readonly name: string;
  /** Of the manifest. */
  readonly digest: string;
  /** By their diffIds, the lowest first. */
  readonly layers: readonly string[];
}

/** An image of which all is in the store. */
export interface StoredImage extends ImageUse {
  readonly config: ImageConfig;
}

/** An image that somebody uses: it stays in the store until it is released. */
export interface HeldImage extends StoredImage, Disposable {}

/** What a source knows of before it asks anybody. */
export interface ImageRequest {
  /** The one text that the store has for all requests of the image. */
  readonly name: string;
  /** The name as it was asked for. */
  readonly text: string;
  /** The bytes of a docker config file that belongs to the image. */
  readonly credentials: Uint8Array | undefined;
  /**
   * The image, when all of it is in the store; it is to be held at once. Its downloads count for
   * the owner. Rejects with what is wrong, or with the reason of the abort.
   */
  pull(store: PullingStore, owner: string, abort: AbortSignal): Promise<StoredImage>;
}

export interface StoreParts {
  readonly records: ImageRecords;
  readonly layers: LayerStore;
  /** Where each pull is told of, as long as it runs. */
  readonly pulls: RunningPulls;
}

/** The store, as whoever pulls an image sees it. */
export interface PullingStore extends StoreParts {
  /** Another image, on which this one stands. */
  readonly image: (image: Image) => Promise<HeldImage>;
  readonly needs: Needs;
}

/** Of images that stand on others, by their names. */
export interface Needs {
  /** Each needs the next one; the last is the one that is being pulled. */
  readonly path: readonly string[];
  /** All that were pulled for the first one. */
  readonly pulled: Set<string>;
}

export interface ImageSource {
  readonly type: Image_Type;
  /** Throws ContainerizerError where there can be no such image. */
  request(image: Image): ImageRequest;
}
