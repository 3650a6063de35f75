// Downloads from a real FTP server, with and without TLS.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { download, remoteBytes } from '../../../src/containerizer/fetcher/download.ts';
import { FetchError } from '../../../src/containerizer/fetcher/fetch-error.ts';
import { ftpPlace } from '../../../src/containerizer/fetcher/ftp-source.ts';
import { FtpServer, type FtpServerOptions } from './ftp-server.ts';

let folder: string;
let server: FtpServer | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesoscale-ftp-'));
});
afterEach(async () => {
  await server?.[Symbol.asyncDispose]();
  server = undefined;
  rmSync(folder, { recursive: true });
});

const large = Buffer.alloc(3_000_000, 'large ');
const files = { 'sub/a file#1?': 'from afar', large, empty: '' };

async function started(options: Partial<FtpServerOptions> = {}): Promise<FtpServer> {
  server = await FtpServer.start({ files, ...options });
  return server;
}

const never = new AbortController().signal;
const file = () => join(folder, 'file');
const fetched = (uri: string, more: object = {}) =>
  download({ uri, path: file(), stallMs: 10_000, ...more }, never);
const failure = (uri: string, more: object = {}) =>
  fetched(uri, more).catch((error: unknown) => error as FetchError);

test('a file arrives whole, by the name that its path has', async () => {
  const { port, commands } = await started();
  const { bytes } = await fetched(`ftp://127.0.0.1:${port}/sub/a%20file#1?`);
  expect(readFileSync(file(), 'utf8')).toBe('from afar');
  expect(bytes).toBe(9);
  expect(commands).toContain('USER anonymous');
  expect(commands).toContain('RETR sub/a file#1?');
});

test('a large file and an empty one arrive as they are', async () => {
  const { port } = await started();
  await fetched(`ftp://127.0.0.1:${port}/large`);
  expect(readFileSync(file()).equals(large)).toBe(true);
  rmSync(file());
  expect(await fetched(`ftp://127.0.0.1:${port}/empty`)).toMatchObject({ bytes: 0 });
});

test('user and password are those of the URI', async () => {
  const { port } = await started({ login: 'me:p@ss/w' });
  await fetched(`ftp://me:p%40ss%2Fw@127.0.0.1:${port}/large`);
  rmSync(file());
  const { message } = (await failure(`ftp://me:wrong@127.0.0.1:${port}/large`)) as FetchError;
  expect(message).toBe('Error downloading resource: Login denied');
});

test('the size of a file is asked of its server', async () => {
  const { port } = await started();
  const uri = `ftp://127.0.0.1:${port}/large`;
  expect(await remoteBytes({ uri, stallMs: 10_000 }, never)).toBe(large.length);
  await server?.[Symbol.asyncDispose]();
  const silent = await started({ tellsSize: false });
  const other = `ftp://127.0.0.1:${silent.port}/large`;
  expect(await remoteBytes({ uri: other, stallMs: 10_000 }, never)).toBeUndefined();
});

describe('of a download that fails it is said why, and nothing of it stays', () => {
  test.each<[what: string, options: Partial<FtpServerOptions>, more: object, words: RegExp]>([
    ['that is cut off', { cutAt: 1_000 }, {}, /Transferred a partial file/],
    ['that is longer than it may be', {}, { maxBytes: 1_000 }, /Maximum file size exceeded/],
    [
      'that is longer than it may be, without a size',
      { tellsSize: false },
      { maxBytes: 1_000 },
      /Maximum file size exceeded/,
    ],
  ])('%s', async (_, options, more, words) => {
    const { port } = await started(options);
    const error = await failure(`ftp://127.0.0.1:${port}/large`, more);
    expect(error).toBeInstanceOf(FetchError);
    expect((error as FetchError).message).toMatch(words);
    expect(existsSync(file())).toBe(false);
  });

  test('that the server does not have', async () => {
    const { port } = await started();
    const error = (await failure(`ftp://127.0.0.1:${port}/none`)) as FetchError;
    expect(error.message).toBe('Error downloading resource: Remote file not found');
    expect(error.detail).toContain('550 there is none');
  });

  test('from a server that is mute', async () => {
    const { createServer } = await import('node:net');
    const mute = createServer(() => undefined).listen(0, '127.0.0.1');
    await new Promise((resolve) => mute.once('listening', resolve));
    const { port } = mute.address() as { port: number };
    const error = (await failure(`ftp://127.0.0.1:${port}/x`, { stallMs: 100 })) as FetchError;
    mute.close();
    expect(error.message).toContain('Timeout was reached');
  });

  test.each(['ftp://host/a%0d%0aDELE%20b', 'ftp://me%0d:x@host/a', 'ftp:///a', 'ftp://host:x/a'])(
    'of a URI that is none: %s',
    (uri) => {
      expect(() => ftpPlace(uri)).toThrow('URL using bad/illegal format');
    },
  );
});

test('ftps is TLS from the first byte, with a certificate that is trusted', async () => {
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert];
  execFileSync('openssl', [...made, ...subject], { stdio: 'ignore' });
  const tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  const { port } = await started({ tls });
  const uri = `ftps://127.0.0.1:${port}/large`;
  const error = (await failure(uri)) as FetchError;
  expect(error.message).toContain('SSL peer certificate or SSH remote key was not OK');
  const usual = getCACertificates('default');
  setDefaultCACertificates([...usual, tls.cert]);
  try {
    await fetched(uri);
  } finally {
    setDefaultCACertificates(usual);
  }
  expect(readFileSync(file()).equals(large)).toBe(true);
});
