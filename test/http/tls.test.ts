// Encrypted connections, with a real port and real certificates: who is let in, who is believed,
// and what strangers can do.
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls, { type ConnectionOptions, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { OperatorClient } from '../../src/http/client/operator-client.ts';
import type { ConnectionBounds } from '../../src/http/transport/connections.ts';
import { openTls, type TlsBounds, type TlsCarriers } from '../../src/http/transport/tls.ts';
import { verifiedSubject } from '../../src/http/transport/tls-peer.ts';
import type { TlsFiles, TlsSettings, TlsTrust } from '../../src/http/transport/tls-settings.ts';
import { Authority, type Certified } from '../support/authority.ts';
import { openPort } from './open-port.ts';
import { statuses } from './raw-socket.ts';

let folder: string;
let authority: Authority;
let server: Certified;
let client: Certified;
let other: Authority;
let stranger: Certified;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesoscale-tls-'));
  authority = new Authority(folder, 'authority');
  server = authority.certify('server');
  client = authority.certify('client', { host: 'DNS:client.test' });
  other = new Authority(folder, 'other');
  stranger = other.certify('stranger');
});

afterAll(() => rmSync(folder, { recursive: true }));

const opened: TlsCarriers[] = [];
const sockets: TLSSocket[] = [];

afterEach(() => {
  for (const carriers of opened.splice(0)) {
    carriers.close();
  }
  for (const socket of sockets.splice(0)) {
    socket.destroy();
  }
});

interface What {
  readonly files?: Partial<TlsFiles>;
  readonly trust?: Partial<TlsTrust>;
  readonly versions?: TlsSettings['terms']['versions'];
  readonly downgrades?: boolean;
  readonly bounds?: TlsBounds;
}

async function carriersOf({ files, trust, versions, downgrades, bounds }: What = {}) {
  const settings: TlsSettings = {
    files: {
      certFile: server.certificate,
      keyFile: server.key,
      caFile: authority.certificate,
      caDir: undefined,
      ...files,
    },
    terms: { ciphers: 'ECDHE+AESGCM', curves: 'auto', versions: versions ?? ['TLSv1.2'] },
    trust: {
      verifiesServers: true,
      requiresClients: false,
      depth: 4,
      verifiesIp: true,
      scheme: 'openssl',
      ...trust,
    },
    downgrades: downgrades ?? false,
  };
  const carriers = await openTls(settings, bounds);
  const said: string[] = [];
  carriers.tell((level, text) => said.push(`${level}: ${text}`));
  said.length = 0;
  opened.push(carriers);
  return { carriers, said };
}

/** A port that answers what its client's certificate says. */
async function serve(what: What = {}, bounds: ConnectionBounds = {}) {
  const { carriers, said } = await carriersOf(what);
  const received: string[] = [];
  const port = await openPort({
    receive: (to, _name, { sender, claim, body }) => {
      sender.admit(claim, { name: 'M', body }, () => received.push(`${claim.from} -> ${to}`));
      return true;
    },
    handler: (request, response) =>
      response.end(`[${verifiedSubject(request.socket) ?? 'nobody'}]`),
    secure: carriers.secure,
    maySecureLate: carriers.maySecureLate,
    bounds,
  });
  return { ...port, carriers, said, received, address: `127.0.0.1:${port.listener.address.port}` };
}

const GET = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
const MESSAGE = 'POST /master/x HTTP/1.1\r\nLibprocess-From: a@127.0.0.1:1\r\n\r\n';

/** What the other side sends until it ends the connection, or why there is none. */
function answerTo(bytes: string, socket: NodeJS.ReadWriteStream): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (piece: Buffer) => {
      text += piece.toString('latin1');
    });
    socket.on('error', (error) => resolve(`error: ${error.message}`));
    socket.on('close', () => resolve(text));
    socket.write(bytes);
  });
}

const ask = ({ dialer }: TlsCarriers, address: string, bytes = GET) =>
  answerTo(bytes, dialer.dial(address));

/** A client of node:tls that believes everybody. */
function rawTls(address: string, options: ConnectionOptions = {}): TLSSocket {
  const [host, port] = address.split(':');
  const socket = tls.connect({ host, port: Number(port), rejectUnauthorized: false, ...options });
  sockets.push(socket);
  return socket;
}

const pemOf = ({ certificate, key }: Certified) => ({
  cert: readFileSync(certificate),
  key: readFileSync(key),
});

async function becomes(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

describe('a port with TLS', () => {
  test('reads messages, ordinary requests, and messages after these', async () => {
    const { carriers, received, address } = await serve();
    expect(statuses(await ask(carriers, address, MESSAGE + MESSAGE + GET))).toEqual([
      202, 202, 200,
    ]);
    expect(received).toEqual(['a@127.0.0.1:1 -> master', 'a@127.0.0.1:1 -> master']);
  });

  test('reads a first request that is longer than a record of TLS, from its beginning', async () => {
    for (const trust of [{}, { requiresClients: true }]) {
      const { carriers, address } = await serve({ trust });
      for (const bytes of [20_000, 200_000]) {
        const post = `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${bytes}\r\n\r\n`;
        const text = await ask(carriers, address, post + 'y'.repeat(bytes));
        expect(statuses(text)).toEqual([200]);
      }
    }
  });

  test('goes on with a session that a client has begun, and asks nothing twice', async () => {
    for (const versions of [['TLSv1.2'], ['TLSv1.3']] as const) {
      const trust = { requiresClients: true };
      const { carriers, address } = await serve({ trust, versions });
      const reused: boolean[] = [];
      for (let round = 0; round < 2; round++) {
        const socket = carriers.dialer.dial(address) as TLSSocket;
        socket.once('secureConnect', () => reused.push(socket.isSessionReused()));
        expect(await answerTo(GET, socket)).toContain('[CN=server]');
      }
      expect(reused).toEqual([false, true]);
    }
  });

  test('tells a client without TLS what is wrong', async () => {
    const { carriers, connect, said } = await serve();
    for (const bytes of [GET, MESSAGE, 'x']) {
      expect(await (await connect(bytes)).end()).toMatch(/^HTTP\/1.1 400 .*This port speaks TLS/s);
    }
    expect(carriers.metrics()['tls/connections_without_tls']).toBe(3);
    expect(said).toEqual([
      'warn: Connections from 127.0.0.1 are closed. It does not speak TLS, as this port does (said once)',
    ]);
  });

  test('takes a client without TLS where both are allowed, whenever it begins to speak', async () => {
    const { carriers, connect, address } = await serve(
      { downgrades: true },
      { lookMs: 5, stallMs: 20 },
    );
    const client = await connect();
    const other = await connect(MESSAGE);
    await other.until((text) => statuses(text).length === 1);
    await new Promise((resolve) => setTimeout(resolve, 60));
    await client.write('G');
    await client.write(GET.slice(1));
    expect(statuses(await client.end())).toEqual([200]);
    expect(statuses(await ask(carriers, address))).toEqual([200]);
    expect(carriers.metrics()).toMatchObject({
      'tls/connections_downgraded': 2,
      'tls/handshake_failures': 0,
    });
  });
});

describe('clients with certificates', () => {
  const trust = { requiresClients: true };

  const outcomeOf = async (address: string, own: Certified | undefined) => {
    const { carriers } = await carriersOf({
      files: { certFile: own?.certificate, keyFile: own?.key },
      trust: { verifiesServers: false },
    });
    return ask(carriers, address);
  };

  test('are let in with one of an authority that is believed', async () => {
    const { address, carriers, said } = await serve({ trust });
    const audited: unknown[] = [];
    carriers.onRefused((...client) => audited.push(client));
    expect(await outcomeOf(address, client)).toContain('[CN=client]');
    const refused = 'This client is refused: ';
    expect(await outcomeOf(address, undefined)).toContain(
      `${refused}it shows no certificate (ssl_cert_file`,
    );
    expect(await outcomeOf(address, stranger)).toContain(
      `${refused}its certificate cannot be verified (`,
    );
    const expired = authority.certify('expired', { isExpired: true });
    const late = rawTls(address, pemOf(expired));
    expect(await answerTo(GET, late)).toContain('(CERT_HAS_EXPIRED)');
    expect(carriers.metrics()['tls/handshake_failures']).toBe(3);
    expect(said).toHaveLength(3);
    const unverified = (code: string) => `its certificate cannot be verified (${code})`;
    expect(audited).toEqual([
      ['127.0.0.1', expect.stringContaining('it shows no certificate'), undefined],
      ['127.0.0.1', unverified('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'stranger'],
      ['127.0.0.1', unverified('CERT_HAS_EXPIRED'), 'expired'],
    ]);
  });

  test('are not let in by a session that began without one', async () => {
    for (const versions of [['TLSv1.2'], ['TLSv1.3']] as const) {
      const { address, carriers } = await serve({ trust, versions });
      let session: Buffer | undefined;
      for (let round = 0; round < 3; round++) {
        const socket = rawTls(address, { session });
        socket.on('session', (begun: Buffer) => {
          session = begun;
        });
        expect(await answerTo(GET, socket)).toContain('it shows no certificate');
      }
      expect(carriers.metrics()['tls/handshake_failures']).toBe(3);
    }
  });

  test('are let in if not too many stand between them and the authority, session or not', async () => {
    const middle = new Authority(folder, 'middle', authority);
    const low = new Authority(folder, 'low', middle);
    const deep = low.certify('deep');
    for (const [depth, answer] of [
      [1, '2 certificates stand between it and its authority, and ssl_verify_depth is 1'],
      [2, '[CN=deep]'],
    ] as const) {
      for (const versions of [['TLSv1.2'], ['TLSv1.3']] as const) {
        const { address } = await serve({ trust: { ...trust, depth }, versions });
        let session: Buffer | undefined;
        for (let round = 0; round < 2; round++) {
          const socket = rawTls(address, { ...pemOf(deep), session });
          socket.on('session', (begun: Buffer) => {
            session = begun;
          });
          const text = await answerTo(GET, socket);
          expect(text).toContain(round === 0 || depth === 2 ? answer : 'refused');
        }
      }
    }
  });

  test('need the name that their address has, in the old scheme', async () => {
    const { address } = await serve({ trust: { ...trust, scheme: 'legacy', verifiesIp: false } });
    expect(await outcomeOf(address, client)).toMatch(
      /refused: the certificate is none for .*127\.0\.0\.1/,
    );
    const { address: byIp } = await serve({ trust: { ...trust, scheme: 'legacy' } });
    expect(await outcomeOf(byIp, server)).toContain('[CN=server]');
  });
});

describe('servers', () => {
  const outcomeOf = async (trust: Partial<TlsTrust>, address: string, host?: string) => {
    const { carriers } = await carriersOf({ trust });
    if (host !== undefined) {
      carriers.expect(address, host);
    }
    return ask(carriers, address);
  };

  test('are believed by the name that was dialled', async () => {
    const { address, listener } = await serve();
    const { port } = listener.address;
    expect(await outcomeOf({ verifiesIp: false }, `localhost:${port}`)).toContain('[nobody]');
    expect(await outcomeOf({}, address)).toContain('[nobody]');
    expect(await outcomeOf({ verifiesIp: false }, address)).toMatch(
      /its certificate is refused: 127\.0\.0\.1 was dialled by its address/,
    );
    expect(await outcomeOf({ verifiesIp: false }, address, 'localhost')).toContain('[nobody]');
    expect(await outcomeOf({}, address, 'elsewhere.test')).toMatch(
      /its certificate is refused: .*elsewhere\.test/,
    );
  });

  test('are believed by the name that their address has, in the old scheme', async () => {
    const { address } = await serve();
    expect(await outcomeOf({ scheme: 'legacy' }, address)).toContain('[nobody]');
    const away = authority.certify('away', { host: 'DNS:away.test' });
    const { address: wrong } = await serve({
      files: { certFile: away.certificate, keyFile: away.key },
    });
    expect(await outcomeOf({ scheme: 'legacy' }, wrong)).toMatch(
      /refused: the certificate is none for /,
    );
  });

  test('are not believed on the word of an authority that nobody knows', async () => {
    const { address } = await serve({
      files: { certFile: stranger.certificate, keyFile: stranger.key },
    });
    expect(await outcomeOf({}, address)).toContain('(ssl_ca_file)');
    expect(await outcomeOf({ verifiesServers: false }, address)).toContain('[nobody]');
  });

  test('without TLS are named as such', async () => {
    const strangers: string[] = [];
    const { listener } = await openPort({
      receive: () => true,
      handler: (_, response) => response.end(),
      onStrayTls: (ip) => strangers.push(ip),
    });
    const address = `127.0.0.1:${listener.address.port}`;
    expect(await outcomeOf({}, address)).toBe(
      `error: ${address}: the other side does not speak TLS`,
    );
    expect(strangers).toEqual(['127.0.0.1']);
  });

  test('are sent nothing before they are believed', async () => {
    const received: unknown[] = [];
    const listening = tls.createServer(pemOf(stranger), (socket) => {
      socket.on('data', (bytes) => received.push(bytes));
      socket.on('error', () => undefined);
    });
    listening.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(listening.address() as AddressInfo).port}`;
    for (const scheme of ['openssl', 'legacy'] as const) {
      expect(await outcomeOf({ scheme }, address)).toContain('error: ');
    }
    await new Promise((resolve) => listening.close(resolve));
    expect(received).toEqual([]);
  });
});

describe('servers without TLS', () => {
  const openPlain = async () => {
    const { listener } = await openPort({
      receive: () => true,
      handler: (_, response) => response.end('["plain"]'),
    });
    return `127.0.0.1:${listener.address.port}`;
  };

  test('are talked to where that is allowed, from the second connection on', async () => {
    const { carriers } = await carriersOf({ downgrades: true });
    const address = await openPlain();
    expect(await ask(carriers, address)).toMatch(/^error: .*does not speak TLS/);
    expect(await ask(carriers, address)).toContain('["plain"]');
    const client = new OperatorClient({ address: await openPlain(), dialer: carriers.dialer });
    expect(await client.get('/')).toEqual(['plain']);
  });

  test('are not taken for what a server with a wrong certificate is', async () => {
    const { carriers } = await carriersOf({ downgrades: true });
    const { address, carriers: serving } = await serve({
      files: { certFile: stranger.certificate, keyFile: stranger.key },
      downgrades: true,
    });
    for (let round = 0; round < 2; round++) {
      expect(await ask(carriers, address)).toContain('(ssl_ca_file)');
    }
    expect(serving.metrics()['tls/connections_downgraded']).toBe(0);
    const client = new OperatorClient({ address, dialer: carriers.dialer });
    await expect(client.get('/')).rejects.toThrow('(ssl_ca_file)');
  });
});

describe('strangers', () => {
  /** The first bytes of a handshake. */
  const hello = async () => {
    const listening = net.createServer();
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    const accepted = new Promise<Buffer>((resolve) =>
      listening.once('connection', (socket) =>
        socket.once('data', (bytes) => resolve(Buffer.from(bytes))),
      ),
    );
    const socket = rawTls(`127.0.0.1:${(listening.address() as AddressInfo).port}`);
    socket.on('error', () => undefined);
    const bytes = await accepted;
    socket.destroy();
    listening.close();
    return bytes;
  };

  test('that do not finish their handshakes are hung up on, and hold up nobody', async () => {
    const { address, carriers, connect, listener, said } = await serve({
      bounds: { handshakeMs: 100, most: 8 },
    });
    const begun = await hello();
    const clients = await Promise.all(Array.from({ length: 20 }, () => connect()));
    await Promise.all(
      clients.map((each, index) => each.write(begun.subarray(0, 1 + (index % 40)))),
    );
    await becomes(() => (carriers.metrics()['tls/handshake_failures'] ?? 0) >= 12);
    expect(statuses(await ask(carriers, address))).toEqual([200]);
    await Promise.all(clients.map((each) => each.end()));
    await becomes(() => listener.connections === 0);
    expect(carriers.metrics()['tls/handshake_failures']).toBe(20);
    expect(said.join()).toContain('too many handshakes at once');
    expect(said.join()).toContain('the handshake takes too long');
  });

  test('that say nothing make room for others', async () => {
    const { address, carriers, connect } = await serve({}, { most: 8 });
    const silent = await Promise.all(Array.from({ length: 12 }, () => connect()));
    expect(statuses(await ask(carriers, address))).toEqual([200]);
    await becomes(() => silent.filter((each) => each.closed).length >= 5);
  });

  test('that send garbage get no further', async () => {
    const { address, carriers, connect } = await serve({ bounds: { handshakeMs: 50 } });
    const begun = await hello();
    const garbage = Buffer.alloc(20_000, 0x5a);
    for (const bytes of [
      Buffer.concat([begun, garbage]),
      Buffer.concat([Buffer.from([0x16]), garbage]),
      Buffer.concat([Buffer.from([0x16, 3, 1, 0xff, 0xff]), garbage]),
      begun.subarray(0, 50),
    ]) {
      const socket = await connect();
      await socket.write(bytes);
      socket.socket.end();
      expect(statuses(await socket.end())).toEqual([]);
    }
    expect(carriers.metrics()['tls/handshake_failures']).toBe(4);
    expect(statuses(await ask(carriers, address))).toEqual([200]);
  });

  test('cannot begin their handshake anew', async () => {
    const { address } = await serve();
    const socket = rawTls(address);
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    const answer = await new Promise<Error | null>((resolve) => {
      socket.renegotiate({}, resolve);
      socket.on('error', resolve);
      socket.on('close', () => resolve(new Error('closed')));
    });
    expect(answer).toBeInstanceOf(Error);
  });
});

describe('files that change', () => {
  const ownFolder = () => {
    const own = mkdtempSync(join(folder, 'files-'));
    const place = ({ certificate, key }: Certified) => {
      copyFileSync(certificate, join(own, 'next.cert'));
      copyFileSync(key, join(own, 'next.key'));
      renameSync(join(own, 'next.cert'), join(own, 'own.cert'));
      renameSync(join(own, 'next.key'), join(own, 'own.key'));
    };
    return {
      own,
      place,
      files: { certFile: join(own, 'own.cert'), keyFile: join(own, 'own.key') },
    };
  };

  const subjectAt = async (address: string) => {
    const socket = rawTls(address);
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    return socket.getPeerX509Certificate()?.subject;
  };

  test('are taken without an open connection being cut', async () => {
    const { place, files } = ownFolder();
    place(server);
    const { address, carriers, said } = await serve({ files, bounds: { lookMs: 5 } });
    const open = carriers.dialer.dial(address);
    let text = '';
    open.on('data', (piece: Buffer) => {
      text += piece.toString();
    });
    open.write(MESSAGE);
    await becomes(() => statuses(text).length === 1);
    place(client);
    await becomes(() => said.length > 0);
    expect(said).toEqual([
      expect.stringContaining('info: The files of TLS were read again, valid'),
    ]);
    expect(await subjectAt(address)).toBe('CN=client');
    open.write(MESSAGE);
    await becomes(() => statuses(text).length === 2);
    open.destroy();
  });

  test('that cannot be used are told of, and those before stay', async () => {
    const { place, files } = ownFolder();
    place(server);
    const { address, carriers, said } = await serve({ files, bounds: { lookMs: 5 } });
    copyFileSync(stranger.key, files.keyFile);
    await becomes(() => said.length === 1);
    expect(said[0]).toContain('warn: TLS goes on with the files as they were before: ssl_key_file');
    writeFileSync(files.certFile, '');
    await becomes(() => said.length === 2);
    rmSync(files.certFile);
    await becomes(() => said.length === 3);
    expect(carriers.metrics()).toMatchObject({ 'tls/certificate_reload_failures': 3 });
    expect(await subjectAt(address)).toBe('CN=server');
    place(client);
    await becomes(() => said.length === 4);
    expect(await subjectAt(address)).toBe('CN=client');
  });

  test('are followed through links that are exchanged as a whole', async () => {
    const { own } = ownFolder();
    const versions = [server, client].map(({ certificate, key }, index) => {
      const version = join(own, `version-${index}`);
      mkdirSync(version);
      copyFileSync(certificate, join(version, 'own.cert'));
      copyFileSync(key, join(version, 'own.key'));
      return version;
    });
    symlinkSync(versions[0] ?? '', join(own, 'current'));
    const files = {
      certFile: join(own, 'current', 'own.cert'),
      keyFile: join(own, 'current', 'own.key'),
    };
    const { address, said } = await serve({ files, bounds: { lookMs: 5 } });
    symlinkSync(versions[1] ?? '', join(own, 'next'));
    renameSync(join(own, 'next'), join(own, 'current'));
    await becomes(() => said.length === 1);
    expect(await subjectAt(address)).toBe('CN=client');
  });
});

test('how long the certificate is valid is a metric', async () => {
  const { carriers } = await carriersOf();
  const days = (carriers.metrics()['tls/certificate_expires_secs'] ?? 0) / 86_400;
  expect(days).toBeGreaterThan(29);
  expect(days).toBeLessThan(31);
});
