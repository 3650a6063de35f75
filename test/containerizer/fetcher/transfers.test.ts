// The thread that moves files.
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ThreadTransfers } from '../../../src/containerizer/fetcher/transfers.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesoscale-transfers-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const never = new AbortController().signal;

test('no more than 16 downloads from one server run at once, and all arrive', async () => {
  let now = 0;
  let most = 0;
  const server = createServer((request, response) => {
    most = Math.max(most, ++now);
    response.on('close', () => now--);
    setTimeout(() => response.end(request.url), 5);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const transfers = new ThreadTransfers();
  const numbers = Array.from({ length: 100 }, (_, number) => number);
  await Promise.all(
    numbers.map((number) => {
      const uri = `http://127.0.0.1:${port}/${number}`;
      const path = join(folder, String(number));
      return transfers.download({ uri, path, stallMs: 10_000 }, never);
    }),
  );
  await transfers.close();
  server.close();
  expect(most).toBe(16);
  expect(numbers.map((number) => readFileSync(join(folder, String(number)), 'utf8'))).toEqual(
    numbers.map((number) => `/${number}`),
  );
});

/** In a process of its own: the machine's certificates are named by the environment. */
const PROGRAM = `
  const { ThreadTransfers } = await import(process.argv[2]);
  const [uri, path] = process.argv.slice(3);
  const transfers = new ThreadTransfers();
  const { bytes } = await transfers.download({ uri, path, stallMs: 10_000 }, new AbortController().signal);
  await transfers.close();
  console.log(bytes);
`;

test('servers are believed that the machine trusts', async () => {
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert];
  execFileSync('openssl', [...made, ...subject], { stdio: 'ignore' });
  const tls = { key: readFileSync(key), cert: readFileSync(cert) };
  const server = createHttpsServer(tls, (_, response) => void response.end('secure'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const uri = `https://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
  const { href } = new URL('../../../src/containerizer/fetcher/transfers.ts', import.meta.url);
  const program = join(folder, 'program.mjs');
  writeFileSync(program, PROGRAM);
  const argv = [program, href, uri, join(folder, 'file')];
  const run = promisify(execFile);
  const trusting = { ...process.env, SSL_CERT_FILE: cert };
  const { stdout } = await run(process.execPath, argv, { env: trusting });
  expect(stdout).toBe('6\n');
  rmSync(join(folder, 'file'));
  await expect(run(process.execPath, argv)).rejects.toMatchObject({
    stderr: expect.stringContaining('SSL peer certificate or SSH remote key was not OK'),
  });
  server.close();
});
