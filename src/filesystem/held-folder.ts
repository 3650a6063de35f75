// A `Folder` with synchronous operations, for steps between which nothing else may happen.
import {
  chmodSync,
  chownSync,
  closeSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  openSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  type Stats,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { getSystemErrorMessage } from 'node:util';
import { descriptorPath, entryPath, Folder, mountOf, type Name, NO_LINK, PLACE } from './folder.ts';

/** An error of the system, with the folder's path in its text in place of a descriptor. */
export class FolderError extends Error {
  readonly code: string | undefined;

  constructor(path: string, cause: unknown) {
    const { code, errno } = cause as NodeJS.ErrnoException;
    const why = errno === undefined ? String(cause) : getSystemErrorMessage(errno);
    super(`${code}: ${why}, '${path}'`, { cause });
    this.code = code;
  }
}

/** Its methods throw FolderError. */
export class HeldFolder implements Disposable {
  /** The path when the folder was opened, for messages. */
  readonly path: string;
  readonly #fd: number;
  readonly #path: Name;

  private constructor(fd: number, path: string) {
    this.path = path;
    this.#fd = fd;
    this.#path = descriptorPath(fd) ?? path;
  }

  /**
   * Opens a folder by a path of which every component is the agent's or the operator's own: links
   * are followed.
   */
  static open(path: string): HeldFolder {
    return new HeldFolder(
      attempt(path, () => openSync(path, PLACE)),
      path,
    );
  }

  /** Opens a folder below such a one; `names` are those on the way, which may be of others. */
  static openBelow(path: string, names: readonly string[]): HeldFolder {
    let folder = HeldFolder.open(path);
    for (const name of names) {
      using above = folder;
      folder = above.folder(name);
    }
    return folder;
  }

  /**
   * Opens a folder in this one. Fails with ENOTDIR for a link, and for anything else that is no
   * folder.
   */
  folder(name: string): HeldFolder {
    const fd = this.#attempt(name, (path) => openSync(path, PLACE | NO_LINK));
    return new HeldFolder(fd, this.#pathOf(name));
  }

  status(): Stats {
    return attempt(this.path, () => fstatSync(this.#fd));
  }

  /** The status of the entry; of a link, its own; undefined where there is no entry. */
  statusOf(name: Name): Stats | undefined {
    return this.#attempt(name, (path) => lstatSync(path, { throwIfNoEntry: false }));
  }

  linkText(name: string): string {
    return this.#attempt(name, (path) => readlinkSync(path));
  }

  /**
   * Names as bytes, for some are no text. In the order of the file system; there may be a great
   * many.
   */
  *names(): Generator<Buffer> {
    // The types of Node have names as text only.
    const options = { encoding: 'buffer' as BufferEncoding };
    const entries = attempt(this.path, () => opendirSync(this.#path.toString(), options));
    try {
      for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
        yield Buffer.from(entry.name);
      }
    } finally {
      entries.closeSync();
    }
  }

  /** Fails with EEXIST. */
  mkdir(name: string, mode: number): void {
    this.#attempt(name, (path) => mkdirSync(path, { mode }));
  }

  /**
   * Creates a folder with exactly this mode, whatever the umask, and opens it. Fails with EEXIST,
   * also where the user of this folder has put one of his own in the place of the new one.
   */
  makeFolder(name: string, mode: number): HeldFolder {
    this.mkdir(name, mode);
    const made = this.folder(name);
    if (made.status().uid !== process.geteuid?.()) {
      made[Symbol.dispose]();
      throw new FolderError(this.#pathOf(name), { code: 'EEXIST', errno: -constants.errno.EEXIST });
    }
    made.setMode(mode);
    return made;
  }

  /** Fails with EEXIST. */
  symlink(name: string, target: string): void {
    this.#attempt(name, (path) => symlinkSync(target, path.toString()));
  }

  /** Removes an entry that is no folder; a link itself is removed. */
  unlink(name: string): void {
    this.#attempt(name, (path) => unlinkSync(path));
  }

  rmdir(name: Name): void {
    this.#attempt(name, (path) => rmdirSync(path));
  }

  /** Moves an entry; a link itself is moved. Fails with EBUSY for a mount point. */
  move(name: Name, to: HeldFolder, newName: Name): void {
    this.#attempt(name, (path) => renameSync(path, entryPath(to.#path, newName)));
  }

  /**
   * A path to what lies below the open folder, as long as that is open, for this process only. No
   * one else may be able to change what is on the way.
   */
  place(below: string): string {
    return entryPath(this.#path, below).toString();
  }

  setMode(mode: number): void {
    attempt(this.path, () => chmodSync(this.#path, mode));
  }

  giveTo(uid: number, gid: number): void {
    attempt(this.path, () => chownSync(this.#path, uid, gid));
  }

  /** Whether a file system is mounted here; true where the system does not tell (macOS). */
  isMountPoint(): boolean {
    return attempt(this.path, () => {
      const above = openSync(`${this.#path}/..`, PLACE);
      try {
        const mount = mountOf(this.#fd);
        return mount === undefined || mount !== mountOf(above);
      } finally {
        closeSync(above);
      }
    });
  }

  /** Opens the same folder a second time, whatever its path leads to by now. */
  again(): Promise<Folder> {
    return Folder.open(this.#path.toString());
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  #attempt<T>(name: Name, act: (path: Name) => T): T {
    return attempt(this.#pathOf(name), () => act(entryPath(this.#path, name)));
  }

  #pathOf(name: Name): string {
    return join(this.path, name.toString());
  }
}

function attempt<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new FolderError(path, error);
  }
}
