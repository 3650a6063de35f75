// Certificates that their authority has revoked, by a list of the real openssl.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createServer } from 'node:tls';
import { afterAll, expect, test } from 'vitest';
import { contextOptions } from '../../src/http/transport/tls-context.ts';
import { readMaterial, traceOf } from '../../src/http/transport/tls-files.ts';
import { Authority, type Certified } from '../support/authority.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-revocation-'));
afterAll(() => rmSync(folder, { recursive: true }));
const authority = new Authority(folder, 'authority');
const server = authority.certify('server');
const [good, lost] = [authority.certify('good'), authority.certify('lost')];
const crlFile = join(folder, 'revoked.pem');

const files = {
  certFile: server.certificate,
  keyFile: server.key,
  caFile: authority.certificate,
  caDir: undefined,
  crlFile,
};
const terms = { ciphers: 'ECDHE+AESGCM', curves: 'auto', versions: ['TLSv1.2'] } as const;

/** Why the client is refused; undefined where it is let in. */
async function refusalOf(client: Certified): Promise<string | undefined> {
  const material = await readMaterial(files, Date.now());
  const options = {
    ...contextOptions(material, terms),
    requestCert: true,
    rejectUnauthorized: false,
  };
  return await new Promise((resolve, reject) => {
    const listener = createServer(options, (socket) => {
      const code: unknown = socket.authorizationError;
      resolve(code === null || code === undefined ? undefined : String(code));
      socket.end();
    });
    listener.listen(0, '127.0.0.1', () => {
      const address = listener.address();
      const socket = connectTls({
        host: '127.0.0.1',
        port: typeof address === 'object' ? (address?.port ?? 0) : 0,
        ca: readFileSync(authority.certificate),
        cert: readFileSync(client.certificate),
        key: readFileSync(client.key),
      });
      socket.on('error', () => undefined).on('close', () => listener.close());
    });
    listener.on('error', reject);
  });
}

test('a certificate on the list lets nobody in, others do, and a new list is noticed', async () => {
  authority.revoke(crlFile);
  expect(await refusalOf(lost)).toBeUndefined();
  const before = await traceOf(files);
  authority.revoke(crlFile, lost);
  expect(await traceOf(files)).not.toBe(before);
  expect(await refusalOf(lost)).toBe('CERT_REVOKED');
  expect(await refusalOf(good)).toBeUndefined();
});

test('what is no list is refused', async () => {
  writeFileSync(crlFile, 'none');
  await expect(readMaterial(files, Date.now())).rejects.toThrow(
    `ssl_crl_file: ${crlFile} holds no list of revoked certificates in PEM`,
  );
});
