// The files that an image lets be seen, of all that it has: the others are deleted from a folder
// which is nobody's yet. No link is followed.
import type { Dirent } from 'node:fs';
import { posix } from 'node:path';
import { Folder } from '../../../filesystem/folder.ts';
import { deleteEntry } from '../../../filesystem/tree-deletion.ts';

/** Deletes all but these, which are paths below the folder. Returns how many bytes are left. */
export async function keepVisible(folder: string, paths: readonly string[]): Promise<number> {
  const kept = new Set<string>();
  for (const path of paths) {
    for (let at = posix.join('/', path); at !== '/' && !kept.has(at); at = posix.dirname(at)) {
      kept.add(at.replace(/\/$/, ''));
    }
  }
  await using top = await Folder.open(folder);
  return await keepIn(top, '', kept);
}

async function keepIn(folder: Folder, path: string, kept: ReadonlySet<string>): Promise<number> {
  // What is being deleted could be passed over, or met twice, while the folder is read.
  const entries: Dirent<Buffer>[] = [];
  for await (const entry of folder.entries()) {
    entries.push(entry);
  }
  let bytes = 0;
  for (const entry of entries) {
    const name = entry.name.toString();
    const at = `${path}/${name}`;
    if (!kept.has(at) || !Buffer.from(name).equals(entry.name)) {
      await deleteEntry(folder, entry.name);
    } else if (entry.isDirectory()) {
      await using below = await folder.folder(entry.name);
      bytes += await keepIn(below, at, kept);
    } else if (entry.isFile()) {
      bytes += Number((await folder.statusOf(entry.name)).size);
    }
  }
  return bytes;
}
