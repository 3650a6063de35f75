// The accounts of an image are those that a container made of it would find.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { accountsOf } from '../../../src/containerizer/images/accounts.ts';

let folder: string;
let layers: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesoscale-accounts-'));
  layers = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A layer above those before; a link where the text begins with `->`. */
function layer(files: Readonly<Record<string, string>>): string {
  const path = join(folder, String(layers.length));
  mkdirSync(path);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    if (text.startsWith('->')) {
      symlinkSync(text.slice(2), join(path, name));
    } else {
      writeFileSync(join(path, name), text);
    }
  }
  layers.push(path);
  return path;
}

const accounts = () => accountsOf({ kind: 'overlay', layers, upper: '/none', work: '/none' });

test('the highest layer that has a file counts', () => {
  layer({ 'etc/passwd': 'low', 'etc/group': 'low' });
  layer({ 'etc/passwd': 'high' });
  expect(accounts()).toEqual({ users: 'high', groups: 'low' });
  expect(accountsOf({ kind: 'folder', path: layers[0] ?? '', isReadOnly: true })).toEqual({
    users: 'low',
    groups: 'low',
  });
});

test('links lead where they lead in the container, and never out of it', () => {
  layer({ 'lib/passwd': 'linked', 'usr/etc/group': 'folder' });
  layer({ 'etc/passwd': '->../../../../lib/passwd' });
  layer({ 'etc/group': '->/usr/etc/group' });
  expect(accounts()).toEqual({ users: 'linked', groups: 'folder' });
  layer({ 'etc/passwd': '->/etc/passwd', 'etc/group': '->/proc/self/status' });
  expect(accounts()).toEqual({ users: '', groups: '' });
});

test('a link in the place of the folder is followed, and a file hides what is below', () => {
  layer({ 'usr/etc/passwd': 'moved' });
  layer({ etc: '->usr/etc' });
  expect(accounts().users).toBe('moved');
  layer({ usr: 'a file' });
  expect(accounts().users).toBe('');
});

test.runIf(process.geteuid?.() === 0)('what a layer takes away is not there', () => {
  layer({ 'etc/passwd': 'taken', 'etc/group': 'kept' });
  const path = layer({ 'etc/other': '' });
  execFileSync('mknod', [join(path, 'etc/passwd'), 'c', '0', '0']);
  expect(accounts()).toEqual({ users: '', groups: 'kept' });
});
