// Connections whose bytes are not those of a socket: streams made on accepted sockets, and dialled
// ones in memory.
import type { Socket } from 'node:net';
import { Duplex, duplexPair } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Secure } from '../../src/http/transport/carriers.ts';
import type { ConnectionBounds } from '../../src/http/transport/connections.ts';
import type { Dialed, Dialer } from '../../src/http/transport/dialer.ts';
import type { Listener } from '../../src/http/transport/listener.ts';
import { Links } from '../../src/http/transport/peer-connections.ts';
import { IoTurn } from '../../src/runtime/io-turn.ts';
import { MessageReader } from '../support/message-reader.ts';
import { openPort } from './open-port.ts';
import { type RawSocket, statuses } from './raw-socket.ts';

const flipped = (bytes: Uint8Array | string) =>
  Buffer.from(Buffer.from(bytes).map((byte) => byte ^ 0x55));

/** A stream whose bytes have a meaning only when they are flipped. */
class Flipped extends Duplex {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    socket.on('data', (bytes) => this.push(flipped(bytes)));
    socket.on('end', () => this.push(null));
    socket.on('close', () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(bytes: Buffer, _: BufferEncoding, done: () => void): void {
    this.#socket.write(flipped(bytes), () => done());
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(_: Error | null, done: () => void): void {
    this.#socket.destroy();
    done();
  }
}

async function start(secure: Secure, bounds: ConnectionBounds = {}) {
  const received: string[] = [];
  const port = await openPort({
    receive: (to, _name, { sender, claim, body }) => {
      sender.admit(claim, { name: 'M', body }, () =>
        received.push(`${claim.from} -> ${to} ${sender.address}`),
      );
      return true;
    },
    handler: (request, response) => {
      if (request.url === '/stream') {
        response.write('.');
      } else {
        response.end(`${request.socket.constructor.name}.`);
      }
    },
    secure,
    bounds,
  });
  return { ...port, received };
}

/** Resolves when no connection is open. */
async function closed(listener: Listener): Promise<void> {
  while (listener.connections > 0) {
    await new Promise(setImmediate);
  }
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
const MESSAGE = 'POST /master/x HTTP/1.1\r\nLibprocess-From: a@127.0.0.1:1\r\n\r\n';
const plainText = (text: string) => flipped(Buffer.from(text, 'latin1')).toString('latin1');
const answered = async (client: RawSocket, count: number) =>
  plainText(await client.until((text) => statuses(plainText(text)).length >= count));

describe('an accepted connection', () => {
  test('is read as what it carries: messages, ordinary requests, and messages after these', async () => {
    const { received, connect } = await start(async (socket) => new Flipped(socket));
    const client = await connect();
    await client.write(flipped(MESSAGE + get('/') + MESSAGE));
    const text = await answered(client, 3);
    expect(statuses(text)).toEqual([202, 200, 202]);
    expect(text).toContain('Flipped.');
    expect(received).toHaveLength(2);
  });

  test('ends where what it carries is not known in the time of a request', async () => {
    const { listener, connect } = await start(() => new Promise<Duplex>(() => {}), {
      lookMs: 5,
      stallMs: 40,
    });
    const client = await connect();
    await client.write(get('/'));
    expect(await client.end()).toBe('');
    await closed(listener);
  });

  test('ends where it cannot be agreed on what it carries', async () => {
    const { listener, connect } = await start(() => Promise.reject(new Error('no')));
    const client = await connect();
    expect(await client.end()).toBe('');
    await closed(listener);
  });

  test('is told 503 in what it carries where all are in use', async () => {
    const { connect } = await start(async (socket) => new Flipped(socket), { most: 1 });
    const stream = await connect();
    await stream.write(flipped(get('/stream')));
    await answered(stream, 1);
    const late = await connect();
    await late.write(flipped(get('/')));
    expect(statuses(plainText(await late.end()))).toEqual([503]);
    const question = await connect();
    await question.write(flipped(get('/mesoscale/connection?key=&to=')));
    expect(statuses(await answered(question, 1))).toEqual([200]);
  });
});

describe('a dialled connection', () => {
  test('carries the messages of a link wherever it leads, and its end is told once', async () => {
    const [near, far] = duplexPair();
    const read: string[] = [];
    const lost = Promise.withResolvers<string>();
    const open = Promise.withResolvers<void>();
    const dialed: Dialed = Object.assign(near, { setTimeout: () => dialed });
    const dialer: Dialer = {
      dial: (address, { onOpen } = {}) => {
        read.push(`dialled ${address}`);
        queueMicrotask(() => {
          onOpen?.();
          open.resolve();
        });
        return dialed;
      },
    };
    const links = new Links({ turn: new IoTurn(), dialer, onLost: lost.resolve });
    links.link('10.0.0.1:5051');
    const message = { name: 'PingAgentMessage', body: { connected: true } } as const;
    links.send('master@10.0.0.2:5050', 'slave(1)@10.0.0.1:5051', message);
    await open.promise;
    const reader = new MessageReader();
    const bytes = await new Promise<Buffer>((resolve) => far.once('data', resolve));
    read.push(...reader.push(bytes).map(({ from, to, name }) => `${from} -> ${to}: ${name}`));
    expect(read).toEqual([
      'dialled 10.0.0.1:5051',
      'master@10.0.0.2:5050 -> slave(1): PingAgentMessage',
    ]);
    far.destroy();
    near.destroy();
    expect(await lost.promise).toBe('10.0.0.1:5051');
    expect(links.size).toBe(0);
  });
});
