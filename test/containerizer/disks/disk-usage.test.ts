// Measures real folders, with the real du.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DiskUsage } from '../../../src/containerizer/disks/disk-usage.ts';
import { mounted } from '../../support/mounted.ts';

const KB = 1024;
const isRoot = process.geteuid?.() === 0;
const du = execFileSync('which', ['du'], { encoding: 'utf8' }).trim();

let top: string;
let usage: DiskUsage | undefined;

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'mesoscale-disk-usage-'));
});

afterEach(() => {
  usage?.close();
  rmSync(top, { recursive: true, force: true });
});

function folder(name: string): string {
  const path = join(top, name);
  mkdirSync(path, { recursive: true });
  return path;
}

const fill = (path: string, kilobytes: number) =>
  writeFileSync(path, Buffer.alloc(kilobytes * KB, 1));

/** What is measured of the folders, once each of those named was. */
function measured(
  folders: readonly string[],
  wanted: readonly string[] = folders,
  more: { readonly du?: string; readonly patienceMs?: number } = {},
): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  const { promise, resolve, reject } = Promise.withResolvers<typeof found>();
  usage = new DiskUsage({
    du,
    intervalMs: 1,
    folders: () => folders,
    measured: (path, bytes) => {
      found.set(path, bytes);
      if (wanted.every((it) => found.has(it))) {
        resolve(found);
      }
    },
    warn: (text) => reject(new Error(text)),
    ...more,
  });
  usage.start();
  return promise;
}

test('all folders are measured, whatever else is asked for', async () => {
  const all = Array.from({ length: 300 }, (_, index) => folder(`f${index}`));
  fill(join(all[299] ?? '', 'data'), 100);
  const missing = join(top, 'missing');
  const found = await measured([missing, ...all.slice(0, 150), missing, ...all.slice(150)], all);
  const empty = found.get(all[0] ?? '') ?? 0;
  expect(found.get(all[299] ?? '')).toBe(empty + 100 * KB);
  expect(found.has(missing)).toBe(false);
});

test('what a folder links to is not in it, and what is linked twice is in it once', async () => {
  const here = folder('here');
  const there = folder('there');
  fill(join(here, 'data'), 64);
  linkSync(join(here, 'data'), join(here, 'again'));
  fill(join(there, 'other'), 640);
  symlinkSync(there, join(here, 'there'));
  const empty = folder('empty');
  const found = await measured([here, empty]);
  const own = (found.get(here) ?? 0) - (found.get(empty) ?? 0);
  expect(own).toBeGreaterThanOrEqual(64 * KB);
  expect(own).toBeLessThan(100 * KB);
});

test('folders that lie deeper than a path can be long are measured', async () => {
  const deep = folder('deep');
  const below = `${'d'.repeat(250)}/`.repeat(15);
  execFileSync('mkdir', ['-p', below], { cwd: deep });
  const inside = { cwd: join(deep, below) };
  execFileSync('mkdir', ['-p', below], inside);
  const found = await measured([deep]);
  // Each of the folders takes up a block.
  expect(found.get(deep)).toBeGreaterThan(30 * 4 * KB);
  execFileSync('rm', ['-rf', 'd'.repeat(250)], inside);
});

test.runIf(isRoot)('what is mounted in a folder is not its own (needs root)', async () => {
  const here = folder('here');
  using _ = mounted(join(here, 'disk'));
  fill(join(here, 'disk', 'data'), 1000);
  const found = await measured([here]);
  expect(found.get(here)).toBeLessThan(100 * KB);
});

test('a folder that takes long keeps nobody waiting, and is measured by itself', async () => {
  const [slow, quick] = [folder('slow'), folder('quick')];
  // A program with the real one behind it, which never ends with one folder unless that is alone.
  const patient = join(top, 'du');
  const script = [
    '#!/bin/sh',
    'for last; do case "$last" in /*)',
    `  case "$last" in *slow) [ $# = 4 ] || exec sleep 1000;; esac`,
    `  ${du} -k -s -x "$last";;`,
    'esac; done',
  ];
  writeFileSync(patient, script.join('\n'));
  chmodSync(patient, 0o755);
  const found = await measured([slow, quick], [quick, slow], { du: patient, patienceMs: 200 });
  // On a busy machine the quick one may be too slow as well, and be measured after the other.
  expect([...found.keys()].sort()).toEqual([quick, slow]);
});

test('a program that cannot be started is told', async () => {
  await expect(measured([folder('f')], [], { du: '/no/such/du' })).rejects.toThrow(
    "'/no/such/du' cannot be started",
  );
});
