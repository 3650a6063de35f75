import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  DiskPressure,
  type GarbagePolicy,
  maxAgeMs,
} from '../../../src/containerizer/sandboxes/disk-pressure.ts';
import { GarbageCollector } from '../../../src/containerizer/sandboxes/garbage-collector.ts';
import { createSandbox } from '../../../src/containerizer/sandboxes/sandboxes.ts';
import { WorkDirectory } from '../../../src/containerizer/work-directory.ts';
import { temporaryFolder } from '../../agent-driver/harness.ts';
import { disappeared, eventually } from '../../agent-driver/outside.ts';

const HOUR_MS = 3_600_000;

let folder: ReturnType<typeof temporaryFolder>;
let work: WorkDirectory;
let garbage: GarbageCollector;
let pressure: DiskPressure | undefined;
const lines: string[] = [];

beforeEach(() => {
  folder = temporaryFolder();
  work = new WorkDirectory(folder.path);
  garbage = new GarbageCollector(work, (error) => expect.fail(String(error)));
  lines.length = 0;
});

afterEach(() => {
  pressure?.close();
  garbage.close();
  folder[Symbol.dispose]();
});

function sandbox(run: string, delayMs: number): string {
  const path = `slaves/a/frameworks/f/executors/e/runs/${run}`;
  createSandbox(work, path, undefined);
  garbage.schedule(path, delayMs);
  return join(folder.path, path);
}

const watched = (policy: GarbagePolicy, path = folder.path) =>
  new DiskPressure({
    policy,
    intervalMs: 5,
    folder: path,
    garbage,
    log: (_, text) => lines.push(text),
  });

test('sandboxes are kept for less time the fuller the disk is', () => {
  const policy = { delayMs: 100, headroom: 0.25 };
  expect([0, 0.25, 0.5, 0.75, 1].map((used) => maxAgeMs(policy, used))).toEqual([75, 50, 25, 0, 0]);
});

test('what is due within a time goes at once, the oldest first, and the rest stays', async () => {
  const soon = [sandbox('2', 2 * HOUR_MS), sandbox('1', HOUR_MS)];
  sandbox('3', 3 * HOUR_MS);
  expect(garbage.hasten(2.5 * HOUR_MS)).toBe(2);
  expect(garbage.pending).toBe(1);
  for (const path of soon) {
    await disappeared(path);
  }
  expect(garbage.hasten(2.5 * HOUR_MS)).toBe(0);
});

test('of a full disk no ended run keeps its sandbox', async () => {
  const path = sandbox('1', 24 * HOUR_MS);
  pressure = watched({ delayMs: 24 * HOUR_MS, headroom: 1 });
  await disappeared(path);
  expect(pressure.maxAgeMs).toBe(0);
  expect(lines).toEqual([
    expect.stringMatching(/^\d+ % of the disk of '.*' is used: 1 sandboxes of ended runs/),
  ]);
});

test('a disk that has room takes no sandbox before its time', async () => {
  const delayMs = 24 * HOUR_MS;
  sandbox('1', delayMs);
  pressure = watched({ delayMs, headroom: 0 });
  const before = pressure.maxAgeMs;
  // A look is over when the disk's use is known.
  await eventually(() => pressure?.maxAgeMs !== before);
  expect(garbage.pending).toBe(1);
});

test('a disk that cannot be looked at is told', async () => {
  pressure = watched({ delayMs: HOUR_MS, headroom: 0 }, join(folder.path, 'missing'));
  await eventually(() => lines.length > 1);
  expect(lines[0]).toMatch(/^How full the disk of '.*missing' is cannot be told/);
});
