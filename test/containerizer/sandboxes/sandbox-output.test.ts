// What is quoted of the output in a sandbox, whose user may put anything in its place.
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { saidSince, saidUntil } from '../../../src/containerizer/sandboxes/sandbox-output.ts';
import { temporaryFolder } from '../../agent-driver/harness.ts';

let folder: ReturnType<typeof temporaryFolder>;
let root: string;
let sandbox: string;

beforeEach(() => {
  folder = temporaryFolder();
  root = join(folder.path, 'root');
  sandbox = join(root, 'containers', 'c');
  mkdirSync(sandbox, { recursive: true });
  writeFileSync(join(sandbox, 'stderr'), 'before\n');
});

afterEach(() => folder[Symbol.dispose]());

test('what was written since then is quoted, in one line', async () => {
  const place = { root, sandbox };
  const before = await saidUntil(place, 'stderr');
  appendFileSync(join(sandbox, 'stderr'), 'cp: no\n\tsuch file\n');
  expect(await saidSince(place, 'stderr', before)).toBe('cp: no such file');
  expect(await saidSince({ root: sandbox, sandbox }, 'stderr', 0)).toMatch(/^before cp: no/);
});

test('a file of others is not: by a link on the way, in its place, or with a second name', async () => {
  const secret = join(folder.path, 'secret');
  mkdirSync(join(secret, 'c'), { recursive: true });
  writeFileSync(join(secret, 'c', 'stderr'), 'secret');
  renameSync(join(root, 'containers'), join(root, 'mine'));
  symlinkSync(secret, join(root, 'containers'));
  expect(await saidSince({ root, sandbox }, 'stderr', 0)).toBe('');
  const mine = join(root, 'mine', 'c');
  symlinkSync(join(secret, 'c', 'stderr'), join(mine, 'stdout'));
  expect(await saidSince({ root, sandbox: mine }, 'stdout', 0)).toBe('');
  linkSync(join(secret, 'c', 'stderr'), join(mine, 'other'));
  expect(await saidSince({ root, sandbox: mine }, 'other', 0)).toBe('');
});
