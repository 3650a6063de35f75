// Errors of writing that mean a full disk, where the error itself does not say so.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { isFullFor } from '../../src/filesystem/room.ts';
import { SmallDisk } from '../support/small-disk.ts';

/** SQLite's error for a used-up quota, or for a full disk that cannot be synced. */
const ioError = Object.assign(new Error('disk I/O error'), { errcode: 778 });

test('an error that names no cause is one of a full disk where the disk has no room (needs root)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mesoscale-room-'));
  const file = join(folder, 'file');
  const disk = new SmallDisk(folder);
  try {
    expect(isFullFor(file, ioError)).toBe(false);
    disk.fill();
    expect(isFullFor(file, ioError)).toBe(true);
    disk.empty();
    expect(isFullFor(file, ioError)).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
  } finally {
    disk[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  }
});

test('errors of damage, of a missing folder and of the system are none of a full disk', () => {
  const thrown = (fail: () => unknown): unknown => {
    try {
      return fail();
    } catch (error) {
      return error;
    }
  };
  const absent = join(tmpdir(), 'mesoscale-absent', 'file');
  const errors = [
    thrown(() => new DatabaseSync(absent)),
    thrown(() => new DatabaseSync(':memory:').exec('SELECT * FROM missing')),
    thrown(() => readdirSync(absent)),
  ];
  for (const error of errors) {
    expect(error).toBeInstanceOf(Error);
    expect(isFullFor(absent, error)).toBe(false);
  }
});
