// Whose messages are accepted: the pid in a header proves nothing.
import { createServer, type RequestListener, type Server } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { AgentServer, type AgentServerOptions } from '../../src/http/agent/server.ts';
import { Senders, type SendersOptions } from '../../src/http/senders/senders.ts';
import { plainCarriers } from '../../src/http/transport/carriers.ts';
import { plainDialer } from '../../src/http/transport/dialer.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { type Logger, silentLogger } from '../../src/runtime/logger.ts';
import { PendingRequests, StreamRegistry } from '../../src/runtime/pending-requests.ts';
import { permissive } from '../../src/security/authorizer.ts';
import { isType, type MiniMaster, startMaster, stopMasters } from './mini-master.ts';
import { count, RawSocket, statuses } from './raw-socket.ts';

const EMPTY = { name: 'M', body: new Uint8Array(0) };
const closing: (() => unknown)[] = [];

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
  await stopMasters();
});

/** A master that checks senders, and the warnings in its log. */
async function start(checksSenders = true) {
  const warnings: string[] = [];
  const logger: Logger = { ...silentLogger, warn: (text) => warnings.push(text) };
  return { master: await startMaster({ checksSenders, logger }), warnings };
}

/** The port of an agent: a process that knows its own connections. */
async function agent(options: Partial<AgentServerOptions> = {}): Promise<AgentServer> {
  const server = await AgentServer.start({
    host: '127.0.0.1',
    port: 0,
    carriers: plainCarriers,
    dispatch: () => {},
    requests: new PendingRequests(),
    streams: new StreamRegistry(() => {}),
    pressure: { saturated: false, whenDrained: (resume) => resume() },
    views: {
      recovered: true,
      registered: true,
      knownBy: undefined,
      state: () => ({}),
      metrics: () => ({}),
      containers: () => [],
      files: () => Object.assign(new Map(), { denies: () => false }),
      read: () => undefined,
    },
    authorizer: permissive,
    authentication: {},
    flags: {},
    version: { version: '1.11.0' },
    clock: systemClock,
    logger: silentLogger,
    log: { verbosity: 0 },
    ...options,
  });
  closing.push(() => server.port.close());
  return server;
}

const sendFrom = (sender: AgentServer, master: MiniMaster) =>
  sender.perform({
    type: 'sendToMaster',
    to: `master@${master.server.port.address}`,
    message: { name: 'PongAgentMessage', body: {} },
  });

/** A program of another kind at its own port: a process of Apache Mesos answers 404. */
const otherProgram = () => program((_request, response) => response.writeHead(404).end());

/** Listens at all addresses of the machine. */
async function program(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The check of senders, without the rest of a port. */
const sendersAlone = (options: Partial<SendersOptions> = {}) =>
  new Senders({
    isChecked: true,
    ownAddress: () => '',
    logger: silentLogger,
    dialer: plainDialer,
    ...options,
  });

/** Resolves soon after the connections have closed. */
const allIsForgotten = (senders: Senders) =>
  vi.waitFor(() => expect([senders.waiting.total, senders.questions]).toEqual([0, 0]), 10_000);

/** The key of a connection that the process opens to the test. */
async function keyOf(sender: AgentServer): Promise<{ key: string; to: string }> {
  const listener = net.createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  closing.push(() => listener.close());
  const to = `127.0.0.1:${(listener.address() as AddressInfo).port}`;
  const key = new Promise<string>((resolve) => {
    listener.once('connection', (socket) => {
      closing.push(() => socket.destroy());
      socket.once('data', (bytes) =>
        resolve(/Mesoscale-Connection: (\w+)/.exec(bytes.toString('latin1'))?.[1] ?? ''),
      );
    });
  });
  const message = { name: 'PongAgentMessage', body: {} } as const;
  sender.perform({ type: 'sendToMaster', to: `master@${to}`, message });
  return { key: await key, to };
}

const pong = (from: string, more = '') =>
  `POST /master/mesos.internal.PongSlaveMessage HTTP/1.1\r\nLibprocess-From: ${from}\r\n${more}\r\n`;

/** Sends a message with this claim, and then one that is believed; returns the accepted senders. */
async function taken(master: MiniMaster, claim: string, more = ''): Promise<string[]> {
  const stranger = await RawSocket.connect(master.port);
  const honest = `last@${await otherProgram()}`;
  await stranger.write(pong(claim, more) + pong(honest));
  await master.machine.seen(
    (event): event is never => event.type === 'agentMessage' && event.from === honest,
  );
  stranger.close();
  const senders = master.machine.events.filter(isType('agentMessage')).map(({ from }) => from);
  return senders.filter((from) => from !== honest);
}

describe('a message is taken', () => {
  test('from the process at the address that it names, for that says so', async () => {
    const { master } = await start();
    const sender = await agent();
    sendFrom(sender, master);
    const { from } = await master.machine.seen(isType('agentMessage'));
    expect(from).toBe(sender.port.pid());
  });

  test('also where that process sends from another address than it listens at', async () => {
    const sender = await agent();
    const { key, to } = await keyOf(sender);
    const senders = sendersAlone({ ownAddress: () => to });
    const claim = { from: sender.port.pid(), key };
    await new Promise<void>((resolve) =>
      senders.of('192.0.2.7').admit(claim, EMPTY, () => resolve()),
    );
  });

  test('from a program that cannot say so, when its address is that of the pid', async () => {
    const { master, warnings } = await start();
    const claim = `slave(1)@${await otherProgram()}`;
    expect(await taken(master, claim)).toEqual([claim]);
    expect(warnings).toEqual([]);
  });

  test.each([200, 202, 405, 501])(
    'from a program that answers %i as none of ours does, when its address is that of the pid',
    async (status) => {
      const { master } = await start();
      const other = await program((_request, response) => response.writeHead(status).end());
      expect(await taken(master, `slave(1)@${other}`)).toEqual([`slave(1)@${other}`]);
    },
  );

  test('from any process, where senders are not checked', async () => {
    const { master } = await start(false);
    expect(await taken(master, 'slave(1)@10.0.0.9:5051')).toEqual(['slave(1)@10.0.0.9:5051']);
  });
});

describe('a message is dropped', () => {
  test.each([
    ['without a key', ''],
    ['with a key that was made up', `Mesoscale-Connection: ${'0'.repeat(32)}\r\n`],
  ])('when a stranger sends it in the name of another process, %s', async (_, more) => {
    const { master, warnings } = await start();
    const victim = await agent();
    expect(await taken(master, victim.port.pid(), more)).toEqual([]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(victim.port.pid());
    expect(warnings[0]).toContain('did not open the connection');
  });

  test('when the key is one that its owner gave to another process', async () => {
    const { master } = await start();
    const victim = await agent();
    const { key: overheard } = await keyOf(victim);
    expect(overheard).toMatch(/^[0-9a-f]{32}$/);
    expect(
      await taken(master, victim.port.pid(), `Mesoscale-Connection: ${overheard}\r\n`),
    ).toEqual([]);
  });

  test('when it comes from another address than its pid names, and no process vouches for it', async () => {
    const { master, warnings } = await start();
    expect(await taken(master, 'slave(1)@10.255.255.1:5051')).toEqual([]);
    expect(warnings[0]).toContain('--no-require_peer_address_ip_match');
  });

  test.each(['master', 'slave(1)@elsewhere.example:5051', 'slave(1)@127.0.0.1:0'])(
    'when its sender is no pid: %s',
    async (claim) => {
      const { master } = await start();
      expect(await taken(master, claim)).toEqual([]);
    },
  );

  test('when the process that it names was one of ours, and is not there to be asked', async () => {
    const { master } = await start();
    const victim = await agent();
    sendFrom(victim, master);
    await master.machine.seen(isType('agentMessage'));
    const pid = victim.port.pid();
    await victim.port.close();
    // Only what it sent itself.
    expect(await taken(master, pid)).toEqual([pid]);
  });

  test('only as long as the process that it names gives no answer', async () => {
    const answers: ((text: string) => void)[] = [];
    const questions: string[] = [];
    const owner = createServer((request, response) => {
      questions.push(request.url ?? '');
      answers.push((text) => (text === '' ? response.destroy() : response.end(text)));
      asked.shift()?.();
    });
    const asked: (() => void)[] = [];
    const question = () => new Promise<void>((resolve) => asked.push(resolve));
    await new Promise<void>((resolve) => owner.listen(0, '127.0.0.1', resolve));
    closing.push(() => owner.close());
    const from = `slave(1)@127.0.0.1:${(owner.address() as AddressInfo).port}`;
    const senders = sendersAlone();
    const delivered: string[] = [];
    const send = async (name: string, sender: ReturnType<Senders['of']>, answer: string) => {
      const isAsked = question();
      // Only the first message of a connection has its key.
      const key = name === 'first' ? '0'.repeat(32) : undefined;
      sender.admit({ from, key }, EMPTY, () => delivered.push(name));
      await isAsked;
      const isKnown = new Promise<void>((resolve) => sender.whenKnown(resolve));
      answers.shift()?.(answer);
      await isKnown;
    };
    await send('earlier', senders.of('127.0.0.1'), 'mine');
    const sender = senders.of('127.0.0.1');
    await send('first', sender, '');
    expect(delivered).toEqual(['earlier']);
    await send('second', sender, 'mine');
    expect(delivered).toEqual(['earlier', 'second']);
    expect(questions.slice(1)).toEqual(
      Array(2).fill(`/mesoscale/connection?key=${'0'.repeat(32)}&to=`),
    );
  });

  test.each([
    ['400', 400, ''],
    ['403', 403, ''],
    ['431', 431, ''],
    ['500', 500, ''],
    ['503, as one with too many connections', 503, ''],
    ['200 at length', 200, 'mine'.repeat(100)],
  ])('when what it names answers %s: it may be a process of ours', async (_, status, text) => {
    const { master, warnings } = await start();
    const odd = await program((_request, response) => response.writeHead(status).end(text));
    expect(await taken(master, `slave(1)@${odd}`)).toEqual([]);
    expect(warnings[0]).toContain('does not answer whether it is its own');
  });

  test('when its connection ends before an answer: it may be a process of ours', async () => {
    const { master } = await start();
    const odd = await program((_request, response) => response.destroy());
    expect(await taken(master, `slave(1)@${odd}`)).toEqual([]);
  });

  test.each([202, 405, 503])(
    'when a process of ours was there, and is answered for with %i now',
    async (status) => {
      let isOurs = true;
      const address = await program((_request, response) => {
        response.writeHead(isOurs ? 200 : status).end(isOurs ? 'mine' : '');
      });
      const { master } = await start();
      const from = `slave(1)@${address}`;
      expect(await taken(master, from)).toEqual([from]);
      isOurs = false;
      // Only the message that was sent before.
      expect((await taken(master, from)).filter((sender) => sender === from)).toEqual([from]);
    },
  );

  test.each(['%'.repeat(12_000), 'F'.repeat(32), '0'.repeat(31), '0'.repeat(33)])(
    'when its key is none that a process of ours makes (%#)',
    async (key) => {
      const { master, warnings } = await start();
      const victim = await agent();
      const claim = `Mesoscale-Connection: ${key}\r\n`;
      expect(await taken(master, victim.port.pid(), claim)).toEqual([]);
      expect(warnings[0]).toContain('did not open the connection');
    },
  );

  test('whatever the firewall of the process that it names closes', async () => {
    const { master } = await start();
    const warnings: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (text) => warnings.push(text) };
    const victim = await agent({ disabledPaths: ['/mesoscale/connection'], logger });
    expect(await taken(master, victim.port.pid())).toEqual([]);
    expect(warnings).toEqual([
      "--firewall_rules: '/mesoscale/connection' closes nothing, other processes need it",
    ]);
  });

  test('and the log says it once, however often it is tried', async () => {
    const { master, warnings } = await start();
    const victim = await agent();
    for (let i = 0; i < 3; i++) {
      await taken(master, victim.port.pid());
    }
    expect(warnings).toHaveLength(1);
  });
});

test('messages keep their order while their sender is asked about, and are answered at once', async () => {
  const { master } = await start();
  const address = await otherProgram();
  const raw = await RawSocket.connect(master.port);
  const names = Array.from({ length: 500 }, (_, i) => `slave(${i})@${address}`);
  await raw.write(names.map((name) => pong(name)).join(''));
  await raw.until((text) => count(text, ' 202 Accepted') === names.length);
  await master.machine.seen(
    (event): event is never => event.type === 'agentMessage' && event.from === names.at(-1),
  );
  const senders = master.machine.events.filter(isType('agentMessage')).map(({ from }) => from);
  expect(senders).toEqual(names);
  raw.close();
});

test('a message of a process that hangs up as soon as it has been answered is taken', async () => {
  const { master } = await start();
  let raw: RawSocket | undefined;
  const address = await program((_request, response) => {
    raw?.close();
    setImmediate(() => response.writeHead(404).end());
  });
  raw = await RawSocket.connect(master.port);
  await raw.write(pong(`slave(1)@${address}`));
  const { from } = await master.machine.seen(isType('agentMessage'));
  expect(from).toBe(`slave(1)@${address}`);
});

test('a message that follows an ordinary request on its connection is looked at as well', async () => {
  const { master } = await start();
  const victim = await agent();
  const claim = `slave(1)@${await otherProgram()}`;
  const raw = await RawSocket.connect(master.port);
  await raw.write(
    `GET /health HTTP/1.1\r\nHost: x\r\n\r\n${pong(victim.port.pid())}${pong(claim)}`,
  );
  const text = await raw.until((got) => statuses(got).length === 3);
  expect(statuses(text)).toEqual([200, 202, 202]);
  await master.machine.seen(isType('agentMessage'));
  const senders = master.machine.events.filter(isType('agentMessage')).map(({ from }) => from);
  expect(senders).toEqual([claim]);
  raw.close();
});

describe('what a stranger claims costs others nothing', () => {
  const KEY = '0'.repeat(32);
  const pidAt = (host: string, address: string) => `x@${host}:${address.split(':')[1]}`;

  test('a question ends soon after the connection that it is about', async () => {
    const { master } = await start();
    const questions: string[] = [];
    const ended = new Promise<void>((resolve) => {
      void program((request) => {
        questions.push(request.url ?? '');
        request.socket.once('close', () => resolve());
        raw?.close();
      }).then(async (mute) => {
        raw = await RawSocket.connect(master.port);
        await raw.write(pong(`x@${mute}`));
      });
    });
    let raw: RawSocket | undefined;
    await ended;
    expect(questions).toHaveLength(1);
    expect(master.machine.events.filter(isType('agentMessage'))).toEqual([]);
  });

  test('a key is told to the address only that it was said for', async () => {
    const asked: string[] = [];
    const other = await program((request, response) => {
      asked.push(new URL(request.url ?? '', 'http://x').searchParams.get('key') ?? '');
      response.writeHead(404).end();
    });
    const sender = sendersAlone().of('127.0.0.1');
    sender.admit({ from: `x@${other}`, key: KEY }, EMPTY, () => {});
    await new Promise<void>((resolve) => {
      const from = pidAt('127.0.0.2', other);
      sender.admit({ from, key: 'f'.repeat(32) }, EMPTY, () => resolve());
    });
    expect(asked).toEqual([KEY, '']);
  });

  test('a connection speaks for a few addresses; no others are asked', async () => {
    let asked = 0;
    const other = await program((_request, response) => {
      asked++;
      response.writeHead(404).end();
    });
    const sender = sendersAlone().of('127.0.0.1');
    const delivered: string[] = [];
    const isKnown = new Promise<void>((resolve) => sender.whenKnown(resolve));
    for (let i = 1; i <= 60; i++) {
      const from = pidAt(`127.1.0.${i}`, other);
      sender.admit({ from, key: undefined }, EMPTY, () => delivered.push(from));
    }
    await isKnown;
    expect(asked).toBe(4);
    expect(delivered).toHaveLength(4);
  });

  test('messages of an address that has just given no answer are not asked about one by one', async () => {
    let asked = 0;
    const odd = await program((_request, response) => {
      asked++;
      response.writeHead(503).end();
    });
    const sender = sendersAlone().of('127.0.0.1');
    const isKnown = new Promise<void>((resolve) => sender.whenKnown(resolve));
    for (let i = 0; i < 1_000; i++) {
      sender.admit({ from: `x@${odd}`, key: undefined }, EMPTY, () => {});
    }
    await isKnown;
    expect(asked).toBe(1);
  });

  test('what waits is bounded for all connections of one place, and an honest one is delivered', async () => {
    const mute = await program(() => {});
    const honest = await otherProgram();
    const senders = sendersAlone();
    const body = new Uint8Array(2 * 1024 * 1024);
    const strangers = Array.from({ length: 40 }, () => senders.of('127.0.0.9'));
    for (const stranger of strangers) {
      stranger.admit({ from: `x@${mute}`, key: undefined }, { name: 'M', body }, () => {});
    }
    expect(senders.waiting.total).toBeLessThanOrEqual(16 * 1024 * 1024);
    await new Promise<void>((resolve) => {
      const claim = { from: `x@${honest}`, key: undefined };
      senders.of('127.0.0.1').admit(claim, { name: 'M', body }, () => resolve());
    });
    for (const stranger of strangers) {
      stranger.close();
    }
    await allIsForgotten(senders);
  });

  test.each([
    ['of a linked process is delivered at once', true],
    ['of an honest process is delivered', false],
  ])('while thousands ask about addresses that say nothing, a message %s', async (_, isLinked) => {
    const mute = await program(() => {});
    const honest = await otherProgram();
    const senders = sendersAlone({ isLinked: (address) => isLinked && address === honest });
    const strangers = Array.from({ length: 400 }, () => senders.of('127.0.0.9'));
    strangers.forEach((stranger, i) => {
      const from = pidAt(`127.1.${i >> 7}.${1 + (i & 127)}`, mute);
      stranger.admit({ from, key: undefined }, EMPTY, () => {});
    });
    await new Promise<void>((resolve) => {
      const claim = { from: `x@${honest}`, key: undefined };
      senders.of('127.0.0.1').admit(claim, EMPTY, () => resolve());
    });
    for (const stranger of strangers) {
      stranger.close();
    }
    await allIsForgotten(senders);
  });
});
