// What lies between a source and a sandbox, while the task's user may do there as he likes.
import {
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Staging } from '../../../src/containerizer/fetcher/staging.ts';

const isRoot = process.geteuid?.() === 0;
const USER = { uid: 12_345, gid: 12_345, groups: [12_345] };

let folder: string;
let staging: Staging;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesoscale-staging-'));
  staging = new Staging(join(folder, 'downloads/c'), isRoot ? USER : undefined);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const own = (path: string) => isRoot && chownSync(path, USER.uid, USER.gid);

test('nothing is made before it is needed, and nothing stays', async () => {
  await staging[Symbol.asyncDispose]();
  expect(statSync(join(folder, 'downloads'), { throwIfNoEntry: false })).toBeUndefined();
  writeFileSync(await staging.file(), 'content');
  writeFileSync(await staging.dropped(), 'content');
  expect(statSync(join(folder, 'downloads/c/drop')).mode & 0o777).toBe(0o700);
  await staging[Symbol.asyncDispose]();
  expect(statSync(join(folder, 'downloads/c'), { throwIfNoEntry: false })).toBeUndefined();
});

test("a file of the user's is opened, whatever takes its name later", async () => {
  const path = await staging.dropped();
  writeFileSync(path, 'content');
  own(path);
  await using file = await staging.openDropped();
  rmSync(path);
  symlinkSync('/etc/shadow', path);
  expect(file.bytes).toBe(7);
  expect(readFileSync(file.path, 'utf8')).toBe('content');
});

describe('the agent opens nothing that the user could not read', () => {
  const refused = () => expect(staging.openDropped()).rejects.toThrow('cannot be cached');

  test('by a link', async () => {
    writeFileSync(join(folder, 'secret'), 'secret');
    symlinkSync(join(folder, 'secret'), await staging.dropped());
    await refused();
  });

  test('by another name of a file', async () => {
    const path = await staging.dropped();
    writeFileSync(join(folder, 'other'), 'content');
    own(join(folder, 'other'));
    linkSync(join(folder, 'other'), path);
    await refused();
  });

  test.runIf(isRoot)('of another user', async () => {
    writeFileSync(await staging.dropped(), 'secret');
    await refused();
  });

  test('that is no file', async () => {
    mkdirSync(await staging.dropped());
    await refused();
  });
});

test('a file of the agent is shown by a link, stays the agent’s, and outlives it', async () => {
  const cached = join(folder, 'cached');
  writeFileSync(cached, 'content', { mode: 0o644 });
  const shown = (await staging.shown(cached)) ?? '';
  expect(statSync(shown).ino).toBe(statSync(cached).ino);
  expect(statSync(shown).uid).toBe(process.geteuid?.());
  await staging[Symbol.asyncDispose]();
  expect(readFileSync(cached, 'utf8')).toBe('content');
});
