// An open folder stays the same, whatever takes its place.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Beneath, type Place } from '../../src/filesystem/beneath.ts';
import { Folder } from '../../src/filesystem/folder.ts';
import { temporaryFolder } from '../agent-driver/harness.ts';

let temporary: ReturnType<typeof temporaryFolder>;

const here = (...path: string[]) => join(temporary.path, ...path);

beforeEach(() => {
  temporary = temporaryFolder();
  mkdirSync(here('box/sub/deep'), { recursive: true });
  writeFileSync(here('box/sub/file'), 'inside');
  mkdirSync(here('outside'));
  writeFileSync(here('outside/file'), 'secret');
});

afterEach(() => temporary[Symbol.dispose]());

/** What a task could do between two steps of the agent. */
function exchangeForLink(): void {
  renameSync(here('box/sub'), here('box/moved'));
  symlinkSync(here('outside'), here('box/sub'));
}

describe('a folder that is exchanged for a link after it was opened', () => {
  test('is still the one that is read', async () => {
    await using box = await Folder.open(here('box'));
    await using sub = await box.folder('sub');
    exchangeForLink();
    const names: string[] = [];
    for await (const { name } of sub.entries()) {
      names.push(name.toString());
    }
    expect(names.toSorted()).toEqual(['deep', 'file']);
    await using file = await sub.file('file');
    expect(await file.readFile('utf8')).toBe('inside');
    expect((await sub.statusOf('file')).size).toBe(6n);
  });

  test('is still the one whose entries are deleted and moved, and whose owner is changed', async () => {
    await using box = await Folder.open(here('box'));
    await using sub = await box.folder('sub');
    exchangeForLink();
    await sub.unlink('file');
    await sub.move('deep', box, 'up');
    await box.rmdir('up');
    await sub.setMode(0o711);
    expect(readdirSync(here('box')).toSorted()).toEqual(['moved', 'sub']);
    expect(readdirSync(here('box/moved'))).toEqual([]);
    expect(statSync(here('box/moved')).mode & 0o777).toBe(0o711);
    expect(readdirSync(here('outside'))).toEqual(['file']);
    expect(statSync(here('outside')).mode & 0o777).toBe(0o755);
  });

  test('is not entered once more', async () => {
    await using box = await Folder.open(here('box'));
    exchangeForLink();
    await expect(box.folder('sub')).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(box.file('sub')).rejects.toMatchObject({ code: 'ELOOP' });
  });
});

test('a FIFO that has come in the place of a file is not waited for, nor read', async () => {
  execFileSync('mkfifo', [here('box/fifo')]);
  await using box = await Folder.open(here('box'));
  await expect(box.file('fifo')).rejects.toMatchObject({ code: 'MESOSCALE_NOT_REGULAR' });
});

describe('a path beneath a folder', () => {
  const describePlace = async (place: Place) => {
    if (place.kind === 'folder') {
      return `/${place.names.join('/')}`;
    }
    await using file = await place.open();
    return await file.readFile('utf8');
  };

  const find = async (path: string) => {
    await using beneath = await Beneath.open(here('box'));
    return await beneath.find(path, describePlace);
  };

  test('may go up and down, and along links that lead inside', async () => {
    symlinkSync('sub/../sub/./deep', here('box/relative'));
    symlinkSync(here('box/sub/file'), here('box/absolute'));
    symlinkSync('../absolute', here('box/sub/chain'));
    symlinkSync(here('box'), here('box/sub/deep/top'));
    expect(await find('')).toBe('/');
    expect(await find('relative')).toBe('/sub/deep');
    expect(await find('relative/..')).toBe('/sub');
    expect(await find('absolute')).toBe('inside');
    expect(await find('sub/chain')).toBe('inside');
    expect(await find('relative/top/sub//file')).toBe('inside');
  });

  test('is refused where it leads out, or into the folder that has moved out', async () => {
    symlinkSync('..', here('box/up'));
    symlinkSync(here('outside/file'), here('box/away'));
    symlinkSync('../../outside', here('box/sub/away'));
    // Its name begins with the folder's name.
    mkdirSync(here('box-other'));
    symlinkSync(here('box-other'), here('box/other'));
    for (const path of ['..', 'up', 'away', 'sub/away/file', 'sub/../../outside/file', 'other']) {
      await expect(find(path), path).rejects.toMatchObject({ code: 'MESOSCALE_OUTSIDE' });
    }
  });

  test('ends somewhere: links in a circle, and those that go up and down, are given up', async () => {
    symlinkSync('b', here('box/a'));
    symlinkSync('a', here('box/b'));
    symlinkSync('sub/../'.repeat(500), here('box/long'));
    await expect(find('a')).rejects.toMatchObject({ code: 'ELOOP' });
    await expect(find('long/'.repeat(39))).rejects.toMatchObject({ code: 'ELOOP' });
  });

  test('names nothing where there is nothing, or a file has something below it', async () => {
    await expect(find('sub/none')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(find('sub/file/x')).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(find('sub/file/..')).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  test('leaves no descriptor open behind it', async () => {
    const open = () => readdirSync('/proc/self/fd').length;
    await find('sub/deep');
    const before = open();
    for (const path of ['sub/deep/..', 'sub/file', 'sub/none', '..']) {
      await find(path).catch(() => undefined);
    }
    expect(open()).toBe(before);
  });
});
