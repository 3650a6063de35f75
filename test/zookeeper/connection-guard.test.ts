// What listens at an address of the ensemble and is no ZooKeeper ends no process, takes no memory,
// and is passed over where another server serves.
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guardConnection, type LibraryConnection } from '../../src/zookeeper/connection-guard.ts';
import { ZooKeeperSession } from '../../src/zookeeper/session.ts';
import { until } from '../support/cluster.ts';
import { Ensemble } from '../support/zookeeper.ts';

const TIMEOUT_MS = 1_200;

let ensemble: Ensemble;
beforeAll(async () => {
  ensemble = await Ensemble.start();
});
afterAll(() => ensemble.stop());

/** A first answer as ZooKeeper's: a session with this timeout, and a password of that length. */
function greeting(timeoutMs = 4_000, passwordBytes = 16): Buffer {
  const bytes = Buffer.alloc(41);
  bytes.writeInt32BE(37, 0);
  bytes.writeInt32BE(timeoutMs, 8);
  bytes.writeInt32BE(1, 16);
  bytes.writeInt32BE(passwordBytes, 20);
  return bytes;
}

const hex = (text: string) => Buffer.from(text, 'hex');
/** After the greeting, for each request. */
const afterwards = (bytes: Buffer) => (socket: Socket) => {
  socket.once('data', () => {
    socket.write(greeting());
    socket.on('data', () => socket.write(bytes));
  });
};
const EVENT = 'ffffffff0000000000000000ffffffff';

const STRANGERS: Readonly<Record<string, (socket: Socket) => unknown>> = {
  'closes at once': (socket) => socket.destroy(),
  'speaks HTTP': (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
  'sends half a greeting': (socket) => socket.end(greeting().subarray(0, 19)),
  'says that less than nothing comes': (socket) => socket.write(hex('ffffffff00000000')),
  'says that nothing comes': (socket) => socket.write(Buffer.alloc(64)),
  'says that two gigabytes come': (socket) => socket.write(hex('7fffffff00000000')),
  'gives a password of two gigabytes': (socket) => socket.write(greeting(4_000, 0x7fffffff)),
  'greets, and closes': (socket) => socket.once('data', () => socket.end(greeting())),
  'greets, and says that two gigabytes come': afterwards(hex('7fffffff00000000')),
  'greets, and answers with too few bytes': afterwards(hex('00000003000000')),
  'greets, and tells of an unknown event': afterwards(hex(`00000020${EVENT}${'7f'.repeat(16)}`)),
  'greets, and answers what nobody asked': afterwards(hex(`00000010${'41'.repeat(16)}`)),
};

async function stranger(behave: (socket: Socket) => unknown) {
  let attempts = 0;
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    attempts++;
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    behave(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    attempts: () => attempts,
    [Symbol.dispose]: () => {
      server.close();
      for (const socket of open) {
        socket.destroy();
      }
    },
  };
}

const session = (servers: readonly string[]) =>
  new ZooKeeperSession({ servers, credentials: 'ops:secret', timeoutMs: TIMEOUT_MS });

describe.for(Object.entries(STRANGERS))('a server that %s', ([, behave]) => {
  test('is left, and another one serves', async () => {
    using other = await stranger(behave);
    const alone = session([other.address]);
    await until('it was tried again', () => other.attempts() >= 3);
    // ZooKeeper does not know a session that another server has begun: there is one anew.
    let both = session([other.address, ...ensemble.addresses]);
    await until('the session is held by ZooKeeper', async () => {
      if (both.state === 'expired') {
        both = session([other.address, ...ensemble.addresses]);
      }
      return (
        both.isHeld() && (await both.children('/').catch((): string[] => [])).includes('zookeeper')
      );
    });
    await Promise.all([alone.close(), both.close()]);
  });
});

test('attempts in vain add nothing to what is kept, and are not made without a pause', () => {
  const events = new EventEmitter();
  const answered: unknown[] = [];
  let begun = 0;
  const connection: LibraryConnection = {
    state: 0,
    packetQueue: { queue: [] },
    pendingQueue: [],
    pendingBuffer: Buffer.from('half of it'),
    findNextServer: (connect) => connect('a server'),
    onSocketData: () => undefined,
    onSocketError: () => undefined,
    cleanupPendingQueue: (fault) => {
      answered.push(...connection.pendingQueue.splice(0).map((packet) => [packet, fault]));
    },
    on: (event, listener) => events.on(event, listener),
  };
  guardConnection(connection, { isOver: () => false, onTrouble: () => undefined });
  connection.packetQueue.queue.push('credentials', 'watches');
  events.emit('state', 0);
  expect(connection).toMatchObject({ packetQueue: { queue: [] }, pendingBuffer: null });
  expect(answered).toEqual([
    ['credentials', -4],
    ['watches', -4],
  ]);
  for (let attempt = 0; attempt < 3; attempt++) {
    connection.findNextServer(() => begun++);
  }
  expect(begun).toBe(1);
});
