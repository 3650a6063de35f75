// A tree is deleted completely, whatever it consists of, and nothing beside it is.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deleteTree } from '../../src/filesystem/tree-deletion.ts';
import { temporaryFolder } from '../agent-driver/harness.ts';
import { exchanging } from '../support/exchange.ts';

let temporary: ReturnType<typeof temporaryFolder>;

const here = (...path: string[]) => join(temporary.path, ...path);
const tree = (...path: string[]) => here('tree', ...path);
const isRoot = process.geteuid?.() === 0;

beforeEach(() => {
  temporary = temporaryFolder();
  mkdirSync(tree('a/b/c'), { recursive: true });
  mkdirSync(here('outside'));
  writeFileSync(here('outside/file'), '');
});

afterEach(() => temporary[Symbol.dispose]());

test('a tree is deleted, with links in it and not what they lead to', async () => {
  writeFileSync(tree('a/file'), '');
  writeFileSync(tree('a/b/.hidden'), '');
  symlinkSync(here('outside'), tree('link'));
  symlinkSync(here('outside/file'), tree('a/b/link'));
  symlinkSync('nowhere', tree('a/b/c/link'));
  await deleteTree(tree());
  expect(existsSync(tree())).toBe(false);
  expect(readdirSync(here('outside'))).toEqual(['file']);
});

test('what is no folder is deleted itself, and what is not there need not be', async () => {
  symlinkSync(here('outside'), here('link'));
  writeFileSync(here('plain'), '');
  await deleteTree(here('link'));
  await deleteTree(here('plain'));
  await deleteTree(here('nothing'));
  expect(readdirSync(temporary.path).toSorted()).toEqual(['outside', 'tree']);
  expect(readdirSync(here('outside'))).toEqual(['file']);
});

test('more folders than are remembered at once are deleted', async () => {
  for (let index = 0; index < 1_100; index++) {
    mkdirSync(tree('a/b', String(index)));
  }
  await deleteTree(tree());
  expect(existsSync(tree())).toBe(false);
});

test('names that are no text, FIFOs, and folders closed to everybody are no hindrance', async () => {
  writeFileSync(Buffer.concat([Buffer.from(`${tree('a')}/`), Buffer.from([0xff, 0xfe])]), '');
  mkdirSync(Buffer.concat([Buffer.from(`${tree('a')}/`), Buffer.from([0xc3])]));
  execFileSync('mkfifo', [tree('a/fifo')]);
  chmodSync(tree('a/b/c'), 0);
  chmodSync(tree('a/b'), 0o555);
  chmodSync(tree('a'), 0);
  await deleteTree(tree());
  expect(existsSync(tree())).toBe(false);
});

test('a tree deeper than any path may be long is deleted', async () => {
  const program = `
    chdir $ARGV[0] or die;
    for (1 .. 40) { mkdir "x" x 200 or die; chdir "x" x 200 or die }
  `;
  execFileSync('perl', ['-e', program, tree('a/b/c')]);
  await deleteTree(tree());
  expect(existsSync(tree())).toBe(false);
});

test.runIf(isRoot)('what is mounted in it stays, and the rest goes (needs root)', async () => {
  writeFileSync(tree('a/file'), '');
  try {
    execFileSync('mount', ['--bind', here('outside'), tree('a/b/c')], { stdio: 'ignore' });
  } catch {
    // Root may be not allowed to mount.
    return;
  }
  try {
    await expect(deleteTree(tree())).rejects.toThrow(
      "'c' in it cannot be deleted: resource busy or locked",
    );
    expect(readdirSync(here('outside'))).toEqual(['file']);
    expect(statSync(here('outside')).mode & 0o777).toBe(0o755);
    expect(existsSync(tree('a'))).toBe(false);
  } finally {
    const [moved = ''] = readdirSync(tree());
    execFileSync('umount', [tree(moved, 'c')]);
  }
  await deleteTree(tree());
  expect(existsSync(tree())).toBe(false);
});

test.runIf(isRoot)('what is mounted on it stays as it is (needs root)', async () => {
  try {
    // On the same disk, only the mount itself distinguishes it from a folder.
    execFileSync('mount', ['--bind', here('outside'), tree()], { stdio: 'ignore' });
  } catch {
    return;
  }
  const before = statSync(here('outside'));
  try {
    await expect(deleteTree(tree())).rejects.toThrow(
      `Something is mounted on '${tree()}', which stays as it is`,
    );
    await expect(deleteTree(tree())).rejects.toMatchObject({ code: 'EBUSY' });
    expect(readdirSync(here('outside'))).toEqual(['file']);
    expect(statSync(here('outside')).ctimeMs).toBe(before.ctimeMs);
  } finally {
    execFileSync('umount', [tree()]);
  }
  expect(existsSync(tree('a/b/c'))).toBe(true);
  await deleteTree(tree());
  expect(existsSync(tree())).toBe(false);
});

test('folders that are exchanged for links meanwhile lead nowhere', async () => {
  const names = Array.from({ length: 40 }, (_, index) => `${index}`);
  for (let round = 0; round < 4; round++) {
    await deleteTree(tree());
    mkdirSync(tree());
    for (const name of names) {
      mkdirSync(tree(name));
      writeFileSync(tree(name, 'own'), '');
      symlinkSync(here('outside'), tree(`${name}l`));
      writeFileSync(here('outside', name), '');
    }
    await using _ = await exchanging(names.map((name) => [tree(name), tree(`${name}l`)]));
    // As root, this task may put entries back that were deleted already.
    await deleteTree(tree()).catch(() => undefined);
    expect(readdirSync(here('outside')).toSorted()).toEqual([...names, 'file'].toSorted());
  }
});
