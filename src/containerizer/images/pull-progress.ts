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

/** Of layers together. */
interface Totals {
  /** How many are in the store. */
  readonly done: number;
  readonly received: number;
  /** Undefined where it is not known of all. */
  readonly size: number | undefined;
}

export const totalsOf = (layers: readonly LayerProgress[]): Totals => ({
  done: layers.filter(({ stage }) => stage === 'done').length,
  received: layers.reduce((sum, { received }) => sum + received, 0),
  size: layers.reduce<number | undefined>(
    (sum, { size }) => (sum === undefined || size === undefined ? undefined : sum + size),
    0,
  ),
});

/** A clause. */
export function progressText({ layers }: PullProgress): string {
  if (layers === undefined) {
    return 'its manifest has not come yet';
  }
  const { done, received, size } = totalsOf(layers);
  const of = size === undefined ? '' : ` of ${roundedBytes(size)}`;
  return `${done} of ${layers.length} layers are there, and ${roundedBytes(received)}${of} have arrived`;
}
