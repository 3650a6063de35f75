// Files of lines that have a bound, and hold nobody up.
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, rename, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RotatedFile, type RotatedFileOptions } from '../../src/filesystem/rotated-file.ts';
import { SmallDisk } from '../support/small-disk.ts';

let folder: string;
let troubles: string[];
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesoscale-rotated-'));
  path = join(folder, 'below', 'lines');
  troubles = [];
  return mkdir(join(folder, 'below'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const open = (options: Partial<RotatedFileOptions> = {}) =>
  RotatedFile.open({
    path,
    maxFileBytes: 40,
    kept: 2,
    maxWaitingBytes: 1_000,
    tellDropped: (lines) => `${lines} dropped`,
    tellTrouble: (text) => troubles.push(text),
    ...options,
  });

const linesOf = (file: string) => readFileSync(file, 'utf8').trimEnd().split('\n');

/** Until all that was added has been written, or dropped. */
async function settled(file: RotatedFile, lines: number): Promise<void> {
  while (file.counts.written + file.counts.dropped < lines) {
    await new Promise(setImmediate);
  }
}

test('lines are in their order, in a file of this user’s only', async () => {
  const file = await open({ maxFileBytes: 10_000 });
  const lines = Array.from({ length: 50 }, (_, i) => `line ${i}`);
  for (const line of lines) {
    file.add(line);
  }
  await file.close();
  expect(linesOf(path)).toEqual(lines);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const again = await open({ maxFileBytes: 10_000 });
  again.add('one more');
  await again.close();
  expect(linesOf(path)).toEqual([...lines, 'one more']);
});

test('a full file is moved away, and the oldest goes', async () => {
  const file = await open();
  for (let i = 0; i < 9; i++) {
    file.add(`${i}`.repeat(19));
    await settled(file, i + 1);
  }
  expect(file.paths).toEqual([path, `${path}.1`, `${path}.2`]);
  expect(file.paths.map((it) => linesOf(it).map(([digit]) => digit))).toEqual([
    ['8'],
    ['6', '7'],
    ['4', '5'],
  ]);
  await file.close();
  const again = await open();
  expect(again.paths).toEqual(file.paths);
  await again.close();
});

test('what comes faster than it can be written is dropped, counted and told', async () => {
  const file = await open({ maxFileBytes: 10_000 });
  // No turn of the loop ends in between, so nothing is written.
  for (let i = 0; i < 1_000; i++) {
    file.add('nine more');
  }
  await file.close();
  expect(file.counts).toEqual({ written: 100, dropped: 900 });
  expect(linesOf(path).slice(99)).toEqual(['nine more', '900 dropped']);
  expect(troubles).toEqual([]);
});

test('a file that cannot be opened any more is told of once, and tried again', async () => {
  const file = await open({ maxFileBytes: 10_000 });
  await rename(join(folder, 'below'), join(folder, 'away'));
  file.reopen();
  file.add('lost');
  await settled(file, 1);
  file.reopen();
  file.add('lost, too');
  await settled(file, 2);
  expect(troubles).toEqual([expect.stringContaining('ENOENT')]);
  await mkdir(join(folder, 'below'));
  file.reopen();
  file.add('back');
  await file.close();
  expect(linesOf(path)).toEqual(['back', '2 dropped']);
  await rm(join(folder, 'away'), { recursive: true });
});

test('a link is not followed', async () => {
  symlinkSync(join(folder, 'elsewhere'), path);
  await expect(open()).rejects.toMatchObject({ code: 'ELOOP' });
});

/** Adds lines of one digit each, which fill a file. */
async function addFull(file: RotatedFile, digits: string): Promise<void> {
  for (const digit of digits) {
    const { written, dropped } = file.counts;
    file.add(digit.repeat(39));
    await settled(file, written + dropped + 1);
  }
}

const digitsOf = (files: readonly string[]) => files.map((it) => linesOf(it).map(([one]) => one));

test('a gap among the older files is filled, and costs no line and no other file', async () => {
  const file = await open({ kept: 4 });
  await addFull(file, '01234');
  await rm(`${path}.2`);
  await addFull(file, '5');
  expect(digitsOf(file.paths)).toEqual([['5'], ['4'], ['3'], ['1'], ['0']]);
  await file.close();
  expect(file.counts).toEqual({ written: 6, dropped: 0 });
  expect(troubles).toEqual([]);
});

test('a file that another hand has moved away, and does not say so, is left at its bound', async () => {
  const file = await open();
  await addFull(file, '01');
  const away = join(folder, 'away');
  await rename(path, away);
  await addFull(file, '23');
  expect(digitsOf([away, ...file.paths])).toEqual([['1'], ['3'], ['2'], ['0']]);
  await file.close();
  expect(troubles).toEqual([]);
});

test('a file that was deleted, with its folder or alone, is made anew', async () => {
  const file = await open({ maxFileBytes: 10_000 });
  await rm(path);
  file.add('alone');
  await settled(file, 1);
  expect(linesOf(path)).toEqual(['alone']);
  await rm(join(folder, 'below'), { recursive: true });
  file.add('lost');
  await settled(file, 2);
  expect(file.counts).toEqual({ written: 1, dropped: 1 });
  expect(troubles).toEqual([expect.stringContaining('ENOENT')]);
  await mkdir(join(folder, 'below'));
  file.reopen();
  file.add('back');
  await file.close();
  expect(linesOf(path)).toEqual(['back', '1 dropped']);
});

test('after half a line, which a crash has left, the next one is a line of its own', async () => {
  writeFileSync(path, 'whole\nhal');
  const file = await open({ maxFileBytes: 10_000 });
  file.add('next');
  await file.close();
  expect(linesOf(path)).toEqual(['whole', 'hal', 'next']);
});

test.runIf(process.geteuid?.() === 0)('lines for which the disk has room are kept', async () => {
  using _disk = new SmallDisk(join(folder, 'below'));
  const file = await open({ maxFileBytes: 10_000_000, maxWaitingBytes: 10_000_000 });
  const line = 'y'.repeat(1_022);
  for (let i = 0; i < 3_000; i++) {
    file.add(line);
  }
  await settled(file, 3_000);
  expect(troubles).toEqual([expect.stringContaining('ENOSPC')]);
  const whole = linesOf(path).filter((it) => it === line).length;
  expect(file.counts).toEqual({ written: whole, dropped: 3_000 - whole });
  expect(whole).toBeGreaterThan(1_000);
  // Another file is begun, and then there is room again.
  await rename(path, `${path}.1`);
  await truncate(`${path}.1`, 0);
  file.reopen();
  file.add('back');
  await file.close();
  expect(linesOf(path)).toEqual(['back', `${3_000 - whole} dropped`]);
});
