// Unpacks layers, each in a thread of its own, with a program beside it that makes the files. The
// agent's loop has nothing to do with it.
import { Worker } from 'node:worker_threads';
import { ContainerizerError } from '../../containerizer-error.ts';
import type { LayerBounds, TopFolder } from './layer-reader.ts';

/** What a layer may be at most; those of real images have a hundredth of it. */
export const LAYER_BOUNDS: LayerBounds = { entries: 1_000_000, bytes: 64 * 2 ** 30 };

/** What the thread is told. */
export interface UnpackingOrder {
  /** The program of the supervisor. */
  readonly program: string;
  /** A file: a tar archive, compressed or not. */
  readonly blob: string;
  /** In it there are `layer/files`, which is filled, and `replaced`, for what is in the way. */
  readonly folder: string;
  readonly bounds: LayerBounds;
}

export interface UnpackedLayer {
  /** The digest of the uncompressed archive. */
  readonly diffId: string;
  readonly entries: number;
  /** Of the content of all files. */
  readonly bytes: number;
  /** What the archive says of the layer's own folder. */
  readonly top: TopFolder | undefined;
  /** Whether nothing is seen of all layers below. */
  readonly isOpaque: boolean;
}

/** `refused`: the layer is at fault; `failed`: the machine. */
export type UnpackingAnswer =
  | ({ readonly kind: 'unpacked' } & UnpackedLayer)
  | { readonly kind: 'refused' | 'failed'; readonly text: string };

// The thread is beside this file: .ts in a checkout, .js in a published package.
const thread = new URL(
  import.meta.url.endsWith('.ts') ? './unpacking-thread.ts' : './unpacking-thread.js',
  import.meta.url,
);

/**
 * All of it is on the disk when this resolves. `layer` is a name for messages. Rejects with
 * ContainerizerError, or with the reason of the abort, and then nothing works in the folder any
 * more.
 */
export async function unpackLayer(
  layer: string,
  order: UnpackingOrder,
  abort: AbortSignal,
): Promise<UnpackedLayer> {
  abort.throwIfAborted();
  const worker = new Worker(thread, { workerData: order });
  const stop = () => worker.postMessage('stop');
  abort.addEventListener('abort', stop, { once: true });
  try {
    const answer = await new Promise<UnpackingAnswer>((resolve) => {
      worker.on('message', resolve);
      worker.on('error', (error) => resolve({ kind: 'failed', text: String(error) }));
      worker.on('exit', () => resolve({ kind: 'failed', text: 'the thread has ended early' }));
    });
    abort.throwIfAborted();
    switch (answer.kind) {
      case 'unpacked':
        return answer;
      case 'refused':
        throw new ContainerizerError(`Layer ${layer} cannot be unpacked: ${answer.text}`);
      case 'failed':
        throw new ContainerizerError(`Failed to unpack layer ${layer}: ${answer.text}`);
    }
  } finally {
    abort.removeEventListener('abort', stop);
  }
}
