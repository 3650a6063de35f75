// Mounts a disk at a folder for as long as a test needs it, which requires root.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

export function mounted(path: string): Disposable {
  mkdirSync(path, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=0755', 'tmpfs', path]);
  return { [Symbol.dispose]: () => void execFileSync('umount', ['-l', path]) };
}
