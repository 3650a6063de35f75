// How the page lists what is in a folder of an agent.
import { expect, test } from 'vitest';
import {
  type FileInfo,
  filesNamed,
  inOrder,
  isFolder,
  lookAgainMs,
  modeText,
  nameOf,
  settled,
} from '../../src/webui/store/folder.ts';

const file = (path: string, mode = 0o100644, size = 1): FileInfo => ({ path, mode, size });

test('folders come first, and names are searched whatever their case', () => {
  const files = inOrder([file('/s/b'), file('/s/Access.log'), file('/s/z', 0o040755)]);
  expect(files.map(nameOf)).toEqual(['z', 'Access.log', 'b']);
  expect(files.map(isFolder)).toEqual([true, false, false]);
  expect(files.map(modeText)).toEqual(['drwxr-xr-x', '-rw-r--r--', '-rw-r--r--']);
  expect(filesNamed(files, 'ACCESS').map(nameOf)).toEqual(['Access.log']);
  expect(filesNamed(files, '')).toBe(files);
});

test('a folder in which nothing has changed is the same list, and one that has is another', () => {
  const list = () => [file('/s/a'), { ...file('/s/b'), mtime: { nanoseconds: 5 } }];
  const first = list();
  expect(settled(undefined, first)).toBe(first);
  expect(settled(first, list())).toBe(first);
  const longer = [...list(), file('/s/c')];
  expect(settled(first, longer)).toBe(longer);
  const grown = [file('/s/a', 0o100644, 2), first[1] as FileInfo];
  expect(settled(first, grown)).toBe(grown);
});

test('a large folder is read again seldom, and still is', () => {
  expect(lookAgainMs(10)).toBe(5000);
  expect(lookAgainMs(4000)).toBe(20_000);
  expect(lookAgainMs(100_000)).toBe(60_000);
});
