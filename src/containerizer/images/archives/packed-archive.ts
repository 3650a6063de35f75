// Parts of an archive that is compressed as a whole: it is read from its beginning for each of
// them, so that nothing of it has to be unpacked elsewhere.
import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import { decompressed } from '../unpacking/decompression.ts';
import type { ArchivedFile } from './archive.ts';

/** The bytes of an archive, one after the other. */
export interface ArchiveBytes {
  /**
   * At least one byte from there on, for what comes later than what was read before; none at the
   * end. They are good until the next call.
   */
  from(at: number): Promise<Buffer>;
}

/** Calls with the bytes of the archive. Rejects with TarError, or as `use` does. */
export async function withPackedBytes<T>(
  path: string,
  abort: AbortSignal,
  use: (bytes: ArchiveBytes) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  let result: { readonly of: T } | undefined;
  try {
    await decompressed(
      path,
      async (chunks) => {
        result = { of: await use(new PackedBytes(chunks[Symbol.asyncIterator]())) };
        stop.abort();
      },
      AbortSignal.any([abort, stop.signal]),
    );
  } catch (error) {
    // What follows what was wanted may be what it likes.
    if (result === undefined) {
      abort.throwIfAborted();
      throw error;
    }
  }
  if (result === undefined) {
    throw new Error('An archive was not looked at');
  }
  return result.of;
}

class PackedBytes implements ArchiveBytes {
  readonly #chunks: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);
  /** Where what is held begins. */
  #at = 0;

  constructor(chunks: AsyncIterator<Buffer>) {
    this.#chunks = chunks;
  }

  async from(at: number): Promise<Buffer> {
    while (at >= this.#at + this.#held.length) {
      const next = await this.#chunks.next();
      if (next.done === true) {
        return Buffer.alloc(0);
      }
      this.#at += this.#held.length;
      this.#held = next.value;
    }
    return this.#held.subarray(at - this.#at);
  }
}

/** The content of one file. */
export function packedStream(path: string, { start, size }: ArchivedFile): Readable {
  const out = new PassThrough();
  const stop = new AbortController();
  out.once('close', () => stop.abort());
  const copy = async (bytes: ArchiveBytes) => {
    for (let at = start; at < start + size; ) {
      const part = (await bytes.from(at)).subarray(0, start + size - at);
      if (part.length === 0) {
        throw new Error(`Archive '${path}' has become shorter`);
      }
      at += part.length;
      // A copy: whoever reads it may free it.
      if (!out.write(Buffer.from(part))) {
        await once(out, 'drain', { signal: stop.signal });
      }
    }
    out.end();
  };
  withPackedBytes(path, stop.signal, copy).catch((error: Error) => out.destroy(error));
  return out;
}
