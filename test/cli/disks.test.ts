// Disks that --resources names: a plain folder is no mount, and missing folders are created or
// refused.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  makePathDisks,
  refuseOverlaps,
  refuseShared,
  refuseUnmounted,
} from '../../src/cli/agent/disks.ts';
import { FlagError } from '../../src/cli/flags/parse.ts';
import {
  type Resource,
  Resource_DiskInfo_Source_Type,
  Value_Type,
} from '../../src/model/generated/messages.ts';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'mesoscale-disks-')));
});
afterEach(() => rmSync(folder, { recursive: true }));

const disk = (type: 'PATH' | 'MOUNT', root: string): Resource => ({
  name: 'disk',
  type: Value_Type.SCALAR,
  scalar: { value: 64 },
  disk: {
    source: {
      type: Resource_DiskInfo_Source_Type[type],
      ...(type === 'PATH' ? { path: { root } } : { mount: { root } }),
    },
  },
});

describe('the root of a MOUNT disk', () => {
  test('that is a plain folder is refused', () => {
    const attempt = () => refuseUnmounted([disk('MOUNT', folder)]);
    expect(attempt).toThrow(FlagError);
    expect(attempt).toThrow(`--resources: the root '${folder}' of a MOUNT disk is no mount point`);
  });

  test('that leads to / is refused', () => {
    symlinkSync('/', join(folder, 'all'));
    expect(() => refuseUnmounted([disk('MOUNT', join(folder, 'all'))])).toThrow('no mount point');
  });

  test('that is missing is refused, and not made', () => {
    const root = join(folder, 'missing');
    expect(() => refuseUnmounted([disk('MOUNT', root)])).toThrow(
      `'${root}' of a MOUNT disk cannot be found (ENOENT)`,
    );
    expect(statSync(root, { throwIfNoEntry: false })).toBeUndefined();
  });

  test('that is a mount point is taken, by way of a link, too', () => {
    symlinkSync('/proc', join(folder, 'link'));
    expect(() =>
      refuseUnmounted([disk('MOUNT', '/proc/'), disk('MOUNT', join(folder, 'link'))]),
    ).not.toThrow();
  });

  test.skipIf(process.getuid?.() !== 0)('may have blanks in its name (needs root)', () => {
    const root = join(folder, 'a b\\c');
    mkdirSync(root);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', root]);
    try {
      expect(() => refuseUnmounted([disk('MOUNT', root)])).not.toThrow();
    } finally {
      execFileSync('umount', [root]);
    }
  });
});

describe('the root of a PATH disk', () => {
  test('is made where it is missing, a relative one in the work directory', () => {
    makePathDisks([disk('PATH', join(folder, 'x/y')), disk('PATH', 'z')], join(folder, 'work'));
    expect(statSync(join(folder, 'x/y')).isDirectory()).toBe(true);
    expect(statSync(join(folder, 'work/z')).isDirectory()).toBe(true);
  });

  test('that cannot be made is refused', () => {
    const attempt = () => makePathDisks([disk('PATH', '/proc/x/y')], folder);
    expect(attempt).toThrow(FlagError);
    expect(attempt).toThrow("--resources expects a folder that can be written to, got '/proc/x/y'");
  });
});

describe('disks', () => {
  const here = (path: string) => join(folder, path);
  const refuse = (...disks: Resource[]) => refuseOverlaps(disks, here('agent/own'));

  beforeEach(() => {
    mkdirSync(here('agent/own'), { recursive: true });
    mkdirSync(here('a/inside'), { recursive: true });
  });

  test('that are one folder by way of links are refused in one line', () => {
    symlinkSync(here('a'), here('link'));
    for (const [one, other] of [
      ['a', 'link'],
      ['link/inside', 'a'],
      ['a', 'link/missing/folder'],
      ['a', 'agent/../a'],
    ] as const) {
      const attempt = () => refuse(disk('PATH', here(one)), disk('MOUNT', here(other)));
      expect(attempt).toThrow(FlagError);
      expect(attempt).toThrow(/^--resources: the PATH disk '.*' are one, or one lies in the other/);
    }
    expect(() => refuse(disk('PATH', here('a')), disk('PATH', here('ab')))).not.toThrow();
  });

  test('that have the agent’s own files in them, or lie among those, are refused', () => {
    for (const [type, root] of [
      ['MOUNT', here('agent')],
      ['MOUNT', here('agent/own')],
      ['PATH', here('agent/own')],
      ['PATH', '.'],
      ['PATH', 'volumes'],
      ['PATH', 'containers'],
      ['PATH', here('agent/own/meta/x')],
    ] as const) {
      expect(() => refuse(disk(type, root))).toThrow("files of the agent's own");
    }
    expect(() => refuse(disk('PATH', here('agent')))).not.toThrow();
    expect(() => refuse(disk('PATH', 'disk-1'), disk('PATH', 'disk-2'))).not.toThrow();
  });

  test('that are one file system, mounted twice, are refused (needs root)', () => {
    mkdirSync(here('b'));
    mkdirSync(here('c'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', here('a')]);
    mkdirSync(here('a/inside'));
    execFileSync('mount', ['--bind', here('a/inside'), here('b')]);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', here('c')]);
    try {
      const inOneAnother = () => refuse(disk('MOUNT', here('a')), disk('MOUNT', here('b')));
      expect(inOneAnother).toThrow('one lies in the other');
      expect(() => refuse(disk('MOUNT', here('a')), disk('MOUNT', here('c')))).not.toThrow();
      expect(() => refuseOverlaps([disk('MOUNT', here('a'))], here('b'))).toThrow('own');
    } finally {
      execFileSync('umount', [here('a'), here('b'), here('c')]);
    }
  });

  test('are not shared by several agents of one machine', () => {
    const attempt = () => refuseShared([disk('PATH', here('a'))], 2);
    expect(attempt).toThrow("2 agents cannot share the PATH disk '");
    expect(() => refuseShared([disk('PATH', here('a'))], 1)).not.toThrow();
    expect(() => refuseShared([disk('PATH', 'a')], 2)).not.toThrow();
  });
});
