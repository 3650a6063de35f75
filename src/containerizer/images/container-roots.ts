// The root file systems of containers, on disk: a folder for each, with what it is made of and what
// the container writes. They are where Apache Mesos has them, below provisioner/containers.
//
//   containers/<id>/containers/<nested>/…        nested containers
//   containers/<id>/roots/<name>/image.json      which image it is of
//   containers/<id>/roots/<name>/files           its own files; with an overlay `upper` and `work`
//   removed/<any>                                what is being deleted
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, orNoEntry } from '../../filesystem/folder.ts';
import { privateFolder } from '../../filesystem/private-file.ts';
import { deleteTree } from '../../filesystem/tree-deletion.ts';
import { childOf, containerFolder, parentOf } from '../../model/container-id.ts';
import { enumNames } from '../../model/enum-names.ts';
import { errorText } from '../../model/error-text.ts';
import { Image_Type } from '../../model/generated/messages.ts';
import { type ContainerId, containerId } from '../../model/ids.ts';
import { isContainerName } from '../work-directory.ts';
import { overlayFolders } from './backends/backends.ts';
import { Deletions } from './deletions.ts';
import { isDigest } from './formats/digest.ts';
import type { ImageUse } from './store/image-source.ts';
import { STORE_VERSION } from './store/store-folders.ts';

const NESTED = 'containers';
const ROOTS = 'roots';
/** The name of a container's own root, which is no volume's. */
export const OWN_ROOT = 'rootfs';
const RECORD = 'image.json';

/** What a container uses, and the version of the store that has it. */
export interface RecordedUse extends ImageUse {
  readonly store: number;
  /** What tells roots of one container apart. */
  readonly root: string;
}

export class ContainerRoots {
  readonly #containers: string;
  readonly #removed: string;
  readonly #warn: (text: string) => void;
  #failedDeletions = 0;
  readonly #deletions = new Deletions();

  constructor(folder: string, warn: (text: string) => void) {
    this.#containers = join(folder, NESTED);
    this.#removed = join(folder, 'removed');
    this.#warn = warn;
    privateFolder(folder);
    privateFolder(this.#containers);
    privateFolder(this.#removed);
  }

  /** On the disk that containers write to: in it all is deleted by the next agent. */
  get passing(): string {
    return this.#removed;
  }

  /** Makes the folder of a root, and notes what is used there before it is. */
  async make(id: ContainerId, name: string, use: ImageUse): Promise<string> {
    const folder = join(this.#place(id), ROOTS, name);
    await mkdir(join(this.#place(id), ROOTS), { recursive: true, mode: 0o700 });
    await mkdir(folder, { mode: 0o700 });
    const { type, name: image, digest, layers } = use;
    const temporary = join(folder, `.${RECORD}`);
    const where = { version: 2, store: STORE_VERSION, type: typeName(type) };
    const text = JSON.stringify({ ...where, name: image, digest, layers });
    await writeFile(temporary, text, { mode: 0o600 });
    await rename(temporary, join(folder, RECORD));
    return folder;
  }

  /** All containers that have any, each after the one that it is nested in. */
  async all(): Promise<ContainerId[]> {
    const found: ContainerId[] = [];
    const look = async (folder: string, idOf: (name: string) => ContainerId) => {
      for (const name of await namesIn(folder)) {
        if (isContainerName(name)) {
          const id = idOf(name);
          found.push(id);
          await look(join(folder, name, NESTED), (nested) => childOf(id, nested));
        }
      }
    };
    await look(this.#containers, containerId);
    return found;
  }

  /**
   * Of those that have any: the known ones, and those in which none of these is nested, each after
   * the one that it is nested in.
   */
  async sorted(known: ReadonlySet<ContainerId>): Promise<{
    readonly left: readonly ContainerId[];
    readonly unneeded: readonly ContainerId[];
  }> {
    const needed = new Set<ContainerId>();
    for (const id of known) {
      for (let each: ContainerId | undefined = id; each !== undefined; each = parentOf(each)) {
        needed.add(each);
      }
    }
    const all = await this.all();
    return {
      left: all.filter((id) => known.has(id)),
      unneeded: all.filter((id) => !needed.has(id)),
    };
  }

  /** What a container uses, as far as its records are whole. */
  async uses(id: ContainerId): Promise<RecordedUse[]> {
    const roots = join(this.#place(id), ROOTS);
    const uses: RecordedUse[] = [];
    for (const name of await namesIn(roots)) {
      const path = join(roots, name, RECORD);
      try {
        uses.push({ ...useOf(await readFile(path, 'utf8')), root: name });
      } catch (error) {
        // Without, the root was not in use yet.
        if (codeOf(error) !== 'ENOENT') {
          this.#warn(`'${path}' does not say which image a container uses: ${errorText(error)}`);
        }
      }
    }
    return uses;
  }

  /**
   * Takes the roots of a container away, with those of all that are nested in it. They are deleted
   * afterwards. Returns whether there were any.
   */
  async remove(id: ContainerId): Promise<boolean> {
    const moved = join(this.#removed, randomUUID());
    const isThere = await rename(this.#place(id), moved).then(() => true, orNoEntry);
    if (isThere) {
      this.#delete(moved);
    }
    return isThere ?? false;
  }

  /** Deletes what an earlier agent has not. */
  async clear(): Promise<void> {
    for (const name of await readdir(this.#removed)) {
      this.#delete(join(this.#removed, name));
    }
  }

  /** How many could not be deleted, by this agent. */
  get failedDeletions(): number {
    return this.#failedDeletions;
  }

  /** What was removed and is not deleted by then is left to the next agent. */
  close(): Promise<void> {
    return this.#deletions.close();
  }

  #delete(path: string): void {
    this.#deletions.add(async () => {
      try {
        await deleteTree(path);
      } catch (error) {
        this.#failedDeletions++;
        this.#warn(`'${path}' of a container cannot be deleted yet: ${errorText(error)}`);
      }
    });
  }

  #place(id: ContainerId): string {
    return join(this.#containers, containerFolder(id, NESTED));
  }
}

/**
 * The folders that are for what a container writes over the files of its own image; none where it
 * has no image, or a copy of it. `folder`: that of all roots.
 */
export function ephemeralFolders(folder: string, id: ContainerId): readonly string[] {
  const root = join(folder, NESTED, containerFolder(id, NESTED), ROOTS, OWN_ROOT);
  return overlayFolders(root).filter((path) => existsSync(path));
}

const namesIn = async (folder: string) => (await readdir(folder).catch(orNoEntry)) ?? [];

const typeName = enumNames(Image_Type);
const TYPES = new Map(
  [Image_Type.DOCKER, Image_Type.APPC].map((type) => [typeName(type), type] as const),
);

interface UseRecord extends Omit<RecordedUse, 'type' | 'root'> {
  readonly version?: unknown;
  /** Agents that had images of Docker only did not say it. */
  readonly type?: string;
}

/** Throws where it is damaged. */
function useOf(text: string): Omit<RecordedUse, 'root'> {
  const record = JSON.parse(text) as UseRecord;
  const { version, type: said = 'DOCKER', name, digest, layers } = record;
  const type = TYPES.get(said);
  // The first version did not say the store's.
  const store = version === 1 ? 1 : record.store;
  const isKnown = version === 1 || version === 2;
  const isWhole =
    isKnown && Number.isInteger(store) && typeof name === 'string' && layers.every(isDigest);
  if (!isWhole || type === undefined) {
    throw new Error('it is damaged, or of another version');
  }
  return { store, type, name, digest, layers };
}
