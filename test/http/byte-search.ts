// Bytes of strangers to a real port that asks everybody for credentials: requests, tokens and
// messages of authentication with something changed in them, one connection after the other. Each
// gets an answer or its end; nothing that is asked in a name reaches the master without that name's
// secret, and the master answers others as before. To a port with TLS that wants certificates they
// are beginnings of handshakes, too, and nothing at all reaches the master.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { cramMd5Verifier } from '../../src/cli/process/cram-md5.ts';
import { authenticationOf } from '../../src/http/server/authenticators.ts';
import { Credentials } from '../../src/http/server/credentials.ts';
import { signToken } from '../../src/http/server/json-web-token.ts';
import { TokenKeys } from '../../src/http/server/token-keys.ts';
import { openTls } from '../../src/http/transport/tls.ts';
import type { TlsSettings } from '../../src/http/transport/tls-settings.ts';
import type { MasterEvent } from '../../src/master/events.ts';
import type { MessageToMaster } from '../../src/model/agent-messages.ts';
import { CRAM_MD5 } from '../../src/security/cram-md5.ts';
import { encodeInternal, encodeLibprocess } from '../../src/wire/libprocess.ts';
import { World } from '../master/harness.ts';
import { must, shown } from '../security/breach.ts';
import { Chance } from '../simulation/chance.ts';
import { Authority } from '../support/authority.ts';
import { ask } from '../support/requests.ts';
import { startMaster, stopMasters } from './mini-master.ts';

const CONNECTIONS = 40;
/** Far more than an answer takes. */
const PATIENCE_MS = 20_000;
/** Handshakes that stop in the middle end then. */
const HANDSHAKE_MS = 100;

const KEY = Buffer.from('the key of all tokens');
const TOKEN = signToken({ fid: 'f', eid: 'e', cid: 'c' }, KEY);
const SECRET = 'ops:secret';
const credentials = new Credentials([{ principal: 'ops', secret: 'secret' }]);

/** Throws a Breach. The same seed sends the same. */
export async function searchBytes(seed: number): Promise<void> {
  const chance = new Chance(seed);
  const { machine, port, url } = await startMaster({
    authentication: authenticationOf(
      {
        'mesos-master-readonly': true,
        'mesos-master-readwrite': true,
        'mesos-master-scheduler': true,
      },
      { names: ['basic', 'jwt'], credentials, jwt: { keys: new TokenKeys(KEY), nowMs: () => 0 } },
    ),
  });
  try {
    const world = new World({ verifier: cramMd5Verifier(credentials), authenticateAgents: true });
    for (let i = 0; i < CONNECTIONS; i++) {
      machine.events.length = 0;
      const bytes = changed(chance, chance.pick(REQUESTS));
      await answered(port, bytes);
      for (const event of machine.events) {
        check(event, bytes, world);
      }
    }
    const health = await fetch(`${url}/health`);
    must(health.status === 200, () => `the master answers ${health.status}`);
  } finally {
    await stopMasters();
  }
}

/** As `searchBytes`, to a port with TLS. */
export async function searchTlsBytes(seed: number): Promise<void> {
  const chance = new Chance(seed);
  const folder = mkdtempSync(join(tmpdir(), 'mesoscale-bytes-'));
  try {
    const authority = new Authority(folder, 'authority');
    const { certificate, key } = authority.certify('server');
    const files = { certFile: certificate, keyFile: key, caFile: authority.certificate };
    const trust = { verifiesServers: true, requiresClients: true, depth: 4, verifiesIp: true };
    const settings: TlsSettings = {
      files: { ...files, caDir: undefined },
      terms: { ciphers: 'ECDHE+AESGCM', curves: 'auto', versions: ['TLSv1.2', 'TLSv1.3'] },
      trust: { ...trust, scheme: 'openssl' },
      downgrades: false,
    };
    const carriers = await openTls(settings, { handshakeMs: HANDSHAKE_MS });
    try {
      const { machine, port } = await startMaster({ carriers });
      const beginnings = [await clientHello(), ...REQUESTS];
      for (let i = 0; i < CONNECTIONS; i++) {
        const [hello] = beginnings;
        const bytes = changed(chance, chance.of(0.6) && hello ? hello : chance.pick(beginnings));
        await answered(port, bytes);
        const [event] = machine.events;
        must(event === undefined, () => `${shown(event)} comes of ${bytes.toString('latin1')}`);
      }
      const access = { authority: authority.certificate, certificate, key };
      const { status } = await ask(`127.0.0.1:${port}`, '/health', {}, access);
      must(status === 200, () => `the master answers ${status}`);
    } finally {
      await stopMasters();
      carriers.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The first bytes that a client of TLS says. */
async function clientHello(): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connectTls({ port, host: '127.0.0.1' }).on('error', () => undefined);
  const [socket] = await once(server, 'connection');
  const [bytes] = await once(socket, 'data');
  client.destroy();
  server.close();
  return bytes;
}

const request = (line: string, authorization: string, body = '') =>
  Buffer.from(
    `${line} HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
const message = (to: string, { name, body }: MessageToMaster) =>
  Buffer.from(
    encodeLibprocess({
      ...{ from: 'slave(1)@127.0.0.1:5051', to: `${to}@127.0.0.1:5050`, name },
      body: encodeInternal({ name, body } as MessageToMaster),
    }),
  );

const BASIC = `Basic ${Buffer.from(SECRET).toString('base64')}`;
const WEIGHTS =
  '{"type":"UPDATE_WEIGHTS","update_weights":{"weight_infos":[{"role":"a","weight":2}]}}';
const SUBSCRIBE = '{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"u","name":"n"}}}';
const SESSION = 'crammd5-authenticator-session(1)';

/** Each is right, but for the messages: nobody answers a challenge. */
const REQUESTS: readonly Buffer[] = [
  ...[BASIC, `Bearer ${TOKEN}`].flatMap((authorization) => [
    request('GET /state', authorization),
    request('POST /api/v1', authorization, WEIGHTS),
    request('PUT /weights', authorization, '[{"role":"a","weight":2}]'),
    request('POST /api/v1/scheduler', authorization, SUBSCRIBE),
  ]),
  message('master', { name: 'AuthenticateMessage', body: { pid: 'slave(1)@127.0.0.1:5051' } }),
  message(SESSION, {
    name: 'AuthenticationStartMessage',
    body: { mechanism: CRAM_MD5, data: new Uint8Array() },
  }),
  message(SESSION, {
    name: 'AuthenticationStepMessage',
    body: { data: Buffer.from('ops 0123456789abcdef0123456789abcdef') },
  }),
  // The beginning of a handshake of TLS, to a port without it.
  Buffer.from('16030100c8010000c40303', 'hex'),
];

/** With a few bytes changed, mostly those that prove something. */
function changed(chance: Chance, whole: Buffer): Buffer {
  let bytes = whole;
  const proof = whole.indexOf('Authorization: ');
  const [from, to] =
    proof >= 0 && chance.of(0.6)
      ? [proof + 'Authorization: '.length, whole.indexOf('\r\n', proof)]
      : [0, whole.length];
  for (let i = chance.int(0, 3); i > 0; i--) {
    const at = Math.min(chance.int(from, to), bytes.length);
    const part = (length: number) => Buffer.from(Array.from({ length }, () => chance.int(0, 255)));
    switch (chance.int(0, 5)) {
      case 0:
        bytes = bytes.subarray(0, at);
        break;
      case 1:
        bytes = Buffer.concat([bytes.subarray(0, at), part(chance.int(1, 4)), bytes.subarray(at)]);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + chance.int(1, 8))]);
        break;
      case 3:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.alloc(chance.pick([100, 70_000]), 'a'),
          bytes.subarray(at),
        ]);
        break;
      default:
        bytes = Buffer.concat([bytes.subarray(0, at), part(1), bytes.subarray(at + 1)]);
    }
  }
  return bytes;
}

/** Resolves with the first bytes of an answer, or with the end of the connection. */
function answered(port: number, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const late = setTimeout(() => {
      socket.destroy();
      reject(new Error(`neither an answer nor an end: ${bytes.toString('latin1').slice(0, 400)}`));
    }, PATIENCE_MS);
    const done = () => {
      clearTimeout(late);
      socket.destroy();
      resolve();
    };
    socket.on('data', done);
    socket.on('close', done);
    socket.on('error', () => {});
    socket.end(bytes);
  });
}

function check(event: MasterEvent, bytes: Buffer, world: World): void {
  const sent = bytes.toString('latin1');
  switch (event.type) {
    case 'operatorCall':
    case 'schedulerCall':
    case 'schedulerSubscribe': {
      const { principal } = event;
      const isProved =
        principal?.value === undefined
          ? principal?.claims !== undefined && sent.includes(TOKEN.slice(0, TOKEN.lastIndexOf('.')))
          : principal.value === 'ops' && hasSecret(sent);
      must(isProved, () => `${shown(event)} comes of ${sent.slice(0, 1_000)}`);
      break;
    }
    case 'agentMessage':
      world.dispatch(event);
      must(
        !world.toAgents.some((it) => it.message.name === 'AuthenticationCompletedMessage'),
        () => `somebody has authenticated by ${sent.slice(0, 1_000)}`,
      );
      break;
    default:
      break;
  }
}

const hasSecret = (sent: string) =>
  [...sent.matchAll(/Basic +([^\r\n]*)/gi)].some(
    ([, text = '']) => Buffer.from(text, 'base64').toString('latin1') === SECRET,
  );
