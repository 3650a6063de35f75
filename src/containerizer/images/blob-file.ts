// A blob becomes a file.
import { type FileHandle, open, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ContainerizerError } from '../containerizer-error.ts';
import type { ByteCounter } from './byte-counter.ts';
import { freeMemory } from './freed-memory.ts';

/** What blobs leave free of a disk. */
const LEFT_BYTES = 64 << 20;
/** How many bytes arrive between two looks at the disk. */
const LOOK_BYTES = 16 << 20;

/**
 * Nothing may exist at `path`. `arrived` counts the bytes. A chunk that has memory of its own is
 * empty when it is written. Rejects as `bytes` does, or with the reason of the abort.
 */
export async function storeBlob(
  bytes: AsyncIterable<Uint8Array>,
  path: string,
  signal: AbortSignal,
  arrived?: ByteCounter,
): Promise<void> {
  try {
    await using file = await open(path, 'wx', 0o600);
    await pipeline(leavingRoom(bytes, dirname(path), arrived), writer(file), { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

/** Whoever has it closes the file. */
function writer(file: FileHandle): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      file.writeFile(chunk).then(() => {
        if (chunk.byteLength === chunk.buffer.byteLength) {
          freeMemory(chunk.buffer);
        }
        done();
      }, done);
    },
  });
}

/** Throws ContainerizerError where a disk has no room for so many bytes in one of its folders. */
export async function requireRoom(folder: string, bytes: number, name: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (bytes + LEFT_BYTES > free) {
    throw new ContainerizerError(
      `There is no room for ${name}: the disk of '${folder}' has ${free} bytes left, of which ` +
        `${LEFT_BYTES} stay free`,
    );
  }
}

/** The same bytes; others come to the disk at the same time. */
async function* leavingRoom(
  bytes: AsyncIterable<Uint8Array>,
  folder: string,
  arrived: ByteCounter | undefined,
) {
  let untilLook = LOOK_BYTES;
  for await (const chunk of bytes) {
    arrived?.add(chunk.length);
    untilLook -= chunk.length;
    yield chunk;
    if (untilLook <= 0) {
      untilLook = LOOK_BYTES;
      await requireRoom(folder, 0, 'the rest of a layer');
    }
  }
}
