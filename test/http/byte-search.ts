// Bytes of strangers to a real port that asks everybody for credentials: requests, tokens and
// messages of authentication with something changed in them, one connection after the other. Each
// gets an answer or its end; nothing that is asked in a name reaches the master without that name's
// secret, and the master answers others as before. To a port with TLS that wants certificates they
// are beginnings of handshakes, too, and nothing at all reaches the master.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { cramMd5Verifier } from '../../src/cli/process/cram-md5.ts';
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
import {
  answered,
  askingAll,
  CONNECTIONS,
  changed,
  credentials,
  isProved,
  PROOFS,
  request,
} from './stranger-bytes.ts';

/** Handshakes that stop in the middle end then. */
const HANDSHAKE_MS = 100;

/** Throws a Breach. The same seed sends the same. */
export async function searchBytes(seed: number): Promise<void> {
  const chance = new Chance(seed);
  const { machine, port, url } = await startMaster({
    authentication: askingAll({
      'mesos-master-readonly': true,
      'mesos-master-readwrite': true,
      'mesos-master-scheduler': true,
    }),
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

const message = (to: string, { name, body }: MessageToMaster) =>
  Buffer.from(
    encodeLibprocess({
      ...{ from: 'slave(1)@127.0.0.1:5051', to: `${to}@127.0.0.1:5050`, name },
      body: encodeInternal({ name, body } as MessageToMaster),
    }),
  );

const WEIGHTS =
  '{"type":"UPDATE_WEIGHTS","update_weights":{"weight_infos":[{"role":"a","weight":2}]}}';
const SUBSCRIBE = '{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"u","name":"n"}}}';
const SESSION = 'crammd5-authenticator-session(1)';

/** Each is right, but for the messages: nobody answers a challenge. */
const REQUESTS: readonly Buffer[] = [
  ...PROOFS.flatMap((authorization) => [
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

function check(event: MasterEvent, bytes: Buffer, world: World): void {
  const sent = bytes.toString('latin1');
  switch (event.type) {
    case 'operatorCall':
    case 'schedulerCall':
    case 'schedulerSubscribe': {
      const { principal } = event;
      must(isProved(principal, sent), () => `${shown(event)} comes of ${sent.slice(0, 1_000)}`);
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
