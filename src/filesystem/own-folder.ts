// Folders of the agent's own, on disks that others may use as well.
//
// An agent that is root makes, gives away and deletes folders beneath them. So nobody else may be able to
// exchange one of them: the way begins at the top of the disk, goes on by single names, and ends with an
// error at the first folder that another user has made, or may change.
import type { Stats } from 'node:fs';
import { codeOf } from './folder.ts';
import { FolderError, HeldFolder } from './held-folder.ts';

/** Others could exchange the folder, or what is in it. */
export class ForeignFolderError extends Error {}

const SET_STICKY = 0o1000;

/**
 * The top of a disk; links on the way to it are the operator's. Others may have entries of their own in
 * one that is sticky, such as /tmp. Throws FolderError and ForeignFolderError.
 */
export function ownTop(path: string): HeldFolder {
  return required(HeldFolder.open(path), (status) => (status.mode & SET_STICKY) !== 0);
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
    if (status.uid !== 0 && status.uid !== process.geteuid?.()) {
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

/** The group of an agent that is not root counts as its own. */
function isOpen({ mode, gid }: Stats): boolean {
  const isOwnGroup = process.geteuid?.() !== 0 && gid === process.getegid?.();
  return (mode & (isOwnGroup ? 0o002 : 0o022)) !== 0;
}

const octal = (mode: number) => (mode & 0o7777).toString(8).padStart(4, '0');
