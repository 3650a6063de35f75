// A stream of bytes that come from a generator, which ends when nobody wants them any more.
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface ByteStream {
  /** An error of it is the stream's. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Its reason becomes the stream's error at once. */
  readonly abort: AbortSignal;
  /** Called when the stream is closed, though `chunks` may still wait for some. */
  readonly onClose?: () => void;
  /** Called when `chunks` has ended, too. */
  readonly onEnd?: () => void;
}

export function byteStream({ chunks, abort, onClose, onEnd }: ByteStream): Readable {
  const stream = new PassThrough();
  const stop = () => stream.destroy(abort.reason);
  abort.addEventListener('abort', stop);
  stream.once('close', () => {
    abort.removeEventListener('abort', stop);
    onClose?.();
  });
  pipeline(chunks, stream)
    // The stream has the error, too.
    .catch(() => {})
    .finally(onEnd);
  return stream;
}
