// What tasks get from the fetcher's cache.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FetchHost } from './fetched.ts';

const isRoot = process.geteuid?.() === 0;

let host: FetchHost;
let server: Server;
let base: string;
let asked: string[];
const contents = new Map<string, string | Buffer>();

beforeEach(async () => {
  host = await FetchHost.open((folder) => ({
    cache: { folder: join(folder, 'cache'), bytes: 100_000 },
  }));
  asked = [];
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const content = contents.get(request.url ?? '');
    if (request.url === '/lies') {
      response.writeHead(200, request.method === 'HEAD' ? { 'content-length': 4 } : {});
      response.write('more than');
      response.end(' it said');
    } else if (content === undefined) {
      response.writeHead(404).end();
    } else {
      response.writeHead(200, { 'content-length': content.length }).end(content);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  contents.clear();
  contents.set('/file', 'from afar');
});

afterEach(async () => {
  await host[Symbol.asyncDispose]();
  server.closeAllConnections();
  server.close();
});

const cached = (path: string, more = {}) => ({ value: `${base}${path}`, cache: true, ...more });
const metric = (name: string) => host.harness.driver.metrics()[`containerizer/fetcher/${name}`];

test('a file is downloaded once for many tasks at once, each of which has its own copy', async () => {
  const tasks = Array.from({ length: 8 }, () =>
    host.fetch([cached('/file')], undefined, 'echo mine >> file'),
  );
  for (const { read, failure, facts } of await Promise.all(tasks)) {
    expect(failure).toBeUndefined();
    expect(read('file')).toBe('from afarmine\n');
    expect(facts('file')).toBe(`${process.geteuid?.()} 644`);
  }
  expect(asked).toEqual(['HEAD /file', 'GET /file']);
  expect(metric('cache_size_used_bytes')).toBe(9);
  expect(metric('cache_size_total_bytes')).toBe(100_000);
  expect(metric('task_fetches_succeeded')).toBe(8);
  expect(host.staged).toEqual([]);
});

test.runIf(isRoot)("a copy belongs to the task's user, who cannot reach the cache", async () => {
  const look = `cat '${host.path}/cache/nobody/'*; ls '${host.path}/cache/nobody'`;
  await host.fetch([cached('/file')], 'nobody');
  const { facts, read } = await host.fetch([cached('/file')], 'nobody', `${look}; true`);
  expect(facts('file')).toBe('65534 644');
  expect(read('stderr')).toContain('Permission denied');
  const { uid, mode } = statSync(join(host.path, 'cache/nobody'));
  expect({ uid, mode: mode & 0o777 }).toEqual({ uid: 0, mode: 0o700 });
  expect(asked).toEqual(['HEAD /file', 'GET /file']);
});

test('a copy has the name, and the mode, that each task asks for', async () => {
  const one = await host.fetch([cached('/file', { output_file: 'sub/other' })]);
  const { facts } = await host.fetch([cached('/file', { executable: true })]);
  expect(one.read('sub/other')).toBe('from afar');
  expect(facts('file')).toMatch(/ 755$/);
  expect(asked).toHaveLength(2);
});

describe('an archive', () => {
  const archive = (name: string, ...make: string[]) => {
    host.file('tree/leaf', 'green');
    const [program = '', ...argv] = make;
    execFileSync(program, argv, { cwd: host.path });
    contents.set(`/${name}`, readFileSync(join(host.path, name)));
  };

  test('comes into the sandbox as what is in it', async () => {
    archive('a.tar.bz2', 'tar', '-cjf', 'a.tar.bz2', 'tree');
    for (const user of [undefined, ...(isRoot ? ['nobody'] : [])]) {
      const { names, read, failure } = await host.fetch([cached('/a.tar.bz2')], user);
      expect(failure).toBeUndefined();
      expect(names).toEqual(['tree']);
      expect(read('tree/leaf')).toBe('green');
    }
  });

  test('of a single file has the name of the file', async () => {
    archive('leaf.gz', 'sh', '-c', 'gzip -c tree/leaf > leaf.gz');
    const { names, read } = await host.fetch([cached('/leaf.gz')]);
    expect(names).toEqual(['leaf']);
    expect(read('leaf')).toBe('green');
  });

  test.each([['a.tar.zst'], ['a.tzst'], ['leaf.zst']])(
    'that Mesos would not unpack is there as well: %s',
    async (name) => {
      const make = name.startsWith('leaf')
        ? ['sh', '-c', `zstd -q -c tree/leaf > ${name}`]
        : ['tar', '--zstd', '-cf', name, 'tree'];
      archive(name, ...make);
      const direct = await host.fetch([{ value: join(host.path, name) }]);
      const { names, failure } = await host.fetch([cached(`/${name}`)]);
      expect(failure).toBeUndefined();
      expect(names.toSorted()).toEqual(
        [name, name.startsWith('leaf') ? 'leaf' : 'tree'].toSorted(),
      );
      expect(direct.names.toSorted()).toEqual(names.toSorted());
    },
  );

  test('that is none fails the launch, and is named as the sandbox would have it', async () => {
    contents.set('/a.tar.gz', 'noise');
    const { failure } = await host.fetch([cached('/a.tar.gz')]);
    expect(failure).toMatch(/Failed to extract archive '\S+\/runs\/\S+\/a\.tar\.gz' to '/);
  });
});

describe('a file of this machine', () => {
  test('comes from the cache when it is gone', async () => {
    const value = host.file('local', 'content');
    expect((await host.fetch([{ value, cache: true }])).read('local')).toBe('content');
    rmSync(value);
    expect((await host.fetch([{ value, cache: true }])).read('local')).toBe('content');
    expect(metric('cache_size_used_bytes')).toBe(7);
  });

  test.runIf(isRoot)('that a user may not read does not come by way of the cache', async () => {
    const value = host.file('secret', 'content', 0o600);
    await host.fetch([{ value, cache: true }]);
    const { failure } = await host.fetch([{ value, cache: true }], 'nobody');
    expect(failure).toContain('Permission denied');
    expect(metric('cache_size_used_bytes')).toBe(7);
  });

  test('that does not fit is copied into the sandbox', async () => {
    const value = host.file('large', Buffer.alloc(100_001));
    const { path, failure } = await host.fetch([{ value, cache: true }]);
    expect(failure).toBeUndefined();
    expect(statSync(join(path, 'large')).size).toBe(100_001);
    expect(metric('cache_size_used_bytes')).toBe(0);
    expect(host.harness.logs.join('\n')).toContain(
      'is fetched without the cache: there is no room',
    );
  });
});

test('a file that is larger than its server has said comes whole, and is not kept', async () => {
  const { read, failure } = await host.fetch([cached('/lies')]);
  expect(failure).toBeUndefined();
  expect(read('lies')).toBe('more than it said');
  expect(asked).toEqual(['HEAD /lies', 'GET /lies', 'GET /lies']);
  expect(metric('cache_size_used_bytes')).toBe(0);
});

test('a later agent has the cache of the one before it', async () => {
  await host.fetch([cached('/file')]);
  await host.restart();
  await expect.poll(() => metric('cache_size_used_bytes')).toBe(9);
  expect((await host.fetch([cached('/file')])).read('file')).toBe('from afar');
  expect(asked).toEqual(['HEAD /file', 'GET /file']);
});

test('a file that is missing is asked for once for its size, and once for itself', async () => {
  const { failure } = await host.fetch([cached('/none')]);
  expect(failure).toContain('received HTTP return code 404');
  expect(asked).toEqual(['HEAD /none', 'GET /none']);
  expect(metric('task_fetches_failed')).toBe(1);
});

test.runIf(isRoot)('a cache on another disk than the sandboxes', async () => {
  const folder = mkdtempSync('/dev/shm/mesoscale-cache-');
  const other = await FetchHost.open(() => ({ cache: { folder, bytes: 1_000 } }));
  try {
    const uris = [cached('/file'), cached('/file', { output_file: 'again' })];
    for (const user of [undefined, 'nobody']) {
      const { read, failure } = await other.fetch(uris, user);
      expect(failure).toBeUndefined();
      expect(read('file') + read('again')).toBe('from afarfrom afar');
    }
    expect(asked.filter((line) => line.startsWith('GET'))).toHaveLength(2);
  } finally {
    await other[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  }
});

test('without a cache, and with one that cannot be used, files are fetched as they are', async () => {
  const none = await FetchHost.open(() => ({}));
  expect((await none.fetch([cached('/file')])).read('file')).toBe('from afar');
  await none[Symbol.asyncDispose]();
  writeFileSync(join(host.path, 'cache'), 'no folder');
  expect((await host.fetch([cached('/file')])).read('file')).toBe('from afar');
  expect(host.harness.logs.join('\n')).toContain('is fetched without the cache: ENOTDIR');
});
