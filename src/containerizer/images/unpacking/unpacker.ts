// Unpacks layers, each in a thread beside the agent's loop, with a program that makes the files.
import { Worker } from 'node:worker_threads';
import { moduleOf } from '../../../filesystem/thread-module.ts';
import { errorText } from '../../../model/error-text.ts';
import { ContainerizerError } from '../../containerizer-error.ts';
import type { LayerBounds, TopFolder } from './layer-reader.ts';
import type { ByteText } from './tar-reader.ts';

/** What a layer may be at most; those of real images have a hundredth of it. */
export const LAYER_BOUNDS: LayerBounds = { entries: 1_000_000, bytes: 64 * 2 ** 30 };

/** What the thread is told when its work is not wanted any more. */
export const STOP = 'stop';

export type BlobForm = 'layer' | 'aci';

/** What the thread is told to do. */
export interface UnpackingOrder {
  /** The program of the supervisor. */
  readonly program: string;
  /** A file: a tar archive, compressed or not. */
  readonly blob: string;
  /** An App Container image has its layer in a folder. */
  readonly form: BlobForm;
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
  /** Folders that it does not list (LayerReader). */
  readonly unlisted: readonly ByteText[];
  /** Undefined for one that is only a layer. */
  readonly aci: AciFacts | undefined;
}

/** Of an App Container image, beside its layer. */
export interface AciFacts {
  /** `sha512-` and the digest of the uncompressed archive. */
  readonly id: string;
  readonly manifest: string;
}

/** `refused`: the layer is at fault; `failed`: the machine. */
export type UnpackingAnswer =
  | ({ readonly kind: 'unpacked' } & UnpackedLayer)
  | { readonly kind: 'refused' | 'failed'; readonly text: string };

const thread = moduleOf(new URL('./unpacking-thread', import.meta.url));

/** How long a thread with nothing to do is kept: mostly another layer follows at once. */
const IDLE_MS = 5_000;
const idle = new Map<Worker, NodeJS.Timeout>();

function takeThread(): Worker {
  for (const [worker, timer] of idle) {
    clearTimeout(timer);
    idle.delete(worker);
    worker.ref();
    return worker;
  }
  const worker = new Worker(thread);
  // Also of one that has nothing to do: nobody else would listen.
  worker.on('error', () => idle.delete(worker));
  return worker;
}

function leaveThread(worker: Worker): void {
  worker.unref();
  const end = () => {
    idle.delete(worker);
    void worker.terminate();
  };
  idle.set(worker, setTimeout(end, IDLE_MS).unref());
}

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
  const worker = takeThread();
  const stop = () => worker.postMessage(STOP);
  abort.addEventListener('abort', stop, { once: true });
  const answer = await answerOf(worker, order);
  abort.removeEventListener('abort', stop);
  abort.throwIfAborted();
  switch (answer.kind) {
    case 'unpacked':
      return answer;
    case 'refused':
      throw new ContainerizerError(`Layer ${layer} cannot be unpacked: ${answer.text}`);
    case 'failed':
      throw new ContainerizerError(`Failed to unpack layer ${layer}: ${answer.text}`);
  }
}

/** A thread that has answered is there for the next layer; one that has ended is not. */
async function answerOf(worker: Worker, order: UnpackingOrder): Promise<UnpackingAnswer> {
  const answered = Promise.withResolvers<UnpackingAnswer>();
  const fail = (error: unknown) =>
    answered.resolve({ kind: 'failed', text: `its thread has ended (${errorText(error)})` });
  const take = (answer: UnpackingAnswer) => {
    worker.off('error', fail).off('exit', fail);
    leaveThread(worker);
    answered.resolve(answer);
  };
  worker.once('message', take).once('error', fail).once('exit', fail);
  worker.postMessage(order);
  return await answered.promise;
}
