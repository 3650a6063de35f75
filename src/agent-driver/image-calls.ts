// Calls of the API about images in general: what is asked of those who have them, and what the call
// is answered.
import type { ListImages, PruneImages, PullImage } from '../agent/effects.ts';
import type { ImageCalls as Images } from '../containerizer/images/image-calls.ts';
import type { AwaitedPull, ImageListing } from '../containerizer/images/provisioner.ts';
import type { LayerStage } from '../containerizer/images/pull-progress.ts';
import type { ListedImage, Pruned } from '../containerizer/images/store/image-store.ts';
import { containerIdMessage } from '../model/container-id.ts';
import { errorText } from '../model/error-text.ts';
import {
  type AgentResponse,
  type AgentResponse_GetImages,
  type AgentResponse_GetImages_Pull,
  AgentResponse_GetImages_Pull_Layer_State,
  type AgentResponse_GetImages_StoredImage,
  type AgentResponse_PruneImages,
  AgentResponse_Type,
} from '../model/generated/messages.ts';
import type { PendingRequest } from '../runtime/pending-requests.ts';

type Asker = PendingRequest<unknown> | undefined;

/** Calls that wait for images at the same time. */
const MOST_PULLS = 32;
const NS_PER_MS = 1_000_000n;
const NO_IMAGES = 'This agent has no images: it runs without --image_providers';

export class ImageCalls {
  readonly #images: Images | undefined;
  #pulls = 0;

  /** Undefined: this agent has no images. */
  constructor(images: Images | undefined) {
    this.#images = images;
  }

  async list(_: ListImages, asker: Asker): Promise<void> {
    if (this.#images === undefined) {
      asker?.reply(501, NO_IMAGES);
      return;
    }
    try {
      const get_images = listing(await this.#images.images());
      asker?.respond?.({ type: AgentResponse_Type.GET_IMAGES, get_images });
    } catch (error) {
      asker?.reply(500, `Failed to list images: ${errorText(error)}`);
    }
  }

  /** Whoever disconnects gives it up; containers that want the same image do not. */
  async pull({ image }: PullImage, asker: Asker): Promise<void> {
    if (this.#images === undefined) {
      asker?.reply(501, NO_IMAGES);
      return;
    }
    if (this.#pulls >= MOST_PULLS) {
      asker?.reply(503, `${MOST_PULLS} calls wait for images already`);
      return;
    }
    this.#pulls++;
    const abort = new AbortController();
    asker?.onGone?.(() => abort.abort(new Error('Nobody waits for the image any more')));
    try {
      const { type, name, digest } = await this.#images.pull(image, abort.signal);
      const pull_image = { image: { type, name }, digest };
      asker?.respond?.({ type: AgentResponse_Type.PULL_IMAGE, pull_image });
    } catch (error) {
      asker?.reply(500, errorText(error));
    } finally {
      this.#pulls--;
    }
  }

  /** As in Mesos, an agent without images has nothing to remove. */
  async prune({ excluded, isAnswered }: PruneImages, asker: Asker): Promise<void> {
    try {
      const pruned = await this.#images?.prune(excluded);
      if (isAnswered) {
        asker?.respond?.(removal(pruned));
      } else {
        asker?.reply(200, undefined);
      }
    } catch (error) {
      asker?.reply(500, `Failed to prune images: ${errorText(error)}`);
    }
  }
}

const timeOf = (ms: number) => ({ nanoseconds: BigInt(Math.round(ms)) * NS_PER_MS });

const listing = ({ images, pulls, bytes }: ImageListing): AgentResponse_GetImages => ({
  images: images.map(stored),
  pulls: pulls.map(running),
  total_bytes: bytes,
});

const stored = (image: ListedImage): AgentResponse_GetImages_StoredImage => ({
  image: { type: image.type, name: image.name },
  digest: image.digest,
  pull_time: timeOf(image.pulledMs),
  in_use: image.isInUse,
  layers: image.layers.map(({ diffId, bytes }) => ({ digest: diffId, bytes })),
});

const STATES = {
  waiting: 'WAITING',
  downloading: 'DOWNLOADING',
  unpacking: 'UNPACKING',
  done: 'DONE',
} as const satisfies Record<LayerStage, string>;

const running = ({
  type,
  name,
  startedMs,
  layers = [],
  containers,
}: AwaitedPull): AgentResponse_GetImages_Pull => ({
  image: { type, name },
  start_time: timeOf(startedMs),
  layers: layers.map(({ digest, size, received, stage }) => ({
    digest,
    state: AgentResponse_GetImages_Pull_Layer_State[STATES[stage]],
    received_bytes: received,
    ...(size !== undefined && { total_bytes: size }),
  })),
  container_ids: containers.map(containerIdMessage),
});

function removal(pruned: Pruned | undefined): AgentResponse {
  const { images = [], layers = [] } = pruned ?? {};
  const prune_images: AgentResponse_PruneImages = {
    images: [...images],
    layers: layers.length,
    freed_bytes: layers.reduce((sum, { bytes }) => sum + bytes, 0),
  };
  return { type: AgentResponse_Type.PRUNE_IMAGES, prune_images };
}
