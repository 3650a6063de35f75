// Layers that are unpacked as an agent does it, hostile ones among them.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  type BlobForm,
  LAYER_BOUNDS,
  unpackLayer,
} from '../../../../src/containerizer/images/unpacking/unpacker.ts';
import { supervisorProgram } from '../../../../src/containerizer/launchers/process/supervisor-program.ts';
import { programs, temporaryFolder } from '../../../agent-driver/harness.ts';
import { SmallDisk } from '../../../support/small-disk.ts';
import { type ArchiveEntry, archiveOf, entryBytes, headerOf } from '../archives.ts';
import { digestOf } from '../formats/samples.ts';

const isRoot = process.geteuid?.() === 0;

let temporary: ReturnType<typeof temporaryFolder>;

beforeEach(() => {
  temporary = temporaryFolder();
});

afterEach(() => temporary[Symbol.dispose]());

interface Options {
  readonly bounds?: typeof LAYER_BOUNDS;
  readonly form?: BlobForm;
  readonly abort?: AbortSignal;
  readonly below?: string;
  readonly program?: string;
}

/** Unpacks the blob; `files` is where its files are. */
async function unpacked(
  blob: Buffer,
  {
    bounds = LAYER_BOUNDS,
    form = 'layer',
    abort = new AbortController().signal,
    below = temporary.path,
    program: given,
  }: Options = {},
) {
  const file = join(temporary.path, 'blob');
  const folder = mkdtempSync(join(below, 'staging-'));
  const files = join(folder, 'layer/files');
  mkdirSync(files, { recursive: true });
  mkdirSync(join(folder, 'replaced'));
  writeFileSync(file, blob);
  const program = given ?? (await supervisorProgram(programs));
  const order = { program, blob: file, folder, form, bounds };
  const layer = await unpackLayer('sha256:77', order, abort);
  return { layer, files, text: (name: string) => readFileSync(join(files, name), 'utf8') };
}

const packed = (program: 'bzip2' | 'xz', bytes: Buffer) =>
  execFileSync(program, ['--compress', '--stdout'], { input: bytes });

const unpackedOf = (...entries: readonly ArchiveEntry[]) => unpacked(archiveOf(...entries));

/** All below the folder, with types as ls has them. */
const tree = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    // It goes on through links.
    .filter((name) => realpathSync(dirname(join(folder, name))) === dirname(join(folder, name)))
    .map((name) => {
      const status = lstatSync(join(folder, name));
      return status.isDirectory()
        ? `${name}/`
        : status.isSymbolicLink()
          ? `${name} -> ${readlinkSync(join(folder, name))}`
          : status.isCharacterDevice() && status.rdev === 0
            ? `${name} gone`
            : name;
    })
    .sort();

/** The values of attributes in latin1; null where a file does not have one. */
function attributes(...of: readonly (readonly [path: string, name: string])[]): unknown {
  const program = [
    'import json, os, sys',
    'def value(path, name):',
    '    try: return os.getxattr(path, name).decode("latin1")',
    '    except OSError: return None',
    'print(json.dumps([value(*each) for each in json.loads(sys.argv[1])]))',
  ];
  return JSON.parse(
    execFileSync('python3', ['-c', program.join('\n'), JSON.stringify(of)], { encoding: 'utf8' }),
  );
}

const OPAQUE = isRoot ? 'trusted.overlay.opaque' : 'user.overlay.opaque';

test.each([
  ['reads nothing', ''],
  ['has read all', 'cat > /dev/null; '],
])('a program that is killed when it %s is said to be', async (_, before) => {
  const program = join(temporary.path, 'program');
  writeFileSync(program, `#!/bin/sh\n${before}kill -9 $$\n`, { mode: 0o755 });
  const blob = archiveOf({ name: 'large', content: Buffer.alloc(2 ** 20) });
  await expect(unpacked(blob, { program })).rejects.toThrow(
    /^Failed to unpack layer .*: the program that writes the files has ended early \(SIGKILL\)$/,
  );
});

test('holes of a sparse file take no room, and are zeros', async () => {
  const size = 200 * 2 ** 20;
  const { layer, files } = await unpackedOf(
    {
      name: 'sparse',
      content: `2\n1048576\n3\n${size}\n0\n`.padEnd(512, '\0').concat('abc'),
      mode: 0o600,
      pax: {
        'GNU.sparse.major': '1',
        'GNU.sparse.minor': '0',
        'GNU.sparse.name': 'dir/named',
        'GNU.sparse.realsize': String(size),
      },
    },
    { name: 'next', content: 'next' },
  );
  const status = lstatSync(join(files, 'dir/named'));
  expect({ size: status.size, mode: status.mode & 0o777 }).toEqual({ size, mode: 0o600 });
  expect(status.blocks * 512).toBeLessThan(2 ** 20);
  expect(layer.bytes).toBe(size + 4);
  const content = readFileSync(join(files, 'dir/named'));
  expect(content.subarray(1048576, 1048579).toString()).toBe('abc');
  expect(content.findLastIndex((byte) => byte !== 0)).toBe(1048578);
  expect(readFileSync(join(files, 'next'), 'utf8')).toBe('next');
});

test('a layer is unpacked, however it is compressed', async () => {
  const archive = archiveOf(
    { name: 'etc/', type: '5', mode: 0o750 },
    { name: 'etc/motd', content: 'hello\n'.repeat(50_000), mode: 0o4640, uid: 7, gid: 8 },
    { name: 'etc/again', type: '1', target: 'etc/motd' },
    { name: 'link', type: '2', target: '/etc/motd' },
    { name: 'deep/below/file', content: 'deep', seconds: 1_234_567_890 },
  );
  const whole = zstdCompressSync(archive.subarray(0, 5_000));
  const frames = Buffer.concat([
    Buffer.from('502a4d1804000000aabbccdd', 'hex'),
    whole,
    zstdCompressSync(archive.subarray(5_000)),
  ]);
  const members = [archive.subarray(0, 700), archive.subarray(700)].map((it) => gzipSync(it));
  const others = [packed('xz', archive), packed('bzip2', archive)];
  for (const blob of [archive, gzipSync(archive), Buffer.concat(members), frames, ...others]) {
    const { layer, files, text } = await unpacked(blob);
    expect(layer).toMatchObject({ diffId: digestOf(archive), entries: 5, bytes: 300_004 });
    expect(tree(files)).toEqual([
      'deep/',
      'deep/below/',
      'deep/below/file',
      'etc/',
      'etc/again',
      'etc/motd',
      'link -> /etc/motd',
    ]);
    expect(text('etc/again')).toBe('hello\n'.repeat(50_000));
    const status = lstatSync(join(files, 'etc/motd'));
    expect(status).toMatchObject({ nlink: 2, mode: 0o104640, ...(isRoot && { uid: 7, gid: 8 }) });
    expect(lstatSync(join(files, 'deep/below/file')).mtimeMs).toBe(1_234_567_890_000);
    expect(lstatSync(join(files, 'deep')).mode & 0o7777).toBe(0o755);
    expect(lstatSync(join(files, 'etc'))).toMatchObject({
      mode: 0o40750,
      mtimeMs: 1_000_000_000_000,
    });
  }
});

test('names are bytes', async () => {
  const { files } = await unpackedOf(
    { name: '\xff\xfe' },
    { name: 'x', pax: { path: 'caf\xc3\xa9' } },
    { name: 'cafe\xcc\x81' },
    { name: 'CAFE\n' },
  );
  const names = readdirSync(Buffer.from(files), { encoding: 'buffer' });
  expect(names.map((name) => name.toString('latin1')).sort()).toEqual(
    ['\xff\xfe', 'caf\xc3\xa9', 'cafe\xcc\x81', 'CAFE\n'].sort(),
  );
});

test('whiteouts and opaque folders are as overlays have them', async () => {
  const { files } = await unpackedOf(
    { name: 'a/.wh.gone' },
    { name: 'fresh/.wh..wh..opq' },
    { name: '.wh.both' },
    { name: 'both', content: 'this layer has it' },
    { name: '.wh.folder' },
    { name: 'folder/new' },
    { name: 'later/file' },
    { name: '.wh.later' },
    { name: 'kept' },
    { name: '.wh.kept' },
    // A link or file in the place of a folder has hidden what was in that, as umoci has it.
    { name: 'link', type: '2', target: 'a' },
    { name: 'link/.wh.below' },
    { name: 'link/deep/.wh..wh..opq' },
    { name: 'kept/.wh.below' },
    { name: '.wh.none' },
    { name: 'none/.wh.below' },
  );
  expect(tree(files)).toEqual([
    'a/',
    'a/gone gone',
    'both',
    'folder/',
    'folder/new',
    'fresh/',
    'kept',
    'later/',
    'later/file',
    'link -> a',
    'none/',
    'none/below gone',
  ]);
  const names = ['fresh', 'folder', 'later', 'a'];
  expect(attributes(...names.map((name) => [join(files, name), OPAQUE] as const))).toEqual([
    'y',
    'y',
    'y',
    null,
  ]);
});

test('what comes last of a name counts', async () => {
  const { files, text } = await unpackedOf(
    { name: 'a', content: 'first' },
    { name: 'b', type: '1', target: 'a' },
    { name: 'a', content: 'second' },
    { name: 'folder/file' },
    { name: 'folder', content: 'a file now' },
    { name: 'file' },
    { name: 'file/below', content: 'a folder now' },
    { name: 'again/kept' },
    { name: 'again', type: '5', mode: 0o700 },
    { name: 'full/x/y/z' },
    { name: 'full/x', type: '2', target: 'elsewhere' },
    { name: 'full/x/new', content: 'and a folder again' },
    { name: 'c', type: '1', target: 'a' },
    { name: 'c', type: '1', target: 'a' },
  );
  expect(text('a')).toBe('second');
  expect(text('b'), 'another link stays').toBe('first');
  expect(text('folder')).toBe('a file now');
  expect(text('file/below')).toBe('a folder now');
  expect(text('c')).toBe('second');
  expect(tree(files)).toContain('again/kept');
  expect(tree(join(files, 'full'))).toEqual(['x/', 'x/new']);
});

test('nothing is written through a link', async () => {
  const outside = join(temporary.path, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'victim'), 'as it was');
  const { files } = await unpackedOf(
    { name: 'one', type: '2', target: outside },
    { name: 'one/evil', content: 'evil' },
    { name: 'two', type: '2', target: '..' },
    { name: 'two/up/three', content: 'fine' },
    { name: 'four', type: '2', target: outside },
    { name: 'five', type: '2', target: 'four' },
    { name: 'five/victim', content: 'evil' },
    { name: 'four/.wh..wh..opq' },
    { name: 'six', type: '2', target: join(outside, 'victim') },
    { name: 'six', content: 'a file in place of the link' },
    { name: 'seven', type: '2', target: outside },
    { name: 'seven/.wh.victim' },
    { name: 'eight', type: '2', target: outside },
    { name: 'eight', type: '5', mode: 0o777 },
    { name: 'nine', type: '2', target: join(outside, 'victim') },
    { name: 'ten', type: '1', target: 'nine' },
  );
  expect(readdirSync(outside)).toEqual(['victim']);
  expect(readFileSync(join(outside, 'victim'), 'utf8')).toBe('as it was');
  expect(lstatSync(outside).mode & 0o777).not.toBe(0o777);
  expect(tree(files)).toEqual(
    [
      'one/',
      'one/evil',
      'two/',
      'two/up/',
      'two/up/three',
      `four -> ${outside}`,
      'five/',
      'five/victim',
      'six',
      `seven -> ${outside}`,
      'eight/',
      `nine -> ${join(outside, 'victim')}`,
      `ten -> ${join(outside, 'victim')}`,
    ].sort(),
  );
});

test.each<[string, readonly ArchiveEntry[], string]>([
  [
    'a hard link to what is not there',
    [{ name: 'a', type: '1', target: 'b' }],
    "'a': No such file",
  ],
  [
    'a hard link to a folder',
    [
      { name: 'b', type: '5' },
      { name: 'a', type: '1', target: 'b' },
    ],
    "'a': Operation not permitted",
  ],
  [
    'a hard link through a link',
    [
      { name: 'etc', type: '2', target: '/etc' },
      { name: 'a', type: '1', target: 'etc/passwd' },
    ],
    "'a': Not a directory",
  ],
])('%s is refused', async (_, entries, why) => {
  await expect(unpackedOf(...entries)).rejects.toThrow(
    `Failed to unpack layer sha256:77: Failed to make ${why}`,
  );
});

test.runIf(isRoot)('attributes come after content of any size', async () => {
  const pax = { 'SCHILY.xattr.user.a': 'a', 'SCHILY.xattr.user.b': 'bb' };
  const content = Buffer.alloc(20 << 20, 'content');
  const { files } = await unpackedOf(
    { name: 'small', content: 'x' },
    { name: 'large', content, pax },
  );
  const large = join(files, 'large');
  expect(attributes([large, 'user.a'], [large, 'user.b'])).toEqual(['a', 'bb']);
});

test('no device of an archive is made, whatever it is and wherever it leads', async () => {
  const { files } = await unpackedOf(
    { name: 'null', type: '3', major: 1, minor: 3, mode: 0o666 },
    { name: 'disk', type: '4', major: 259, minor: 300, mode: 0o666 },
    { name: 'other', type: '1', target: 'disk' },
    { name: 'file', content: 'x' },
    { name: 'file', type: '3', major: 1, minor: 1, mode: 0o666 },
  );
  for (const name of ['null', 'disk', 'other', 'file']) {
    const found = lstatSync(join(files, name));
    expect({ mode: found.mode, size: found.size }).toEqual({ mode: 0o100000, size: 0 });
  }
});

test.runIf(isRoot)('attributes and capabilities are those of the archive', async () => {
  const capability = '\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0';
  const { files } = await unpackedOf(
    { name: 'fifo', type: '6', mode: 0o600 },
    {
      name: 'ping',
      mode: 0o755,
      uid: 3,
      content: 'x',
      pax: { 'SCHILY.xattr.security.capability': capability, 'SCHILY.xattr.user.a': '\xff\0' },
    },
    { name: 'folder', type: '5', pax: { 'SCHILY.xattr.user.b': 'b' } },
  );
  expect(lstatSync(join(files, 'fifo')).isFIFO()).toBe(true);
  expect(
    attributes(
      [join(files, 'ping'), 'security.capability'],
      [join(files, 'ping'), 'user.a'],
      [join(files, 'folder'), 'user.b'],
    ),
  ).toEqual([capability, '\xff\0', 'b']);
});

test('folders that their owner may not write to are filled all the same', async () => {
  const { files } = await unpackedOf(
    { name: 'closed', type: '5', mode: 0o555 },
    { name: 'closed/below', type: '5', mode: 0o500 },
    { name: 'closed/below/file', mode: 0 },
  );
  expect(lstatSync(join(files, 'closed')).mode & 0o777).toBe(0o555);
  expect(lstatSync(join(files, 'closed/below')).mode & 0o777).toBe(0o500);
  expect(tree(files)).toContain('closed/below/file');
});

test.each<[string, Buffer, string]>([
  ['what is no archive', Buffer.from('no archive'.repeat(100)), 'it is no tar archive'],
  ['a web page', Buffer.from('<html>not found</html>'), 'it ends in the middle of an entry'],
  ['half a gzip', gzipSync(archiveOf({ name: 'a' })).subarray(0, 40), 'compressed data end early'],
  [
    'a damaged gzip',
    Buffer.concat([gzipSync(archiveOf({ name: 'a' })).subarray(0, 10), Buffer.alloc(300, 7)]),
    'compressed data are damaged',
  ],
  ['half a zstd', zstdCompressSync(archiveOf({ name: 'a' })).subarray(0, 20), 'compressed data'],
  [
    'half an archive',
    entryBytes({ name: 'a', content: 'x'.repeat(2000) }).subarray(0, 900),
    'in the middle',
  ],
  ['an archive of lz4', Buffer.from('04224d1800000000', 'hex'), 'it is compressed as lz4'],
  ['half an xz', packed('xz', archiveOf({ name: 'a' })).subarray(0, 40), 'end of input'],
  ['half a bzip2', packed('bzip2', archiveOf({ name: 'a' })).subarray(0, 40), 'ends unexpectedly'],
])('%s is refused', async (_, blob, why) => {
  await expect(unpacked(blob)).rejects.toThrow(
    new RegExp(`^Layer sha256:77 cannot be unpacked: .*${why}`),
  );
});

test('an empty layer is a layer', async () => {
  const empty = Buffer.alloc(1024);
  expect((await unpacked(gzipSync(empty))).layer).toEqual({
    kind: 'unpacked',
    diffId: digestOf(empty),
    unlisted: [],
    entries: 0,
    bytes: 0,
    top: undefined,
    isOpaque: false,
    aci: undefined,
  });
});

test('of an App Container image, what is below rootfs is the layer', async () => {
  const manifest = '{"acKind": "ImageManifest"}';
  const archive = archiveOf(
    { name: 'rootfs', type: '5', mode: 0o700, uid: 9 },
    { name: './rootfs/etc/.wh.motd', content: 'a name as any other' },
    { name: 'rootfs/etc/motd', content: 'hello' },
    { name: 'rootfs/again', type: '1', target: 'rootfs/etc/motd' },
    { name: 'rootfs/link', type: '2', target: '/etc/motd' },
    { name: 'notes/manifest', content: 'of no interest' },
    { name: './manifest', content: manifest },
  );
  const { layer, files, text } = await unpacked(packed('xz', archive), { form: 'aci' });
  const id = `sha512-${createHash('sha512').update(archive).digest('hex')}`;
  expect(layer).toMatchObject({
    diffId: digestOf(archive),
    top: { mode: 0o700, uid: 9, gid: 0 },
    isOpaque: false,
    aci: { id, manifest },
  });
  expect(tree(files)).toEqual(['again', 'etc/', 'etc/.wh.motd', 'etc/motd', 'link -> /etc/motd']);
  expect(text('again')).toBe('hello');
});

const root = { name: 'rootfs/a' };
const large = { name: 'manifest', content: Buffer.alloc(2 ** 20 + 1) };
test.each<[string, ArchiveEntry[], string]>([
  ['without a manifest', [root], "there is no file 'manifest'"],
  ['without files', [{ name: 'manifest' }], "there is no folder 'rootfs'"],
  [
    'with a manifest that is a link',
    [root, { name: 'manifest', type: '2', target: '/etc/passwd' }],
    "'manifest' is no plain file",
  ],
  ['with two manifests', [root, { name: 'manifest' }, { name: './manifest' }], 'several'],
  ['with a large manifest', [root, large], 'its manifest has more than 1048576 bytes'],
  [
    'with a manifest that is no text',
    [root, { name: 'manifest', content: Buffer.from([0xff]) }],
    'UTF-8',
  ],
  ['whose rootfs is a link', [{ name: 'rootfs', type: '2', target: '/' }], 'is no folder'],
  ['that leads out of rootfs', [{ name: 'rootfs/../x' }], 'leads out of the layer'],
  [
    'with a hard link out of rootfs',
    [{ name: 'rootfs/x', type: '1', target: 'manifest' }],
    "hard link to 'manifest'",
  ],
])('an App Container image %s is refused', async (_, entries, why) => {
  await expect(unpacked(archiveOf(...entries), { form: 'aci' })).rejects.toThrow(why);
});

test('a bomb ends before it has filled the disk', async () => {
  const bounds = { entries: 100, bytes: 1_000_000 };
  const header = headerOf({ name: 'huge', size: 2 ** 32 }, 0);
  await expect(unpacked(gzipSync(header), { bounds })).rejects.toThrow(
    'its files have more than 1000000 bytes',
  );
  const after = Buffer.concat([archiveOf({ name: 'a' }), Buffer.alloc(4_000_000)]);
  await expect(unpacked(gzipSync(after), { bounds })).rejects.toThrow(
    'it is larger than all files that a layer may have',
  );
  const many = archiveOf(...Array.from({ length: 101 }, (_, at) => ({ name: `${at}` })));
  await expect(unpacked(gzipSync(many), { bounds })).rejects.toThrow('more than 100 files');
});

test('bytes after the end are a part of what has the digest', async () => {
  const archive = Buffer.concat([archiveOf({ name: 'a' }), Buffer.alloc(9_000, 1)]);
  expect((await unpacked(archive)).layer.diffId).toBe(digestOf(archive));
});

test.runIf(isRoot)('a full disk is an error that says so', async () => {
  const below = join(temporary.path, 'disk');
  mkdirSync(below);
  using _disk = new SmallDisk(below);
  await expect(
    unpacked(archiveOf({ name: 'a', content: 'x' }), { below }),
    'what is kept free',
  ).rejects.toThrow("Failed to make 'a': No space left on device");
});

test('an abort ends it at once, and then nothing works in the folder', async () => {
  const zeros = headerOf({ name: 'zeros', size: 2 ** 32 }, 0);
  const parts = [zeros, ...Array.from({ length: 40 }, () => Buffer.alloc(4 << 20))];
  const controller = new AbortController();
  const done = unpacked(gzipSync(Buffer.concat(parts), { level: 1 }), { abort: controller.signal });
  const [staging = ''] = await vi.waitUntil(
    () => {
      const names = readdirSync(temporary.path).filter((name) => name.startsWith('staging-'));
      return names.some((name) => existsSync(join(temporary.path, name, 'layer/files/zeros')))
        ? names
        : undefined;
    },
    { timeout: 10_000, interval: 2 },
  );
  controller.abort(new Error('given up'));
  await expect(done).rejects.toThrow('given up');
  rmSync(join(temporary.path, staging), { recursive: true });
});
