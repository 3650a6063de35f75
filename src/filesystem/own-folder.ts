// Folders of the agent's own, on disks that others may use as well.
//
// An agent that is root makes, gives away and deletes folders beneath them. So nobody else may be
// able to exchange one of them: the way begins at the top of the disk, goes on by single names, and
// ends with an error at the first folder that another user has made, or may change.
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from './folder.ts';
import { FolderError, HeldFolder } from './held-folder.ts';

/** Others could exchange the folder, or what is in it. */
export class ForeignFolderError extends Error {}

const STICKY = 0o1000;
/** As the system's own limit. */
const MAX_LINKS = 40;

/** What becomes of folders on the way that are not there. */
type Missing = 'made' | 'fails';

/**
 * The top of a disk, by an absolute path of the operator's. Others may have entries of their own in
 * one that is sticky, such as /tmp. Throws FolderError and ForeignFolderError.
 */
export function ownTop(path: string, missing: Missing = 'fails'): HeldFolder {
  return required(placeOf(path, missing), (status) => (status.mode & STICKY) !== 0);
}

/**
 * What an absolute path of the operator's names, of any owner. Links on the way are followed where
 * no other user can have made them. Throws FolderError and ForeignFolderError.
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

/** One in a folder that others may write to could have been moved there, whose ever it is. */
function ownLinkText(folder: HeldFolder, name: string): string {
  const status = folder.status();
  if (!isOwn(status) || isOpen(status)) {
    throw new ForeignFolderError(
      `'${join(folder.path, name)}' is a link, in a folder that others may write to`,
    );
  }
  return folder.linkText(name);
}

/** Throws FolderError (ENOENT where there is none) and ForeignFolderError. */
export function ownFolder(parent: HeldFolder, name: string): HeldFolder {
  const path = `${parent.path}/${name}`;
  if (parent.statusOf(name)?.isSymbolicLink() === true) {
    throw new ForeignFolderError(`'${path}' is a link, where a folder of the agent's is expected`);
  }
  return required(parent.folder(name), () => false);
}

/** As `ownFolder`; makes it with the mode where it is missing. */
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

/** The group of an agent that is not root counts as its own. */
function isOpen({ mode, gid }: Stats): boolean {
  const isOwnGroup = process.geteuid?.() !== 0 && gid === process.getegid?.();
  return (mode & (isOwnGroup ? 0o002 : 0o022)) !== 0;
}

const octal = (mode: number) => (mode & 0o7777).toString(8).padStart(4, '0');
