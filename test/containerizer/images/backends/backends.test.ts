// What a container sees of its layers: the kernel's overlay of them, and a copy, are the same.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type BackendName,
  chooseBackend,
  makeRoot,
} from '../../../../src/containerizer/images/backends/backends.ts';
import type { RootFileSystem } from '../../../../src/containerizer/images/provisioner.ts';
import {
  LAYER_BOUNDS,
  unpackLayer,
} from '../../../../src/containerizer/images/unpacking/unpacker.ts';
import { rootStep } from '../../../../src/containerizer/launchers/oci/root-step.ts';
import { Stage } from '../../launchers/process/stage.ts';
import { type ArchiveEntry, archiveOf } from '../archives.ts';

const isRoot = process.geteuid?.() === 0;
const never = new AbortController().signal;

let stage: Stage;
let runs = 0;

beforeEach(async () => {
  stage = await Stage.open();
});

afterEach(() => stage.close());

interface Unpacked {
  readonly files: string;
  readonly unlisted: readonly string[];
}

async function unpacked(entries: readonly ArchiveEntry[]): Promise<Unpacked> {
  const at = stage.made(`layer-${++runs}`);
  mkdirSync(join(at, 'layer/files'), { recursive: true });
  mkdirSync(join(at, 'replaced'));
  const blob = join(at, 'blob');
  writeFileSync(blob, archiveOf(...entries));
  const { unlisted } = await unpackLayer(
    'of the test',
    { program: stage.program, blob, folder: at, form: 'layer', bounds: LAYER_BOUNDS },
    never,
  );
  return { files: join(at, 'layer/files'), unlisted };
}

/**
 * Names, types, permissions, owners, links, content, and which names are of one file. Where a layer
 * takes away what no layer below it has, the kernel lists a name under which nothing is found.
 */
const LIST = [
  `find . -mindepth 1 -printf '%P %y %m %U %G %l\\n'`,
  'find . -type f -exec cksum {} +',
  `find . -type f -links +1 -printf '%i %n %p\\n' | awk '{ print (a[$1] ? a[$1] : a[$1] = $3), $2, $3 }'`,
].map((command) => `{ ${command}; } 2>/dev/null | sort`);

async function seen(root: RootFileSystem): Promise<string> {
  const rootfs = stage.made(`rootfs-${++runs}`);
  const script = `cd ${rootfs} && ${LIST.join('; ')}`;
  return await stage.printed(script, rootStep(root, rootfs, isRoot), rootfs);
}

const rootOf = (backend: BackendName, layers: readonly Unpacked[]) =>
  makeRoot(backend, stage.program, {
    folder: stage.made(`root-${++runs}`),
    layers: layers.map(({ files }) => files),
    top: undefined,
    unlisted: layers.slice(1).flatMap((layer) => layer.unlisted),
    abort: never,
  });

const name = fc.constantFrom('a', 'b', 'c');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
const mode = fc.constantFrom(0o644, 0o4755, 0o700);

const entry: fc.Arbitrary<ArchiveEntry> = fc.oneof(
  fc.record({ name: path, content: fc.constantFrom('', 'one', 'two'), mode, uid: fc.nat(3) }),
  fc.record({ name: path, type: fc.constant('5'), mode, gid: fc.nat(3) }),
  fc.record({ name: path, type: fc.constant('2'), target: fc.constantFrom('a', '../b', '/c') }),
  fc.record({ name: path, type: fc.constant('6') }),
  path.map((at) => ({ name: at.replace(/[^/]+$/, '.wh.$&') })),
  path.map((at) => ({ name: `${at}/.wh..wh..opq` })),
);

/** With a file that has two names, if its folders are not in the way. */
const layer = fc
  .tuple(fc.array(entry, { maxLength: 8 }), fc.boolean())
  .map(([entries, hasLinks]) =>
    hasLinks
      ? [
          ...entries,
          { name: 'links/one', content: 'linked' },
          { name: 'links/two', type: '1', target: 'links/one' },
        ]
      : entries,
  );

test.runIf(isRoot)('a copy is what an overlay shows', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(layer, { minLength: 1, maxLength: 3 }), async (all) => {
      const layers = await Promise.all(all.map(unpacked));
      const overlay = await seen(await rootOf('overlay', layers));
      const copy = await seen(await rootOf('copy', layers));
      expect(copy).toBe(overlay);
    }),
    { numRuns: 8 },
  );
});

test.runIf(isRoot).each(['overlay', 'copy'] as const)(
  'a folder that a layer does not list is as the layers below say (%s)',
  async (backend) => {
    const low = await unpacked([
      { name: 'tmp/', type: '5', mode: 0o1777 },
      { name: 'home/', type: '5', mode: 0o711, gid: 3 },
      { name: 'home/user/', type: '5', mode: 0o700, uid: 7, pax: { 'SCHILY.xattr.user.a': 'b' } },
      { name: 'gone/', type: '5', mode: 0o700 },
      { name: 'gone/inside/', type: '5', mode: 0o700 },
      { name: 'hidden/', type: '5', mode: 0o700 },
      { name: 'hidden/inside/', type: '5', mode: 0o700 },
      { name: 'link', type: '2', target: 'home/user' },
      { name: 'listed/', type: '5', mode: 0o700 },
      { name: 'made/', type: '5', mode: 0o700 },
    ]);
    const middle = await unpacked([
      { name: 'tmp/one', content: '' },
      { name: 'home/user/.wh.nothing' },
      { name: '.wh.gone' },
      { name: 'hidden/.wh..wh..opq' },
      { name: 'listed/late' },
      { name: 'made/inside' },
      { name: '.wh.made' },
      { name: 'listed/', type: '5', mode: 0o750 },
    ]);
    const high = await unpacked([
      { name: 'home/user/deep/file', content: '' },
      { name: 'tmp/.wh.one' },
      { name: 'gone/inside/file', content: '' },
      { name: 'hidden/inside/file', content: '' },
      { name: 'link/file', content: '' },
      { name: 'listed/file', content: '' },
    ]);
    expect(high.unlisted).toEqual([
      ...['gone', 'gone/inside', 'hidden', 'hidden/inside', 'home', 'home/user', 'home/user/deep'],
      ...['link', 'listed', 'tmp'],
    ]);
    const rows = (await seen(await rootOf(backend, [low, middle, high]))).split('\n');
    const folders = rows.flatMap((row) => /^(\S+ d \d+ \d+ \d+) *$/.exec(row)?.[1] ?? []);
    expect(folders).toEqual([
      'gone d 755 0 0',
      'gone/inside d 755 0 0',
      'hidden d 700 0 0',
      'hidden/inside d 755 0 0',
      'home d 711 0 3',
      'home/user d 700 7 0',
      'home/user/deep d 755 0 0',
      'link d 755 0 0',
      'listed d 750 0 0',
      'made d 755 0 0',
      'tmp d 1777 0 0',
    ]);
  },
);

test.runIf(isRoot)('a copy has attributes, capabilities and times of its layers', async () => {
  const low = await unpacked([
    { name: 'deep/er/file', content: 'x', seconds: 1_234_567_890 },
    {
      name: 'ping',
      mode: 0o755,
      uid: 3,
      content: 'y',
      pax: {
        'SCHILY.xattr.security.capability': '\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0',
        'SCHILY.xattr.user.a': 'b',
      },
    },
    { name: 'null', type: '3', major: 1, minor: 3, mode: 0o666 },
  ]);
  const root = await rootOf('copy', [low]);
  const path = root.kind === 'folder' ? root.path : '';
  expect(
    execFileSync('find', [path, '-mindepth', '1', '-printf', '%P %y %m %U %T@\\n'], {
      encoding: 'utf8',
    })
      .trim()
      .split('\n')
      .sort(),
  ).toEqual([
    expect.stringMatching(/^deep d 755 0 /),
    expect.stringMatching(/^deep\/er d 755 0 /),
    'deep/er/file f 644 0 1234567890.0000000000',
    'null f 0 0 1000000000.0000000000',
    'ping f 755 3 1000000000.0000000000',
  ]);
  const attributes = [
    'import os, sys',
    'for each in sorted(os.listxattr(sys.argv[1])): print(each)',
  ].join('\n');
  expect(
    execFileSync('python3', ['-c', attributes, join(path, 'ping')], { encoding: 'utf8' }),
  ).toBe('security.capability\nuser.a\n');
});

test('a copy that is aborted ends', async () => {
  const layers = Array.from({ length: 40 }, () => stage.made('many'));
  for (let at = 0; at < 500; at++) {
    writeFileSync(join(stage.made('many'), `${at}`), '');
  }
  const given = new AbortController();
  const at = stage.made('aborted');
  const done = makeRoot('copy', stage.program, {
    folder: at,
    layers,
    top: undefined,
    unlisted: [],
    abort: given.signal,
  });
  setImmediate(() => given.abort(new Error('killed')));
  await expect(done).rejects.toThrow('killed');
  rmSync(at, { recursive: true });
});

test('what this machine cannot mount is copied, or refused where an overlay is asked for', async () => {
  const where = {
    program: stage.program,
    layers: stage.made('layers'),
    containers: stage.made('containers'),
  };
  const other = { ...where, program: '/bin/false' };
  expect(await chooseBackend('auto', other)).toBe('copy');
  await expect(chooseBackend('overlay', other)).rejects.toThrow(
    `--image_provisioner_backend=overlay: layers in '${where.layers}' cannot be mounted with ` +
      `'${where.containers}' to write to: `,
  );
  expect(await chooseBackend('copy', other)).toBe('copy');
  if (isRoot && spawnSync('grep', ['-q', 'overlay', '/proc/filesystems']).status === 0) {
    expect(await chooseBackend('auto', where)).toBe('overlay');
  }
  expect([...readdirSync(where.layers), ...readdirSync(where.containers)]).toEqual([]);
});

test('no process is started by the loop itself, which would wait for it', async () => {
  const low = await unpacked([{ name: 'a/', type: '5', mode: 0o751 }]);
  const high = await unpacked([{ name: 'a/file', content: 'x' }]);
  expect(high.unlisted).toEqual(['a']);
  const started: unknown[] = [];
  const note = (process: unknown) => started.push(process);
  subscribe('child_process', note);
  try {
    for (const backend of ['overlay', 'copy'] as const) {
      await rootOf(backend, [low, high]);
    }
    expect(started).toEqual([]);
    spawn('true').unref();
    expect(started).toHaveLength(1);
  } finally {
    unsubscribe('child_process', note);
  }
});
