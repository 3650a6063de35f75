// A client's certificate says who it is: on requests of every kind, and for those alone who have
// shown one.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { authenticationOf } from '../../src/http/server/authenticators.ts';
import { principalOf } from '../../src/http/server/certificate-authenticator.ts';
import { Credentials } from '../../src/http/server/credentials.ts';
import { openTls, type TlsCarriers } from '../../src/http/transport/tls.ts';
import { Authority, type Certified } from '../support/authority.ts';
import { isType, type MiniMaster, startMaster, stopMasters } from './mini-master.ts';

let folder: string;
let authority: Authority;
let client: Certified;
let carriers: TlsCarriers;
let master: MiniMaster;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mesoscale-certificates-'));
  authority = new Authority(folder, 'authority');
  const server = authority.certify('server');
  client = authority.certify('ops');
  carriers = await openTls({
    files: {
      certFile: server.certificate,
      keyFile: server.key,
      caFile: authority.certificate,
      caDir: undefined,
    },
    terms: { ciphers: 'ECDHE+AESGCM', curves: 'auto', versions: ['TLSv1.2', 'TLSv1.3'] },
    trust: {
      verifiesServers: true,
      requiresClients: true,
      depth: 4,
      verifiesIp: true,
      scheme: 'openssl',
    },
    downgrades: true,
  });
  master = await startMaster({
    carriers,
    authentication: authenticationOf(
      { 'mesos-master-readonly': true, 'mesos-master-scheduler': true },
      { names: ['certificate', 'basic'], credentials: new Credentials() },
    ),
  });
});

afterAll(async () => {
  await stopMasters();
  carriers.close();
  rmSync(folder, { recursive: true });
});

const CLOSE = 'HTTP/1.1\r\nHost: x\r\nConnection: close\r\n';

/** The answer to a request, over a connection with the client's certificate. */
function ask(request: string): Promise<string> {
  const socket = tls.connect({
    port: master.port,
    host: '127.0.0.1',
    ca: readFileSync(authority.certificate),
    cert: readFileSync(client.certificate),
    key: readFileSync(client.key),
  });
  return new Promise((resolve, reject) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
    socket.write(request);
  });
}

test('who has shown a certificate may enter, and others are told how', async () => {
  expect(await ask(`GET /state ${CLOSE}\r\n`)).toMatch(/^HTTP\/1.1 200 /);
  const plain = await fetch(`${master.url}/state`);
  expect(plain.status).toBe(401);
  expect(plain.headers.get('www-authenticate')).toBe(
    'Certificate realm="mesos-master-readonly",Basic realm="mesos-master-readonly"',
  );
});

test('calls of a scheduler are those of its certificate, whichever way they are read', async () => {
  const body = '{"framework_id":{"value":"f"},"type":"REVIVE"}';
  const head =
    'POST /api/v1/scheduler HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
    `Mesos-Stream-Id: a\r\nContent-Length: ${body.length}\r\n`;
  // The first is read without node:http, the second is not.
  const answers = await ask(
    `${head}\r\n${body}${head}Expect-Nothing: x\r\nConnection: close\r\n\r\n${body}`,
  );
  expect(answers.match(/^HTTP\/1.1 202 /gm)).toHaveLength(2);
  const calls = master.machine.events.filter(isType('schedulerCall'));
  expect(calls.map(({ principal }) => principal)).toEqual([{ value: 'ops' }, { value: 'ops' }]);
});

test('no two subjects are one principal', () => {
  expect(principalOf('CN=ops')).toBe('ops');
  expect(principalOf('O=Example\nCN=ops')).toBe('O=Example,CN=ops');
  expect(principalOf('CN=O=Example\\,CN=ops')).toBe('CN=O=Example\\,CN=ops');
  expect(principalOf('O=ops')).toBe('O=ops');
  expect(principalOf('CN=O=ops')).toBe('CN=O=ops');
  expect(principalOf('')).toBeUndefined();
  expect(principalOf(`CN=${'x'.repeat(1_000_000)}`)).toBeUndefined();
});
