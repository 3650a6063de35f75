// An archive with an image in it: a tar file of which only the parts are read that are needed. It
// is not unpacked, so that nothing in it can lead anywhere.
import type { FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { NotRegularError, openRegular, orNoEntry } from '../../../filesystem/folder.ts';
import { ContainerizerError } from '../../containerizer-error.ts';
import { TarError } from '../unpacking/tar-error.ts';
import { shown, type TarEntry, TarReader } from '../unpacking/tar-reader.ts';

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
/** Links to links. */
const MOST_LINKS = 8;
const BLOCK = 512;
/** Read at once, for there are often small files one after another. */
const READ_BYTES = 32 * BLOCK;

export class Archive {
  readonly path: string;
  readonly #found: ReadonlyMap<string, Found>;

  /** undefined where there is no such file. Throws ContainerizerError, TarError or the system's. */
  static async open(path: string, abort: AbortSignal): Promise<Archive | undefined> {
    const file = await openFile(path);
    if (file === undefined) {
      return undefined;
    }
    try {
      return new Archive(path, await list(file, path, abort));
    } finally {
      await file.close();
    }
  }

  private constructor(path: string, found: ReadonlyMap<string, Found>) {
    this.path = path;
    this.#found = found;
  }

  /** Links in the archive are followed, within it. */
  find(name: string): ArchivedFile | undefined {
    let found = this.#found.get(normal(name));
    for (let links = 0; found?.kind === 'link' && links < MOST_LINKS; links++) {
      found = this.#found.get(found.target);
    }
    return found?.kind === 'file' ? found : undefined;
  }

  /** Throws ContainerizerError where it is not there, or larger. */
  async read(name: string, most: number): Promise<Uint8Array> {
    const found = this.find(name);
    if (found === undefined) {
      throw new ContainerizerError(`There is no file '${name}' in archive '${this.path}'`);
    }
    if (found.size > most) {
      throw new ContainerizerError(
        `'${name}' in archive '${this.path}' has more than ${most} bytes`,
      );
    }
    return await buffer(await this.stream(found));
  }

  async stream({ start, size }: ArchivedFile): Promise<Readable> {
    if (size === 0) {
      return Readable.from([]);
    }
    const file = await openFile(this.path);
    if (file === undefined) {
      throw new ContainerizerError(`Archive '${this.path}' is not there any more`);
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

async function list(
  file: FileHandle,
  path: string,
  abort: AbortSignal,
): Promise<ReadonlyMap<string, Found>> {
  const found = new Map<string, Found>();
  const { size } = await file.stat();
  const held = Buffer.alloc(READ_BYTES);
  let read = { at: 0, end: 0 };
  let at = 0;
  let entries = 0;
  const reader = new TarReader({
    entry: (entry) => {
      const what = whatIs(entry, at + BLOCK);
      if (++entries > MOST_ENTRIES) {
        throw new ContainerizerError(`Archive '${path}' has more than ${MOST_ENTRIES} entries`);
      }
      if (what !== undefined) {
        found.set(normal(utf8(entry.name)), what);
      }
    },
    content: () => {},
  });
  while (!reader.isOver) {
    if (at < read.at || at + BLOCK > read.end) {
      abort.throwIfAborted();
      const { bytesRead } = await file.read(held, 0, READ_BYTES, at);
      read = { at, end: at + bytesRead };
      if (bytesRead === 0) {
        break;
      }
    }
    const block = held.subarray(at - read.at, Math.min(at + BLOCK, read.end) - read.at);
    reader.push(block);
    at += block.length + reader.skip();
  }
  reader.end();
  if (at > size) {
    throw new TarError('it ends in the middle of a file');
  }
  return found;
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
