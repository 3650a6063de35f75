// Sandboxes are created and deleted; what is beside them stays.
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { GarbageCollector } from '../../../src/containerizer/sandboxes/garbage-collector.ts';
import {
  createNestedSandbox,
  createSandbox,
  deleteSandbox,
} from '../../../src/containerizer/sandboxes/sandboxes.ts';
import { WorkDirectory } from '../../../src/containerizer/work-directory.ts';
import { temporaryFolder } from '../../agent-driver/harness.ts';
import { disappeared } from '../../agent-driver/outside.ts';
import { mounted } from '../../support/mounted.ts';

let folder: ReturnType<typeof temporaryFolder>;
let work: WorkDirectory;

beforeEach(() => {
  folder = temporaryFolder();
  work = new WorkDirectory(folder.path);
});

afterEach(() => folder[Symbol.dispose]());

const sandbox = (framework: string, executor: string, run: string) =>
  `slaves/a/frameworks/${framework}/executors/${executor}/runs/${run}`;

const make = (framework: string, executor: string, run: string) => {
  const path = sandbox(framework, executor, run);
  writeFileSync(join(createSandbox(work, path, undefined), 'stdout'), 'text');
  return path;
};

describe('a sandbox', () => {
  test('that is deleted takes the empty folders above with it, but for the agent', async () => {
    await deleteSandbox(work, make('f', 'e', 'r'));
    expect(readdirSync(join(folder.path, 'slaves'))).toEqual(['a']);
    expect(readdirSync(join(folder.path, 'slaves/a'))).toEqual(['frameworks']);
    expect(readdirSync(join(folder.path, 'slaves/a/frameworks'))).toEqual([]);
  });

  test('leaves later runs and other executors alone', async () => {
    const first = make('f', 'e', 'r1');
    const second = make('f', 'e', 'r2');
    make('f', 'other', 'r3');
    const latest = join(folder.path, 'slaves/a/frameworks/f/executors/e/runs/latest');
    expect(readlinkSync(latest)).toBe('r2');
    await deleteSandbox(work, first);
    expect(existsSync(join(latest, 'stdout'))).toBe(true);
    await deleteSandbox(work, second);
    expect(readdirSync(join(folder.path, 'slaves/a/frameworks/f/executors'))).toEqual(['other']);
    await deleteSandbox(work, second);
  });

  test('is not made twice', () => {
    make('f', 'e', 'r');
    expect(() => createSandbox(work, sandbox('f', 'e', 'r'), undefined)).toThrow(
      /^Failed to create sandbox '.*\/r': Error: EEXIST/,
    );
  });

  test('of a nested container is none that its parent’s user has made', () => {
    const root = make('f', 'e', 'r');
    const links = new Map<string, string>();
    createNestedSandbox(work, { root, names: ['n'], links }, undefined);
    expect(() => createNestedSandbox(work, { root, names: ['n'], links }, undefined)).toThrow(
      /^Failed to create nested sandbox '.*\/r\/containers\/n': .*EEXIST/,
    );
  });

  test('of another user lies in no folder that its parent’s user has made (needs root)', () => {
    const root = make('f', 'e', 'r');
    const [ann, bob] = [12_345, 12_346].map((uid) => ({ uid, gid: uid, groups: [] }));
    const at = (...names: string[]) => join(folder.path, root, ...names);
    const place = { root, names: ['n'], links: new Map<string, string>() };
    chownSync(at(), 12_345, 12_345);
    mkdirSync(at('containers'));
    chownSync(at('containers'), 12_345, 12_345);
    expect(() => createNestedSandbox(work, place, bob)).toThrow(
      "user 12345 has made the folder 'containers', and could exchange what is in it",
    );
    createNestedSandbox(work, place, ann);
    rmSync(at('containers'), { recursive: true });
    createNestedSandbox(work, place, bob);
    expect([statSync(at('containers')).uid, statSync(at('containers/n')).uid]).toEqual([0, 12_346]);
  });

  test.each(['..', '', 'slaves/../../x', '/'])('"%s" is not deleted', async (path) => {
    await expect(deleteSandbox(work, path)).rejects.toThrow('not below the work directory');
  });
});

describe('garbage', () => {
  test('of the future is counted from its last change, which is not the task’s to set', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const garbage = new GarbageCollector(work, (error) => expect.fail(String(error)));
    const path = join(folder.path, make('f', 'e', 'r'));
    utimesSync(path, new Date('2099-01-01'), new Date('2099-01-01'));
    const changedMs = statSync(path).ctimeMs;
    await garbage.adopt(() => false, 1_000, changedMs + 400);
    vi.advanceTimersByTime(599);
    expect(garbage.pending).toBe(1);
    vi.advanceTimersByTime(1);
    expect(garbage.pending).toBe(0);
    vi.useRealTimers();
    await disappeared(path);
  });

  test('on which something is mounted stays, and goes when that is gone (needs root)', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const path = make('f', 'e', 'r');
    const errors: string[] = [];
    const garbage = new GarbageCollector(work, (error) => errors.push((error as Error).message));
    {
      using _ = mounted(join(folder.path, path));
      writeFileSync(join(folder.path, path, 'file'), 'kept');
      garbage.schedule(path, 0);
      vi.advanceTimersByTime(0);
      await vi.waitFor(() => expect(garbage.removals.failed).toBe(1), { interval: 0 });
      expect(errors).toEqual([
        `Something is mounted on '${join(folder.path, path)}', which stays as it is`,
      ]);
      expect(readdirSync(join(folder.path, path))).toEqual(['file']);
    }
    vi.advanceTimersByTime(3_600_000);
    vi.useRealTimers();
    await disappeared(join(folder.path, path));
  });

  test('with a clock that went back stays no longer than its delay', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const garbage = new GarbageCollector(work, (error) => expect.fail(String(error)));
    const path = join(folder.path, make('f', 'e', 'r'));
    await garbage.adopt(() => false, 1_000, 1_000_000_000_000);
    vi.advanceTimersByTime(1_000);
    expect(garbage.pending).toBe(0);
    vi.useRealTimers();
    await disappeared(path);
  });

  afterEach(() => vi.useRealTimers());

  test('is collected after its delay, however long that is', async () => {
    vi.useFakeTimers();
    const garbage = new GarbageCollector(work, (error) => expect.fail(String(error)));
    const week = 7 * 24 * 3_600_000;
    const path = make('f', 'e', 'r');
    garbage.schedule(path, 10 * week);
    vi.advanceTimersByTime(10 * week - 1);
    expect(garbage.pending).toBe(1);
    vi.advanceTimersByTime(1);
    expect(garbage.pending).toBe(0);
    vi.useRealTimers();
    await disappeared(join(folder.path, path));
  });

  test('of nested containers goes, but for those that go on', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const garbage = new GarbageCollector(work, (error) => expect.fail(String(error)));
    const root = make('f', 'e', 'r');
    const below = (name: string) => join(folder.path, root, 'containers', name);
    mkdirSync(below('old'), { recursive: true });
    mkdirSync(below('live'));
    writeFileSync(below('no.container'), '');
    const left = (name: string) => ({
      spare: () => name === 'live',
      alone: (sweep: () => Promise<void>) => sweep(),
    });
    await garbage.adoptBelow(root, 1_000, left);
    await garbage.adoptBelow(make('f', 'e', 'without'), 1_000, left);
    expect(garbage.pending).toBe(2);
    vi.advanceTimersByTime(1_000);
    vi.useRealTimers();
    await disappeared(below('old'));
    await vi.waitFor(() => expect(garbage.removals).toEqual({ succeeded: 1, failed: 0 }));
    expect(readdirSync(join(folder.path, root, 'containers')).toSorted()).toEqual([
      'live',
      'no.container',
    ]);
  });

  test('of earlier agents is found, and counted from its last change', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const garbage = new GarbageCollector(work, (error) => expect.fail(String(error)));
    const now = 1_000_000_000_000;
    for (const [run, ageMs] of [
      ['old', 900],
      ['new', 100],
      ['kept', 5_000],
    ] as const) {
      const path = join(folder.path, make('f', `e-${run}`, run));
      utimesSync(path, new Date(now - ageMs), new Date(now - ageMs));
    }
    mkdirSync(join(folder.path, 'slaves/a/meta'));
    const inUse = new Set(['kept']);
    await garbage.adopt((container) => inUse.has(container), 1_000, now);
    expect(garbage.pending).toBe(2);
    inUse.add('new');
    vi.advanceTimersByTime(100);
    expect(garbage.pending).toBe(1);
    vi.advanceTimersByTime(800);
    expect(garbage.pending).toBe(0);
    vi.useRealTimers();
    await disappeared(join(folder.path, sandbox('f', 'e-old', 'old')));
    await vi.waitFor(() => expect(garbage.removals).toEqual({ succeeded: 1, failed: 0 }));
    expect(existsSync(join(folder.path, sandbox('f', 'e-new', 'new')))).toBe(true);
    expect(existsSync(join(folder.path, sandbox('f', 'e-kept', 'kept')))).toBe(true);
  });
});

test.runIf(process.geteuid?.() === 0)(
  'a way to the sandboxes that is closed to the users of tasks is noticed (needs root)',
  () => {
    const below = new WorkDirectory(join(folder.path, 'closed/own'));
    mkdirSync(join(below.root, 'slaves'), { recursive: true });
    chmodSync(folder.path, 0o755);
    expect(below.closedToTasks()).toBeUndefined();
    for (const closed of ['closed/own/slaves', 'closed']) {
      chmodSync(join(folder.path, closed), 0o750);
      expect(below.closedToTasks()).toBe(join(realpathSync(folder.path), closed));
    }
  },
);

test.runIf(process.geteuid?.() === 0)(
  'a work directory that is not root’s alone is noticed (needs root)',
  () => {
    chmodSync(folder.path, 0o755);
    expect(work.meddler()).toBeUndefined();
    chmodSync(folder.path, 0o1777);
    expect(work.meddler()).toBe('Other users');
    chownSync(folder.path, 1, 0);
    expect(work.meddler()).toBe('User 1');
  },
);
