// A disk of two megabytes, or more, that a test fills and empties. Mounting it requires root.
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export class SmallDisk implements Disposable {
  readonly #path: string;

  /** Mounts it on an existing folder. */
  constructor(path: string, megabytes = 2) {
    this.#path = path;
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path]);
  }

  /** Until not a single byte more can be written. */
  fill(): void {
    const file = openSync(this.#filling, 'w');
    try {
      for (let bytes = Buffer.alloc(65_536); bytes.length > 0; ) {
        try {
          writeSync(file, bytes);
        } catch {
          bytes = bytes.subarray(0, bytes.length >> 1);
        }
      }
    } finally {
      closeSync(file);
    }
    if (statfsSync(this.#path).bavail > 0) {
      throw new Error('The disk has room left');
    }
  }

  empty(): void {
    rmSync(this.#filling, { force: true });
  }

  [Symbol.dispose](): void {
    execFileSync('umount', ['-l', this.#path]);
  }

  get #filling(): string {
    return join(this.#path, 'filling');
  }
}
