// A folder of another user's as a tar archive, made while it is sent and no faster than that is
// taken. What is in the folder may change meanwhile, and be made to lead astray: each entry is
// reached from the folder above it by its name alone, no link is followed, and of files only what
// was there when they were opened is sent. What is left out is told in the archive itself, because
// its beginning has been sent by then.
import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { codeOf, type Folder } from '../../filesystem/folder.ts';
import { TAR_END, tarHeader, tarPadding } from './tar-header.ts';

export interface ArchiveLimits {
  readonly entries: number;
  /** Of files in it. */
  readonly bytes: number;
  /** Folders in folders: each is open while those in it are looked at. */
  readonly depth: number;
}

export const ARCHIVE_LIMITS: ArchiveLimits = {
  entries: 100_000,
  bytes: 16 * 2 ** 30,
  depth: 64,
};

export interface ArchivedFolder {
  readonly folder: Folder;
  /** What the entries are below, in the archive. */
  readonly name: string;
  /** Opens a file in a folder. Throws where it may not be shown. */
  readonly open: (folder: Folder, name: Buffer) => Promise<FileHandle>;
}

const PIECE_BYTES = 128 * 1024;
const PERMISSIONS = 0o777;
/** Of what was left out, so much is named; the rest is counted. */
const MAX_NAMED = 1_000;
/** Of the texts of links, which come last. */
const MAX_LINK_BYTES = 4 * 1024 * 1024;
const LEFT_OUT = 'left-out.txt';

interface Link {
  readonly path: Buffer;
  readonly target: Buffer;
  readonly status: BigIntStats;
}

/** One that is made. */
class FolderArchive {
  readonly #folder: ArchivedFolder;
  readonly #limits: ArchiveLimits;
  readonly #leftOut: string[] = [];
  #leftOutCount = 0;
  readonly #links: Link[] = [];
  #linkBytes = 0;
  #entries = 0;
  #bytes = 0;

  constructor(folder: ArchivedFolder, limits: ArchiveLimits) {
    this.#folder = folder;
    this.#limits = limits;
  }

  async *pieces(): AsyncGenerator<Buffer> {
    const { folder, name } = this.#folder;
    yield* this.#tree(folder, Buffer.from(name), 0);
    // Where they come last, nothing is unpacked through one of them.
    for (const { path, target, status } of this.#links) {
      yield header('link', path, status, { target });
    }
    yield* this.#told();
    yield TAR_END;
  }

  async *#tree(folder: Folder, path: Buffer, depth: number): AsyncGenerator<Buffer> {
    yield header('folder', below(path, ''), await folder.status());
    try {
      for await (const { name } of folder.entries()) {
        if (++this.#entries > this.#limits.entries) {
          this.#leave(below(path, name), `more than ${this.#limits.entries} entries`);
          return;
        }
        yield* this.#entry(folder, { name, path: below(path, name), depth });
      }
    } catch (error) {
      // The folder may not be read, or has been removed.
      this.#leave(path, reasonOf(error));
    }
  }

  async *#entry(
    folder: Folder,
    { name, path, depth }: { name: Buffer; path: Buffer; depth: number },
  ): AsyncGenerator<Buffer> {
    let opened: FileHandle | Folder | undefined;
    try {
      const status = await folder.statusOf(name);
      if (status.isSymbolicLink()) {
        await this.#keepLink(folder, { name, path, depth, status });
        return;
      }
      if (status.isDirectory()) {
        opened = await this.#enter(folder, name, depth);
      } else if (status.isFile()) {
        opened = await this.#folder.open(folder, name);
      } else {
        this.#leave(path, 'neither a file nor a folder');
      }
    } catch (error) {
      this.#leave(path, error instanceof LeftOutError ? error.message : reasonOf(error));
    }
    if (opened === undefined) {
      return;
    }
    try {
      yield* 'entries' in opened ? this.#tree(opened, path, depth + 1) : this.#file(opened, path);
    } finally {
      await opened[Symbol.asyncDispose]();
    }
  }

  async #enter(folder: Folder, name: Buffer, depth: number): Promise<Folder> {
    if (depth + 1 >= this.#limits.depth) {
      throw new LeftOutError(`more than ${this.#limits.depth} folders in each other`);
    }
    const opened = await folder.folder(name);
    if (!opened.isOnMountOf(this.#folder.folder)) {
      await opened[Symbol.asyncDispose]();
      throw new LeftOutError('of another file system');
    }
    return opened;
  }

  /** As long as it was when it was opened: what comes later is left, what goes becomes zeros. */
  async *#file(file: FileHandle, path: Buffer): AsyncGenerator<Buffer> {
    const status = await file.stat({ bigint: true });
    const size = Number(status.size);
    if (this.#bytes + size > this.#limits.bytes) {
      this.#leave(path, `more than ${this.#limits.bytes} bytes with it`);
      return;
    }
    this.#bytes += size;
    yield header('file', path, status, { size });
    let isShort = false;
    for (let at = 0; at < size; ) {
      const piece = Buffer.alloc(Math.min(PIECE_BYTES, size - at));
      const bytesRead: number = isShort ? 0 : await readInto(file, piece, at);
      isShort ||= bytesRead < piece.length;
      at += piece.length;
      yield piece;
    }
    if (isShort) {
      this.#leave(path, 'its end, which went while it was read: there are zeros instead');
    }
    yield tarPadding(size);
  }

  async #keepLink(
    folder: Folder,
    {
      name,
      path,
      depth,
      status,
    }: { name: Buffer; path: Buffer; depth: number; status: BigIntStats },
  ): Promise<void> {
    const target = Buffer.from(await folder.linkText(name));
    if (leadsOut(target.toString('latin1'), depth)) {
      this.#leave(path, 'a link that leads out of the folder');
    } else if (this.#linkBytes + target.length + path.length > MAX_LINK_BYTES) {
      this.#leave(path, 'more links than can be kept');
    } else {
      this.#linkBytes += target.length + path.length;
      this.#links.push({ path, target, status });
    }
  }

  #leave(path: Buffer, why: string): void {
    this.#leftOutCount++;
    if (this.#leftOut.length < MAX_NAMED) {
      this.#leftOut.push(`${JSON.stringify(path.toString())}: ${why}\n`);
    }
  }

  /** Beside the folder, where no name of it can be. */
  *#told(): Generator<Buffer> {
    if (this.#leftOutCount === 0) {
      return;
    }
    const more = this.#leftOutCount - this.#leftOut.length;
    const text = Buffer.from(this.#leftOut.join('') + (more > 0 ? `and ${more} more\n` : ''));
    const own = { mode: 0o644, uid: 0, gid: 0, modifiedSecs: Date.now() / 1_000 };
    const name = Buffer.from(LEFT_OUT);
    yield tarHeader({ kind: 'file', name, size: text.length, ...own });
    yield text;
    yield tarPadding(text.length);
  }
}

/** The bytes of an archive of the folder. Whoever stops asking ends it. */
export const folderArchive = (
  folder: ArchivedFolder,
  limits: ArchiveLimits = ARCHIVE_LIMITS,
): AsyncGenerator<Buffer> => new FolderArchive(folder, limits).pieces();

class LeftOutError extends Error {}

const reasonOf = (error: unknown) => codeOf(error) ?? String(error);

const below = (path: Buffer, name: Buffer | string) =>
  Buffer.concat([path, Buffer.from('/'), Buffer.from(name)]);

function header(
  kind: 'file' | 'folder' | 'link',
  name: Buffer,
  status: BigIntStats,
  { size = 0, target }: { size?: number; target?: Buffer } = {},
): Buffer {
  return tarHeader({
    ...{ kind, name, target, size },
    // Who unpacks it as root gets no program that runs as root.
    mode: Number(status.mode) & PERMISSIONS,
    ...{ uid: Number(status.uid), gid: Number(status.gid) },
    modifiedSecs: Number(status.mtimeNs / 1_000_000_000n),
  });
}

/**
 * Whether a link in a folder of that depth may lead above the top: also by way of another link, so
 * that nothing goes up again after a name.
 */
function leadsOut(target: string, depth: number): boolean {
  const names = target.split('/').filter((name) => name !== '' && name !== '.');
  const up = names.lastIndexOf('..') + 1;
  return target.startsWith('/') || up > depth || names.slice(0, up).some((name) => name !== '..');
}

/** Fewer bytes than there is room for only at the end, or where the rest cannot be read. */
async function readInto(file: FileHandle, piece: Buffer, at: number): Promise<number> {
  let done = 0;
  while (done < piece.length) {
    const { bytesRead } = await file
      .read(piece, done, piece.length - done, at + done)
      .catch(() => ({ bytesRead: 0 }));
    if (bytesRead === 0) {
      break;
    }
    done += bytesRead;
  }
  return done;
}
