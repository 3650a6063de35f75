// Builds that would write the same files wait for each other.
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const folder = join(dirname(import.meta.dirname), 'build');
/** So long another build, of another test, may take. */
const WAIT_MS = 600_000;
/** Open as long as the process. */
const held: DatabaseSync[] = [];

/** Waits for its turn, which lasts until the process ends: a lock of the kernel, by SQLite. */
export function heldAlone(name: string): void {
  mkdirSync(folder, { recursive: true });
  const lock = new DatabaseSync(join(folder, `${name}.lock`), { timeout: WAIT_MS });
  lock.exec('BEGIN EXCLUSIVE');
  held.push(lock);
}
