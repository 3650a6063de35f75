// Folders of the agent's own, on disks that other users may use as well.
//
// An agent that is root creates, gives away and deletes folders below them, so no other user may be
// able to exchange one. The way starts at the top of the disk, goes by single names, and ends with
// an error at the first folder that belongs to another user, or that others may change.
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from './folder.ts';
import { FolderError, HeldFolder } from './held-folder.ts';

/** Other users could exchange the folder or its content. */
export class ForeignFolderError extends Error {}

const STICKY = 0o1000;
/** The same as the system's limit. */
const MAX_LINKS = 40;

/** Whether missing folders on the way are created or an error. */
type Missing = 'made' | 'fails';

/**
 * Opens the top of a disk by an absolute path of the operator's. It may be a sticky folder such as
 * /tmp, where others have entries of their own. Throws FolderError and ForeignFolderError.
 */
export function ownTop(path: string, missing: Missing = 'fails'): HeldFolder {
  return required(placeOf(path, missing), (status) => (status.mode & STICKY) !== 0);
}

/**
 * Opens the folder at an absolute path of the operator's, whoever owns it. Links on the way are
 * followed where no other user can have made them. Throws FolderError and ForeignFolderError.
 */
export function placeOf(path: string, missing: Missing = 'fails'): HeldFolder {
  const left = path.split('/').reverse();
  let folder = HeldFolder.open('/');
  let links = 0;
  const goTo = (next: HeldFolder) => {
    folder[Symbol.dispose]();
    folder = next;
  };
  try {
    for (let name = left.pop(); name !== undefined; name = left.pop()) {
      if (name === '' || name === '.') {
        continue;
      }
      const status = folder.statusOf(name);
      if (status?.isSymbolicLink() !== true) {
        if (status === undefined && missing === 'made') {
          folder.mkdir(name, 0o755);
        }
        goTo(folder.folder(name));
        continue;
      }
      const text = ownLinkText(folder, name);
      if (++links > MAX_LINKS) {
        throw new ForeignFolderError(`There are too many links on the way to '${path}'`);
      }
      left.push(...text.split('/').reverse());
      if (text.startsWith('/')) {
        goTo(HeldFolder.open('/'));
      }
    }
    return folder;
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
}

/**
 * The text of a link. In a folder that others may write to, its owner says nothing: it could have
 * been moved there.
 */
function ownLinkText(folder: HeldFolder, name: string): string {
  const status = folder.status();
  if (!isOwn(status) || isOpen(status)) {
    throw new ForeignFolderError(
      `'${join(folder.path, name)}' is a link, in a folder that others may write to`,
    );
  }
  return folder.linkText(name);
}

/**
 * Opens a folder of the agent's. Throws FolderError (ENOENT where there is none) and
 * ForeignFolderError.
 */
export function ownFolder(parent: HeldFolder, name: string): HeldFolder {
  const path = `${parent.path}/${name}`;
  if (parent.statusOf(name)?.isSymbolicLink() === true) {
    throw new ForeignFolderError(`'${path}' is a link, where a folder of the agent's is expected`);
  }
  return required(parent.folder(name), () => false);
}

/** As `ownFolder`, but creates a missing folder with this mode. */
export function madeOwnFolder(parent: HeldFolder, name: string, mode: number): HeldFolder {
  try {
    return required(parent.makeFolder(name, mode), () => false);
  } catch (error) {
    if (!(error instanceof FolderError) || codeOf(error) !== 'EEXIST') {
      throw error;
    }
    return ownFolder(parent, name);
  }
}

function required(folder: HeldFolder, mayBeOpen: (status: Stats) => boolean): HeldFolder {
  try {
    const status = folder.status();
    if (!isOwn(status)) {
      throw new ForeignFolderError(
        `'${folder.path}' belongs to user ${status.uid}, who could exchange it`,
      );
    }
    if (isOpen(status) && !mayBeOpen(status)) {
      throw new ForeignFolderError(
        `Others may write to '${folder.path}' (mode ${octal(status.mode)}), and could exchange what is in it`,
      );
    }
    return folder;
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
}

const isOwn = ({ uid }: Stats) => uid === 0 || uid === process.geteuid?.();

/** Whether others may write to the folder. Where the agent is not root, its group may. */
function isOpen({ mode, gid }: Stats): boolean {
  const isOwnGroup = process.geteuid?.() !== 0 && gid === process.getegid?.();
  return (mode & (isOwnGroup ? 0o002 : 0o022)) !== 0;
}

const octal = (mode: number) => (mode & 0o7777).toString(8).padStart(4, '0');
