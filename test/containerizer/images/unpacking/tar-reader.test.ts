import { execFileSync } from 'node:child_process';
import {
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TarError } from '../../../../src/containerizer/images/unpacking/tar-error.ts';
import {
  type TarEntry,
  TarReader,
} from '../../../../src/containerizer/images/unpacking/tar-reader.ts';
import { temporaryFolder } from '../../../agent-driver/harness.ts';
import { type ArchiveEntry, archiveOf, entryBytes, headerOf, summed } from '../archives.ts';

type Read = TarEntry & { readonly content: string };

/** What is read of an archive that comes in pieces of this size. */
function read(archive: Buffer, piece = archive.length): Read[] {
  const entries: (TarEntry & { content: string })[] = [];
  const reader = new TarReader({
    entry: (entry) => void entries.push({ ...entry, content: '' }),
    piece: ({ hole }) => {
      const last = entries.at(-1);
      if (last !== undefined) {
        last.content += '\0'.repeat(hole);
      }
    },
    content: (bytes) => {
      const last = entries.at(-1);
      if (last !== undefined) {
        last.content += bytes.toString('latin1');
      }
    },
  });
  for (let at = 0; at < archive.length; at += piece) {
    reader.push(archive.subarray(at, at + piece));
  }
  reader.end();
  return entries;
}

test.each(['v7', 'oldgnu', 'gnu', 'ustar', 'posix'])(
  'what GNU tar writes as %s is read',
  (format) => {
    using folder = temporaryFolder();
    const long = format === 'v7' ? 'deep' : `${'deep/'.repeat(19)}${'x'.repeat(90)}`;
    const top = join(folder.path, 'top');
    mkdirSync(join(top, long), { recursive: true });
    writeFileSync(join(top, long, 'file'), 'content\n', { mode: 0o640 });
    writeFileSync(Buffer.concat([Buffer.from(`${top}/`), Buffer.from([0xe4, 0xff])]), '');
    symlinkSync('../elsewhere', join(top, 'link'));
    linkSync(join(top, long, 'file'), join(top, 'a first'));
    execFileSync('mkfifo', [join(top, 'fifo')]);
    utimesSync(join(top, 'a first'), 5, 1_234_567_890);
    const archive = execFileSync('tar', [
      ...[`--format=${format}`, '--sort=name', '--numeric-owner', '--owner=7', '--group=8'],
      ...['-C', top, '-c', ...(format === 'v7' ? ['--exclude=fifo'] : []), '.'],
    ]);
    const entries = read(archive);
    const by = new Map(entries.map((entry) => [entry.name.replace(/\/$/, ''), entry]));
    const names = ['.', './link', './a first', `./${long}`, `./${long}/file`, './\xe4\xff'];
    expect([...by.keys()]).toEqual(expect.arrayContaining(names));
    expect(by.get('./a first')).toMatchObject({
      kind: 'file',
      content: 'content\n',
      mode: 0o640,
      uid: 7,
      gid: 8,
      modified: { seconds: 1_234_567_890 },
      size: 8,
    });
    expect(by.get(`./${long}/file`)).toMatchObject({ kind: 'hard link', target: './a first' });
    expect(by.get('./link')).toMatchObject({ kind: 'link', target: '../elsewhere' });
    expect(by.get('.')).toMatchObject({ kind: 'folder' });
    expect(by.get('./fifo')?.kind).toBe(format === 'v7' ? undefined : 'fifo');
  },
);

const bytes = (most: number) =>
  fc
    .array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: most })
    .map((codes) => String.fromCharCode(...codes));

const entries = fc.array(
  fc.record({
    name: bytes(90).map((name) => `${name.replaceAll('/', '_')}`),
    content: bytes(1500),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.integer({ min: 0, max: 0o7777777 }),
    seconds: fc.integer({ min: 0, max: 2 ** 33 }),
    pax: fc.option(
      fc.record({
        path: bytes(600).map((name) => name.replace(/\/$/, '_')),
        'SCHILY.xattr.user.any': bytes(300),
        mtime: fc.constantFrom('1.5', '-1.25', '7', '0'),
      }),
      { nil: undefined },
    ),
  }),
  { maxLength: 6 },
);

test('an archive is read the same in whatever pieces it comes', () => {
  fc.assert(
    fc.property(entries, fc.integer({ min: 1, max: 700 }), (written, piece) => {
      const all = written.map(({ pax, ...entry }) => ({
        ...entry,
        ...(pax !== undefined && { pax }),
        content: Buffer.from(entry.content, 'latin1'),
      }));
      const archive = archiveOf(...all);
      const found = read(archive, piece);
      expect(found).toEqual(read(archive));
      expect(found.map(({ name, content, mode, uid }) => ({ name, content, mode, uid }))).toEqual(
        written.map(({ name, content, mode, uid, pax }) => ({
          name: pax?.path ?? name,
          content,
          mode,
          uid,
        })),
      );
      expect(found.map(({ attributes }) => attributes.get('user.any'))).toEqual(
        written.map(({ pax }) => pax?.['SCHILY.xattr.user.any']),
      );
    }),
    { numRuns: 200 },
  );
});

test('a damaged archive is an error, or an archive, and nothing else', () => {
  const whole = archiveOf(
    { name: 'a', content: 'x'.repeat(700), pax: { path: 'b', uid: '7' } },
    { name: 'folder/', type: '5' },
    { name: 'link', type: '2', target: 'a' },
  );
  let refused = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      fc.nat(whole.length),
      fc.boolean(),
      (changes, end, fixesSums) => {
        const archive = Buffer.from(whole);
        for (const [at, byte] of changes) {
          archive[at] = byte;
          if (fixesSums) {
            const begin = at - (at % 512);
            summed(archive.subarray(begin, begin + 512));
          }
        }
        try {
          read(archive.subarray(0, end));
        } catch (error) {
          expect(error).toBeInstanceOf(TarError);
          refused++;
        }
      },
    ),
    { numRuns: 1_000 },
  );
  expect(refused).toBeGreaterThan(100);
});

test('times, sizes and owners of pax count', () => {
  const of = (pax: Readonly<Record<string, string>>) =>
    read(archiveOf({ name: 'a', content: 'abc', size: 0, pax: { size: '3', ...pax } }))[0];
  expect(of({ mtime: '1350244992.0239601089' })?.modified).toEqual({
    seconds: 1350244992,
    nanoseconds: 23_960_108,
  });
  expect(of({ mtime: '-1.5' })?.modified).toEqual({ seconds: -2, nanoseconds: 500_000_000 });
  expect(of({ uid: '3000000', gid: '4000000' })).toMatchObject({
    uid: 3_000_000,
    gid: 4_000_000,
    content: 'abc',
  });
  expect(() => of({ mtime: 'now' })).toThrow("'now' is no time");
  expect(() => of({ uid: '-1' })).toThrow("'-1' is no uid");
});

test('numbers that need more than octal digits are read', () => {
  const block = headerOf({ name: 'a' }, 0);
  block.fill(0, 108, 116).writeUInt8(0x80, 108);
  block.writeUIntBE(0xfffffffe, 110, 6);
  block.fill(0xff, 136, 148);
  expect(read(summed(block))[0]).toMatchObject({
    uid: 0xfffffffe,
    modified: { seconds: -1 },
  });
  block.fill(0xff, 108, 116);
  expect(() => read(summed(block))).toThrow('a header has no uid that makes sense');
});

/** As GNU's tar has it by default with pax. */
const sparseLines = {
  'GNU.sparse.major': '1',
  'GNU.sparse.minor': '0',
  'GNU.sparse.realsize': '10',
};

test.each([
  ['gnu'],
  ['oldgnu'],
  ['posix', '--sparse-version=0.0'],
  ['posix', '--sparse-version=0.1'],
  ['posix', '--sparse-version=1.0'],
])('what GNU tar writes of sparse files as %s %s is read', (format, ...more) => {
  using folder = temporaryFolder();
  const files = new Map<string, Buffer>();
  for (const [name, parts, size] of [
    ['hole', 0, 300_000],
    ['one', 1, 70_000],
    ['many', 40, 3_000_000],
  ] as const) {
    const content = Buffer.alloc(size);
    const file = openSync(join(folder.path, name), 'w');
    ftruncateSync(file, size);
    for (let part = 0; part < parts; part++) {
      const text = Buffer.from(`${name} ${part}`.repeat(20));
      const at = part * 69_632 + 8_192;
      text.copy(content, at);
      writeSync(file, text, 0, text.length, at);
    }
    closeSync(file);
    files.set(name, content);
  }
  const archive = execFileSync(
    'tar',
    ['--sparse', `--format=${format}`, ...more, '-C', folder.path, '-c', ...files.keys()],
    { maxBuffer: 2 ** 26 },
  );
  expect(archive.length).toBeLessThan(500_000);
  for (const piece of [archive.length, 512, 1_000]) {
    const entries = read(archive, piece);
    expect(entries.map(({ name, isSparse }) => [name, isSparse])).toEqual(
      [...files.keys()].map((name) => [name, true]),
    );
    for (const { name, content, size } of entries) {
      expect(size).toBe(files.get(name)?.length);
      expect(Buffer.from(content, 'latin1').equals(files.get(name) ?? Buffer.alloc(0))).toBe(true);
    }
  }
});

test.each<[string, ArchiveEntry, string]>([
  ['a form of sparse files', { name: 'a', pax: { 'GNU.sparse.major': '1' } }, 'is not known here'],
  ...Object.entries({
    'that overlap': '0,3,2,1',
    'beyond the file': '8,3',
    'of another sum': '0,2',
    'in no pairs': '0,3,4',
    'of no number': '0,x',
    'below the file': '-1,3',
  }).map(([which, map]): [string, ArchiveEntry, string] => [
    `a sparse file with parts ${which}`,
    { name: 'a', content: 'abc', pax: { 'GNU.sparse.size': '10', 'GNU.sparse.map': map } },
    'what it says of a sparse file makes no sense',
  ]),
  [
    'a sparse file without parts',
    { name: 'a', content: '5\n', pax: sparseLines },
    "'a' has fewer parts than it says",
  ],
  [
    'a sparse file with too many parts',
    { name: 'a', content: '100001\n'.padEnd(512), pax: sparseLines },
    'makes no sense',
  ],
  [
    'an unknown kind',
    { name: 'a\n', type: 'Q' },
    `'a\\x0a' is of a kind that is not known here ("Q")`,
  ],
  [
    'names without end',
    { name: 'a', type: 'x', size: 1 << 30 },
    'more than 1048576 bytes of names',
  ],
  ['names without end of GNU', { name: 'a', type: 'L', size: 1 << 30 }, 'bytes of names'],
])('%s is refused', (_, entry, why) => {
  expect(() => read(archiveOf(entry))).toThrow(why);
});

test('a header whose sum is wrong is refused', () => {
  const archive = archiveOf({ name: 'a' });
  archive[0] = 'b'.charCodeAt(0);
  expect(() => read(archive)).toThrow('it is no tar archive, by its first bytes');
  const second = Buffer.concat([entryBytes({ name: 'a' }), archive]);
  expect(() => read(second)).toThrow('a header does not have the sum that it says');
});

test('an archive that ends early is refused, and one whose last block is not full is whole', () => {
  const entry = entryBytes({ name: 'a', content: 'abc' });
  expect(read(entry)).toMatchObject([{ name: 'a', content: 'abc' }]);
  expect(read(Buffer.alloc(0))).toEqual([]);
  for (const end of [1, 511, 513, 514]) {
    expect(() => read(entry.subarray(0, end))).toThrow('it ends in the middle of an entry');
  }
  for (const end of [515, 600, 1023]) {
    expect(read(entry.subarray(0, end))).toMatchObject([{ name: 'a', content: 'abc' }]);
  }
  const names = entryBytes({ name: 'a', pax: { path: 'b' } });
  expect(() => read(names.subarray(0, 1024))).toThrow('it ends in the middle of an entry');
});

test('what follows the end says nothing', () => {
  expect(read(Buffer.concat([archiveOf({ name: 'a' }), Buffer.from('garbage')]))).toHaveLength(1);
});

test('headers that are about nothing here are passed over', () => {
  const label = entryBytes({ name: 'label', type: 'V' });
  const defaults = entryBytes({ name: 'pax', type: 'g', content: '12 path=all\n' });
  expect(read(Buffer.concat([label, defaults, archiveOf({ name: 'a' })]))).toMatchObject([
    { name: 'a' },
  ]);
});
