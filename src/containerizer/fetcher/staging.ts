// Where a file is between its source and the sandbox. The folder stays the agent's, so that nothing
// in it can be exchanged while it is deleted; in the sandbox, links may lead elsewhere.
import { chown, type FileHandle, link, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf, descriptorPath, Folder } from '../../filesystem/folder.ts';
import { deleteTree } from '../../filesystem/tree-deletion.ts';
import type { Identity } from '../host/users.ts';
import { FetchError } from './fetch-error.ts';

/** The folder in which the task's user may write; others do not come in. */
const DROP = 'drop';
/** What comes from the source, in either folder, and what the user is shown of the agent's. */
const FILE = 'file';
const SHOWN = 'shown';

export class Staging implements AsyncDisposable {
  readonly #folder: string;
  readonly #identity: Identity | undefined;
  #isMade = false;
  #hasDrop = false;

  /** `folder` is made when it is needed; `identity` is the task's user. */
  constructor(folder: string, identity: Identity | undefined) {
    this.#folder = folder;
    this.#identity = identity;
  }

  /** A path for a file that the agent writes. Other users come to it, so it must be private. */
  async file(): Promise<string> {
    await this.#make();
    return join(this.#folder, FILE);
  }

  /** A path for a file, or folder, that a program of the user's writes. */
  async dropped(): Promise<string> {
    return join(await this.#drop(), FILE);
  }

  /** The agent's file is the user's from now on; returns its path. */
  async given(): Promise<string> {
    const file = await this.file();
    await this.#give(file);
    return file;
  }

  /**
   * Shows one of the agent's files to the user, as it is; returns its path for the user. Undefined
   * where it lies on another file system.
   */
  async shown(path: string): Promise<string | undefined> {
    const shown = join(await this.#drop(), SHOWN);
    try {
      await link(path, shown);
      return shown;
    } catch (error) {
      const code = codeOf(error);
      // EMLINK: a file has no more than so many names.
      if (code === 'EXDEV' || code === 'EMLINK' || code === 'EPERM') {
        return undefined;
      }
      throw error;
    }
  }

  /**
   * Opens what a program of the user's has written, for the agent. Throws FetchError where that is
   * no file, or one that others have something to do with: a link could lead to a file that the
   * user may not read.
   */
  async openDropped(): Promise<DroppedFile> {
    let file: FileHandle | undefined;
    try {
      await using drop = await Folder.openBelow(this.#folder, [DROP]);
      file = await drop.file(FILE);
      const { uid, nlink, size } = await file.stat();
      if (uid !== (this.#identity?.uid ?? process.geteuid?.()) || nlink !== 1) {
        throw new Error("it is not the user's own");
      }
      return new DroppedFile(file, await this.dropped(), size);
    } catch (error) {
      await file?.close();
      throw new FetchError(`what was fetched cannot be cached: ${(error as Error).message}`, {
        cause: error,
        isHere: true,
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isMade) {
      await deleteTree(this.#folder);
    }
  }

  async #make(): Promise<void> {
    if (!this.#isMade) {
      await mkdir(dirname(this.#folder), { recursive: true });
      await mkdir(this.#folder, { mode: 0o711 });
      this.#isMade = true;
    }
  }

  async #drop(): Promise<string> {
    const drop = join(this.#folder, DROP);
    if (!this.#hasDrop) {
      await this.#make();
      await mkdir(drop, { mode: 0o700 });
      await this.#give(drop);
      this.#hasDrop = true;
    }
    return drop;
  }

  async #give(path: string): Promise<void> {
    if (this.#identity !== undefined) {
      await chown(path, this.#identity.uid, this.#identity.gid);
    }
  }
}

/** A file of a user's, held open. */
class DroppedFile implements AsyncDisposable {
  readonly #file: FileHandle;
  /** A path for this process, which leads to this file whatever its name leads to by now. */
  readonly path: string;
  readonly bytes: number;

  constructor(file: FileHandle, path: string, bytes: number) {
    this.#file = file;
    this.path = descriptorPath(file.fd) ?? path;
    this.bytes = bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}
