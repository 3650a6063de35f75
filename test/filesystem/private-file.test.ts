// A private file is private from the start, and one that was not becomes private.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  appendPrivate,
  privateDatabase,
  privateFolder,
} from '../../src/filesystem/private-file.ts';
import { temporaryFolder } from '../agent-driver/harness.ts';

let temporary: ReturnType<typeof temporaryFolder>;

const here = (...path: string[]) => join(temporary.path, ...path);
const modeOf = (path: string) => statSync(path).mode & 0o777;

beforeEach(() => {
  temporary = temporaryFolder();
});

afterEach(() => temporary[Symbol.dispose]());

/** A file as an earlier version left it. */
function openFile(name: string): string {
  writeFileSync(here(name), 'kept');
  chmodSync(here(name), 0o664);
  return here(name);
}

describe('a log', () => {
  test('is closed to others, one that was open before too', () => {
    closeSync(appendPrivate(here('new')));
    expect(modeOf(here('new'))).toBe(0o600);
    const old = openFile('old');
    closeSync(appendPrivate(old));
    expect(modeOf(old)).toBe(0o600);
    expect(readFileSync(old, 'utf8')).toBe('kept');
  });

  test('is neither written through a link nor into a FIFO', () => {
    symlinkSync(openFile('old'), here('link'));
    expect(() => appendPrivate(here('link'))).toThrow('ELOOP');
    expect(modeOf(here('old'))).toBe(0o664);
    execFileSync('mkfifo', [here('fifo')]);
    expect(() => appendPrivate(here('fifo'))).toThrow('ENXIO');
  });
});

test('a database is closed to others with all that lies beside it', () => {
  privateDatabase(here('new'));
  expect(modeOf(here('new'))).toBe(0o600);
  const files = ['old', 'old-wal', 'old-shm'].map(openFile);
  privateDatabase(here('old'));
  expect(files.map(modeOf)).toEqual([0o600, 0o600, 0o600]);
  expect(readFileSync(here('old'), 'utf8')).toBe('kept');
});

test('a folder is closed to others, one that was open before too', () => {
  privateFolder(here('above/new'));
  expect(modeOf(here('above/new'))).toBe(0o700);
  expect(modeOf(here('above'))).toBe(0o755);
  mkdirSync(here('old'));
  chmodSync(here('old'), 0o755);
  privateFolder(here('old'));
  expect(modeOf(here('old'))).toBe(0o700);
});
