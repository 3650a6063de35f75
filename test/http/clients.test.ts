// Our clients with our servers: redirects, failures, reconnection.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { AttachmentClient } from '../../src/http/client/attachment-client.ts';
import { OperatorClient } from '../../src/http/client/operator-client.ts';
import {
  CallRefusedError,
  SchedulerClient,
  type SchedulerClientOptions,
} from '../../src/http/client/scheduler-client.ts';
import { CallConnection, ConnectionLostError } from '../../src/http/transport/call-connection.ts';
import { plainDialer } from '../../src/http/transport/dialer.ts';
import {
  MalformedResponseError,
  ResponseReader,
} from '../../src/http/transport/response-reader.ts';
import {
  AgentCall_Type,
  MasterCall_Type,
  SchedulerCall_Type,
  type SchedulerEvent,
  SchedulerEvent_Type,
} from '../../src/model/generated/messages.ts';
import { encodeMessage } from '../../src/wire/protobuf.ts';
import { encodeRecord } from '../../src/wire/record-io.ts';
import { types } from '../../src/wire/types.ts';
import { freePort } from '../support/cluster.ts';
import { isType, startMaster, stopMasters, views } from './mini-master.ts';

const clients: SchedulerClient[] = [];
const others: Server[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) {
    client.close();
  }
  for (const server of others.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  await stopMasters();
});

/** A master that leads as soon as it is elected. */
async function startLateMaster() {
  let isElected = false;
  const master = await startMaster({
    views: {
      ...views,
      get leader() {
        return isElected ? { kind: 'self' as const, address: 'x' } : { kind: 'none' as const };
      },
    },
  });
  const elect = () => {
    isElected = true;
  };
  return { master, elect };
}

/** A client with everything that it is told, to be waited for. */
function subscribe(master: string, options: Partial<SchedulerClientOptions> = {}) {
  const seen: string[] = [];
  const watchers: (() => void)[] = [];
  const note = (text: string) => {
    seen.push(text);
    for (const watcher of watchers.splice(0)) {
      watcher();
    }
  };
  const client = new SchedulerClient({
    dialer: plainDialer,
    master,
    codec: 'protobuf',
    framework: { user: 'root', name: 'test' },
    onEvent: (event: SchedulerEvent) =>
      note(event.error ? `ERROR ${event.error.message}` : `event ${event.type}`),
    onConnected: () => note('connected'),
    onDisconnected: () => note('disconnected'),
    ...options,
  });
  clients.push(client);
  const until = async (fits: (texts: readonly string[]) => boolean) => {
    while (!fits(seen)) {
      await new Promise<void>((resolve) => watchers.push(resolve));
    }
    return seen;
  };
  return { client, seen, until };
}

async function listen(server: Server): Promise<string> {
  others.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('the scheduler client', () => {
  test.each(['json', 'protobuf'] as const)('subscribes and calls in %s', async (codec) => {
    const master = await startMaster();
    const { client, until } = subscribe(master.server.port.address, { codec });
    expect(await until((texts) => texts.length === 2)).toEqual(['connected', 'event 1']);
    expect(client.frameworkId).toBe('f-1');
    await Promise.all(
      Array.from({ length: 100 }, () => client.call({ type: SchedulerCall_Type.REVIVE })),
    );
    const calls = master.machine.events.filter(isType('schedulerCall'));
    const { stream } = await master.machine.seen(isType('schedulerSubscribe'));
    expect(calls).toHaveLength(100);
    expect(new Set(calls.map((call) => call.stream))).toEqual(new Set([stream]));
    expect(calls[0]?.call.framework_id?.value).toBe('f-1');
  });

  test('tells why a call is refused', async () => {
    const master = await startMaster();
    const { client, until } = subscribe(master.server.port.address);
    await until((texts) => texts.includes('connected'));
    const refusal = client.call({ type: SchedulerCall_Type.KILL });
    await expect(refusal).rejects.toThrow(CallRefusedError);
    await expect(refusal).rejects.toMatchObject({
      status: 400,
      message: "Failed to validate scheduler::Call: Expecting 'kill' to be present",
    });
  });

  test('follows a redirect to the leading master', async () => {
    const leader = await startMaster();
    const follower = await startMaster({
      views: { ...views, leader: { kind: 'other', address: leader.server.port.address } },
    });
    const { client, until } = subscribe(follower.server.port.address);
    await until((texts) => texts.includes('connected'));
    await client.call({ type: SchedulerCall_Type.REVIVE });
    expect(leader.machine.events.map(({ type }) => type)).toEqual([
      'schedulerSubscribe',
      'schedulerCall',
    ]);
  });

  test('leaves a master that still answers for another one that leads', async () => {
    const [old, next] = [await startMaster(), await startMaster()];
    const { client, until } = subscribe(old.server.port.address);
    await until((texts) => texts.includes('event 1'));
    client.moveTo(old.server.port.address);
    client.moveTo(next.server.port.address);
    expect(await until((texts) => texts.length === 5)).toEqual([
      ...['connected', 'event 1', 'disconnected', 'connected', 'event 1'],
    ]);
    await old.machine.seen(isType('streamClosed'));
    const { call } = await next.machine.seen(isType('schedulerSubscribe'));
    expect(call.framework_id?.value).toBe('f-1');
  });

  test('asks a master that leads at once, where it waits for the last one', async () => {
    const gone = `127.0.0.1:${await freePort()}`;
    const { client, until } = subscribe(gone);
    await until((texts) => texts.includes('disconnected'));
    const next = await startMaster();
    client.moveTo(next.server.port.address);
    await until((texts) => texts.includes('connected'));
  });

  test('asks the master that it waits for at once, where that leads again', async () => {
    const { master, elect } = await startLateMaster();
    // It never tries again of its own accord.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { client, until } = subscribe(master.server.port.address);
    await until((texts) => texts.includes('disconnected'));
    vi.useRealTimers();
    elect();
    client.moveTo(master.server.port.address);
    await until((texts) => texts.includes('connected'));
  });

  test('comes back as the same framework when the stream ends', async () => {
    const master = await startMaster();
    const { until } = subscribe(master.server.port.address);
    await until((texts) => texts.includes('connected'));
    const { stream } = await master.machine.seen(isType('schedulerSubscribe'));
    master.server.perform({ type: 'closeStream', stream });
    await until((texts) => texts.filter((text) => text === 'connected').length === 2);
    const again = master.machine.events.filter(isType('schedulerSubscribe'))[1];
    expect(again?.call.framework_id?.value).toBe('f-1');
    expect(again?.call.subscribe?.framework_info.id?.value).toBe('f-1');
  });

  test('waits for a master that is not ready', async () => {
    const { master, elect } = await startLateMaster();
    const { until, seen } = subscribe(master.server.port.address);
    await until((texts) => texts.length > 0);
    expect(seen).toEqual(['disconnected']);
    elect();
    await until((texts) => texts.includes('connected'));
  });

  test('says once, with the reason, that there is no master, and subscribes when there is one', async () => {
    const address = await listen(createServer());
    const [gone] = others.splice(0);
    await new Promise((resolve) => gone?.close(resolve));
    const reasons: string[] = [];
    const { promise: isTold, resolve: tell } = Promise.withResolvers<void>();
    const { until } = subscribe(address, {
      onDisconnected: (reason) => {
        reasons.push(reason);
        tell();
      },
    });
    await isTold;
    const master = await startMaster();
    const server = createServer((_request, response) => {
      response
        .writeHead(307, { Location: `//${master.server.port.address}/api/v1/scheduler` })
        .end();
    });
    others.push(server);
    server.listen(Number(address.split(':')[1]), '127.0.0.1');
    await until((texts) => texts.includes('connected'));
    expect(reasons).toEqual([`connect ECONNREFUSED ${address}`]);
  });

  test('says that a secret is not accepted, where one was shown', async () => {
    const address = await listen(
      createServer((request, response) => {
        request.resume();
        response.writeHead(401).end();
      }),
    );
    const { seen, until } = subscribe(address, {
      credential: { principal: 'ops', secret: 'wrong' },
    });
    await until((texts) => texts.some((text) => text.startsWith('ERROR')));
    expect(seen.join()).toContain(
      "the master does not accept the principal 'ops' with this secret",
    );
    expect(seen.join()).not.toContain('wrong');
  });

  test.each([
    [401, 'the master wants a principal and its secret'],
    [404, 'there is no master at 127.0.0.1:'],
  ])('says what an answer %i to SUBSCRIBE means', async (status, meaning) => {
    const address = await listen(
      createServer((request, response) => {
        request.resume();
        response.writeHead(status).end();
      }),
    );
    const { seen, until } = subscribe(address);
    await until((texts) => texts.some((text) => text.startsWith('ERROR')));
    expect(seen.join()).toContain(meaning);
  });

  test('stops at an ERROR event, and when it is refused', async () => {
    const master = await startMaster();
    const { client, until } = subscribe(master.server.port.address);
    await until((texts) => texts.includes('connected'));
    const { stream } = await master.machine.seen(isType('schedulerSubscribe'));
    const event = { type: SchedulerEvent_Type.ERROR, error: { message: 'removed' } };
    master.server.perform({ type: 'sendToFramework', to: { kind: 'stream', id: stream }, event });
    await until((texts) => texts.includes('ERROR removed'));
    await expect(client.call({ type: SchedulerCall_Type.REVIVE })).rejects.toThrow(
      ConnectionLostError,
    );
    const refusing = await listen(
      createServer((_request, response) => {
        response.writeHead(403).end('who are you?');
      }),
    );
    const other = subscribe(refusing);
    expect(await other.until((texts) => texts.length > 0)).toEqual(['ERROR who are you?']);
  });
});

describe('a connection for calls', () => {
  test('fails every unanswered call when it breaks, and repeats none', async () => {
    const seen: string[] = [];
    const address = await listen(
      createServer((request, response) => {
        seen.push(request.url ?? '');
        if (seen.length === 2) {
          request.socket.destroy();
        } else {
          response.end('done');
        }
      }),
    );
    const connection = new CallConnection(address, plainDialer);
    const call = (path: string) =>
      connection.call(`POST ${path} HTTP/1.1\r\nHost: x\r\n`, new Uint8Array(0));
    const results = await Promise.allSettled(['/1', '/2', '/3'].map(call));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(connection.lost).toBe(true);
    await expect(call('/4')).rejects.toThrow(ConnectionLostError);
    expect(seen).not.toContain('/4');
    expect(seen.filter((path) => path === '/2')).toHaveLength(1);
  });

  test('reads answers however they are split', () => {
    const text =
      'HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n' +
      'HTTP/1.1 400 Bad Request\r\ncontent-length: 3\r\n\r\nbad' +
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n' +
      'HTTP/1.1 307 Temporary Redirect\r\nLocation: //a:1/b\r\n\r\n';
    for (let size = 1; size < text.length; size++) {
      const seen: string[] = [];
      const reader = new ResponseReader(({ status, body, location }) =>
        seen.push(`${status} ${body}${location ?? ''}`),
      );
      for (let at = 0; at < text.length; at += size) {
        reader.push(Buffer.from(text.slice(at, at + size)));
      }
      expect(seen).toEqual(['202 ', '400 bad', '200 abc', '307 //a:1/b']);
    }
  });

  test('looks at each byte of an answer once', () => {
    const chunks = 1_200_000;
    const bytes = Buffer.from(
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(chunks)}0\r\n\r\n`,
    );
    const seen: number[] = [];
    const reader = new ResponseReader(({ body }) => seen.push(body.length));
    for (let at = 0; at < bytes.length; at += 1_440) {
      reader.push(bytes.subarray(at, at + 1_440));
    }
    expect(seen).toEqual([chunks]);
  });

  test.each([
    ['two lengths', 'Content-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    ['a length and chunks', 'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['a length that is none', 'Content-Length: +1\r\n\r\n'],
    ['more than anybody answers', 'Content-Length: 999999999999\r\n\r\n'],
    ['more than anybody answers, in chunks', 'Transfer-Encoding: chunked\r\n\r\nfffffff\r\n'],
    ['chunks that are none', 'Transfer-Encoding: chunked\r\n\r\nx\r\n'],
  ])('gives up an answer with %s', (_title, rest) => {
    const reader = new ResponseReader(() => {});
    expect(() => reader.push(Buffer.from(`HTTP/1.1 200 OK\r\n${rest}`))).toThrow(
      MalformedResponseError,
    );
  });
});

describe('the operator client', () => {
  test('calls and reads, also through a redirect', async () => {
    const leader = await startMaster();
    const follower = await startMaster({
      views: { ...views, leader: { kind: 'other', address: leader.server.port.address } },
    });
    const client = new OperatorClient({
      address: follower.server.port.address,
      dialer: plainDialer,
    });
    expect(await client.get('/slaves')).toEqual({ slaves: [], asked: null });
    expect((await client.master({ type: MasterCall_Type.GET_VERSION })).get_version).toEqual({
      version_info: { version: '1.12.0' },
    });
    await expect(client.master({ type: MasterCall_Type.TEARDOWN })).rejects.toMatchObject({
      status: 400,
    });
    expect(await client.readFile('/none', 0)).toBeUndefined();
  });

  test('is told of a server that switches protocols', async () => {
    const address = await listen(
      createServer(({ socket }) =>
        socket.write('HTTP/1.1 101 Other\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
      ),
    );
    const client = new OperatorClient({ address, dialer: plainDialer });
    await expect(client.get('/state')).rejects.toThrow('without an answer');
  });

  test.each([
    ['byte by byte', { timeoutMs: 200 }, { code: 'MESOSCALE_LATE_ANSWER' }],
    ['without end', { mostBytes: 10 }, { stage: 'bound' }],
  ])('gives up an answer that comes %s', async (_how, bounds, error) => {
    const address = await listen(
      createServer((_request, response) => {
        const drip = setInterval(() => response.write('  '), 20);
        response.on('close', () => clearInterval(drip));
      }),
    );
    const client = new OperatorClient({ address, dialer: plainDialer, ...bounds });
    await expect(client.get('/state')).rejects.toMatchObject(error);
  });

  test('says what is no JSON, and reads no more of a refusal than anybody would', async () => {
    const address = await listen(
      createServer(({ url }, response) => {
        response.statusCode = url === '/roles' ? 200 : 503;
        response.end(url === '/roles' ? '<html>' : 'x'.repeat(1_000_000));
      }),
    );
    const client = new OperatorClient({ address, dialer: plainDialer });
    await expect(client.get('/roles')).rejects.toThrow('The answer is no JSON');
    const refused = (await client.get('/state').catch((error: unknown) => error)) as Error;
    expect(refused).toBeInstanceOf(CallRefusedError);
    expect(refused.message.length).toBeLessThan(200_000);
  });
});

describe('the client that attaches', () => {
  const call = { type: AgentCall_Type.ATTACH_CONTAINER_OUTPUT };

  test('gives up an answer that does not begin', async () => {
    const address = await listen(createServer(() => {}));
    const client = new AttachmentClient({ address, dialer: plainDialer, answerMs: 100 });
    await expect(client.output(call)).rejects.toMatchObject({ code: 'MESOSCALE_LATE_HEAD' });
  });

  test('gives up a refusal that does not end', async () => {
    const address = await listen(
      createServer((_request, response) => response.writeHead(403).write('no')),
    );
    const client = new AttachmentClient({ address, dialer: plainDialer, answerMs: 100 });
    await expect(client.output(call)).rejects.toMatchObject({ code: 'MESOSCALE_LATE_HEAD' });
  });

  test('goes on with output that has begun, however long it is silent', async () => {
    const record = encodeRecord(encodeMessage(types.ProcessIO, {}));
    const address = await listen(
      createServer((_request, response) => {
        response.flushHeaders();
        setTimeout(() => response.end(record), 250);
      }),
    );
    const client = new AttachmentClient({ address, dialer: plainDialer, answerMs: 100 });
    const seen: unknown[] = [];
    for await (const each of await client.output(call)) {
      seen.push(each);
    }
    expect(seen).toEqual([{}]);
  });
});
