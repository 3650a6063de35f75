// An archive with an image in it: a tar file, compressed or not, of which only the parts are read
// that are needed. It is not unpacked, so that nothing in it can lead anywhere.
import type { FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { NotRegularError, openRegular, orNoEntry } from '../../../filesystem/folder.ts';
import { ContainerizerError } from '../../containerizer-error.ts';
import { compressionOf, MAGIC_BYTES } from '../unpacking/compression.ts';
import { TarError } from '../unpacking/tar-error.ts';
import { shown, type TarEntry, TarReader } from '../unpacking/tar-reader.ts';
import { type ArchiveBytes, packedStream, withPackedBytes } from './packed-archive.ts';

type Found =
  | { readonly kind: 'file'; readonly start: number; readonly size: number }
  | { readonly kind: 'link'; readonly target: string };

export interface ArchivedFile {
  /** The first byte in the archive. */
  readonly start: number;
  /** In bytes. */
  readonly size: number;
}

/** An image has some entries for each layer. */
const MOST_ENTRIES = 20_000;
/** Of an archive that is compressed, files of so many bytes are kept when it is listed. */
const KEPT_BYTES = 1 << 20;
const MOST_KEPT_BYTES = 16 << 20;
/** Links to links. */
const MOST_LINKS = 8;
const BLOCK = 512;
/** Read at once, for there are often small files one after another. */
const READ_BYTES = 32 * BLOCK;

interface Listing {
  readonly found: ReadonlyMap<string, Found>;
  /** Of files in an archive that is compressed: all of them, or their first bytes. */
  readonly kept: ReadonlyMap<number, Buffer>;
}

export class Archive {
  /** Where it is, for messages. */
  readonly place: string;
  readonly #path: string;
  readonly #listing: Listing;
  readonly #isPacked: boolean;

  /** undefined where there is no such file. Throws ContainerizerError, TarError or the system's. */
  static async open(path: string, abort: AbortSignal, place = path): Promise<Archive | undefined> {
    const file = await openFile(path);
    if (file === undefined) {
      return undefined;
    }
    try {
      const bytes = new FileBytes(file);
      const isPacked = compressionOf((await bytes.from(0)).subarray(0, MAGIC_BYTES)) !== undefined;
      const listing = await (isPacked
        ? withPackedBytes(path, abort, (unpacked) => list(unpacked, { place, isPacked, abort }))
        : list(bytes, { place, isPacked, abort }));
      return new Archive({ path, place }, listing, isPacked);
    } finally {
      await file.close();
    }
  }

  private constructor(
    { path, place }: { readonly path: string; readonly place: string },
    listing: Listing,
    isPacked: boolean,
  ) {
    this.#path = path;
    this.place = place;
    this.#listing = listing;
    this.#isPacked = isPacked;
  }

  /** Links in the archive are followed, within it. */
  find(name: string): ArchivedFile | undefined {
    const { found: all } = this.#listing;
    let found = all.get(normal(name));
    for (let links = 0; found?.kind === 'link' && links < MOST_LINKS; links++) {
      found = all.get(found.target);
    }
    return found?.kind === 'file' ? found : undefined;
  }

  /** Throws ContainerizerError where it is not there, or larger. */
  async read(name: string, most: number): Promise<Uint8Array> {
    const found = this.find(name);
    if (found === undefined) {
      throw new ContainerizerError(`There is no file '${name}' in archive '${this.place}'`);
    }
    if (found.size > most) {
      throw new ContainerizerError(
        `'${name}' in archive '${this.place}' has more than ${most} bytes`,
      );
    }
    return await buffer(await this.stream(found));
  }

  async stream({ start, size }: ArchivedFile): Promise<Readable> {
    const kept = this.#listing.kept.get(start);
    if (size === 0) {
      return Readable.from([]);
    }
    if (kept !== undefined && kept.length >= size) {
      // A copy: whoever reads it may free it.
      return Readable.from([Buffer.from(kept.subarray(0, size))]);
    }
    if (this.#isPacked) {
      return packedStream(this.#path, { start, size });
    }
    const file = await openFile(this.#path);
    if (file === undefined) {
      throw new ContainerizerError(`Archive '${this.place}' is not there any more`);
    }
    return file.createReadStream({ start, end: start + size - 1 });
  }
}

async function openFile(path: string): Promise<FileHandle | undefined> {
  try {
    return await openRegular(path);
  } catch (error) {
    if (error instanceof NotRegularError) {
      throw new ContainerizerError(`'${path}' is no file`);
    }
    return orNoEntry(error);
  }
}

interface ListOptions {
  readonly place: string;
  readonly isPacked: boolean;
  readonly abort: AbortSignal;
}

/** The bytes of a file that is read where it is needed. */
class FileBytes implements ArchiveBytes {
  readonly #file: FileHandle;
  readonly #buffer = Buffer.alloc(READ_BYTES);
  #held = { at: 0, end: 0 };

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async from(at: number): Promise<Buffer> {
    if (at < this.#held.at || at >= this.#held.end) {
      const { bytesRead } = await this.#file.read(this.#buffer, 0, READ_BYTES, at);
      this.#held = { at, end: at + bytesRead };
    }
    return this.#buffer.subarray(at - this.#held.at, this.#held.end - this.#held.at);
  }
}

async function list(
  bytes: ArchiveBytes,
  { place, isPacked, abort }: ListOptions,
): Promise<Listing> {
  const found = new Map<string, Found>();
  const kept = new Map<number, Buffer>();
  let begun: ArchivedFile | undefined;
  let at = 0;
  let entries = 0;
  let left = MOST_KEPT_BYTES;
  // Of what is compressed as a whole, small files are read at once: they are asked for later.
  const keep = async ({ start, size }: ArchivedFile) => {
    const wanted = size > KEPT_BYTES || size > left ? Math.min(size, MAGIC_BYTES) : size;
    kept.set(start, await partOf(bytes, { start, size: wanted }));
    left -= wanted;
  };
  const reader = new TarReader({
    entry: (entry) => {
      const what = whatIs(entry, at + BLOCK);
      if (++entries > MOST_ENTRIES) {
        throw new ContainerizerError(`Archive '${place}' has more than ${MOST_ENTRIES} entries`);
      }
      if (what !== undefined) {
        found.set(normal(utf8(entry.name)), what);
      }
      begun = isPacked && what?.kind === 'file' ? what : undefined;
    },
    content: () => {},
  });
  while (!reader.isOver) {
    abort.throwIfAborted();
    const block = await partOf(bytes, { start: at, size: BLOCK });
    if (block.length === 0) {
      break;
    }
    reader.push(block);
    if (begun !== undefined) {
      await keep(begun);
      begun = undefined;
    }
    at += block.length + reader.skip();
  }
  reader.end();
  if (at > 0 && (await bytes.from(at - 1)).length === 0) {
    throw new TarError('it ends in the middle of a file');
  }
  return { found, kept };
}

/** Less where there is no more. */
async function partOf(bytes: ArchiveBytes, { start, size }: ArchivedFile): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let at = start; at < start + size; ) {
    const part = (await bytes.from(at)).subarray(0, start + size - at);
    if (part.length === 0) {
      break;
    }
    parts.push(Buffer.from(part));
    at += part.length;
  }
  return Buffer.concat(parts);
}

function whatIs(entry: TarEntry, start: number): Found | undefined {
  const { kind, name, target, size } = entry;
  if (entry.isSparse) {
    // Its content is not where it begins.
    throw new TarError(`'${shown(name)}' is stored as a sparse file: those can be in layers only`);
  }
  switch (kind) {
    case 'file':
      return { kind: 'file', start, size };
    case 'hard link':
      return { kind: 'link', target: normal(utf8(target)) };
    case 'link':
      return {
        kind: 'link',
        target: normal(posix.join(posix.dirname(utf8(name)), utf8(target))),
      };
    default:
      return undefined;
  }
}

const utf8 = (bytes: string) => Buffer.from(bytes, 'latin1').toString();
const normal = (name: string) => posix.normalize(`/${name}`).slice(1);
