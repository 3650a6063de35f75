// Deletes a folder with all that is in it, while its user may still be at work in it.
//
// Nothing is ever gone into by a path. Each folder that is found is moved up to the top, which was made
// the agent's own at once; there it is taken from its user, emptied of files and links, its folders are
// moved up in turn, and it goes. So a tree may be of any depth, and nothing is held in memory. What is
// mounted somewhere in the tree stays, with its content: its place can be neither moved nor deleted.
import { randomUUID } from 'node:crypto';
import { rmdir, unlink } from 'node:fs/promises';
import { getSystemErrorMessage } from 'node:util';
import { codeOf, Folder } from './folder.ts';

/** Something in the tree cannot be deleted; `code` is the system's, such as EBUSY for a mount. */
export class TreeDeletionError extends Error {
  readonly code: unknown;

  constructor(name: Buffer, cause: unknown) {
    const errno = cause instanceof Error && 'errno' in cause ? cause.errno : undefined;
    const why = typeof errno === 'number' ? getSystemErrorMessage(errno) : String(cause);
    super(`'${name.toString()}' in it cannot be deleted: ${why}`, { cause });
    this.code = codeOf(cause);
  }
}

/**
 * Deletes what the path names, a link rather than what it leads to; nothing where there is nothing.
 * The folders on the way to it are the agent's own. All is deleted that can be; throws
 * TreeDeletionError for the first that cannot, and the system's error for the top itself.
 */
export async function deleteTree(path: string): Promise<void> {
  try {
    await using top = await Folder.openItself(path);
    await new TreeDeletion(top).empty();
    await rmdir(path);
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR') {
      await unlink(path);
    } else if (codeOf(error) !== 'ENOENT') {
      throw error;
    }
  }
}

class TreeDeletion {
  readonly #top: Folder;
  /** Names that begin with it are this deletion's own: those of folders that were moved up. */
  readonly #mark = Buffer.from(`.${randomUUID()}-`);
  #moved = 0;
  /** How many entries were deleted or moved up. */
  #changes = 0;
  #failure: TreeDeletionError | undefined;

  constructor(top: Folder) {
    this.#top = top;
  }

  /** Goes over the top until nothing changes any more: it fills up while it is being emptied. */
  async empty(): Promise<void> {
    await takeFromUser(this.#top);
    let before: number;
    do {
      before = this.#changes;
      this.#failure = undefined;
      await this.#eachEntry(this.#top, (name, isFolder) => this.#removeFromTop(name, isFolder));
    } while (this.#changes > before);
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
  }

  async #eachEntry(
    folder: Folder,
    remove: (name: Buffer, isFolder: boolean) => Promise<void>,
  ): Promise<void> {
    for await (const entry of folder.entries()) {
      try {
        await remove(entry.name, entry.isDirectory());
        this.#changes++;
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') {
          this.#failure ??= new TreeDeletionError(entry.name, error);
        }
      }
    }
  }

  async #removeFromTop(name: Buffer, isFolder: boolean): Promise<void> {
    if (!isFolder && (await unlinkOther(this.#top, name))) {
      return;
    }
    const isMoved = name.subarray(0, this.#mark.length).equals(this.#mark);
    const moved = isMoved ? name : await this.#moveUp(this.#top, name);
    {
      await using folder = await this.#top.folder(moved);
      await takeFromUser(folder);
      await this.#eachEntry(folder, async (inner, isInnerFolder) => {
        if (isInnerFolder || !(await unlinkOther(folder, inner))) {
          await this.#moveUp(folder, inner);
        }
      });
    }
    await this.#top.rmdir(moved);
  }

  /** A folder that turns out to be a link by then comes up as one, and is deleted as one. */
  async #moveUp(from: Folder, name: Buffer): Promise<Buffer> {
    const moved = Buffer.concat([this.#mark, Buffer.from(String(this.#moved++))]);
    try {
      await from.move(name, this.#top, moved);
    } catch (error) {
      if (codeOf(error) !== 'EACCES') {
        throw error;
      }
      // A folder that its owner may not write to cannot get another parent.
      await using folder = await from.folder(name);
      await folder.setMode(0o700);
      await from.move(name, this.#top, moved);
    }
    return moved;
  }
}

/** False: it is a folder, whatever it was taken for. */
async function unlinkOther(folder: Folder, name: Buffer): Promise<boolean> {
  try {
    await folder.unlink(name);
    return true;
  } catch (error) {
    const code = codeOf(error);
    const mayBeFolder = code === 'EISDIR' || code === 'EPERM';
    if (mayBeFolder && (await folder.statusOf(name)).isDirectory()) {
      return false;
    }
    throw error;
  }
}

/** From then on, nothing new comes into the folder. */
async function takeFromUser(folder: Folder): Promise<void> {
  try {
    if (process.geteuid?.() === 0) {
      await folder.giveTo(0, 0);
    }
    await folder.setMode(0o700);
  } catch (error) {
    // Root of a user namespace may not own everything, and can do without.
    if (codeOf(error) !== 'EPERM') {
      throw error;
    }
  }
}
