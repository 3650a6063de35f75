// The last output of a program in a file of the sandbox, to be quoted in an error message.
import type { FileHandle } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import { Folder } from '../../filesystem/folder.ts';

/** The most bytes that are quoted: enough for a line or two. */
const MAX_BYTES = 300;

export interface OutputPlace {
  readonly sandbox: string;
  /** The sandbox of the root container: this one, or one that it lies in. */
  readonly root: string;
}

/** The size of the file now; 0 where it does not exist. */
export const saidUntil = (sandbox: OutputPlace, name: string): Promise<number> =>
  withFile(sandbox, name, async (file) => (await file.stat()).size).then((size) => size ?? 0);

/**
 * The end of the output since position `from`, as one line of plain characters; empty where there
 * is none.
 */
export async function saidSince(sandbox: OutputPlace, name: string, from: number): Promise<string> {
  const bytes = await withFile(sandbox, name, async (file) => {
    const { size } = await file.stat();
    const start = Math.max(from, size - MAX_BYTES);
    const buffer = Buffer.alloc(Math.max(0, size - start));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
    return buffer.subarray(0, bytesRead);
  });
  // The first character may have been cut in two.
  const text = (bytes?.toString() ?? '').replace(/^\uFFFD+/, '');
  return text.replace(/[\p{Cc}\s]+/gu, ' ').trim();
}

/**
 * The sandbox belongs to its user. So the file is read only if it is a regular file with a single
 * name; otherwise a link could show a file to a user who may not read it. Undefined where
 * it is not, or does not exist.
 */
async function withFile<T>(
  { sandbox, root }: OutputPlace,
  name: string,
  use: (file: FileHandle) => Promise<T>,
): Promise<T | undefined> {
  try {
    const way = relative(root, sandbox).split(sep).filter(Boolean);
    await using folder = await Folder.openBelow(root, way);
    await using file = await folder.file(name);
    return (await file.stat()).nlink === 1 ? await use(file) : undefined;
  } catch {
    // The output would only add detail to an error that is reported anyway.
    return undefined;
  }
}
