// A file system of the kind XFS for a test, on a machine whose kernel has it: `npm run test:guest`
// has such a machine.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';

/** The file is there if the kernel's XFS has quotas. */
export const hasXfs =
  process.geteuid?.() === 0 &&
  existsSync('/usr/sbin/mkfs.xfs') &&
  existsSync('/proc/fs/xfs/xqmstat');

const SIZE_BYTES = 320 * 2 ** 20;

/** Mounts it at a folder, with project quotas. */
export function xfsAt(path: string): Disposable {
  const image = `${path}.image`;
  mkdirSync(path, { recursive: true });
  writeFileSync(image, '');
  truncateSync(image, SIZE_BYTES);
  execFileSync('/usr/sbin/mkfs.xfs', ['-q', image]);
  execFileSync('mount', ['-o', 'loop,prjquota', image, path]);
  return { [Symbol.dispose]: () => void execFileSync('umount', ['-l', path]) };
}
