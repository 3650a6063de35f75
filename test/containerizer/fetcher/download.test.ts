// Downloads from real servers that misbehave: the errors say why they failed.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { download } from '../../../src/containerizer/fetcher/download.ts';
import { FetchError } from '../../../src/containerizer/fetcher/fetch-error.ts';
import { mounted } from '../../support/mounted.ts';

let folder: string;
let server: Server;
let base: string;
let asked: number;
/** What is in the folder when a download has ended. */
let leftOver: string[];

function endless(response: ServerResponse): void {
  const more = () => {
    if (response.write(Buffer.alloc(65_536))) {
      setImmediate(more);
    } else {
      response.once('drain', more);
    }
  };
  response.on('close', () => response.removeAllListeners('drain'));
  more();
}

beforeEach(async () => {
  asked = 0;
  folder = mkdtempSync(join(tmpdir(), 'mesoscale-download-'));
  server = createServer((request, response) => {
    switch (request.url) {
      case '/found':
        response.end('from afar');
        break;
      case '/round':
        response.writeHead(307, { location: '/round' }).end();
        break;
      case '/local':
        response.writeHead(302, { location: 'file:///etc/hostname' }).end();
        break;
      case '/nowhere':
        response.writeHead(302).end();
        break;
      case '/short':
        response.writeHead(200, { 'content-length': 100 }).write('a part');
        setImmediate(() => response.destroy());
        break;
      case '/short-chunks':
        response.write('a part');
        setImmediate(() => response.destroy());
        break;
      case '/stall':
        response.write('a part');
        break;
      case '/endless':
        endless(response);
        break;
      case '/busy?2':
      case '/busy?3':
        response.statusCode = ++asked > Number(request.url.slice(-1)) ? 200 : 503;
        response.end('at last!');
        break;
      case '/mute':
        break;
      case '/gone':
        request.socket.destroy();
        break;
      case '/noise':
        request.socket.end('noise\r\n\r\n');
        break;
      case '/no-content':
        response.writeHead(204).end();
        break;
      default:
        response.writeHead(404).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true });
});

/** Waits for the stall only with servers that never go on. */
const fetched = (uri: string, abort = new AbortController().signal) =>
  download(
    {
      uri,
      path: join(folder, 'file'),
      stallMs: /stall|mute/.test(uri) ? 100 : 60_000,
      retryMs: 1,
    },
    abort,
  ).finally(() => {
    leftOver = readdirSync(folder);
  });

test('a file arrives whole', async () => {
  await fetched(`${base}/found`);
  expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('from afar');
});

test('a proxy is asked instead of the server, but for the hosts that need none', async () => {
  const proxy = createServer((request, response) => response.end(`by proxy: ${request.url}`));
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const http_proxy = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const proxies = { http_proxy, https_proxy: undefined, no_proxy: '127.0.0.1' };
  const from = (uri: string, name: string) =>
    download(
      { uri, path: join(folder, name), stallMs: 1_000, proxies },
      new AbortController().signal,
    );
  await from('http://no-such-host.invalid/x', 'far');
  await from(`${base}/found`, 'near');
  proxy.close();
  expect(readFileSync(join(folder, 'far'), 'utf8')).toBe('by proxy: http://no-such-host.invalid/x');
  expect(readFileSync(join(folder, 'near'), 'utf8')).toBe('from afar');
});

test('a download that is given up ends with the reason', async () => {
  const reason = new Error('given up');
  await expect(fetched(`${base}/mute`, AbortSignal.abort(reason))).rejects.toBe(reason);
});

test('a server in trouble is asked again, a few times', async () => {
  await expect(fetched(`${base}/busy?2`)).resolves.toMatchObject({ bytes: 8 });
  expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('at last!');
  rmSync(join(folder, 'file'));
  asked = 0;
  await expect(fetched(`${base}/busy?3`)).rejects.toThrow('received HTTP return code 503');
  expect(asked).toBe(3);
});

test('a file has the bytes and the sum that are told of it', async () => {
  const { bytes, sha256 } = await fetched(`${base}/found`);
  expect(bytes).toBe(9);
  expect(sha256).toBe(createHash('sha256').update('from afar').digest('hex'));
});

test.each(['/found', '/endless'])(
  'a file with more bytes than it may have fails: %s',
  async (path) => {
    const file = {
      uri: `${base}${path}`,
      path: join(folder, 'file'),
      stallMs: 60_000,
      maxBytes: 5,
    };
    await expect(download(file, new AbortController().signal)).rejects.toMatchObject({
      message: 'Error downloading resource: Maximum file size exceeded',
      detail: 'it has more than the 5 bytes that it may have',
    });
  },
);

test.runIf(process.geteuid?.() === 0)('a large file leaves a disk some room', async () => {
  using disk = mounted(join(folder, 'disk'));
  const file = { uri: `${base}/endless`, path: join(folder, 'disk/file'), stallMs: 60_000 };
  expect(disk).toBeDefined();
  await expect(download(file, new AbortController().signal)).rejects.toThrow(
    'Failed writing received data to disk/application',
  );
  expect(readdirSync(join(folder, 'disk'))).toEqual([]);
});

test('a file that exists is not overwritten', async () => {
  writeFileSync(join(folder, 'file'), 'mine');
  await expect(fetched(`${base}/found`)).rejects.toThrow('Failed writing received data');
  expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('mine');
});

const closedPort = async () => {
  const closed = createTcpServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as AddressInfo;
  closed.close();
  await once(closed, 'close');
  return port;
};

test.each<[what: string, uri: () => string | Promise<string>, words: RegExp, detail: RegExp]>([
  ['that the server does not have', () => `${base}/none`, /return code 404/, /^/],
  ['without content', () => `${base}/no-content`, /return code 204/, /^/],
  [
    'from where no server is',
    async () => `http://127.0.0.1:${await closedPort()}/x`,
    /Couldn't connect to server/,
    /connection refused/,
  ],
  [
    'from a name that does not exist',
    () => 'http://no-such-host.invalid/x',
    /Couldn't resolve host name/,
    /name not found/,
  ],
  [
    'from a server without TLS',
    () => `${base}/found`.replace('http:', 'https:'),
    /SSL connect error/,
    /TLS protocol: wrong version number/,
  ],
  ['that are moved without end', () => `${base}/round`, /redirects/, /too many redirects/],
  [
    'that are moved to a file of the machine',
    () => `${base}/local`,
    /Unsupported protocol/,
    /leads to file:/,
  ],
  ['that end early', () => `${base}/short`, /Transferred a partial file/, /ended before/],
  ['whose chunks end early', () => `${base}/short-chunks`, /partial file/, /ended before/],
  ['that stand still', () => `${base}/stall`, /Timeout was reached/, /nothing received/],
  ['of no host', () => 'http://:80/file', /bad\/illegal format/, /cannot be read/],
  ['that are moved to no place', () => `${base}/nowhere`, /return code 302/, /^/],
  ['from a server that hangs up', () => `${base}/gone`, /Failure when receiving/, /hang up/],
  ['from a server that speaks no HTTP', () => `${base}/noise`, /Weird server reply/, /HPE_/],
  ['from a server that is mute', () => `${base}/mute`, /Timeout was reached/, /for 0\.1 s/],
])('%s: it is said why', async (_, uri, words, detail) => {
  const error: unknown = await fetched(await uri()).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(FetchError);
  expect(leftOver).toEqual([]);
  const { message, detail: cause } = error as FetchError;
  expect(message).toMatch(words);
  expect(cause ?? '').toMatch(detail);
});
