// Folders that nested containers share, in sandboxes whose users put links in their way.
import { chownSync, mkdirSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { linkToParent } from '../../../src/containerizer/volumes/sandbox-folders.ts';
import { containerId } from '../../../src/model/ids.ts';
import { temporaryFolder } from '../../agent-driver/harness.ts';

const isRoot = process.geteuid?.() === 0;
const id = containerId('root.one.two');

let folder: ReturnType<typeof temporaryFolder>;
let parent: string;
let sandbox: string;

beforeEach(() => {
  folder = temporaryFolder();
  parent = join(folder.path, 'containers/one');
  sandbox = join(parent, 'containers/two');
  mkdirSync(sandbox, { recursive: true });
});

afterEach(() => folder[Symbol.dispose]());

test('a missing folder is made, and both sandboxes keep their users', () => {
  if (isRoot) {
    chownSync(parent, 1, 1);
    chownSync(sandbox, 2, 2);
  }
  linkToParent({ id, sandbox }, { link: ['a', 'b'], target: ['deep', 'common'] });
  expect(readlinkSync(join(sandbox, 'a/b'))).toBe(join(parent, 'deep/common'));
  const uid = process.geteuid?.();
  expect(statSync(join(parent, 'deep/common'))).toMatchObject({ uid: isRoot ? 1 : uid });
  expect(statSync(join(parent, 'deep/common')).mode & 0o777).toBe(0o755);
  expect(statSync(join(sandbox, 'a'))).toMatchObject({ uid: isRoot ? 2 : uid });
});

test('what is there is shared as it is, be it a file', () => {
  writeFileSync(join(parent, 'common'), 'text');
  linkToParent({ id, sandbox }, { link: ['in'], target: ['common'] });
  expect(statSync(join(sandbox, 'in')).isFile()).toBe(true);
});

test.each([
  ['to the shared folder', () => symlinkSync('/', join(parent, 'deep'))],
  ['to the link', () => symlinkSync('/', join(sandbox, 'a'))],
  [
    'to the sandbox',
    () => {
      symlinkSync(parent, join(folder.path, 'containers/other'));
      sandbox = join(folder.path, 'containers/other/containers/two');
    },
  ],
])('no link on the way %s is followed', (_, meddle) => {
  meddle();
  expect(() => linkToParent({ id, sandbox }, { link: ['a', 'b'], target: ['deep', 'x'] })).toThrow(
    /^Failed to symlink '.*\/x' -> '.*\/a\/b': ENOTDIR/,
  );
});

test('a name that is taken is not taken over', () => {
  writeFileSync(join(sandbox, 'in'), '');
  expect(() => linkToParent({ id, sandbox }, { link: ['in'], target: ['common'] })).toThrow(
    /EEXIST/,
  );
});
