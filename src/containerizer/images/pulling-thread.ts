// The thread that pulls images: to receive, decrypt, sum and store layers is not for the agent's
// loop, and neither is to find out whom this machine trusts.
import { parentPort, workerData } from 'node:worker_threads';
import { errorText } from '../../model/error-text.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import { trustMachine } from '../downloads/machine-trust.ts';
import { answer } from '../threads/answering.ts';
import { AciDownloads } from './aci-download.ts';
import { ByteCounter } from './byte-counter.ts';
import type { ImageManifest, ImageReference, LayerDescriptor } from './image.ts';
import type { PulledImage, PullOptions } from './puller.ts';
import { mannerOf, type PullerOptions, pullerOf } from './pullers.ts';

export interface ManifestQuestion extends Omit<PullOptions, 'abort'> {
  /** The image's, in the other questions; none has been there before. */
  readonly number: number;
  readonly reference: ImageReference;
}

export interface DownloadQuestion {
  readonly number: number;
  readonly layer: LayerDescriptor;
  readonly path: string;
  /** Of a ByteCounter. */
  readonly arrived: SharedArrayBuffer | undefined;
}

export interface AciQuestion {
  /** A URL, or an absolute path. */
  readonly place: string;
  readonly path: string;
  readonly arrived: SharedArrayBuffer;
}

export interface PullFailure {
  readonly text: string;
  /** Whether it is a ContainerizerError. */
  readonly isContainerizers: boolean;
}

const options = workerData as PullerOptions;
const manner = mannerOf(options, trustMachine);
/** In a text there may be names that a manifest says, which is of megabytes at most. */
const MOST_TEXT = 4_000;

const shown = (text: string) =>
  (text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)} …` : text).replaceAll(
    /\p{Cc}/gu,
    '\u{fffd}',
  );

const puller = pullerOf(options, manner);
const archives = new AciDownloads(manner);
const images = new Map<number, PulledImage>();

answer(
  parentPort,
  {
    manifest: async (
      { number, reference, ...options }: ManifestQuestion,
      abort,
    ): Promise<ImageManifest> => {
      const image = await puller.manifest(reference, { ...options, abort });
      images.set(number, image);
      return image.manifest;
    },
    download: async ({ number, layer, path, arrived }: DownloadQuestion, abort) => {
      const image = images.get(number);
      if (image === undefined) {
        throw new Error(`There is no image of number ${number}`);
      }
      await image.download(layer, path, abort, arrived && new ByteCounter(arrived));
    },
    aci: ({ place, path, arrived }: AciQuestion, abort) =>
      archives.fetch(place, path, abort, new ByteCounter(arrived)),
    close: (number: number) => {
      images.get(number)?.[Symbol.dispose]();
      images.delete(number);
    },
  },
  (error): PullFailure => ({
    text: shown(errorText(error)),
    isContainerizers: error instanceof ContainerizerError,
  }),
);
