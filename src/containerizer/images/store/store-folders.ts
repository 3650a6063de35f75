// Where things lie in a store of images. All of it is the agent's own, and of this version; what
// else is in the folder that the operator names, such as the store of Apache Mesos, stays as it is.
//
// The version is another one where layers are made by other rules: images are then pulled anew. A
// store of an older version goes when no container uses it any more.
//
//   mesoscale-2/layers/sha256/<hex>/files   a layer, by the digest of its uncompressed archive
//   mesoscale-2/layers/sha256/<hex>/layer.json
//   mesoscale-2/images/<hex>.json           an image, by the digest of its name
//   mesoscale-2/staging/<id>                what is being made, and counts for nothing
//   mesoscale-2/removed/<id>                what is being deleted
//   mesoscale-2/empty                       a layer without files
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolder } from '../../../filesystem/durable-files.ts';
import { orNoEntry } from '../../../filesystem/folder.ts';
import { privateFolder } from '../../../filesystem/private-file.ts';
import { deleteTree } from '../../../filesystem/tree-deletion.ts';
import { errorText } from '../../../model/error-text.ts';
import { Deletions } from '../deletions.ts';

/** As records of containers name the store that their layers are in. */
export const STORE_VERSION = 2;

const nameOf = (version: number) => `mesoscale-${version}`;
const OTHER = /^mesoscale-(\d{1,9})$/;

export class StoreFolders {
  readonly root: string;
  readonly layers: string;
  readonly images: string;
  /** A folder without files, for images without layers. */
  readonly empty: string;
  /** In which nothing is of value, and all is deleted by the next agent. */
  readonly staging: string;
  readonly #folder: string;
  readonly #removed: string;
  readonly #warn: (text: string) => void;
  readonly #deletions = new Deletions();

  private constructor(folder: string, warn: (text: string) => void) {
    this.#folder = folder;
    this.root = join(folder, nameOf(STORE_VERSION));
    this.layers = join(this.root, 'layers', 'sha256');
    this.images = join(this.root, 'images');
    this.empty = join(this.root, 'empty');
    this.staging = join(this.root, 'staging');
    this.#removed = join(this.root, 'removed');
    this.#warn = warn;
  }

  /** Makes what is missing in a folder of the agent's own. */
  static open(folder: string, warn: (text: string) => void): StoreFolders {
    const folders = new StoreFolders(folder, warn);
    const { root, layers, images, empty } = folders;
    for (const path of [root, layers, images, empty, folders.staging, folders.#removed]) {
      privateFolder(path);
    }
    return folders;
  }

  /** Deletes what an earlier agent has left unfinished. */
  async clear(): Promise<void> {
    for (const folder of [this.staging, this.#removed]) {
      for (const name of await readdir(folder)) {
        await this.delete(join(folder, name));
      }
    }
  }

  /** Removes the stores of older versions, but for these. Deleting them takes longer. */
  async removeOlder(used: ReadonlySet<number>): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const version = Number(OTHER.exec(name)?.[1] ?? STORE_VERSION);
      if (version < STORE_VERSION && !used.has(version)) {
        const moved = join(this.#removed, `${name}-${randomUUID()}`);
        await rename(join(this.#folder, name), moved);
        this.#deletions.add(() => this.delete(moved));
      }
    }
  }

  /** What is not deleted of older stores by then is left to the next agent. */
  close(): Promise<void> {
    return this.#deletions.close();
  }

  /** A new folder, in which nothing is of value until it is moved elsewhere. */
  async stage(): Promise<string> {
    const path = join(this.staging, randomUUID());
    await mkdir(path, { mode: 0o700 });
    return path;
  }

  /** Takes it out of its place at once and for good; deleting it takes longer. */
  async remove(path: string): Promise<void> {
    const moved = join(this.#removed, `${basename(path)}-${randomUUID()}`);
    const isThere = await rename(path, moved).then(() => true, orNoEntry);
    if (isThere) {
      await syncFolder(dirname(path));
      await this.delete(moved);
    }
  }

  /** What cannot be deleted is told, and tried again by the next agent. */
  async delete(path: string): Promise<void> {
    try {
      await deleteTree(path);
    } catch (error) {
      this.#warn(`'${path}' of the store of images cannot be deleted yet: ${errorText(error)}`);
    }
  }
}
