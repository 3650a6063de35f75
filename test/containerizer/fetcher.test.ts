// Fetching with real files, archives and servers, as root and as another user.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { outputFile } from '../../src/containerizer/fetcher.ts';
import type { CommandInfo_URI } from '../../src/model/generated/messages.ts';
import { HandsHarness, temporaryFolder } from '../executor/hands-harness.ts';

let folder: ReturnType<typeof temporaryFolder>;
let harness: HandsHarness;
let server: Server;
let base: string;

beforeEach(async () => {
  folder = temporaryFolder();
  harness = await HandsHarness.open(join(folder.path, 'work'));
  server = createServer((request, response) => {
    if (request.url === '/found?x=1') {
      response.end('from afar');
    } else if (request.url === '/moved') {
      response.writeHead(302, { location: '/found?x=1' }).end();
    } else {
      response.writeHead(404).end();
    }
  });
  const listening = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', () => listening.resolve());
  await listening.promise;
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  await harness.hands.close();
  server.close();
  server.closeAllConnections();
  folder[Symbol.dispose]();
});

/** Fetches, runs `true`, and gives the sandbox's path, or why it could not be launched. */
async function fetched(uris: readonly CommandInfo_URI[], user?: string) {
  const container = harness.launch({
    task: { command: { value: 'true', uris: [...uris] } },
    ...(user !== undefined && { user }),
  });
  const { failure } = await harness.ended(container);
  const sandbox = join(
    folder.path,
    `work/slaves/a-1/frameworks/f-1/executors/${container}/runs/${container}`,
  );
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

  test('under another name, in a folder, executable', async () => {
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

  test('that do not exist', async () => {
    const { failure } = await fetched([{ value: '/no/such/file' }]);
    expect(failure).toMatch(/^Failed to fetch '\/no\/such\/file': Failed to copy/);
  });

  test('that the user may not read (needs root)', async () => {
    const path = local('closed', 'secret');
    execFileSync('chmod', ['600', path]);
    expect((await fetched([{ value: path }], 'nobody')).failure).toContain('Failed to copy');
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

  test('one that is none', async () => {
    const { failure } = await fetched([{ value: local('broken.tar.gz', 'noise') }]);
    expect(failure).toContain('Failed to extract');
  });
});

describe('downloads', () => {
  test('belong to the user, and follow redirects (needs root)', async () => {
    const { read, sandbox } = await fetched([{ value: `${base}/moved` }], 'nobody');
    expect(read('moved')).toBe('from afar');
    expect(statSync(join(sandbox, 'moved')).uid).toBe(65534);
    expect(existsSync(join(folder.path, 'work/fetch'))).toBe(true);
  });

  test('are named without their query', async () => {
    expect((await fetched([{ value: `${base}/found?x=1` }])).read('found')).toBe('from afar');
  });

  test('that the server does not have', async () => {
    expect((await fetched([{ value: `${base}/none` }])).failure).toContain('return code 404');
  });

  test('of a scheme that nobody knows', async () => {
    expect((await fetched([{ value: 'gopher://host/file' }])).failure).toContain('not supported');
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
    expect(failure).toContain('Failed to move the download');
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
    harness.hands.perform({
      type: 'destroyContainer',
      frameworkId: 'f-1' as never,
      executorId: container as never,
      containerId: container,
    });
    expect(await harness.ended(container)).toMatchObject({ failure: undefined });
    expect(harness.events.map(({ type }) => type)).not.toContain('containerStarted');
  });
});

describe('names', () => {
  test.each([
    ['http://host/a/b.tgz', 'b.tgz'],
    ['http://host/a/b?c=/d#e', 'b'],
    ['/a/b/', 'b'],
    ['hdfs://h/x', 'x'],
  ])('of %s: %s', (uri, name) => {
    expect(outputFile(uri, undefined)).toBe(name);
  });

  test.each([
    ['http://host', undefined, /missing path/],
    ['/a\\b', undefined, /Illegal characters/],
    ["/a'b", undefined, /Illegal characters/],
    ['/a', '', /is empty/],
    ['/a', '/etc/passwd', /within the sandbox/],
    ['/a', 'x/../../y', /within the sandbox/],
  ])('%s as %s is refused', (uri, chosen, message) => {
    expect(() => outputFile(uri, chosen)).toThrow(message);
  });
});
