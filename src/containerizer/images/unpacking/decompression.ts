// The bytes of a tar archive that is compressed in one of several ways: by Node where it can, else
// by the system's programs, which read what a stranger has made as a user without rights.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { errorText } from '../../../model/error-text.ts';
import { freeMemory } from '../freed-memory.ts';
import { compressionOf, MAGIC_BYTES } from './compression.ts';
import { TarError } from './tar-error.ts';
import { shown } from './tar-reader.ts';

/** Larger ones are no faster, and leave more to the garbage collector at the same time. */
export const CHUNK_BYTES = 64 * 1024;

/** What takes the archive; it has ended when the promise resolves. */
type Taker = (chunks: AsyncIterable<Buffer>) => Promise<void>;

/** Of the largest dictionary that xz has at its usual levels, with as much again. */
const PROGRAMS = {
  xz: ['xz', '--decompress', '--stdout', '--memlimit-decompress=256MiB'],
  bzip2: ['bzip2', '--decompress', '--stdout'],
} as const;

/**
 * A user and group of no account (65534, `nobody`, may be whom tasks run as: these could stop such
 * a program, or put files of their own into images of others).
 */
const OF_NONE = 65_533;
const MOST_SAID_BYTES = 4096;

/** Throws TarError where the archive is at fault, and else as streams and `take` do. */
export async function decompressed(path: string, take: Taker, signal: AbortSignal): Promise<void> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC_BYTES), 0, MAGIC_BYTES, 0);
  const compression = compressionOf(buffer.subarray(0, bytesRead));
  // All of what is written has been read before more is asked for.
  const options = { chunkSize: CHUNK_BYTES, writableHighWaterMark: 1 };
  switch (compression) {
    case undefined:
      return await pipeline(createReadStream(path, { highWaterMark: CHUNK_BYTES }), take, {
        signal,
      });
    case 'gzip':
      return await pipeline(packed(file), createGunzip(options), take, { signal });
    case 'zstd':
      return await pipeline(packed(file), createZstdDecompress(options), take, { signal });
    case 'xz':
    case 'bzip2':
      return await byProgram(compression, file, take, signal);
    default:
      throw new TarError(`it is compressed as ${compression}; known are gzip, zstd, xz and bzip2`);
  }
}

/** All chunks are in the same memory. */
async function* packed(file: FileHandle): AsyncIterable<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  for (let at = 0; ; ) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, at);
    if (bytesRead === 0) {
      return;
    }
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/**
 * For takers of archives that need a chunk no more, nor those before it: frees its memory, but
 * where a later one may be in it, too (zlib fills a buffer chunk by chunk, up to its end).
 */
export function freeChunk({ buffer, byteOffset, byteLength }: Buffer): void {
  const isLast = buffer.byteLength === CHUNK_BYTES && byteOffset + byteLength === CHUNK_BYTES;
  if (isLast || byteLength === buffer.byteLength) {
    freeMemory(buffer);
  }
}

async function byProgram(
  compression: keyof typeof PROGRAMS,
  { fd }: FileHandle,
  take: Taker,
  signal: AbortSignal,
): Promise<void> {
  const [program, ...words] = PROGRAMS[compression];
  const child = spawn(program, words, {
    stdio: [fd, 'pipe', 'pipe'],
    env: {},
    ...(process.geteuid?.() === 0 && { uid: OF_NONE, gid: OF_NONE }),
  });
  const ended = Promise.withResolvers<number | null>();
  // What keeps it from starting is told below.
  child.on('close', ended.resolve).on('error', () => undefined);
  let said = '';
  child.stderr?.setEncoding('latin1').on('data', (more: string) => {
    said = (said + more).slice(0, MOST_SAID_BYTES);
  });
  try {
    await started(child, program);
    await pipeline(child.stdout ?? [], take, { signal });
    const status = await ended.promise;
    if (status !== 0) {
      const why = shown(said.trim()) || `${program} has ended with status ${status}`;
      throw new TarError(`its compressed data are damaged (${why})`);
    }
  } finally {
    child.kill('SIGKILL');
  }
}

async function started(child: ChildProcess, program: string): Promise<void> {
  try {
    await once(child, 'spawn');
  } catch (error) {
    const why = `it is compressed so that ${program} is needed: ${errorText(error)}`;
    throw new Error(why, { cause: error });
  }
}
