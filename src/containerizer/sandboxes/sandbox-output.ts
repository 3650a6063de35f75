// What a program has said into a file of the sandbox, for those who do not look there.
import type { FileHandle } from 'node:fs/promises';
import { Folder } from '../../filesystem/folder.ts';

/** Bytes of what was said last: enough for a line or two. */
const MAX_BYTES = 300;

/** How much has been said so far; 0 where there is no such file. */
export const saidUntil = (sandbox: string, name: string): Promise<number> =>
  withFile(sandbox, name, async (file) => (await file.stat()).size).then((size) => size ?? 0);

/** The end of what has been said from there on, in one line of plain characters; empty: nothing. */
export async function saidSince(sandbox: string, name: string, from: number): Promise<string> {
  const bytes = await withFile(sandbox, name, async (file) => {
    const { size } = await file.stat();
    const start = Math.max(from, size - MAX_BYTES);
    const buffer = Buffer.alloc(Math.max(0, size - start));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
    return buffer.subarray(0, bytesRead);
  });
  // A character may have been cut in two at the beginning.
  const text = (bytes?.toString() ?? '').replace(/^\uFFFD+/, '');
  return text.replace(/[\p{Cc}\s]+/gu, ' ').trim();
}

/**
 * The sandbox is its user's: what stands under the name is looked at only where it is a file with
 * no other name, so that nobody is shown what he may not read. Undefined where it is not, or not
 * there.
 */
async function withFile<T>(
  sandbox: string,
  name: string,
  use: (file: FileHandle) => Promise<T>,
): Promise<T | undefined> {
  try {
    await using folder = await Folder.open(sandbox);
    await using file = await folder.file(name);
    return (await file.stat()).nlink === 1 ? await use(file) : undefined;
  } catch {
    // It only would have told more of a failure that is told in any case.
    return undefined;
  }
}
