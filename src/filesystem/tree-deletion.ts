// Deletes a folder and its content, even while its user changes it.
//
// Nothing is reached by a path. The top folder is taken from its user first. Each folder found is
// moved up to the top; there it is taken from its user, emptied of files and links, its folders are
// moved up in turn, and it is deleted. So a tree may have any depth, and takes no memory. A mount
// in the tree stays with its content, for a mount point can be neither moved nor deleted. A mount
// on the top folder stays as well, and untouched.
import { randomUUID } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { getSystemErrorMessage } from 'node:util';
import { codeOf, Folder, type Name, orNoEntry } from './folder.ts';

/** Something in the tree cannot be deleted; `code` is the system's, such as EBUSY for a mount. */
class TreeDeletionError extends Error {
  readonly code: unknown;

  constructor(name: Buffer, cause: unknown) {
    const errno = cause instanceof Error && 'errno' in cause ? cause.errno : undefined;
    const why = typeof errno === 'number' ? getSystemErrorMessage(errno) : String(cause);
    super(`'${name.toString()}' in it cannot be deleted: ${why}`, { cause });
    this.code = codeOf(cause);
  }
}

/** Something is mounted on the tree to be deleted, and is no part of it. */
export class MountedError extends Error {
  readonly code = 'EBUSY';

  constructor(path: Name) {
    super(`Something is mounted on '${path.toString()}', which stays as it is`);
  }
}

/** As `deleteEntry`, by a path of which all parent folders are the agent's own. */
export async function deleteTree(path: string): Promise<void> {
  await using parent = await Folder.open(dirname(path)).catch(orNoEntry);
  if (parent !== undefined) {
    await deleteEntry(parent, basename(path), path);
  }
}

/**
 * Deletes an entry and its content. Of a link, deletes the link itself; a missing entry is ignored.
 * Deletes as much as possible; throws TreeDeletionError for the first entry that it could not
 * delete, and the system's error for the entry itself. Throws MountedError with nothing touched.
 */
export async function deleteEntry(folder: Folder, name: Name, shown = name): Promise<void> {
  try {
    {
      await using top = await folder.folder(name);
      if (!top.isOnMountOf(folder)) {
        throw new MountedError(shown);
      }
      await new TreeDeletion(top).empty();
    }
    await folder.rmdir(name);
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR') {
      await folder.unlink(name);
    } else if (codeOf(error) !== 'ENOENT') {
      throw error;
    }
  }
}

/** The most folders that are remembered as next: a folder may contain any number of them. */
const MAX_NEXT = 1_000;

class TreeDeletion {
  readonly #top: Folder;
  /** Names of folders that were moved up begin with this. */
  readonly #mark = Buffer.from(`.${randomUUID()}-`);
  #moved = 0;
  /** Folders that were moved up and are next. Any others are found when the top is read again. */
  readonly #next: Buffer[] = [];
  /** How many entries were deleted or moved up. */
  #changes = 0;
  #failure: TreeDeletionError | undefined;

  constructor(top: Folder) {
    this.#top = top;
  }

  /** Repeats passes over the top until one changes nothing: a pass fills it while emptying it. */
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
      await this.#attempt(entry.name, () => remove(entry.name, entry.isDirectory()));
    }
  }

  /** Tries one entry; a failure must not keep the others from being deleted. */
  async #attempt(name: Buffer, remove: () => Promise<void>): Promise<void> {
    try {
      await remove();
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') {
        this.#failure ??= new TreeDeletionError(name, error);
      }
    }
  }

  async #removeFromTop(name: Buffer, isFolder: boolean): Promise<void> {
    if (!isFolder && (await this.#unlink(this.#top, name))) {
      return;
    }
    const isMoved = name.subarray(0, this.#mark.length).equals(this.#mark);
    await this.#removeMoved(isMoved ? name : await this.#moveUp(this.#top, name));
    for (let next = this.#next.pop(); next !== undefined; next = this.#next.pop()) {
      const moved = next;
      await this.#attempt(moved, () => this.#removeMoved(moved));
    }
  }

  async #removeMoved(name: Buffer): Promise<void> {
    {
      await using folder = await this.#top.folder(name);
      await takeFromUser(folder);
      await this.#eachEntry(folder, async (inner, isFolder) => {
        if (isFolder || !(await this.#unlink(folder, inner))) {
          const moved = await this.#moveUp(folder, inner);
          if (this.#next.length < MAX_NEXT) {
            this.#next.push(moved);
          }
        }
      });
    }
    await this.#top.rmdir(name);
    this.#changes++;
  }

  /**
   * Moves a folder up. If it has become a link meanwhile, the link is moved, and the next pass
   * deletes it.
   */
  async #moveUp(from: Folder, name: Buffer): Promise<Buffer> {
    const moved = Buffer.concat([this.#mark, Buffer.from(String(this.#moved++))]);
    try {
      await from.move(name, this.#top, moved);
    } catch (error) {
      if (codeOf(error) !== 'EACCES') {
        throw error;
      }
      // A folder that its owner may not write to cannot be moved to another parent.
      await using folder = await from.folder(name);
      await folder.setMode(0o700);
      await from.move(name, this.#top, moved);
    }
    this.#changes++;
    return moved;
  }

  /** Deletes an entry that is no folder; false where it turns out to be one. */
  async #unlink(folder: Folder, name: Buffer): Promise<boolean> {
    try {
      await folder.unlink(name);
      this.#changes++;
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
}

/** From then on, its former user can put nothing into the folder. */
async function takeFromUser(folder: Folder): Promise<void> {
  const isRoot = process.geteuid?.() === 0;
  try {
    await Promise.all([isRoot ? folder.giveTo(0, 0) : undefined, folder.setMode(0o700)]);
  } catch (error) {
    // In a user namespace root may not own everything; then the deletion goes on without.
    if (codeOf(error) !== 'EPERM') {
      throw error;
    }
  }
}
