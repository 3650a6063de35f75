// A file that is rotated: when it is full it becomes `stdout.1`, that one `stdout.2`, and so on,
// and it begins anew. Which one is which is known by size and time alone: servers tell no more.
import type { FileInfo } from '../../../model/generated/messages.ts';
import { nameOf } from './file-server.ts';

/** By their numbers from 1 on: what each was when it was looked at. */
export type Rotated = readonly string[];

const identity = ({ size = 0, mtime }: FileInfo) => `${size} ${mtime?.nanoseconds ?? 0n}`;

/** Those of the file of that name, as a listing of its folder has them. */
export function rotatedIn(files: readonly FileInfo[], name: string): Rotated {
  const numbered = new Map(
    files.flatMap((file) => {
      const suffix = nameOf(file).startsWith(`${name}.`) ? nameOf(file).slice(name.length + 1) : '';
      return /^[1-9]\d{0,3}$/.test(suffix) ? [[Number(suffix), identity(file)] as const] : [];
    }),
  );
  const found: string[] = [];
  for (let number = 1; numbered.has(number); number++) {
    found.push(numbered.get(number) ?? '');
  }
  return found;
}

/**
 * How often the file was rotated meanwhile. `isLost`: what was the newest before is there no more,
 * so that it may have been more often.
 */
export function rotations(
  before: Rotated,
  now: Rotated,
): { readonly times: number; readonly isLost: boolean } {
  const [newest] = before;
  if (newest === undefined) {
    return { times: now.length, isLost: false };
  }
  const at = now.indexOf(newest);
  return at < 0 ? { times: now.length, isLost: true } : { times: at, isLost: false };
}
