// The fetcher's cache with real files and servers.
import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ThreadTransfers } from '../../../../src/containerizer/fetcher/transfers.ts';
import { SmallDisk } from '../../../support/small-disk.ts';
import { CacheHost, never } from './cache-host.ts';

const isRoot = process.geteuid?.() === 0;

const transfers = new ThreadTransfers();
let host: CacheHost;
beforeEach(async () => {
  host = await CacheHost.open(transfers);
  host.contents.set('/a', 'content a').set('/b', 'content b');
});
afterEach(() => host[Symbol.asyncDispose]());
afterAll(() => transfers.close());

const only = (method: string) => host.asked.filter((line) => line.startsWith(method));

describe('a file', () => {
  test('is downloaded once, and then is there', async () => {
    expect(await host.content('/a')).toBe('content a');
    expect(await host.content('/a')).toBe('content a');
    expect(host.asked).toEqual(['HEAD /a', 'GET /a']);
    expect(host.files()).toEqual(['me/c1-a']);
    expect(host.cache.usedBytes).toBe(9);
    expect(host.warnings).toEqual([]);
  });

  test('is downloaded once also for all who ask at the same time', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => host.content('/a')));
    expect(new Set(all)).toEqual(new Set(['content a']));
    expect(host.asked).toEqual(['HEAD /a', 'GET /a']);
  });

  test('does not keep those waiting who want the same as somebody who asks for much', async () => {
    host.respond = () => undefined;
    const given = new AbortController();
    const greedy = Array.from({ length: 40 }, (_, at) =>
      host.lease(`/slow${at}`, 'me', given.signal, 'greedy'),
    );
    const shared = host.lease('/a', 'me', given.signal, 'greedy');
    const ends = Promise.allSettled(greedy);
    await expect.poll(() => host.asked.length).toBe(16);
    using lease = await host.lease('/a', 'me', never, 'other');
    expect(readFileSync(lease?.path ?? '', 'utf8')).toBe('content a');
    (await shared)?.[Symbol.dispose]();
    given.abort(new Error('enough'));
    await ends;
  });

  test('is downloaded again for another user, and closed to others', async () => {
    await host.content('/a', 'me');
    await host.content('/a', 'you');
    await host.content('/a', null);
    expect(only('GET')).toHaveLength(3);
    expect(host.files()).toEqual(['c3-a', 'me/c1-a', 'you/c2-a']);
    expect(statSync(join(host.folder, 'me')).mode & 0o777).toBe(0o700);
    expect(statSync(join(host.folder, 'c3-a')).mode & 0o777).toBe(0o600);
  });

  test('that was deleted or changed is downloaded again', async () => {
    await host.content('/a');
    rmSync(join(host.folder, 'me/c1-a'));
    expect(await host.content('/a')).toBe('content a');
    const path = join(host.folder, 'me', readdirSync(join(host.folder, 'me'))[0] ?? '');
    writeFileSync(path, 'CONTENT A');
    expect(await host.content('/a')).toBe('content a');
    expect(only('GET')).toHaveLength(3);
    expect(host.files()).toHaveLength(1);
  });

  test('whose time was changed is looked at, and kept', async () => {
    await host.content('/a');
    utimesSync(join(host.folder, 'me/c1-a'), 1, 1);
    expect(await host.content('/a')).toBe('content a');
    expect(only('GET')).toHaveLength(1);
  });

  test('has a name that people know, and that gives no secrets away', async () => {
    const names = ['/a-very-long-name-for-a-file.tar.gz?token=secret', '/x%0Ay@b?c', '/ümläut'];
    host.respond = (_, response) => void response.setHeader('content-length', 1).end('x');
    for (const name of names) {
      expect(await host.content(name)).toBe('x');
    }
    expect(host.files().map((file) => file.replace(/^me\/c\d-/, ''))).toEqual([
      'a-very-lon_ile.tar.gz',
      'x%0Ay_b',
      'ümläut',
    ]);
  });
});

describe('room', () => {
  test('is made by the files that were not used for the longest time', async () => {
    for (const [index, name] of ['/1', '/2', '/3', '/4'].entries()) {
      host.contents.set(name, Buffer.alloc(300, String(index)));
    }
    await host.content('/1');
    await host.content('/2');
    await host.content('/3');
    await host.content('/1');
    await host.content('/4');
    expect(host.files()).toEqual(['me/c1-1', 'me/c3-3', 'me/c4-4']);
    expect(host.cache.usedBytes).toBe(900);
    expect(readdirSync(host.records)).toHaveLength(3);
  });

  test('that is in use is not given away: another file is fetched without the cache', async () => {
    host.contents.set('/1', Buffer.alloc(600)).set('/2', Buffer.alloc(600));
    using lease = await host.lease('/1');
    expect(lease).toBeDefined();
    expect(await host.lease('/2')).toBeUndefined();
    expect(host.warnings.join()).toContain('there is no room for its 600 bytes');
    expect(only('GET')).toEqual(['GET /1']);
  });

  test('is taken before a file comes, so that all that come together have it', async () => {
    const held = Promise.withResolvers<void>();
    host.respond = (request, response) => {
      response.setHeader('content-length', 400);
      if (request.method === 'GET') {
        void held.promise.then(() => response.end(Buffer.alloc(400)));
      } else {
        response.end();
      }
    };
    const coming = ['/1', '/2', '/3', '/4'].map((path) => host.lease(path));
    await expect.poll(() => host.warnings.length).toBe(2);
    expect(host.cache.usedBytes).toBe(800);
    held.resolve();
    const leases = await Promise.all(coming);
    expect(leases.filter((lease) => lease !== undefined)).toHaveLength(2);
  });

  test('is not there for a file larger than the cache', async () => {
    await host.content('/a');
    host.contents.set('/large', Buffer.alloc(1_001));
    expect(await host.content('/large')).toBeUndefined();
    expect(host.files()).toEqual(['me/c1-a']);
  });

  test.runIf(isRoot)('on a disk that is full is not there either', async () => {
    mkdirSync(host.folder);
    using disk = new SmallDisk(host.folder);
    chmodSync(host.folder, 0o755);
    await host.content('/a');
    disk.fill();
    expect(await host.content('/b')).toBeUndefined();
    expect(host.warnings.join()).toContain('no space left');
    disk.empty();
    expect(await host.content('/b')).toBe('content b');
    expect(await host.content('/a')).toBe('content a');
    await host.cache.close();
  });
});

describe('a server', () => {
  test('that does not say a size, or says none, is asked by each task for itself', async () => {
    host.respond = (request, response) => {
      if (request.url === '/empty') {
        response.setHeader('content-length', 0);
      }
      response.flushHeaders();
      response.end();
    };
    for (const path of ['/unknown', '/empty', '/unknown']) {
      expect(await host.content(path)).toBeUndefined();
    }
    expect(host.asked).toEqual(['HEAD /unknown', 'HEAD /empty', 'HEAD /unknown']);
    expect(host.cache.usedBytes).toBe(0);
  });

  test('without the file is asked by each task for itself', async () => {
    expect(await host.content('/none')).toBeUndefined();
    expect(host.warnings.join()).toContain('received HTTP return code 404');
  });

  test('that sends more than it said is no reason to keep more', async () => {
    host.respond = (request, response) => {
      if (request.method === 'HEAD') {
        response.setHeader('content-length', 10).end();
      } else {
        response.write('twelve');
        response.end(' bytes');
      }
    };
    expect(await host.content('/lies')).toBeUndefined();
    expect(host.files()).toEqual([]);
    expect(host.cache.usedBytes).toBe(0);
    expect(host.warnings.join()).toContain('more than the 10 bytes');
  });

  test('that sends less than it said is believed', async () => {
    host.respond = (request, response) => {
      response.setHeader('content-length', request.method === 'HEAD' ? 10 : 4).end('less');
    };
    expect(await host.content('/less')).toBe('less');
    expect(host.cache.usedBytes).toBe(4);
  });

  test('that fails in the middle fails the task that has begun, and others try themselves', async () => {
    host.respond = (request, response) => {
      response.setHeader('content-length', 10);
      if (request.method === 'HEAD') {
        response.end();
      } else {
        response.write('half');
        setTimeout(() => response.destroy(), 50);
      }
    };
    const [one, other] = await Promise.allSettled([host.lease('/half'), host.lease('/half')]);
    expect(one).toMatchObject({ status: 'rejected' });
    expect(other).toMatchObject({ status: 'fulfilled', value: undefined });
    expect(host.files()).toEqual([]);
    expect(host.cache.usedBytes).toBe(0);
  });
});

describe('tasks that are killed while a file comes', () => {
  const held: (() => void)[] = [];
  beforeEach(() => {
    held.length = 0;
    host.respond = (request, response) => {
      response.setHeader('content-length', 4);
      if (request.method === 'HEAD') {
        response.end();
      } else {
        response.write('la');
        held.push(() => response.end('te'));
      }
    };
  });

  test('do not take it from others who wait for it', async () => {
    const abort = new AbortController();
    const killed = host.lease('/late', 'me', abort.signal);
    const other = host.content('/late');
    await expect.poll(() => held.length).toBe(1);
    abort.abort(new Error('killed'));
    await expect(killed).rejects.toThrow('killed');
    held[0]?.();
    expect(await other).toBe('late');
    expect(host.cache.usedBytes).toBe(4);
  });

  test('end it when nobody waits any more', async () => {
    const abort = new AbortController();
    const killed = [
      host.lease('/late', 'me', abort.signal),
      host.lease('/late', 'me', abort.signal),
    ];
    const ended = Promise.allSettled(killed);
    await expect.poll(() => held.length).toBe(1);
    abort.abort(new Error('killed'));
    expect((await ended).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect.poll(() => host.cache.usedBytes).toBe(0);
    await expect.poll(() => host.files()).toEqual([]);
  });
});

describe('after a restart of the agent', () => {
  const used = () => expect.poll(() => host.cache.usedBytes);

  test('files are still there, and count from the beginning', async () => {
    await host.content('/a');
    await host.content('/b');
    await host.restart();
    await used().toBe(18);
    expect(await host.content('/a')).toBe('content a');
    expect(only('GET')).toHaveLength(2);
  });

  test('the order in which they were used is still known', async () => {
    for (const name of ['/1', '/2', '/3']) {
      host.contents.set(name, Buffer.alloc(400));
    }
    await host.content('/1');
    await host.content('/2');
    await host.content('/1');
    // What was used has its times once the cache is closed.
    await host.restart();
    // Times of files are that coarse on some disks.
    const [first = '', second = ''] = readdirSync(host.records);
    utimesSync(join(host.records, first), 2_000, 2_000);
    utimesSync(join(host.records, second), 1_000, 1_000);
    await host.restart();
    await host.content('/3');
    expect(host.files()).toEqual(['me/c1-1', 'me/c3-3']);
  });

  test('a file that has changed meanwhile is not taken for what it was', async () => {
    await host.content('/a');
    writeFileSync(join(host.folder, 'me/c1-a'), 'CONTENT A');
    await host.restart();
    expect(await host.content('/a')).toBe('content a');
    expect(only('GET')).toHaveLength(2);
  });

  test('files that are cut off, and those that nobody knows, are deleted', async () => {
    await host.content('/a');
    await host.content('/b');
    writeFileSync(join(host.folder, 'me/c1-a'), 'cont');
    writeFileSync(join(host.folder, 'me/c7-half'), 'half');
    writeFileSync(join(host.folder, 'me/operator'), 'mine');
    await host.restart();
    await expect.poll(() => host.files()).toEqual(['me/c2-b', 'me/operator']);
    await used().toBe(9);
  });

  test('a record that was cut off at any byte means that the file is fetched again', async () => {
    await host.content('/a');
    const [name = ''] = readdirSync(host.records);
    const record = readFileSync(join(host.records, name));
    for (let bytes = 0; bytes < record.length; bytes += 40) {
      writeFileSync(join(host.records, name), record.subarray(0, bytes));
      await host.restart();
      // It was opened because there are records.
      await expect.poll(() => readdirSync(host.records)).toEqual([]);
      await expect.poll(() => host.files()).toEqual([]);
      writeFileSync(join(host.folder, 'me/c1-a'), 'content a', { mode: 0o644 });
    }
    await host.restart();
    expect(await host.content('/a')).toBe('content a');
  });

  test('a smaller cache keeps what was used last', async () => {
    host.contents.set('/1', Buffer.alloc(400)).set('/2', Buffer.alloc(400));
    await host.content('/1');
    await host.content('/2');
    const [first = ''] = readdirSync(host.records);
    utimesSync(join(host.records, first), 1_000, 1_000);
    Object.assign(host, { bytes: 500 });
    await host.restart();
    await expect.poll(() => host.files()).toEqual(['me/c2-2']);
    expect(host.cache.usedBytes).toBe(400);
  });
});

test('an agent that is killed at any moment leaves no file that is not as it came', async () => {
  const size = 200_000;
  Object.assign(host, { bytes: 10 * size });
  const contentOf = (number: number) => Buffer.alloc(size, `${number} `);
  for (let number = 0; number < 40; number++) {
    host.contents.set(`/${number}`, contentOf(number));
  }
  const program = fileURLToPath(new URL('cache-child.ts', import.meta.url));
  let files = 0;
  for (const lines of [1, 8, 15]) {
    const argv = [program, host.uri(''), host.folder, host.records, String(host.bytes)];
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    let seen = 0;
    for await (const line of createInterface(child.stdout)) {
      expect(Number(line)).toBeLessThan(40);
      if (++seen === lines) {
        child.kill('SIGKILL');
      }
    }
    await host.restart();
    for (let number = 0; number < 40; number++) {
      const before = host.asked.length;
      using lease = await host.lease(`/${number}`);
      const isThere = host.asked.length === before;
      files += isThere ? 1 : 0;
      expect(readFileSync(lease?.path ?? '').equals(contentOf(number))).toBe(true);
    }
    expect(host.cache.usedBytes).toBeLessThanOrEqual(host.bytes);
    expect(host.files()).toHaveLength(10);
    await host.restart();
    await host.cache.close();
  }
  // Files of agents that were killed were found again.
  expect(files).toBeGreaterThan(0);
});

describe('a folder', () => {
  const refused = async (words: string) => {
    expect(await host.content('/a')).toBeUndefined();
    expect(host.warnings.join()).toContain(words);
    expect(only('GET')).toEqual([]);
  };

  test('that belongs to another agent is left alone as long as that one runs', async () => {
    await host.content('/a');
    const other = await CacheHost.open(transfers);
    other.folder = host.folder;
    other.contents.set('/b', 'content b');
    expect(await other.content('/b')).toBeUndefined();
    expect(other.warnings.join()).toContain('is the cache of another agent');
    expect(host.files()).toEqual(['me/c1-a']);
    await host.cache.close();
    expect(await other.content('/b')).toBe('content b');
    await other[Symbol.asyncDispose]();
  });

  test('that is a link is not used', async () => {
    mkdirSync(join(host.path, 'elsewhere'));
    symlinkSync(join(host.path, 'elsewhere'), host.folder);
    await refused('is a link');
    expect(readdirSync(join(host.path, 'elsewhere'))).toEqual([]);
  });

  test('that others may write to is not used, and one in it is not either', async () => {
    mkdirSync(host.folder);
    chmodSync(host.folder, 0o777);
    await refused('Others may write');
    chmodSync(host.folder, 0o755);
    mkdirSync(join(host.folder, 'me'));
    chmodSync(join(host.folder, 'me'), 0o777);
    await refused('Others may write');
  });

  test.runIf(isRoot)('of another user is not used', async () => {
    mkdirSync(host.folder);
    chownSync(host.folder, 12_345, 12_345);
    await refused('belongs to user 12345');
  });

  test('of a user may not lead out of the cache', async () => {
    mkdirSync(host.folder);
    mkdirSync(join(host.path, 'elsewhere'));
    symlinkSync(join(host.path, 'elsewhere'), join(host.folder, 'me'));
    await refused('is a link');
    expect(await host.content('/a', '..')).toBeUndefined();
    expect(readdirSync(join(host.path, 'elsewhere'))).toEqual([]);
  });

  test('that cannot be used now is used when it can be', async () => {
    writeFileSync(host.records, 'in the way');
    await refused('EEXIST');
    rmSync(host.records);
    expect(await host.content('/a')).toBe('content a');
  });

  test('that is a file is told', async () => {
    writeFileSync(host.folder, '');
    await refused('ENOTDIR');
  });
});

test('a lease that is given up before it is asked for ends with the reason', async () => {
  const abort = AbortSignal.abort(new Error('too late'));
  await expect(host.lease('/a', 'me', abort)).rejects.toThrow('too late');
  expect(never.aborted).toBe(false);
});
