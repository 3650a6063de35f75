// Fetching with real files, archives and servers, as root and as another user.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CommandInfo_URI } from '../../../src/model/generated/messages.ts';
import { DriverHarness, temporaryFolder } from '../../agent-driver/harness.ts';

let folder: ReturnType<typeof temporaryFolder>;
let harness: DriverHarness;
let server: Server;
let base: string;
let requests: IncomingMessage[];

beforeEach(async () => {
  folder = temporaryFolder();
  harness = await DriverHarness.open(join(folder.path, 'work'), {
    fetching: { stallMs: 300, home: join(folder.path, 'home') },
  });
  requests = [];
  server = createServer((request, response) => {
    requests.push(request);
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://server');
    switch (pathname) {
      case '/found':
        response.end('from afar');
        break;
      case '/moved':
        response.writeHead(302, { location: searchParams.get('to') ?? '/found?x=1' }).end();
        break;
      case '/private':
        response.writeHead(
          request.headers.authorization === `Basic ${btoa('me:p@ss/w')}` ? 200 : 401,
        );
        response.end('for me');
        break;
      case '/encoded.gz':
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('green'));
        break;
      case '/short':
        response.writeHead(200, { 'content-length': 100 }).write('a part');
        setImmediate(() => response.destroy());
        break;
      case '/switch':
        request.socket.write('HTTP/1.1 101 Other\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
        break;
      case '/stall':
        response.write('a part');
        break;
      default:
        response.writeHead(404).end();
    }
  });
  const listening = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', () => listening.resolve());
  await listening.promise;
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  await harness.driver.close();
  server.close();
  server.closeAllConnections();
  folder[Symbol.dispose]();
});

/** Fetches, runs `true`, and returns the sandbox's path, or why the launch failed. */
async function fetched(uris: readonly CommandInfo_URI[], user?: string) {
  const container = harness.launch({
    task: { command: { value: 'true', uris: [...uris] } },
    ...(user !== undefined && { user }),
  });
  const { failure } = await harness.ended(container);
  const sandbox = harness.inSandbox(container);
  return { sandbox, failure, read: (name: string) => readFileSync(join(sandbox, name), 'utf8') };
}

const local = (name: string, content: string) => {
  const path = join(folder.path, name);
  writeFileSync(path, content);
  return path;
};

describe('files of this machine', () => {
  test.each(['', 'file://', 'file://localhost', '  file://'])('named with "%s"', async (prefix) => {
    const path = local('a file.txt', 'content');
    const { read, failure } = await fetched([{ value: `${prefix}${path}` }]);
    expect(failure).toBeUndefined();
    expect(read('a file.txt')).toBe('content');
  });

  test('may get another name, a folder, and be executable', async () => {
    const path = local('script.tar.gz', '#!/bin/sh\n');
    const { read, sandbox } = await fetched([
      { value: path, output_file: 'sub/dir/x.sh', executable: true },
    ]);
    expect(read('sub/dir/x.sh')).toBe('#!/bin/sh\n');
    expect(statSync(join(sandbox, 'sub/dir/x.sh')).mode & 0o777).toBe(0o755);
  });

  test('are fetched whatever the PATH of the task is', async () => {
    const environment = { variables: [{ name: 'PATH', value: '/nowhere' }] };
    const uris = [{ value: local('file', 'content') }];
    const container = harness.launch({
      task: { command: { value: 'test -e file', environment, uris } },
    });
    expect(await harness.ended(container)).toMatchObject({ failure: undefined });
  });

  test('that do not exist fail the launch', async () => {
    const { failure, read } = await fetched([{ value: '/no/such/file' }]);
    expect(failure).toBe(
      "Failed to fetch '/no/such/file': cp failed with status: 256 " +
        "('/no/such/file' could not be copied: " +
        "cp: cannot stat '/no/such/file': No such file or directory)",
    );
    expect(read('stderr')).toMatch(/cp: .*No such file/);
    expect(read('stderr')).toMatch(
      /^EXIT with status 1: Failed to fetch '\/no\/such\/file': cp failed with status: 256$/m,
    );
  });

  test('with a password in a name that was misspelled do not give it away', async () => {
    const value = 'htp:/me:topsecret@host/file';
    const { failure } = await fetched([{ value }]);
    expect(failure).not.toContain('topsecret');
    expect(failure).toMatch(/cp failed with status: 256 .*: cp: .*: No such file/);
  });

  test('are named as they are', async () => {
    const names = ['a#b.txt', 'a%20b', 'a?b', 'a b', 'a:b', '-n', 'ä', 'x.TGZ', 'x.tar.gz.txt'];
    const { failure, read } = await fetched(
      names.map((name) => ({ value: `file://${local(name, name)}` })),
    );
    expect(failure).toBeUndefined();
    expect(names.map(read)).toEqual(names);
  });

  test('named by a relative path lie below the frameworks home', async () => {
    mkdirSync(join(folder.path, 'home/sub'), { recursive: true });
    local('home/sub/file', 'content');
    expect((await fetched([{ value: 'sub/file' }])).read('file')).toBe('content');
  });

  test('are no folders', async () => {
    mkdirSync(join(folder.path, 'home/sub'), { recursive: true });
    for (const value of ['sub', '', join(folder.path, 'home')]) {
      const { failure } = await fetched([{ value }]);
      expect(failure).toContain(`Failed to fetch '${value}': \`source\` was a directory`);
    }
  });

  test('go into no folder that is a file', async () => {
    const value = local('file', 'content');
    const { failure } = await fetched([{ value }, { value, output_file: 'file/below/it' }]);
    expect(failure).toContain('Not a directory');
  });

  test('are no devices and no pipes', async () => {
    execFileSync('mkfifo', [join(folder.path, 'pipe')]);
    for (const value of ['/dev/zero', join(folder.path, 'pipe'), '/proc/version']) {
      expect((await fetched([{ value }])).failure).toContain(`'${value}' is no regular file`);
    }
  });

  test("are copied as the user's own, without setuid and setgid (needs root)", async () => {
    const path = local('lent', 'content');
    execFileSync('chown', ['12345:12345', path]);
    execFileSync('chmod', ['6755', path]);
    const { uid, gid, mode } = statSync(join((await fetched([{ value: path }])).sandbox, 'lent'));
    expect({ uid, gid, mode: mode & 0o7777 }).toEqual({ uid: 0, gid: 0, mode: 0o755 });
  });

  test('that the user may not read fail the launch (needs root)', async () => {
    const path = local('closed', 'secret');
    execFileSync('chmod', ['600', path]);
    expect((await fetched([{ value: path }], 'nobody')).failure).toContain('cp failed');
    expect((await fetched([{ value: path }])).failure).toBeUndefined();
  });
});

describe('archives', () => {
  beforeEach(() => {
    mkdirSync(join(folder.path, 'tree/sub'), { recursive: true });
    writeFileSync(join(folder.path, 'tree/sub/leaf'), 'green');
  });

  test.each([
    { name: 'a.tar', make: ['tar', '-cf', 'a.tar', 'tree'] },
    { name: 'a.tar.gz', make: ['tar', '-czf', 'a.tar.gz', 'tree'] },
    { name: 'a.tgz', make: ['tar', '-czf', 'a.tgz', 'tree'] },
    { name: 'a.tar.xz', make: ['tar', '-cJf', 'a.tar.xz', 'tree'] },
  ])('$name', async ({ name, make: [program = '', ...argv] }) => {
    execFileSync(program, argv, { cwd: folder.path });
    const path = join(folder.path, name);
    const { read, sandbox, failure } = await fetched([{ value: path }], 'nobody');
    expect(failure).toBeUndefined();
    expect(read('tree/sub/leaf')).toBe('green');
    expect(statSync(join(sandbox, 'tree/sub/leaf')).uid).toBe(65534);
    expect(existsSync(join(sandbox, name))).toBe(true);
    expect(
      existsSync(join((await fetched([{ value: path, extract: false }])).sandbox, 'tree')),
    ).toBe(false);
  });

  test("are extracted as the user's own, without setuid and setgid (needs root)", async () => {
    execFileSync('chown', ['-R', '12345:12345', 'tree'], { cwd: folder.path });
    execFileSync('chmod', ['6755', 'tree/sub/leaf'], { cwd: folder.path });
    execFileSync('chmod', ['2777', 'tree/sub'], { cwd: folder.path });
    execFileSync('tar', ['-cf', 'a.tar', 'tree'], { cwd: folder.path });
    const { sandbox } = await fetched([{ value: join(folder.path, 'a.tar') }]);
    const facts = (name: string) => {
      const { uid, gid, mode } = statSync(join(sandbox, name));
      return { uid, gid, mode: (mode & 0o7777).toString(8) };
    };
    expect(facts('tree/sub/leaf')).toEqual({ uid: 0, gid: 0, mode: '755' });
    expect(facts('tree/sub')).toEqual({ uid: 0, gid: 0, mode: '755' });
  });

  test('a.zip, in which a later entry replaces an earlier one of its name', async () => {
    // Two entries called tree/sub/leaf: `old`, then `green`.
    const zip =
      'UEsDBBQAAAAAACFQdl3l1F0/AwAAAAMAAAANAAAAdHJlZS9zdWIvbGVhZm9sZFBLAwQUAAAAAAAhUHZdIe6a0AUAAAAF' +
      'AAAADQAAAHRyZWUvc3ViL2xlYWZncmVlblBLAQIUAxQAAAAAACFQdl3l1F0/AwAAAAMAAAANAAAAAAAAAAAAAACAAQAA' +
      'AAB0cmVlL3N1Yi9sZWFmUEsBAhQDFAAAAAAAIVB2XSHumtAFAAAABQAAAA0AAAAAAAAAAAAAAIABLgAAAHRyZWUvc3Vi' +
      'L2xlYWZQSwUGAAAAAAIAAgB2AAAAXgAAAAAA';
    const path = join(folder.path, 'a.zip');
    writeFileSync(path, Buffer.from(zip, 'base64'));
    const { read, failure } = await fetched([{ value: path }]);
    expect(failure).toBeUndefined();
    expect(read('tree/sub/leaf')).toBe('green');
  });

  test('a single compressed file', async () => {
    execFileSync('gzip', ['-k', 'tree/sub/leaf'], { cwd: folder.path });
    const { read } = await fetched([{ value: join(folder.path, 'tree/sub/leaf.gz') }]);
    expect(read('leaf')).toBe('green');
  });

  test('a single compressed file in a folder is unpacked into the sandbox', async () => {
    execFileSync('gzip', ['-k', 'tree/sub/leaf'], { cwd: folder.path });
    const value = join(folder.path, 'tree/sub/leaf.gz');
    const { read } = await fetched([{ value, output_file: 'below/leaf.gz' }]);
    expect(read('leaf')).toBe('green');
  });

  test('that are none fail the launch', async () => {
    const { failure } = await fetched([{ value: local('broken.tar.gz', 'noise') }]);
    expect(failure).toContain('Failed to extract');
    const zip = await fetched([{ value: local('broken.zip', 'noise') }]);
    expect(zip.failure).toContain('Unrecognized archive format');
    // In the words of tar and unzip.
    expect(failure).toMatch(/ \(.*tar: .*not look like a tar archive.*\)$/);
    expect(zip.failure).toMatch(/ \(.*ZIP, period\.\)$/);
    expect(zip.failure?.length).toBeLessThan(900);
  });
});

describe('downloads', () => {
  test('belong to the user, and follow redirects (needs root)', async () => {
    const { read, sandbox } = await fetched([{ value: `${base}/moved` }], 'nobody');
    expect(read('moved')).toBe('from afar');
    expect(statSync(join(sandbox, 'moved')).uid).toBe(65534);
    expect(existsSync(join(folder.path, 'work/downloads'))).toBe(true);
  });

  test('are named with their query', async () => {
    expect((await fetched([{ value: `${base}/found?x=1` }])).read('found?x=1')).toBe('from afar');
  });

  test('are asked for and stored as they are', async () => {
    const kept = await fetched([{ value: `${base}/encoded.gz`, extract: false }]);
    expect(readFileSync(join(kept.sandbox, 'encoded.gz'))).toEqual(gzipSync('green'));
    expect((await fetched([{ value: `${base}/encoded.gz` }])).read('encoded')).toBe('green');
    expect(requests.map(({ headers }) => headers['accept-encoding'])).toEqual([
      'identity',
      'identity',
    ]);
  });

  test('carry the user and the password of the URI', async () => {
    const value = `${base}/private`.replace('//', '//me:p%40ss%2Fw@');
    expect((await fetched([{ value }])).read('private')).toBe('for me');
  });

  test('keep user and password on redirects to the same server only', async () => {
    const elsewhere = base.replace('127.0.0.1', 'localhost');
    const from = (to: string) =>
      `${base}/moved?to=${encodeURIComponent(to)}`.replace('//', '//me:p%40ss%2Fw@');
    const output_file = 'file';
    const same = await fetched([{ value: from('/private'), output_file }]);
    expect(same.read('file')).toBe('for me');
    const other = await fetched([{ value: from(`${elsewhere}/private`), output_file }]);
    expect(other.failure).toContain('return code 401');
    expect(requests.at(-1)?.headers.authorization).toBeUndefined();
  });

  test('that fail do not give the password away', async () => {
    const value = `${base}/none`.replace('//', '//me:topsecret@');
    const { failure, read } = await fetched([{ value }]);
    expect(failure).toBe(
      `Failed to fetch '${base}/none': Error downloading resource, received HTTP return code 404`,
    );
    expect(read('stderr')).not.toContain('topsecret');
  });

  test.each<[what: string, uri: () => string, words: RegExp, detail: RegExp]>([
    ['that end early', () => `${base}/short`, /Transferred a partial file/, /ended before/],
    ['that stand still', () => `${base}/stall`, /Timeout was reached/, /nothing received/],
    ['that switch protocols', () => `${base}/switch`, /Weird server reply/, /without an answer/],
    ['of a scheme that nobody knows', () => 'gopher://host/file', /HDFS client/, /ftp and ftps/],
    ['that would leave the sandbox', () => `${base}/..`, /Malformed URI/, /^/],
  ])('%s: the status and the sandbox say why', async (_, uri, words, detail) => {
    const { failure, read } = await fetched([{ value: uri() }]);
    expect(failure).toMatch(words);
    expect(failure).toMatch(detail);
    expect(read('stderr')).toMatch(words);
    expect(read('stderr')).toMatch(detail);
    mkdirSync(join(folder.path, 'work/downloads'), { recursive: true });
    expect(readdirSync(join(folder.path, 'work/downloads'))).toEqual([]);
  });

  test('do not follow links out of the sandbox (needs root)', async () => {
    const outside = join(folder.path, 'outside');
    mkdirSync(outside, { mode: 0o755 });
    mkdirSync(join(folder.path, 'tree'));
    symlinkSync(outside, join(folder.path, 'tree/way-out'));
    execFileSync('tar', ['-cf', 'a.tar', 'tree'], { cwd: folder.path });
    const { failure } = await fetched(
      [
        { value: join(folder.path, 'a.tar') },
        { value: `${base}/found?x=1`, output_file: 'tree/way-out/evil' },
      ],
      'nobody',
    );
    expect(failure).toMatch(/Failed to move the download to '.*' \(.*: Permission denied\)$/);
    expect(existsSync(join(outside, 'evil'))).toBe(false);
  });
});

describe('a launch that is given up while it fetches', () => {
  test('ends without a container', async () => {
    server.removeAllListeners('request');
    const asked = Promise.withResolvers<void>();
    server.on('request', () => asked.resolve());
    const container = harness.launch({
      task: { command: { value: 'true', uris: [{ value: `${base}/never` }] } },
    });
    await asked.promise;
    expect(await harness.destroy(container)).toMatchObject({ failure: undefined });
    expect(harness.events.map(({ type }) => type)).not.toContain('containerStarted');
  });
});
