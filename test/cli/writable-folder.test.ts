// Folders of flags: made where they are missing, and refused where they are of no use.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { FlagError } from '../../src/cli/flags/faults.ts';
import { writableFolder } from '../../src/cli/process/writable-folder.ts';
import { SmallDisk } from '../support/small-disk.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesoscale-writable-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

test('what is missing of it is made, it alone with its mode, and nothing is left in it', () => {
  const path = join(folder, 'above', 'work');
  expect(writableFolder('work_dir', `${path}/`, 0o700)).toBe(path);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, 'above')).mode & 0o077).not.toBe(0);
  expect(readdirSync(path)).toEqual([]);
  expect(writableFolder('work_dir', path)).toBe(path);
});

test.each<[string, () => string, RegExp]>([
  [
    'a file',
    () => {
      writeFileSync(join(folder, 'file'), '');
      return join(folder, 'file');
    },
    /^--work_dir expects a folder, got '.*file', which is none$/,
  ],
  [
    'below a file',
    () => {
      writeFileSync(join(folder, 'file'), '');
      return join(folder, 'file', 'work');
    },
    /^--work_dir expects a folder that can be written to, got '.*' \(ENOTDIR: .+\)$/,
  ],
  [
    'where the system has no folders',
    () => '/proc/mesoscale/work',
    /^--work_dir expects a folder that can be written to, got '.*' \(ENOENT: .+\)$/,
  ],
])('%s is refused by name', (_, path, message) => {
  const asked = path();
  expect(() => writableFolder('work_dir', asked)).toThrow(FlagError);
  expect(() => writableFolder('work_dir', asked)).toThrow(message);
});

test('one on a full disk is taken: not everything needs writing (needs root)', () => {
  const path = join(folder, 'disk');
  mkdirSync(path);
  using disk = new SmallDisk(path);
  disk.fill();
  expect(writableFolder('work_dir', path)).toBe(path);
});
