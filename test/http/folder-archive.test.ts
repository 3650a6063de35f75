// Folders as archives: what the system's own tar reads of them, and what must not be in them.
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { type IncomingMessage, get as request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Beneath } from '../../src/filesystem/beneath.ts';
import { archive } from '../../src/http/server/files.ts';
import {
  ARCHIVE_LIMITS,
  type ArchiveLimits,
  folderArchive,
} from '../../src/http/server/folder-archive.ts';
import { type MiniMaster, startMaster, stopMasters } from './mini-master.ts';

let base: string;
let box: string;
let master: MiniMaster;

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'mesoscale-archive-'));
  box = join(base, 'box');
  writeFileSync(join(base, 'secret'), 'secret');
  master = await startMaster({ logFiles: new Map([['/box', box]]) });
});
beforeEach(() => mkdirSync(box));
afterEach(() => rmSync(box, { recursive: true }));
afterAll(async () => {
  await stopMasters();
  rmSync(base, { recursive: true });
});

test('who takes two archives leaves room for others', async () => {
  const files = new Map([['/box', box]]);
  const done = Promise.withResolvers<void>();
  const begun: string[] = [];
  const take = (party: string) =>
    archive(files, { path: '/box', party }, async () => {
      begun.push(party);
      await done.promise;
    });
  const parties = ['ops', 'ops', 'low', 'low', 'a', 'b', 'c', 'c'];
  const all = parties.map(take);
  const refused = async (party: string) => {
    const result = await take(party);
    return 'refusal' in result ? result.refusal.body : undefined;
  };
  expect(await refused('ops')).toMatch(/^2 archives of ops are being made/);
  expect(await refused('d')).toMatch(/^8 archives are being made/);
  done.resolve();
  expect(await Promise.all(all)).toEqual(parties.map(() => ({ value: undefined })));
  expect(begun).toHaveLength(8);
  await expect(take('ops')).resolves.toEqual({ value: undefined });
});

/** The archive of the box; `on` is told each piece before the next is made. */
async function archived(
  limits: Partial<ArchiveLimits> = {},
  on: (piece: Buffer) => void = () => undefined,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  await using root = await Beneath.open(box);
  await root.find('', async (place) => {
    if (place.kind === 'folder') {
      const { folder } = place;
      const made = folderArchive(
        { folder, name: 'box', open: (at, name) => at.file(name) },
        { ...ARCHIVE_LIMITS, ...limits },
      );
      for await (const piece of made) {
        on(piece);
        pieces.push(piece);
      }
    }
  });
  return Buffer.concat(pieces);
}

/** Unpacks it with the system's tar, which complains of anything odd, and calls back with where. */
function unpacked<T>(archive: Buffer, look: (folder: string) => T): T {
  const folder = mkdtempSync(join(base, 'unpacked-'));
  try {
    execFileSync('tar', ['-x', '-p', '-C', folder], { input: archive, stdio: 'pipe' });
    return look(folder);
  } finally {
    execFileSync('rm', ['-rf', folder]);
  }
}

const leftOut = (archive: Buffer) =>
  unpacked(archive, (at) =>
    readdirSync(at).includes('left-out.txt') ? readFileSync(join(at, 'left-out.txt'), 'utf8') : '',
  );

test('has files of all sizes, and names of any bytes', async () => {
  const names = [
    'a b',
    '-rf',
    'new\nline',
    '\u202egnp',
    "'; rm -rf ~",
    'x'.repeat(255),
    '\\',
    '...',
  ];
  for (const [index, name] of names.entries()) {
    writeFileSync(join(box, name), 'z'.repeat([0, 1, 511, 512, 513, 200_000, 7, 9][index] ?? 0));
  }
  const bytes = Buffer.concat([Buffer.from(`${box}/`), Buffer.from([0xff, 0xfe, 0x41])]);
  writeFileSync(bytes, 'bytes');
  mkdirSync(join(box, 'd'.repeat(90), 'e'.repeat(90)), { recursive: true });
  mkdirSync(join(box, 'empty'));
  writeFileSync(join(box, 'run'), '#!/bin/sh\n');
  chmodSync(join(box, 'run'), 0o6755);
  const archive = await archived();
  expect(archive.length % 512).toBe(0);
  unpacked(archive, (at) => {
    execFileSync('diff', ['-r', box, join(at, 'box')]);
    // Who unpacks it as root gets no program that runs as its owner.
    expect(statSync(join(at, 'box', 'run')).mode & 0o7777).toBe(0o755);
  });
  expect(leftOut(archive)).toBe('');
});

test('keeps links within it as links, and follows none', async () => {
  mkdirSync(join(box, 'sub', 'deep'), { recursive: true });
  writeFileSync(join(box, 'file'), 'x');
  symlinkSync('../file', join(box, 'sub', 'up'));
  symlinkSync('sub', join(box, 'down'));
  symlinkSync(`${'./'.repeat(60)}file`, join(box, 'long'));
  symlinkSync('../..', join(box, 'sub', 'deep', 'top'));
  for (const [name, target] of [
    ['outside', join(base, 'secret')],
    ['above', '../secret'],
    // Over the link `top`, this would be above the box.
    ['sub/deep/over', 'top/../secret'],
  ] as const) {
    symlinkSync(target, join(box, name));
  }
  execFileSync('mkfifo', [join(box, 'fifo')]);
  const archive = await archived();
  expect(archive.includes('secret')).toBe(false);
  unpacked(archive, (at) => {
    expect(readlinkSync(join(at, 'box', 'sub', 'up'))).toBe('../file');
    expect(readFileSync(join(at, 'box', 'long'), 'utf8')).toBe('x');
    expect(readdirSync(join(at, 'box')).toSorted()).toEqual(['down', 'file', 'long', 'sub']);
  });
  expect(leftOut(archive).trim().split('\n').toSorted()).toEqual([
    '"box/above": a link that leads out of the folder',
    '"box/fifo": neither a file nor a folder',
    '"box/outside": a link that leads out of the folder',
    '"box/sub/deep/over": a link that leads out of the folder',
  ]);
});

test('is whole where its files change while it is made', async () => {
  const size = 1_000_000;
  for (const name of ['shorter', 'longer', 'gone']) {
    mkdirSync(join(box, name));
    writeFileSync(join(box, name, 'f'), name[0]?.repeat(size) ?? '');
  }
  let isMoved = false;
  const archive = await archived({}, (piece) => {
    // The first piece of the content of each.
    const letter = String.fromCharCode(piece[0] ?? 0);
    if (piece.length === 128 * 1024 && letter === 's') {
      truncateSync(join(box, 'shorter', 'f'), 10);
    } else if (piece.length === 128 * 1024 && letter === 'l') {
      appendFileSync(join(box, 'longer', 'f'), 'more');
    } else if (piece.length === 128 * 1024 && letter === 'g' && !isMoved) {
      isMoved = true;
      // What is open is read on; what its name leads to by now is not looked at.
      renameSync(join(box, 'gone'), join(base, 'moved'));
      symlinkSync(base, join(box, 'gone'));
    }
  });
  rmSync(join(base, 'moved'), { recursive: true });
  unpacked(archive, (at) => {
    const content = (name: string) => readFileSync(join(at, 'box', name, 'f'), 'latin1');
    expect(content('longer')).toBe('l'.repeat(size));
    expect(content('gone')).toBe('g'.repeat(size));
    expect(content('shorter')).toBe('s'.repeat(128 * 1024).padEnd(size, '\0'));
  });
  expect(leftOut(archive)).toContain('"box/shorter/f": its end');
});

test('has bounds, and tells where it met them', async () => {
  mkdirSync(join(box, 'a', 'b', 'c'), { recursive: true });
  writeFileSync(join(box, 'a', 'large'), 'l'.repeat(1_000));
  expect(leftOut(await archived({ depth: 3 }))).toBe(
    '"box/a/b/c": more than 3 folders in each other\n',
  );
  expect(leftOut(await archived({ bytes: 999 }))).toBe(
    '"box/a/large": more than 999 bytes with it\n',
  );
  expect(leftOut(await archived({ entries: 2 }))).toMatch(
    /^(?:"box\/a\/.*": more than 2 entries\n)+$/,
  );
});

test('is sent under the name of its folder, and of folders only', async () => {
  mkdirSync(join(box, 'söb'));
  writeFileSync(join(box, 'söb', 'f'), 'content');
  const get = (path: string, init: RequestInit = {}) =>
    fetch(`${master.url}/files/archive?path=${encodeURIComponent(path)}`, init);
  const answer = await get('/box/söb');
  expect(answer.headers.get('content-type')).toBe('application/x-tar');
  expect(answer.headers.get('content-disposition')).toContain("filename*=UTF-8''s%C3%B6b.tar");
  const archive = Buffer.from(await answer.arrayBuffer());
  unpacked(archive, (at) => {
    expect(readFileSync(join(at, 'söb', 'f'), 'utf8')).toBe('content');
  });
  const head = await get('/box', { method: 'HEAD' });
  expect(head.headers.get('content-disposition')).toBe('attachment; filename=box.tar');
  expect((await get('/box/söb/f')).status).toBe(400);
  expect((await get('/box/none')).status).toBe(404);
  expect((await get('/none')).status).toBe(404);
  symlinkSync(base, join(box, 'out'));
  expect((await get('/box/out')).status).toBe(400);
});

test('is made for an address twice at once, and ends with who asked for it', async () => {
  writeFileSync(join(box, 'large'), Buffer.alloc(32 * 1024 * 1024));
  const url = `${master.url}/files/archive?path=/box`;
  const open = () => new Promise<IncomingMessage>((resolve) => request(url, resolve));
  const taken = await Promise.all(Array.from({ length: 2 }, open));
  const refused = await fetch(url);
  expect([refused.status, await refused.text()]).toEqual([
    503,
    '2 archives of 127.0.0.0/8 are being made, as many as may be: try again when one has ended.',
  ]);
  for (const response of taken) {
    expect(response.statusCode).toBe(200);
    response.on('error', () => undefined);
    response.destroy();
  }
  await expect.poll(async () => (await fetch(url, { method: 'HEAD' })).status).toBe(200);
  const openFiles = () =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(base);
      } catch {
        return false;
      }
    });
  await expect.poll(openFiles).toEqual([]);
});
