// What arrives on the port: messages, calls and ordinary requests, split and mixed.
import { createHash } from 'node:crypto';
import net from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { Senders } from '../../src/http/senders/senders.ts';
import { plainCarriers } from '../../src/http/transport/carriers.ts';
import { plainDialer } from '../../src/http/transport/dialer.ts';
import { Listener } from '../../src/http/transport/listener.ts';
import { RequestReader } from '../../src/http/transport/request-reader.ts';
import { IoTurn } from '../../src/runtime/io-turn.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { encodeLibprocess } from '../../src/wire/libprocess.ts';
import { isType, MiniMachine, startMaster, stopMasters } from './mini-master.ts';
import { count, RawSocket, statuses } from './raw-socket.ts';

afterEach(stopMasters);

const pong = (from: string, to = 'master@127.0.0.1:1') =>
  Buffer.from(
    encodeLibprocess({ from, to, name: 'PongAgentMessage', body: new Uint8Array(0) }),
  ).toString('latin1');

const call = (streamId: string, body = '{"framework_id":{"value":"f"},"type":"REVIVE"}') =>
  'POST /api/v1/scheduler HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
  `Mesos-Stream-Id: ${streamId}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

const health = 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n';

const unregister = (from: string, agent: string) => {
  const id = `\n${String.fromCharCode(agent.length + 2)}\n${String.fromCharCode(agent.length)}${agent}`;
  return Buffer.from(
    encodeLibprocess({
      from,
      to: 'master@127.0.0.1:1',
      name: 'UnregisterAgentMessage',
      body: Buffer.from(id, 'latin1'),
    }),
  ).toString('latin1');
};

const believed = new Senders({
  isChecked: false,
  ownAddress: () => '',
  dialer: plainDialer,
  logger: silentLogger,
});

describe('one port', () => {
  test('takes messages, calls and ordinary requests on one connection, in order', async () => {
    const { port, machine } = await startMaster();
    const raw = await RawSocket.connect(port);
    await raw.write(
      pong('slave(1)@127.0.0.1:9') +
        call('a') +
        unregister('slave(2)@127.0.0.1:9', 'S1') +
        call('b') +
        health +
        pong('slave(3)@127.0.0.1:9') +
        health +
        call('c'),
    );
    const text = await raw.until((got) => statuses(got).length === 8);
    expect(statuses(text)).toEqual([202, 202, 202, 202, 200, 202, 200, 202]);
    expect(machine.events.map((event) => event.type)).toEqual([
      'agentMessage',
      'schedulerCall',
      'agentMessage',
      'schedulerCall',
      'agentMessage',
      'schedulerCall',
    ]);
    raw.close();
  });

  test('takes any split of the same bytes', async () => {
    const { port, machine } = await startMaster();
    const bytes =
      unregister('slave(1)@127.0.0.1:9', 'S1') + call('a') + pong('slave(2)@127.0.0.1:9') + health;
    for (let at = 1; at < bytes.length; at += 7) {
      const raw = await RawSocket.connect(port);
      await raw.write(bytes.slice(0, at));
      await raw.write(bytes.slice(at));
      const text = await raw.until((got) => statuses(got).length === 4);
      expect(statuses(text)).toEqual([202, 202, 202, 200]);
      raw.close();
    }
    const rounds = Math.ceil((bytes.length - 1) / 7);
    expect(machine.events.filter(isType('agentMessage'))).toHaveLength(2 * rounds);
    expect(machine.events.filter(isType('schedulerCall'))).toHaveLength(rounds);
  });

  test('answers 404 for an unknown process, and 202 for an unknown message', async () => {
    const { port, machine } = await startMaster();
    const raw = await RawSocket.connect(port);
    const head = ' HTTP/1.1\r\nLibprocess-From: slave(1)@127.0.0.1:9\r\n\r\n';
    await raw.write(
      `POST /master(1)/mesos.internal.PongSlaveMessage${head}` +
        `POST /nobody/mesos.internal.PongSlaveMessage${head}` +
        `POST /master/mesos.internal.NoSuchMessage${head}` +
        `POST /slave-observer(7)/mesos.internal.PongSlaveMessage${head}` +
        `POST /master/mesos.internal.RegisterSlaveMessage${head}`,
    );
    const text = await raw.until((got) => statuses(got).length === 5);
    expect(statuses(text)).toEqual([404, 404, 202, 202, 202]);
    expect(machine.events.filter(isType('agentMessage'))).toHaveLength(1);
    raw.close();
  });

  test('logs once for each sender that its messages are not served', async () => {
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (text: string) => warnings.push(text) };
    const { port } = await startMaster({ logger });
    const raw = await RawSocket.connect(port);
    const message = (name: string, from: string) =>
      `POST /master/${name} HTTP/1.1\r\nLibprocess-From: ${from}\r\n\r\n`;
    const driver = 'scheduler-1@127.0.0.1:9';
    await raw.write(
      message('mesos.scheduler.Call', driver).repeat(100) +
        message('mesos.internal.RegisterFrameworkMessage', driver) +
        message('mesos.internal.RegisterFrameworkMessage', 'scheduler-2@127.0.0.1:9'),
    );
    await raw.until((got) => statuses(got).length === 102);
    expect(warnings).toEqual([
      expect.stringMatching(/^Dropping mesos.scheduler.Call of scheduler-1@.* Frameworks must use/),
      expect.stringMatching(/^Dropping mesos.internal.RegisterFrameworkMessage of scheduler-2@/),
    ]);
    raw.close();
  });

  test('knows a sender by its User-Agent, and header names in any case', async () => {
    const { port, machine } = await startMaster();
    const raw = await RawSocket.connect(port);
    await raw.write(
      'POST /master/mesos.internal.PongSlaveMessage HTTP/1.1\r\n' +
        'user-agent: libprocess/w(1)@127.0.0.9:5\r\ncontent-length: 0\r\n\r\n' +
        'POST /master/mesos.internal.PongSlaveMessage HTTP/1.1\r\n' +
        'User-Agent: libprocess/a@127.0.0.1:1\r\nLIBPROCESS-FROM: b@127.0.0.1:2\r\n\r\n',
    );
    await raw.until((got) => statuses(got).length === 2);
    const senders = machine.events.filter(isType('agentMessage')).map(({ from }) => from);
    expect(senders).toEqual(['w(1)@127.0.0.9:5', 'b@127.0.0.1:2']);
    raw.close();
  });

  test('gives an internal message without its headers no special treatment', async () => {
    const { port } = await startMaster();
    const raw = await RawSocket.connect(port);
    await raw.write('POST /master/mesos.internal.PongSlaveMessage HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(statuses(await raw.until((got) => got.includes('\r\n\r\n')))).toEqual([404]);
    raw.close();
  });

  test('gives up a client that does not finish the head of its request', async () => {
    const listener = await Listener.listen({
      secure: plainCarriers.secure,
      host: '127.0.0.1',
      port: 0,
      turn: new IoTurn(),
      pressure: { saturated: false, whenDrained: (resume) => resume() },
      receive: () => false,
      senders: believed,
      handler: (_request, response) => response.end(),
      headersTimeoutMs: 40,
    });
    const raw = await RawSocket.connect(listener.address.port);
    await raw.write('GET / HTTP/1.1\r\nHost: x\r\n');
    expect(await raw.end()).toBe('');
    await listener.close();
  });

  test('says nothing to what is not HTTP', async () => {
    const { port } = await startMaster();
    const raw = await RawSocket.connect(port);
    await raw.write('NONSENSE\r\n\r\n');
    expect(await raw.end()).toBe('');
  });

  test('answers a client that has sent everything and closed its side', async () => {
    const { port } = await startMaster();
    for (const bytes of [pong('slave(1)@127.0.0.1:9'), call('a'), health]) {
      const raw = await RawSocket.connect(port);
      raw.socket.end(bytes);
      expect(statuses(await raw.until((got) => got.includes('\r\n\r\n')))).toHaveLength(1);
      raw.close();
    }
  });

  test('answers a burst of calls in one write', async () => {
    const { port } = await startMaster();
    const raw = await RawSocket.connect(port);
    let chunks = 0;
    raw.socket.on('data', () => chunks++);
    await raw.write(call('a').repeat(50));
    await raw.until((got) => count(got, ' 202 Accepted') === 50);
    expect(chunks).toBeLessThan(5);
    raw.close();
  });

  describe('with more to read than fits into a turn', () => {
    /** The cost of a message: one turn has time for only a part of them. */
    const work = (name: string) => createHash('sha256').update(name.repeat(500)).digest();
    const PEERS = 40;
    const EACH = 400;

    async function start(onOrdinary: (received: number) => void) {
      const received: string[] = [];
      const listener = await Listener.listen({
        secure: plainCarriers.secure,
        host: '127.0.0.1',
        port: 0,
        turn: new IoTurn(),
        pressure: { saturated: false, whenDrained: (resume) => resume() },
        senders: believed,
        receive: (_to, name, { claim }) => {
          work(name);
          received.push(claim.from);
          return true;
        },
        handler: (_request, response) => {
          onOrdinary(received.length);
          response.end();
        },
      });
      const peers = await Promise.all(
        Array.from({ length: PEERS }, () => RawSocket.connect(listener.address.port)),
      );
      return { listener, peers, received };
    }

    const messages = (peer: number) =>
      Array.from({ length: EACH }, (_, i) => pong(`${peer}-${i}@127.0.0.1:9`)).join('');

    test('answers an ordinary request meanwhile, and takes everything in order', async () => {
      let before = PEERS * EACH;
      const { listener, peers, received } = await start((count) => {
        before = count;
      });
      const asker = await RawSocket.connect(listener.address.port);
      while (listener.connections <= PEERS) {
        await new Promise(setImmediate);
      }
      for (const [index, peer] of peers.entries()) {
        peer.socket.write(messages(index));
      }
      asker.socket.write(health);
      await asker.until((got) => got.includes('200 OK'));
      expect(before).toBeLessThan((PEERS * EACH) / 2);

      await Promise.all(
        peers.map((peer) => peer.until((got) => count(got, ' 202 Accepted') === EACH)),
      );
      for (const [index] of peers.entries()) {
        const ofPeer = received.filter((from) => from.startsWith(`${index}-`));
        expect(ofPeer).toEqual(Array.from({ length: EACH }, (_, i) => `${index}-${i}@127.0.0.1:9`));
      }
      await listener.close();
    });

    test('takes messages of peers that have disconnected', async () => {
      const { listener, peers, received } = await start(() => {});
      for (const [index, peer] of peers.entries()) {
        peer.socket.end(messages(index));
      }
      await Promise.all(peers.map((peer) => peer.end()));
      expect(received).toHaveLength(PEERS * EACH);
      await listener.close();
    });
  });

  test('takes over a port that was opened before', async () => {
    const sockets: net.Socket[] = [];
    const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) =>
      sockets.push(socket),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as net.AddressInfo;
    const waiting = await Promise.all([RawSocket.connect(port), RawSocket.connect(port)]);
    for (const raw of waiting) {
      await raw.write(health);
    }
    while (sockets.length < 2) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const master = await startMaster({ early: { server, sockets } });
    expect(master.port).toBe(port);
    for (const raw of [...waiting, await RawSocket.connect(port)]) {
      await raw.write(health);
      await raw.until((got) => statuses(got).length > 0);
      raw.close();
    }
  });

  test('slows down callers that do not pace themselves, and loses nothing', async () => {
    class SlowMachine extends MiniMachine {
      override step(event: Parameters<MiniMachine['step']>[0]) {
        for (const end = performance.now() + 0.05; performance.now() < end; ) {}
        return super.step(event);
      }
    }
    const { port, loop, machine } = await startMaster({}, new SlowMachine());
    const calls = 12_000;
    const raw = await RawSocket.connect(port);
    let longest = 0;
    const watch = setInterval(() => {
      longest = Math.max(longest, loop.length);
    }, 1);
    raw.socket.write(call('a').repeat(calls));
    const other = await RawSocket.connect(port);
    await other.write(health);
    await other.until((got) => got.includes('\r\n\r\n'));
    const doneBefore = machine.events.length;
    await raw.until((got) => count(got.slice(-200), '202') > 0 && raw.text.length >= calls * 80);
    while (machine.events.length < calls) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    clearInterval(watch);
    expect(machine.events).toHaveLength(calls);
    // The bound at which reading stops, and the requests of one read.
    expect(longest).toBeLessThan(4_096 + 1_024);
    // A client with a short question does not wait for all of them.
    expect(doneBefore).toBeLessThan(calls);
    raw.close();
    other.close();
  });
});

describe('the reader of requests', () => {
  const accepting = (seen: string[]) =>
    new RequestReader({
      accepts: ({ from }) => from,
      request: (head, body) => seen.push(`${head.path} ${Buffer.from(body).toString('latin1')}`),
    });

  test('reads chunked bodies however they are cut and however many chunks they have', () => {
    const body = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 4 });
    fc.assert(
      fc.property(fc.array(body, { minLength: 1, maxLength: 4 }), fc.nat(60), (bodies, step) => {
        const wanted: string[] = [];
        const requests = bodies.map((pieces, i) => {
          const chunks = pieces.map((piece) =>
            Buffer.concat([
              Buffer.from(`${piece.length.toString(16)}\r\n`),
              piece,
              Buffer.from('\r\n'),
            ]),
          );
          wanted.push(`/master/m${i} ${Buffer.concat(pieces).toString('latin1')}`);
          return Buffer.concat([
            Buffer.from(
              `POST /master/m${i} HTTP/1.1\r\nLibprocess-From: a@1:1\r\n` +
                'Transfer-Encoding: chunked\r\n\r\n',
            ),
            ...chunks,
            Buffer.from('0\r\n\r\n'),
          ]);
        });
        const bytes = Buffer.concat(requests);
        const seen: string[] = [];
        const reader = accepting(seen);
        for (let at = 0; at < bytes.length; at += step + 1) {
          expect(reader.push(bytes.subarray(at, at + step + 1))).toBeUndefined();
        }
        expect(seen).toEqual(wanted);
        expect(reader.idle).toBe(true);
      }),
    );
  });

  test('leaves every request that it does not know to node:http, whole', () => {
    const known = 'POST /master/m HTTP/1.1\r\nLibprocess-From: a@1:1\r\n\r\n';
    const foreign = [
      'GET / HTTP/1.1\r\n\r\n',
      'POST /master/m HTTP/1.0\r\nLibprocess-From: a@1:1\r\n\r\n',
      'POST /master/m HTTP/1.1\r\nHost: x\r\n\r\n',
      'POST /master/m HTTP/1.1\r\nLibprocess-From: a@1:1\r\nExpect: 100-continue\r\n\r\n',
      'POST /master/m HTTP/1.1\r\nLibprocess-From: a@1:1\r\nConnection: close\r\n\r\n',
      'POST /master/m HTTP/1.1\r\nLibprocess-From: a@1:1\r\nContent-Length: x\r\n\r\n',
      'POST /m HTTP/1.1\r\nLibprocess-From: a@1:1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
      'POST /m HTTP/1.1\r\nLibprocess-From: a@1:1\r\nContent-Encoding: gzip\r\n\r\n',
      `POST /${'x'.repeat(20_000)}`,
    ];
    for (const text of foreign) {
      const seen: string[] = [];
      const left = accepting(seen).push(Buffer.from(known + text));
      expect(left?.toString()).toBe(text);
      expect(seen).toHaveLength(1);
    }
  });

  test('looks at each byte once: a body in tiny chunks takes no longer than its bytes', () => {
    // If each arrival were read from the start, this would take far longer than a test may.
    const chunks = 1_200_000;
    const head = 'POST /m HTTP/1.1\r\nLibprocess-From: a@1:1\r\nTransfer-Encoding: chunked\r\n\r\n';
    const bytes = Buffer.from(`${head}${'1\r\nx\r\n'.repeat(chunks)}0\r\n\r\n`);
    const seen: number[] = [];
    const reader = new RequestReader({
      accepts: () => true,
      request: (_head, body) => seen.push(body.length),
    });
    for (let at = 0; at < bytes.length; at += 1_440) {
      reader.push(bytes.subarray(at, at + 1_440));
    }
    expect(seen).toEqual([chunks]);
    expect(reader.room).toBe(0);
  });

  test('takes memory for what has come, not for what is announced', () => {
    const reader = accepting([]);
    reader.push(
      Buffer.from('POST /m HTTP/1.1\r\nLibprocess-From: a@1:1\r\nContent-Length: 64000000\r\n\r\n'),
    );
    expect(reader.room).toBe(0);
    for (let sent = 0; sent < 100_000; sent += 1_000) {
      reader.push(Buffer.alloc(1_000));
    }
    expect(reader.room).toBeGreaterThanOrEqual(100_000);
    expect(reader.room).toBeLessThanOrEqual(200_000);
  });

  test('refuses a body beyond its bound, in chunks as well, and leaves a length beyond it', () => {
    const head = 'POST /m HTTP/1.1\r\nLibprocess-From: a@1:1\r\n';
    const reader = accepting([]);
    reader.push(Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n4000001\r\n`));
    expect(reader.fault).toBe(413);
    const announced = `${head}Content-Length: 67108865\r\n\r\n`;
    expect(accepting([]).push(Buffer.from(announced))?.toString()).toBe(announced);
  });

  test('lets the last of repeated fields count', () => {
    const senders: (string | undefined)[] = [];
    const accepts: (string | undefined)[] = [];
    const reader = new RequestReader({
      accepts: () => true,
      request: ({ from, accept }) => {
        senders.push(from);
        accepts.push(accept);
      },
    });
    reader.push(
      Buffer.from(
        'POST /m HTTP/1.1\r\nLibprocess-From: a@1:1\r\nAccept: text/html\r\n' +
          'Accept: application/json\r\nlibprocess-from: b@1:1\r\n\r\n',
      ),
    );
    expect(senders).toEqual(['b@1:1']);
    expect(accepts).toEqual(['application/json']);
  });

  test('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (pieces) => {
        const reader = accepting([]);
        for (const piece of pieces) {
          if (reader.push(Buffer.from(piece)) || reader.fault !== undefined) {
            break;
          }
        }
      }),
    );
  });
});
