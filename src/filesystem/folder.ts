// A folder that is held open, and operations on its entries.
//
// An agent that is root works in folders of tasks' users, who may replace a folder by a link
// between two of the agent's steps. So a path is never given to the system twice: each folder on
// the way is opened by its name alone, without following a link, and its entries are reached
// through the descriptor (/proc/self/fd/N/name), which always leads to the same folder.
//
// Without /proc/self/fd (macOS) plain paths are used: no agent runs there as root.
import { type BigIntStats, constants, type Dirent, existsSync, readFileSync } from 'node:fs';
import {
  chmod,
  chown,
  type FileHandle,
  lstat,
  mkdir,
  open,
  opendir,
  readlink,
  rename,
  rmdir,
  unlink,
} from 'node:fs/promises';

/** The name of an entry: bytes, where it may not be UTF-8. */
export type Name = string | Buffer;

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
const hasDescriptors = existsSync('/proc/self/fd');
/**
 * Opens the folder as a place in the tree and not its content: that needs no read permission and
 * has no effect.
 */
export const PLACE = (process.platform === 'linux' ? 0o10000000 : O_RDONLY) | O_DIRECTORY;
export const NO_LINK = O_NOFOLLOW;
/** The same for a file, which may be of any kind. */
const FILE_PLACE = process.platform === 'linux' ? 0o10000000 : O_RDONLY | O_NONBLOCK;
/** chown(2) leaves the owner as it is. */
export const SAME_USER = -1;
/** How many entries are read at once. */
const ENTRIES = 256;

/** The file to be read is not a regular file. */
export class NotRegularError extends Error {
  readonly code = 'MESOSCALE_NOT_REGULAR';

  constructor(what = 'it') {
    super(`${what} is not a regular file`);
  }
}

export class Folder implements AsyncDisposable {
  readonly #handle: FileHandle;
  readonly #path: Name;

  private constructor(handle: FileHandle, path: Name) {
    this.#handle = handle;
    this.#path = descriptorPath(handle.fd) ?? path;
  }

  /**
   * Opens a folder by a path of which every component is the agent's or the operator's own: links
   * are followed.
   */
  static async open(path: string): Promise<Folder> {
    return new Folder(await open(path, PLACE), path);
  }

  /** Opens a folder below such a one; `names` are those on the way, which may be of others. */
  static async openBelow(path: string, names: readonly Name[]): Promise<Folder> {
    let folder = await Folder.open(path);
    for (const name of names) {
      await using above = folder;
      folder = await above.folder(name);
    }
    return folder;
  }

  /**
   * Opens a folder in this one. Fails with ENOTDIR for a link, and for anything else that is no
   * folder.
   */
  async folder(name: Name): Promise<Folder> {
    const path = this.#at(name);
    return new Folder(await open(path, PLACE | NO_LINK), path);
  }

  /** Makes a folder, whatever the umask, unless there is something of that name. */
  async makeFolder(name: Name, mode: number): Promise<void> {
    try {
      await mkdir(this.#at(name), { mode });
    } catch (error) {
      if (codeOf(error) === 'EEXIST') {
        return;
      }
      throw error;
    }
    await using made = await this.folder(name);
    await made.setMode(mode);
  }

  /** Opens a regular file for reading. Fails with ELOOP for a link; throws NotRegularError. */
  file(name: Name): Promise<FileHandle> {
    return openRegular(this.#at(name), O_NOFOLLOW);
  }

  status(): Promise<BigIntStats> {
    return this.#handle.stat({ bigint: true });
  }

  /** Whether both folders are in the same mount; true where the system does not tell (macOS). */
  isOnMountOf(other: Folder): boolean {
    return mountOf(this.#handle.fd) === mountOf(other.#handle.fd);
  }

  /** The status of the entry; of a link, its own. */
  statusOf(name: Name): Promise<BigIntStats> {
    return lstat(this.#at(name), { bigint: true });
  }

  linkText(name: Name): Promise<string> {
    return readlink(this.#at(name));
  }

  /** In the order of the file system; takes little memory for a folder of any size. */
  async *entries(): AsyncGenerator<Dirent<Buffer>> {
    // The types of Node have names as text only.
    const options = { encoding: 'buffer' as BufferEncoding, bufferSize: ENTRIES };
    const entries: AsyncIterable<unknown> = await opendir(this.#path, options);
    yield* entries as AsyncIterable<Dirent<Buffer>>;
  }

  /**
   * Gives a file to a group, if it is `wanted`; a folder or a link stays as it is. What is open is
   * looked at and given, whatever its name leads to by now.
   */
  async giveFile(name: Name, gid: number, wanted: (status: BigIntStats) => boolean): Promise<void> {
    await using file = await open(this.#at(name), FILE_PLACE | O_NOFOLLOW);
    const status = await file.stat({ bigint: true });
    if (!status.isSymbolicLink() && !status.isDirectory() && wanted(status)) {
      await chown(descriptorPath(file.fd) ?? this.#at(name), SAME_USER, gid);
    }
  }

  unlink(name: Name): Promise<void> {
    return unlink(this.#at(name));
  }

  rmdir(name: Name): Promise<void> {
    return rmdir(this.#at(name));
  }

  /** Moves an entry; a link itself is moved. Fails with EBUSY for a mount point. */
  move(name: Name, to: Folder, newName: Name): Promise<void> {
    return rename(this.#at(name), to.#at(newName));
  }

  /** Sets the permissions of the open folder, whatever its path leads to by now. */
  async setMode(mode: number): Promise<void> {
    await chmod(this.#path, mode);
  }

  /** Sets the owner of the open folder, whatever its path leads to by now. */
  async giveTo(uid: number, gid: number): Promise<void> {
    await chown(this.#path, uid, gid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }

  #at(name: Name): Name {
    return entryPath(this.#path, name);
  }
}

/**
 * A path to what the descriptor has open, whatever its name leads to by now; undefined where the
 * system has none.
 */
export const descriptorPath = (fd: number): string | undefined =>
  hasDescriptors ? `/proc/self/fd/${fd}` : undefined;

/** The number of the mount that contains what the descriptor has open. */
export const mountOf = (fd: number): string | undefined =>
  hasDescriptors && process.platform === 'linux'
    ? /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1]
    : undefined;

export function entryPath(folder: Name, name: Name): Name {
  if (typeof name === 'string' && typeof folder === 'string') {
    return `${folder}/${name}`;
  }
  return Buffer.concat([Buffer.from(folder), Buffer.from('/'), Buffer.from(name)]);
}

/**
 * Opens a file for reading without ever waiting: neither for a writer of a FIFO nor for a process
 * that holds a lease. Throws NotRegularError where it is no regular file.
 */
export async function openRegular(path: Name, flags = 0): Promise<FileHandle> {
  const handle = await open(path, O_RDONLY | O_NONBLOCK | flags);
  try {
    if (!(await handle.stat()).isFile()) {
      throw new NotRegularError();
    }
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The system's code of an error, such as ENOENT. */
export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;

/** For a promise's `catch`: undefined where there is no such entry; any other error is thrown. */
export function orNoEntry(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') {
    throw error;
  }
}
