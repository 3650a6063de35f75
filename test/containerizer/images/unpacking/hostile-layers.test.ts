// Layers of entries that lead anywhere, in any order: what is outside of the layer stays as it is,
// whatever they are; and layers of which a part is missing.
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ContainerizerError } from '../../../../src/containerizer/containerizer-error.ts';
import {
  LAYER_BOUNDS,
  unpackLayer,
} from '../../../../src/containerizer/images/unpacking/unpacker.ts';
import { supervisorProgram } from '../../../../src/containerizer/launchers/process/supervisor-program.ts';
import { programs, temporaryFolder } from '../../../agent-driver/harness.ts';
import { type ArchiveEntry, archiveOf } from '../archives.ts';

let temporary: ReturnType<typeof temporaryFolder>;
let outside: string;
let program: string;

beforeAll(async () => {
  temporary = temporaryFolder();
  program = await supervisorProgram(programs);
  outside = join(temporary.path, 'outside');
  mkdirSync(join(outside, 'folder'), { recursive: true });
  writeFileSync(join(outside, 'file'), 'outside', { mode: 0o640 });
  writeFileSync(join(outside, 'folder', 'file'), 'below');
  symlinkSync('file', join(outside, 'link'));
});

afterAll(() => temporary[Symbol.dispose]());

async function unpacked(blob: Buffer): Promise<string> {
  const folder = mkdtempSync(join(temporary.path, 'staging-'));
  const files = join(folder, 'layer/files');
  mkdirSync(files, { recursive: true });
  mkdirSync(join(folder, 'replaced'));
  const file = join(folder, 'blob');
  writeFileSync(file, blob);
  const order = { program, blob: file, form: 'layer', folder, bounds: LAYER_BOUNDS } as const;
  await unpackLayer('sha256:77', order, new AbortController().signal);
  return folder;
}

/** The paths of all below, links not followed. */
const below = (folder: string, path = ''): string[] =>
  readdirSync(join(folder, path), { withFileTypes: true }).flatMap((it) => {
    const own = join(path, it.name);
    return it.isDirectory() ? [own, ...below(folder, own)] : [own];
  });

/** All that can be seen of a folder, but for when it was read. */
function seen(folder: string): string[] {
  return ['.', ...below(folder).sort()].map((name) => {
    const path = join(folder, name);
    const { mode, uid, gid, nlink, size, mtimeMs, ctimeMs } = lstatSync(path);
    const content = lstatSync(path).isFile() ? readFileSync(path, 'utf8') : '';
    return JSON.stringify({ name, mode, uid, gid, nlink, size, mtimeMs, ctimeMs, content });
  });
}

/** Parts of names: few, so that they meet; the same in other letters and other normal forms. */
const part = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.constantFrom(
      ...['a', 'b', 'A', '.', '', 'e\xcc\x81', '\xc3\xa9', '.wh.a', '.wh.b', '.wh..wh..opq'],
      ...['.wh..wh.plnk', 'file', 'folder', 'link'],
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom('..', '.wh...', '.wh..', '.wh.') },
);
const name = fc
  .tuple(
    fc.constantFrom('', '', '', '/', './', './', '/', '../'),
    fc.array(part, { minLength: 1, maxLength: 4 }),
  )
  .map(([start, parts]) => start + parts.join('/'));

/** `OUTSIDE` stands for the folder that must stay as it is. */
const target = fc.oneof(
  name,
  fc.constantFrom(
    ...['..', '../../..', '/', '.', '/proc/self/cwd', '/proc/self/root', '/etc/passwd'],
    ...['OUTSIDE', 'OUTSIDE/file', 'OUTSIDE/folder', 'OUTSIDE/link'],
    ...['../../../outside', '../../../outside/file', '../../outside/folder', '../replaced'],
  ),
);

const entries = fc.array(
  fc.record({
    name: fc.oneof({ weight: 9, arbitrary: name }, { weight: 1, arbitrary: target }),
    type: fc.constantFrom('0', '0', '0', '1', '2', '2', '2', '3', '4', '5', '5', '5', '6', '7'),
    target,
    content: fc.constantFrom('', 'x', 'content'),
    mode: fc.constantFrom(0o644, 0o755, 0, 0o7777, 0o4755, 0o2777),
    uid: fc.constantFrom(0, 7, 65_534),
    pax: fc.oneof(
      { weight: 9, arbitrary: fc.constant(undefined) },
      {
        weight: 1,
        arbitrary: fc.constantFrom<Record<string, string>>(
          { 'SCHILY.xattr.security.capability': `\x01\x00\x00\x02${'\x00'.repeat(16)}` },
          { 'SCHILY.xattr.security.capability': 'none' },
          { 'SCHILY.xattr.trusted.overlay.redirect': '/outside' },
          { 'SCHILY.xattr.trusted.overlay.opaque': 'y' },
          { 'SCHILY.xattr.user.any': 'thing' },
        ),
      },
    ),
  }),
  { minLength: 1, maxLength: 6 },
);

test('whatever a layer has in it, nothing outside of it is changed', async () => {
  const before = seen(outside);
  const above = readdirSync(temporary.path).filter((it) => !it.startsWith('staging-'));
  let whole = 0;
  await fc.assert(
    fc.asyncProperty(entries, async (all) => {
      const archive = archiveOf(
        { name: 'a', content: 'a' },
        ...all.map(({ pax, content, ...entry }): ArchiveEntry => {
          const at = (text: string) => text.replace('OUTSIDE', outside);
          const isFile = entry.type === '0' || entry.type === '7';
          return {
            ...{ ...entry, name: at(entry.name), target: at(entry.target) },
            ...{ major: 1, minor: 3, content: isFile ? content : '' },
            ...(pax !== undefined && { pax }),
          };
        }),
      );
      let folder: string | undefined;
      try {
        folder = await unpacked(archive);
        whole++;
      } catch (error) {
        if (!(error instanceof ContainerizerError)) {
          throw error;
        }
        // What the kernel refuses: links to what is not there, capabilities that are none.
        expect(error.message).toMatch(
          /^Layer sha256:77 cannot be unpacked: |^Failed to unpack layer sha256:77: Failed to make '/,
        );
      }
      expect(seen(outside)).toEqual(before);
      expect(readdirSync(temporary.path).filter((it) => !it.startsWith('staging-'))).toEqual(above);
      if (folder !== undefined) {
        checkLayer(join(folder, 'layer', 'files'));
      }
      for (const each of readdirSync(temporary.path).filter((it) => it.startsWith('staging-'))) {
        rmSync(join(temporary.path, each), { recursive: true });
      }
    }),
    { numRuns: 60 },
  );
  expect(whole).toBeGreaterThan(0);
});

/** No device but those by which overlays hide files; and a name once, in whatever form. */
function checkLayer(files: string): void {
  for (const path of below(files)) {
    const status = lstatSync(join(files, path));
    expect(status.isBlockDevice()).toBe(false);
    expect(status.isCharacterDevice() ? status.rdev : 0).toBe(0);
    expect(status.isDirectory() ? '' : path.split('/').at(-1)).not.toMatch(/^\.wh\./);
    if (status.isSymbolicLink()) {
      expect(readlinkSync(join(files, path))).not.toBe('');
    }
  }
}

test('a compressed layer that is cut anywhere is refused', async () => {
  const archive = archiveOf(
    { name: 'etc/', type: '5' },
    { name: 'etc/motd', content: 'hello\n'.repeat(3_000) },
    {
      name: 'random',
      content: Buffer.from(Array.from({ length: 3_000 }, (_, i) => (i * 7919) % 251)),
    },
  );
  for (const blob of [gzipSync(archive), zstdCompressSync(archive)]) {
    await unpacked(blob);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: blob.length - 1 }), async (end) => {
        await expect(unpacked(blob.subarray(0, end))).rejects.toThrow(
          /^Layer sha256:77 cannot be unpacked: /,
        );
      }),
      { numRuns: 15 },
    );
  }
});
