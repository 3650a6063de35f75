// A folder that is held open, and what can be done with the entries in it.
//
// An agent that is root works in folders that belong to tasks' users, who may exchange a folder for
// a link between any two of its steps. So a path is never handed to the system again: each folder
// on the way is opened by its single name, without following a link, and what is in it is reached
// through that descriptor (/proc/self/fd/N/name), which stays what it was when it was opened.
//
// Where there is no /proc/self/fd (macOS) plain paths take its place: no agent runs there as root.
import { type BigIntStats, constants, type Dirent, existsSync, readFileSync } from 'node:fs';
import {
  chmod,
  chown,
  type FileHandle,
  lstat,
  open,
  opendir,
  readlink,
  rename,
  rmdir,
  unlink,
} from 'node:fs/promises';

/** An entry's name: bytes, where it may be one that is no UTF-8. */
export type Name = string | Buffer;

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
const hasDescriptors = existsSync('/proc/self/fd');
/** Opens a folder's place and not what is in it: needs no permission to read, and has no effect. */
export const PLACE = (process.platform === 'linux' ? 0o10000000 : O_RDONLY) | O_DIRECTORY;
export const NO_LINK = O_NOFOLLOW;
/** Entries that are read at once. */
const ENTRIES = 256;

/** Something else than a regular file was to be read. */
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
   * By a path all of whose parts are the agent's or the operator's own: links in it are followed.
   */
  static async open(path: string): Promise<Folder> {
    return new Folder(await open(path, PLACE), path);
  }

  /** Fails with ENOTDIR for a link, as for all that is no folder. */
  async folder(name: Name): Promise<Folder> {
    const path = this.#at(name);
    return new Folder(await open(path, PLACE | NO_LINK), path);
  }

  /** A regular file, opened to be read. Fails with ELOOP for a link; throws NotRegularError. */
  file(name: Name): Promise<FileHandle> {
    return openRegular(this.#at(name), O_NOFOLLOW);
  }

  status(): Promise<BigIntStats> {
    return this.#handle.stat({ bigint: true });
  }

  /**
   * Whether both are in one file system as it is mounted; true where the system does not say
   * (macOS).
   */
  isOnMountOf(other: Folder): boolean {
    return mountOf(this.#handle.fd) === mountOf(other.#handle.fd);
  }

  /** Of the entry itself, where it is a link. */
  statusOf(name: Name): Promise<BigIntStats> {
    return lstat(this.#at(name), { bigint: true });
  }

  linkText(name: Name): Promise<string> {
    return readlink(this.#at(name));
  }

  /** In the order of the file system; a folder of any size takes little memory. */
  async *entries(): AsyncGenerator<Dirent<Buffer>> {
    // The types know only names that are text.
    const options = { encoding: 'buffer' as BufferEncoding, bufferSize: ENTRIES };
    const entries: AsyncIterable<unknown> = await opendir(this.#path, options);
    yield* entries as AsyncIterable<Dirent<Buffer>>;
  }

  unlink(name: Name): Promise<void> {
    return unlink(this.#at(name));
  }

  rmdir(name: Name): Promise<void> {
    return rmdir(this.#at(name));
  }

  /** A link moves itself. Fails with EBUSY for a place where something is mounted. */
  move(name: Name, to: Folder, newName: Name): Promise<void> {
    return rename(this.#at(name), to.#at(newName));
  }

  /** The folder's permissions, whatever has its name by now. */
  async setMode(mode: number): Promise<void> {
    await chmod(this.#path, mode);
  }

  /** The folder's owner, whatever has its name by now. */
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

/** The path of what is open, whatever has its name by now; undefined where there is none. */
export const descriptorPath = (fd: number): string | undefined =>
  hasDescriptors ? `/proc/self/fd/${fd}` : undefined;

/** The number of the mount that what is open is in. */
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
 * Opens a file to be read and never waits: neither for the other end of a FIFO nor for whoever has
 * a lease on it. Throws NotRegularError for what is no regular file.
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

/** The system's word for what went wrong, such as ENOENT. */
export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
