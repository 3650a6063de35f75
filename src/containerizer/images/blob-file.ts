// A blob becomes a file.
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/** Nothing may exist at `path`. Rejects as the bytes do, or with the reason of the abort. */
export async function storeBlob(
  bytes: AsyncIterable<Uint8Array>,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await pipeline(bytes, createWriteStream(path, { flags: 'wx', mode: 0o600 }), { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
