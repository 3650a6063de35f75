// Gives a group a folder with all that is in it, or takes it away again, even while users change
// what is in it. Nothing is reached by a path and no link is followed: each entry is opened by its
// name in a folder that is held open, and what is open is changed.
import { constants } from 'node:fs';
import { codeOf, type Folder, type Name, SAME_USER } from './folder.ts';

/** How deep folders may lie in each other: each on the way is held open. */
const MAX_DEPTH = 200;

const { S_IWGRP } = constants;
const S_ISGID = 0o2000;
/** What lets a group write into a folder, and have what is made there. */
const ACCESS = S_ISGID | S_IWGRP;

/** A change of what is in a tree; the top is changed last, so that it tells of all. */
interface Change {
  /** Whether an entry is to be changed. */
  readonly concerns: (entry: { readonly gid: bigint; readonly nlink: bigint }) => boolean;
  readonly gid: number;
  readonly modeOf: (mode: number) => number;
}

/**
 * Folders and files become the group's, and it may write into folders. A file with other names
 * keeps its group, for it may be one of somebody else's, and so does what is of `others`. Throws
 * the system's errors, and RangeError for folders that lie too deep.
 */
export const giveToGroup = (
  folder: Folder,
  gid: number,
  others: ReadonlySet<number>,
): Promise<void> =>
  change(folder, {
    concerns: (entry) => entry.nlink === 1n && !others.has(Number(entry.gid)),
    gid,
    modeOf: (mode) => mode | ACCESS,
  });

/** What is the group's becomes that of another one, which gets no more rights by that. */
export const takeFromGroup = (folder: Folder, from: number, gid: number): Promise<void> =>
  change(folder, {
    concerns: (entry) => entry.gid === BigInt(from),
    gid,
    modeOf: (mode) => mode & ~ACCESS,
  });

/** Whether all of the folder was given to the group. */
export async function isOfGroup(folder: Folder, gid: number): Promise<boolean> {
  const status = await folder.status();
  return status.gid === BigInt(gid) && (Number(status.mode) & ACCESS) === ACCESS;
}

async function change(folder: Folder, how: Change, depth = 0): Promise<void> {
  if (depth > MAX_DEPTH) {
    throw new RangeError(`folders lie in it more than ${MAX_DEPTH} deep`);
  }
  for await (const entry of folder.entries()) {
    try {
      await (entry.isDirectory()
        ? changeFolder(folder, entry.name, how, depth)
        : folder.giveFile(entry.name, how.gid, how.concerns));
    } catch (error) {
      // It is gone, or something else has taken its place.
      if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') {
        throw error;
      }
    }
  }
  if (how.concerns({ gid: (await folder.status()).gid, nlink: 1n })) {
    await folder.giveTo(SAME_USER, how.gid);
    await folder.setMode(how.modeOf(Number((await folder.status()).mode) & 0o7777));
  }
}

/** What is mounted in the tree is no part of it. */
async function changeFolder(above: Folder, name: Name, how: Change, depth: number): Promise<void> {
  await using folder = await above.folder(name);
  if (folder.isOnMountOf(above)) {
    await change(folder, how, depth + 1);
  }
}
