// Where volumes lie on a disk: made, given to users, and put aside until they are deleted.
//
//   <disk>/volumes/roles/<role>/<id>   on the agent's work directory and on disks of type PATH
//   <disk>/volumes/destroyed/<any>     what is left to delete of them
//   <disk>                             on a disk of type MOUNT, which is a single volume
//                                      (mount-content.ts)
//
// All but the volumes themselves must be the agent's own. The top of a disk is where the operator
// says.
import { randomUUID } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { codeOf, type Folder } from '../../filesystem/folder.ts';
import type { HeldFolder } from '../../filesystem/held-folder.ts';
import { madeOwnFolder, ownFolder, ownTop, placeOf } from '../../filesystem/own-folder.ts';
import { deleteEntry, MountedError } from '../../filesystem/tree-deletion.ts';
import type { VolumePlace } from '../../model/volume-path.ts';

const VOLUMES = 'volumes';
const ROLES = 'roles';
const DESTROYED = 'destroyed';
const OPEN_TO_READERS = 0o755;
const PRIVATE = 0o700;

/** A path that should be a mount is none: what is written there would fill another disk. */
export class NotMountedError extends Error {}

/** The top of a MOUNT disk. Throws FolderError, ForeignFolderError and NotMountedError. */
export function mountedDisk(path: string): HeldFolder {
  const mount = placeOf(path);
  if (!mount.isMountPoint()) {
    mount[Symbol.dispose]();
    throw new NotMountedError(`No disk is mounted at '${path}' any more`);
  }
  return mount;
}

/** Entries to be deleted, in a folder that is kept open until the deletion begins. */
class Aside {
  readonly #folder: HeldFolder;
  readonly #names: readonly (string | Buffer)[];

  constructor(folder: HeldFolder, names: readonly (string | Buffer)[]) {
    this.#folder = folder;
    this.#names = names;
  }

  async delete(): Promise<void> {
    await using folder = await this.#taken();
    const deletions = this.#names.map((name) => deleteEntry(folder, name));
    const failed = (await Promise.allSettled(deletions)).find((one) => one.status === 'rejected');
    if (failed !== undefined) {
      throw failed.reason;
    }
  }

  async #taken(): Promise<Folder> {
    using folder = this.#folder;
    return await folder.again();
  }
}

/**
 * The folder of a volume, created where it is missing, so that it can be given to its user.
 * Undefined where the operator has replaced it by a link or a mount, and so decides about its
 * owner. A missing mount is not created. Throws FolderError, ForeignFolderError and
 * NotMountedError.
 */
export function volumeFolder({ path, kind }: VolumePlace): HeldFolder | undefined {
  if (kind === 'mount') {
    return mountedDisk(path);
  }
  const { disk, role, id } = partsOf(path);
  using top = ownTop(disk, 'made');
  using volumes = madeOwnFolder(top, VOLUMES, OPEN_TO_READERS);
  using roles = madeOwnFolder(volumes, ROLES, OPEN_TO_READERS);
  using ofRole = madeOwnFolder(roles, role, OPEN_TO_READERS);
  const status = ofRole.statusOf(id);
  if (status === undefined) {
    return ofRole.makeFolder(id, OPEN_TO_READERS);
  }
  if (status.isSymbolicLink()) {
    placeOf(path)[Symbol.dispose]();
    return undefined;
  }
  const volume = ofRole.folder(id);
  if (volume.isMountPoint()) {
    volume[Symbol.dispose]();
    return undefined;
  }
  return volume;
}

/**
 * Moves the folder of a volume out of the way at once, to be deleted; undefined where there is
 * none. Throws FolderError, also where the disk is not there; ForeignFolderError; and MountedError.
 */
export function putAside(path: string): Aside | undefined {
  using top = ownTop(partsOf(path).disk);
  return absent(() => folderAside(top, path));
}

function folderAside(top: HeldFolder, path: string): Aside | undefined {
  const { role, id } = partsOf(path);
  using volumes = ownFolder(top, VOLUMES);
  using roles = ownFolder(volumes, ROLES);
  {
    using ofRole = ownFolder(roles, role);
    if (ofRole.statusOf(id) === undefined) {
      return undefined;
    }
    const destroyed = madeOwnFolder(volumes, DESTROYED, PRIVATE);
    try {
      const name = randomUUID();
      ofRole.move(id, destroyed, name);
      removeEmpty(roles, role);
      return new Aside(destroyed, [name]);
    } catch (error) {
      destroyed[Symbol.dispose]();
      throw codeOf(error) === 'EBUSY' ? new MountedError(path) : error;
    }
  }
}

/**
 * What an interrupted agent has left to delete of volumes that are folders, on the disk with its
 * top at this path. Throws FolderError and ForeignFolderError.
 */
export function leftAside(path: string): Aside | undefined {
  return absent(() => {
    using top = ownTop(path);
    using volumes = ownFolder(top, VOLUMES);
    const destroyed = ownFolder(volumes, DESTROYED);
    return new Aside(destroyed, [...destroyed.names()]);
  });
}

/** The top of the disk that the place is on. */
export const diskOf = ({ path, kind }: VolumePlace): string =>
  kind === 'mount' ? path : partsOf(path).disk;

function partsOf(path: string): { disk: string; role: string; id: string } {
  const role = dirname(path);
  const disk = dirname(dirname(dirname(role)));
  return { disk, role: basename(role), id: basename(path) };
}

/** Removes the folder of a role that has no volume any more. */
function removeEmpty(roles: HeldFolder, role: string): void {
  try {
    roles.rmdir(role);
  } catch (error) {
    if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') {
      throw error;
    }
  }
}

/** Undefined where the folder does not exist. */
export function absent<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') {
      throw error;
    }
    return undefined;
  }
}
