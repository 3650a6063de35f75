// How far an image has come that is being pulled, as people are told. Pure.
import { roundedBytes } from '../../model/bytes.ts';
import type { Image_Type } from '../../model/generated/messages.ts';

export type LayerStage = 'waiting' | 'downloading' | 'unpacking' | 'done';

export interface LayerProgress {
  /** Of the blob. */
  readonly digest: string;
  /** Of the blob, in bytes; undefined where the image does not say. */
  readonly size: number | undefined;
  /** Bytes that have arrived. */
  readonly received: number;
  readonly stage: LayerStage;
}

export interface PullProgress {
  readonly type: Image_Type;
  /** As the store has it. */
  readonly name: string;
  readonly startedMs: number;
  /** Undefined while only its manifest is asked for. */
  readonly layers: readonly LayerProgress[] | undefined;
}

/** A clause. */
export function progressText({ layers }: PullProgress): string {
  if (layers === undefined) {
    return 'its manifest has not come yet';
  }
  const done = layers.filter(({ stage }) => stage === 'done').length;
  const received = roundedBytes(sumOf(layers, ({ received }) => received));
  const isSizeKnown = layers.every(({ size }) => size !== undefined);
  const size = isSizeKnown ? ` of ${roundedBytes(sumOf(layers, ({ size = 0 }) => size))}` : '';
  return `${done} of ${layers.length} layers are there, and ${received}${size} have arrived`;
}

const sumOf = (layers: readonly LayerProgress[], of: (layer: LayerProgress) => number) =>
  layers.reduce((sum, layer) => sum + of(layer), 0);
