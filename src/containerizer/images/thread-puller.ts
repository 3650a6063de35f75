// Pulls images in a thread of its own.
import { ContainerizerError } from '../containerizer-error.ts';
import { AskedThread } from '../threads/asked-thread.ts';
import type { FetchAci } from './appc-images.ts';
import type { ImageManifest, ImageReference } from './image.ts';
import type { PulledImage, Puller, PullOptions } from './puller.ts';
import type { PullerOptions } from './pullers.ts';
import type {
  AciQuestion,
  DownloadQuestion,
  ManifestQuestion,
  PullFailure,
} from './pulling-thread.ts';

export class ThreadPuller implements Puller {
  readonly #thread: AskedThread<PullFailure>;
  #lastNumber = 0;

  constructor(options: PullerOptions) {
    this.#thread = new AskedThread<PullFailure>({
      module: new URL('./pulling-thread', import.meta.url),
      data: options,
      does: 'pulls images',
      errorOf: ({ text, isContainerizers }) =>
        isContainerizers ? new ContainerizerError(text) : new Error(text),
      lost: (text) => ({ text, isContainerizers: true }),
    });
  }

  async manifest(
    reference: ImageReference,
    { abort, ...options }: PullOptions,
  ): Promise<PulledImage> {
    const number = ++this.#lastNumber;
    const question: ManifestQuestion = { number, reference, ...options };
    const manifest = await this.#thread.ask<ImageManifest>('manifest', question, abort);
    return {
      manifest,
      download: (layer, path, abort, arrived) => {
        const question: DownloadQuestion = { number, layer, path, arrived: arrived?.memory };
        return this.#thread.ask('download', question, abort);
      },
      [Symbol.dispose]: () => {
        // A thread that has ended has forgotten the image, too.
        if (this.#thread.isRunning) {
          this.#thread.ask('close', number, new AbortController().signal).catch(() => {});
        }
      },
    };
  }

  /** Brings the archive of an App Container image from a URL or an absolute path. */
  readonly aci: FetchAci = (place, path, abort, { memory }) => {
    const question: AciQuestion = { place, path, arrived: memory };
    return this.#thread.ask('aci', question, abort);
  };

  /** What is still being pulled fails. */
  close(): Promise<void> {
    return this.#thread.close();
  }
}
