import { expect, test } from 'vitest';
import {
  type LayerBounds,
  LayerReader,
  type Operation,
} from '../../../../src/containerizer/images/unpacking/layer-reader.ts';
import { TarReader } from '../../../../src/containerizer/images/unpacking/tar-reader.ts';
import { type ArchiveEntry, archiveOf } from '../archives.ts';

const WIDE: LayerBounds = { entries: 1_000, bytes: 1_000_000 };

function layerOf(entries: readonly ArchiveEntry[], bounds = WIDE) {
  const operations: Operation[] = [];
  let content = '';
  const layer = new LayerReader(bounds, {
    operation: (operation) => void operations.push(operation),
    piece: () => undefined,
    content: (bytes) => {
      content += bytes.toString('latin1');
    },
  });
  const archive = new TarReader(layer);
  archive.push(archiveOf(...entries));
  archive.end();
  layer.end();
  return { operations, content, layer };
}

const brief = (...entries: readonly ArchiveEntry[]) =>
  layerOf(entries).operations.map((operation) =>
    [operation.kind, operation.path, 'target' in operation ? operation.target : undefined]
      .filter((it) => it !== undefined)
      .join(' '),
  );

test('names become paths below the layer', () => {
  expect(
    brief(
      { name: './', type: '5' },
      { name: '/etc/', type: '5' },
      { name: 'etc//./passwd' },
      { name: './etc/mtab', type: '2', target: '../../../../proc/mounts' },
      { name: 'etc/group', type: '1', target: '/etc/passwd' },
      { name: 'etc/fifo', type: '6' },
      { name: 'etc/null', type: '3', major: 1, minor: 3 },
    ),
  ).toEqual([
    'folder ',
    'folder etc',
    'file etc/passwd',
    'link etc/mtab ../../../../proc/mounts',
    'hard link etc/group etc/passwd',
    'fifo etc/fifo',
    'character device etc/null',
    'seal etc',
    'seal ',
  ]);
});

test('what a layer takes away is told from what it has', () => {
  expect(
    brief(
      { name: 'a/.wh.b' },
      { name: '.wh.top' },
      { name: 'a/.wh..wh..opq' },
      { name: '.wh..wh..opq' },
      { name: 'dev/gone', type: '3' },
      { name: '.wh..wh.plnk/1.2' },
      { name: '.wh..wh.aufs' },
      { name: 'a/.whatever' },
    ),
  ).toEqual([
    'whiteout a/b',
    'whiteout top',
    'opaque a',
    'opaque ',
    'whiteout dev/gone',
    'file a/.whatever',
  ]);
});

test('content is that of the files that are made', () => {
  expect(
    layerOf([
      { name: '.wh.gone', content: 'no content' },
      { name: 'a', content: 'one ' },
      { name: 'dir', type: '5', content: '' },
      { name: 'b', content: 'two' },
    ]).content,
  ).toBe('one two');
});

test('folders get their time after what is in them, unless they are folders no more', () => {
  expect(
    brief(
      { name: 'a', type: '5' },
      { name: 'a/b', type: '5' },
      { name: 'a/b/c' },
      { name: 'x', type: '5' },
      { name: 'x', type: '2', target: 'y' },
    ).filter((it) => it.startsWith('seal')),
  ).toEqual(['seal a/b', 'seal a']);
});

test('what the archive says of the layer itself is known', () => {
  const { layer } = layerOf([{ name: '.', type: '5', mode: 0o711, uid: 5, gid: 6 }]);
  expect(layer.top).toEqual({ mode: 0o711, uid: 5, gid: 6 });
  expect(layerOf([{ name: 'a' }]).layer.top).toBeUndefined();
});

test.each<[string, ArchiveEntry, string]>([
  ['a way out', { name: '../etc/passwd' }, "'../etc/passwd' leads out of the layer"],
  ['a way out in the middle', { name: 'a/../../b' }, 'leads out of the layer'],
  ['a hard link out', { name: 'a', type: '1', target: '../shadow' }, "'../shadow' leads out"],
  ['a hard link to itself', { name: 'a', type: '1', target: './a' }, 'is a hard link to'],
  ['a hard link to all', { name: 'a', type: '1', target: '/' }, 'is a hard link to'],
  ['a file in place of all', { name: './', type: '2', target: 'x' }, 'stands for the whole layer'],
  ['a name that is hidden', { name: 'a/.wh...' }, 'hides no name'],
  ['no name that is hidden', { name: 'a/.wh.' }, 'hides no name'],
  ['a long name', { name: 'a', pax: { path: 'n'.repeat(256) } }, 'is too long'],
  ['a long path', { name: 'a', pax: { path: 'n/'.repeat(2_100) } }, 'is too long'],
  ['a NUL in a name', { name: 'a', pax: { path: 'a\0b' } }, 'is no name of a file'],
  ['a link to nothing', { name: 'a', type: '2' }, 'which is no path'],
  ['the user that is none', { name: 'a', pax: { uid: '4294967295' } }, 'that there cannot be'],
  ['a device of no number', { name: 'a', type: '4', major: 4096 }, 'a number that there cannot be'],
  [
    'an attribute of overlays',
    { name: 'a', type: '5', pax: { 'SCHILY.xattr.trusted.overlay.redirect': '/etc' } },
    "'a' has the attribute 'trusted.overlay.redirect', which no layer may have",
  ],
  [
    'an attribute of overlays of users',
    { name: 'a', pax: { 'SCHILY.xattr.user.overlay.opaque': 'y' } },
    'which no layer may have',
  ],
])('%s is refused', (_, entry, why) => {
  expect(() => layerOf([entry])).toThrow(why);
});

test('of attributes those are kept that mean the same elsewhere', () => {
  const pax = {
    'SCHILY.xattr.security.capability': '\x01\0\0\x02\xff\x80\n=\0',
    'SCHILY.xattr.user.any': 'text',
    'SCHILY.xattr.security.selinux': 'system_u',
    'SCHILY.xattr.trusted.any': 'text',
  };
  expect(layerOf([{ name: 'a', pax }]).operations[0]).toMatchObject({
    extended: [
      ['security.capability', '\x01\0\0\x02\xff\x80\n=\0'],
      ['user.any', 'text'],
    ],
  });
});

test('a layer has bounds', () => {
  const many = Array.from({ length: 4 }, (_, at) => ({ name: `${at}`, content: 'abc' }));
  expect(() => layerOf(many, { entries: 3, bytes: 100 })).toThrow('it has more than 3 files');
  expect(() => layerOf(many, { entries: 9, bytes: 10 })).toThrow(
    'its files have more than 10 bytes',
  );
  expect(() => layerOf([{ name: 'a', size: 2 ** 32 }])).toThrow('more than 1000000 bytes');
});
