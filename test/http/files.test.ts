// Virtual paths: what can be read, and that nothing else can be.
import { execFileSync } from 'node:child_process';
import {
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { type IncomingMessage, get as request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type AttachedFiles,
  browse,
  download,
  listingEntry,
  readPiece,
} from '../../src/http/server/files.ts';
import { exchanging } from '../support/exchange.ts';
import { type MiniMaster, startMaster, stopMasters } from './mini-master.ts';

let base: string;
let sandbox: string;
let attached: AttachedFiles;
let master: MiniMaster;

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'mesoscale-files-'));
  sandbox = join(base, 'agent', 'box');
  mkdirSync(join(sandbox, 'sub'), { recursive: true });
  mkdirSync(`${sandbox}-other`);
  writeFileSync(join(sandbox, 'f.txt'), '0123456789abcdef');
  writeFileSync(join(sandbox, 'sub', 'g'), 'x');
  writeFileSync(join(sandbox, 'u.txt'), 'é');
  writeFileSync(join(sandbox, 'big'), 'b'.repeat(100_000));
  writeFileSync(join(base, 'secret'), 'secret');
  writeFileSync(join(`${sandbox}-other`, 'secret'), 'secret');
  symlinkSync(join(base, 'secret'), join(sandbox, 'link'));
  symlinkSync(base, join(sandbox, 'up'));
  symlinkSync('f.txt', join(sandbox, 'inside'));
  attached = new Map([
    [sandbox, sandbox],
    ['/virtual/box', sandbox],
    ['/master/log', join(base, 'secret')],
  ]);
  master = await startMaster({ logFiles: attached });
});

afterAll(async () => {
  await stopMasters();
  rmSync(base, { recursive: true });
});

async function text(path: string, offset = 0, length?: number): Promise<string | number> {
  const result = await readPiece(attached, path, offset, length);
  return 'refusal' in result ? result.refusal.status : result.value.data.toString();
}

/** The file's content; undefined where it is refused. */
async function downloaded(path: string): Promise<string | undefined> {
  const result = await download(attached, path);
  if ('refusal' in result) {
    return undefined;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of result.value.stream()) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

async function get(path: string): Promise<{ status: number; type: string | null; body: string }> {
  const answer = await fetch(`${master.url}${path}`);
  return {
    status: answer.status,
    type: answer.headers.get('content-type'),
    body: await answer.text(),
  };
}

const at = (path: string) => encodeURIComponent(path);

describe('a folder of many entries', () => {
  const COUNT = 1_000;
  const many = () => join(sandbox, 'many');
  const listed = async (isGone?: () => boolean) => {
    const result = await browse(attached, many(), isGone);
    return 'value' in result ? result.value : expect.fail();
  };

  beforeAll(() => {
    mkdirSync(many());
    for (let id = 0; id < COUNT; id++) {
      writeFileSync(join(many(), `f${id}`), 'x'.repeat(id % 7));
    }
    symlinkSync('f6', join(many(), 'g'));
    symlinkSync('nowhere', join(many(), 'h'));
  });

  afterAll(() => rmSync(many(), { recursive: true }));

  test('is listed whole, each entry with its own facts', async () => {
    const found = await listed();
    const sizes = Object.fromEntries(found.map(({ path, size }) => [path, size]));
    const wanted = Array.from({ length: COUNT }, (_, id) => [join(many(), `f${id}`), id % 7]);
    expect(sizes).toEqual({ ...Object.fromEntries(wanted), [join(many(), 'g')]: 6 });
  });

  test('is listed once for all concurrent requests', async () => {
    const [first, ...others] = await Promise.all(Array.from({ length: 8 }, () => listed()));
    expect(first).toHaveLength(COUNT + 1);
    expect(new Set([first, ...others]).size).toBe(1);
    expect(await listed()).not.toBe(first);
  });

  test('is not listed to its end once all clients have disconnected', async () => {
    let looks = 0;
    const leaves = () => ++looks > 3;
    expect((await listed(leaves)).length).toBeLessThan(COUNT);
    looks = 0;
    const [, stayed] = await Promise.all([listed(leaves), listed()]);
    expect(stayed).toHaveLength(COUNT + 1);
    expect(await listed()).toHaveLength(COUNT + 1);
  });
});

describe('attached files', () => {
  test('are read below their directory, by every name of it', async () => {
    expect(await text(`${sandbox}/f.txt`, 4, 3)).toBe('456');
    expect(await text('/virtual/box/sub/g')).toBe('x');
    expect(await text('/virtual/box/inside')).toBe('0123456789abcdef');
    expect(await text('/master/log')).toBe('secret');
    expect(await text('/virtual/box/f.txt', 100)).toBe('');
    expect(await text('/virtual/box/big')).toHaveLength(65_536);
  });

  test.each([
    '/virtual/box/../../secret',
    '/virtual/box/sub/../../../secret',
    '/virtual/box/link',
    '/virtual/box/up/secret',
    '/virtual/box/up/agent/box/../../secret',
    '/virtual/box/../box-other/secret',
    '/virtual/box-other/secret',
    '/virtual/box/\0',
    '/master/log/../secret',
    '/etc/passwd',
    '/etc',
    '',
    '/',
    '..',
  ])('are not left through %j', async (path) => {
    expect([400, 404]).toContain(await text(path));
    const listing = await browse(attached, path);
    expect('refusal' in listing || listing.value.length === 0).toBe(true);
    expect(await downloaded(path)).toBeUndefined();
  });

  test('are all that there is: what a path names outside is not found', async () => {
    for (const path of ['../f.txt', 'sub/../../other', '../../secret', '../../agent/box/f.txt']) {
      expect(await text(`/virtual/box/${path}`), path).toBe(404);
    }
    for (const path of ['..', '../..', 'sub/../../..', '../']) {
      expect(await text(`/virtual/box/${path}`), path).toBe(400);
    }
    expect(await text('/virtual/box/sub/../f.txt')).toBe('0123456789abcdef');
  });

  test('are not left by any other path either', async () => {
    const segment = fc.constantFrom('..', '.', 'sub', 'up', 'link', 'box', 'secret', '', 'g');
    await fc.assert(
      fc.asyncProperty(fc.array(segment, { maxLength: 8 }), async (segments) => {
        expect(await text(`/virtual/box/${segments.join('/')}`)).not.toBe('secret');
      }),
    );
  });
});

describe('what a task does to its sandbox while it is looked at', () => {
  const own = (...path: string[]) => join(sandbox, 'task', ...path);

  beforeAll(() => mkdirSync(own()));

  const modes = async (path: string) => {
    const listing = await browse(attached, path);
    return 'refusal' in listing
      ? listing.refusal.status
      : listing.value.map((entry) => [entry.path?.slice(path.length + 1), entry.mode ?? 0]);
  };

  test('leads nowhere: a file exchanged for a link is never read through it', async () => {
    writeFileSync(own('x'), 'harmless');
    symlinkSync(join(base, 'secret'), own('y'));
    await using _ = await exchanging([[own('x'), own('y')]]);
    const seen = new Set<string | number | undefined>();
    for (let round = 0; round < 300; round++) {
      seen.add(await text(`${own('x')}`));
      seen.add(await downloaded(own('x')));
    }
    expect(seen).not.toContain('secret');
    expect(seen).toContain('harmless');
  });

  test('does not hold up the agent: what is no regular file is refused at once', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    execFileSync(
      'mkfifo',
      names.map((name) => own(name)),
    );
    for (const name of names) {
      expect(await readPiece(attached, own(name), 0, 10)).toMatchObject({
        refusal: { status: 400, body: `'${own(name)}' is not a regular file.\n` },
      });
      expect(await downloaded(own(name))).toBeUndefined();
    }
    expect(await get(`/files/read?path=${at(own('a'))}&offset=0`)).toMatchObject({ status: 400 });
    expect(await get(`/files/browse?path=${at(own('a'))}`)).toMatchObject({ body: '[]' });
  });

  test('shows links that lead outside as what they are, and nothing of where they lead', async () => {
    mkdirSync(own('links'));
    symlinkSync(base, own('links', 'away'));
    symlinkSync('../../f.txt', own('links', 'file'));
    symlinkSync(join(sandbox, 'sub'), own('links', 'folder'));
    symlinkSync('nothing', own('links', 'nowhere'));
    expect(await modes(own('links'))).toEqual([
      ['away', 0o120777],
      ['file', 0o100644],
      ['folder', 0o040755],
    ]);
  });

  test('is listed whole where it is large, also for several who ask at once', async () => {
    mkdirSync(own('many'));
    const names = Array.from({ length: 7_000 }, (_, index) => String(index)).sort();
    for (const name of names) {
      writeFileSync(own('many', name), '');
    }
    const listings = await Promise.all([1, 2, 3].map(() => modes(own('many'))));
    // Sorted, although it was in parts.
    const wanted = names.map((name) => [name, 0o100644]);
    expect(listings.map((listing) => isDeepStrictEqual(listing, wanted))).toEqual([
      true,
      true,
      true,
    ]);
  });

  test('lists names that are no text', async () => {
    mkdirSync(own('bytes'));
    writeFileSync(Buffer.concat([Buffer.from(`${own('bytes')}/`), Buffer.from([0xff])]), '');
    expect(await modes(own('bytes'))).toEqual([['\ufffd', 0o100644]]);
  });

  test.runIf(process.geteuid?.() === 0)(
    'does not make the agent read for it what its user may not (needs root)',
    async () => {
      const folder = join(base, 'foreign');
      mkdirSync(folder);
      for (const [name, mode, group] of [
        ['closed', 0o600, 0],
        ['other-group', 0o640, 0],
        ['open', 0o644, 0],
        ['own-group', 0o640, 65534],
      ] as const) {
        writeFileSync(join(folder, name), name, { mode });
        chownSync(join(folder, name), 0, group);
      }
      writeFileSync(join(base, 'linked'), 'linked', { mode: 0o600 });
      linkSync(join(base, 'linked'), join(folder, 'linked'));
      const foreign = new Map([['/f', folder]]);
      const readable = async () => {
        const names = readdirSync(folder).toSorted();
        const results = await Promise.all(
          names.map((name) => readPiece(foreign, `/f/${name}`, 0, 10)),
        );
        return names.filter((_, index) => 'value' in (results[index] ?? {}));
      };
      chownSync(folder, 65534, 65534);
      expect(await readable()).toEqual(['open', 'own-group']);
      // A user that may read everything gets everything.
      chownSync(folder, 0, 0);
      expect(await readable()).toHaveLength(5);
    },
  );
});

describe('/files', () => {
  test('reads as its query says', async () => {
    const file = `/files/read?path=${at(`${sandbox}/f.txt`)}`;
    const rows: [string, number, string][] = [
      [file, 200, '{"data":"","offset":16}'],
      [`${file}&offset=0`, 200, '{"data":"0123456789abcdef","offset":0}'],
      [`${file}&offset=4&length=3`, 200, '{"data":"456","offset":4}'],
      [`${file}&offset=-1`, 200, '{"data":"","offset":16}'],
      [`${file}&offset=100`, 200, '{"data":"","offset":100}'],
      [`${file}&offset=0&length=0`, 200, '{"data":"","offset":0}'],
      [`${file}&offset=0&length=-1`, 200, '{"data":"0123456789abcdef","offset":0}'],
      [`${file}&offset=0&jsonp=cb`, 200, 'cb({"data":"0123456789abcdef","offset":0})'],
      [
        `${file}&offset=99999999999999999999`,
        400,
        "Failed to parse offset: Failed to convert '99999999999999999999' to number.\n",
      ],
      [`${file}&offset=-2`, 400, 'Negative offset provided: -2.\n'],
      [
        '/files/read?path=/none&offset=0&length=x',
        400,
        "Failed to parse length: Failed to convert 'x' to number.\n",
      ],
      ['/files/read?path=/none', 404, ''],
      ['/files/read', 400, "Expecting 'path=value' in query.\n"],
      ['/files/browse?path=', 400, "Expecting 'path=value' in query.\n"],
      ['/files/download', 400, "Expecting 'path=value' in query.\n"],
      ['/files/download?path=/none', 404, '404 Not Found.'],
      [`/files/read?path=${at(`${sandbox}/sub`)}`, 400, 'Cannot read a directory.\n'],
      [`/files/read?path=${at(`${sandbox}/u.txt`)}&offset=0`, 200, '{"data":"é","offset":0}'],
      [`/files/browse?path=${at(`${sandbox}/f.txt`)}`, 200, '[]'],
    ];
    for (const [path, status, body] of rows) {
      expect(await get(path)).toMatchObject({ status, body });
    }
  });

  test('lists a directory', async () => {
    const { body } = await get(`/files/browse?path=${at('/virtual/box/sub')}`);
    const [entry, ...others] = JSON.parse(body);
    expect(others).toEqual([]);
    expect(Object.keys(entry)).toEqual(['gid', 'mode', 'mtime', 'nlink', 'path', 'size', 'uid']);
    expect(entry).toMatchObject({
      mode: expect.stringMatching(/^-rw/),
      nlink: 1,
      path: '/virtual/box/sub/g',
      size: 1,
    });
  });

  test('says with a letter what an entry is', async () => {
    const { body } = await get(`/files/browse?path=${at('/virtual/box')}`);
    const entries: { path: string; mode: string }[] = JSON.parse(body);
    const mode = (name: string) => entries.find(({ path }) => path.endsWith(`/${name}`))?.mode;
    expect(mode('sub')).toMatch(/^drwx/);
    expect(mode('f.txt')).toMatch(/^-rw/);
    const letter = (type: number) =>
      String(listingEntry({ path: 'x', mode: type | 0o640 }).mode).replace(/rw-r-----$/, '');
    const types = [0o140000, 0o120000, 0o100000, 0o060000, 0o040000, 0o020000, 0o010000];
    expect(types.map(letter).join('')).toBe('sl-bdcp');
  });

  test('downloads a file, with its name', async () => {
    const answer = await fetch(`${master.url}/files/download?path=${at('/virtual/box/big')}`);
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename=big');
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    expect(await answer.text()).toHaveLength(100_000);
  });

  test('ends a download early where the file gets shorter, or the client leaves', async () => {
    const openFiles = () =>
      readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).startsWith(base);
        } catch {
          return false;
        }
      });
    const large = join(sandbox, 'large');
    const url = `${master.url}/files/download?path=${at(large)}`;
    const body = Buffer.alloc(32 * 1024 * 1024, 'l');
    for (const how of ['left', 'shorter'] as const) {
      writeFileSync(large, body);
      const response = await new Promise<IncomingMessage>((resolve) => request(url, resolve));
      const closed = new Promise((resolve) => response.once('close', resolve));
      response.on('error', () => undefined);
      if (how === 'left') {
        response.destroy();
      } else {
        truncateSync(large, 8 * 1024 * 1024);
        response.resume();
      }
      await closed;
      expect(response.complete).toBe(false);
      await expect.poll(openFiles).toEqual([]);
    }
    expect((await fetch(url, { method: 'HEAD' })).headers.get('content-length')).toBe('8388608');
    expect(readFileSync(large)).toHaveLength(8 * 1024 * 1024);
  });

  test.each([
    ['stdout', 'attachment; filename=stdout'],
    ['a b.txt', 'attachment; filename="a b.txt"'],
    ['a;b=c', 'attachment; filename="a;b=c"'],
    ['say "hi"\\', 'attachment; filename="say \\"hi\\"\\\\"'],
    [
      'a\r\nSet-Cookie: x',
      `attachment; filename="a??Set-Cookie: x"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x`,
    ],
    ['né(1).txt', `attachment; filename="n?(1).txt"; filename*=UTF-8''n%C3%A9%281%29.txt`],
  ])('the name of the download %j cannot be misread', async (name, header) => {
    writeFileSync(join(sandbox, name), '');
    const path = encodeURIComponent(`/virtual/box/${name}`);
    const answer = await fetch(`${master.url}/files/download?path=${path}`);
    expect(answer.headers.get('content-disposition')).toBe(header);
    rmSync(join(sandbox, name));
  });

  test('shows what is attached', async () => {
    expect(JSON.parse((await get('/files/debug')).body)).toEqual(Object.fromEntries(attached));
  });
});
