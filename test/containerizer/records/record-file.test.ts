// Texts are read whole, whatever their length and whether the file has a size.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readText } from '../../../src/containerizer/records/record-file.ts';
import { temporaryFolder } from '../../agent-driver/harness.ts';

const KIB = 1024;

test.each([0, 1, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 200 * KIB])(
  'a text of %i bytes is read whole',
  (bytes) => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'text');
    const text = 'é0123456789'.repeat(Math.ceil(bytes / 12)).slice(0, bytes);
    writeFileSync(path, text);
    expect(readText(path, 'utf8')).toBe(text);
    expect(readText(path)).toBe(Buffer.from(text).toString('latin1'));
  },
);

test('a text that has no size is read whole, and one that is not there is none', () => {
  const path = '/proc/kallsyms';
  expect(readText(path)).toBe(readFileSync(path, 'latin1'));
  expect(readText('/proc/0/stat')).toBeUndefined();
});

test('of a text that is longer than it may be nothing is read', () => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'text');
  writeFileSync(path, 'x'.repeat(100 * KIB));
  expect(readText(path, 'utf8', 100 * KIB)).toHaveLength(100 * KIB);
  expect(() => readText(path, 'utf8', 100 * KIB - 1)).toThrow(RangeError);
  // It has no end.
  expect(() => readText('/dev/zero', 'utf8', KIB * KIB)).toThrow(RangeError);
});
