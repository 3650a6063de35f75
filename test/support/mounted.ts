// Mounts a disk, or a hierarchy of cgroups, at a folder for as long as a test needs it: this takes
// root.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

export function mounted(path: string): Disposable {
  mkdirSync(path, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=0755', 'tmpfs', path]);
  return unmounting(path);
}

/** Undefined where the controller cannot be mounted alone: v2 has it, say, or another mount. */
export function mountedCgroups(path: string, controller: string): Disposable | undefined {
  mkdirSync(path, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'cgroup', '-o', controller, controller, path], { stdio: 'pipe' });
  } catch {
    return undefined;
  }
  return unmounting(path);
}

const unmounting = (path: string): Disposable => ({
  [Symbol.dispose]: () => void execFileSync('umount', ['-l', path]),
});
