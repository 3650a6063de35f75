// A disk of two megabytes, or more, that a test fills and empties. Mounting it requires root.
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export class SmallDisk implements Disposable {
  readonly #path: string;

  /** Mounts it on an existing folder; `files` is how many it can have, folders included. */
  constructor(path: string, megabytes = 2, files = 10_000) {
    this.#path = path;
    const options = `size=${megabytes}m,nr_inodes=${files}`;
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]);
  }

  /** Until it can have no other file or folder. */
  crowd(): void {
    mkdirSync(this.#crowd);
    for (let left = statfsSync(this.#path).ffree; left > 0; left--) {
      closeSync(openSync(join(this.#crowd, String(left)), 'w'));
    }
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
    rmSync(this.#crowd, { recursive: true, force: true });
  }

  [Symbol.dispose](): void {
    execFileSync('umount', ['-l', this.#path]);
  }

  get #crowd(): string {
    return join(this.#path, 'crowd');
  }

  get #filling(): string {
    return join(this.#path, 'filling');
  }
}
