// What a master hands on to agents, as whom, and what clients and agents cannot do with that.

import { request as httpRequest } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { PATIENCE } from '../../../src/http/relay/patience.ts';
import { RelayRoom } from '../../../src/http/relay/relay-room.ts';
import { believe } from '../../../src/http/relay/relay-token.ts';
import type { Authenticator } from '../../../src/http/server/authentication.ts';
import { until } from '../../support/cluster.ts';
import { startMaster, stopMasters, views } from '../mini-master.ts';
import { RawSocket } from '../raw-socket.ts';
import { AGENT, answering, basic, get, KEY, listening, OPS, one, relaying } from './agents.ts';

afterEach(stopMasters);

const AT = `/agent/${AGENT}`;
const JSON_CALL = { 'Content-Type': 'application/json', Accept: 'application/json' };

describe('a request that is relayed', () => {
  test('is made anew, of what matters, and so is its answer', async () => {
    const agent = await answering((response) => {
      response.writeHead(200, {
        'Content-Type': 'text/html',
        'Set-Cookie': 'mine=1',
        'Access-Control-Allow-Origin': '*',
        'Content-Security-Policy': '*',
        Location: 'http://evil.example',
      });
      response.end('<script>');
    });
    const { port } = await relaying(agent.address);
    const headers = {
      Cookie: 'a=b',
      Connection: 'close, x-hop',
      'X-Hop': '1',
      'X-Forwarded-For': '1.2.3.4',
      'Libprocess-Pid': 'x',
      Accept: 'application/json',
      'Accept-Encoding': 'gzip',
    };
    const got = await get(port, `${AT}/files/read?path=/a%20b&offset=0&offset=9&x=%0d%0aY:%20z`, {
      headers,
    });
    expect(agent.asked).toEqual([
      {
        method: 'GET',
        url: '/files/read?path=%2Fa%20b&offset=0&x=%0D%0AY%3A%20z',
        headers: {
          host: agent.address,
          connection: 'keep-alive',
          accept: 'application/json',
          'accept-encoding': 'gzip',
          'mesoscale-relayed': '1',
        },
        body: '',
      },
    ]);
    expect([got.status, got.body]).toEqual([200, '<script>']);
    const { date: _, ...safe } = got.headers;
    expect(safe).toEqual({
      'content-type': 'text/html',
      'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      connection: 'close',
      'transfer-encoding': 'chunked',
    });
  });

  test('may be a call, a download, or one by the prefix of the master', async () => {
    const agent = await answering((response, { body }) => response.end(body || 'content'));
    const { port } = await relaying(agent.address);
    const body = '{"type":"GET_STATE"}';
    const call = await get(port, `${AT}/api/v1`, { method: 'POST', headers: JSON_CALL, body });
    expect(call.body).toBe(body);
    expect((await get(port, `/master${AT}/containers`)).body).toBe('content');
    const file = await get(port, `${AT}/files/download?path=/x.html`);
    expect(file.headers['content-disposition']).toBe('attachment');
    expect((await get(port, `${AT}/flags`, { method: 'HEAD' })).status).toBe(200);
    expect(agent.asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /api/v1',
      'GET /containers',
      'GET /files/download?path=%2Fx.html',
      'HEAD /flags',
    ]);
    expect(agent.asked[0]?.headers['content-length']).toBe(String(body.length));
  });

  test('leads to nothing but what is named', async () => {
    const agent = await answering();
    const { port } = await relaying(agent.address);
    const paths = [
      ...['/agent', '/agent/', AT, `${AT}/`, `${AT}/logging/toggle`, `${AT}/api/v1/executor`],
      ...[`${AT}/api/v1/`, `${AT}/api/v1/x`, `${AT}//api/v1`, `${AT}/state/`, `${AT}/STATE`],
      ...[`${AT}/../state`, `${AT}/files/../state`, `${AT}/%2e%2e/state`, `${AT}/files%2fread`],
      ...[`${AT}/./state`, `${AT}/slave(1)/state`, `${AT}/state%00`, `${AT}/state;x`],
      ...['/agent/other-S2/state', '/agent/a/b/state', `/agent/${AGENT}%2f..%2fx/state`],
      ...[`/agent/..%2f${AGENT}/state`, '/agent/__proto__/state', `/agent//${AGENT}/state`],
      ...['/agent/http://127.0.0.1:1/state', '/agent/127.0.0.1:1/state', `/AGENT/${AGENT}/state`],
      ...[
        `/agent/${'a'.repeat(5_000)}/state`,
        `${AT}/http://x/state`,
        `${AT}/mesoscale/connection`,
      ],
    ];
    for (const path of paths) {
      const method = path.endsWith('v1') ? 'POST' : 'GET';
      expect([path, (await get(port, path, { method })).status]).toEqual([path, 404]);
    }
    const absolute = await RawSocket.connect(port);
    await absolute.write(
      `GET http://127.0.0.1:1${AT}/state HTTP/1.1\r\nHost: x\r\nConnection: close\r\n` +
        `Authorization: ${OPS.Authorization}\r\n\r\n`,
    );
    expect(await absolute.end()).toMatch(/^HTTP\/1.1 404 /);
    for (const [path, method] of [
      [`${AT}/api/v1`, 'GET'],
      [`${AT}/state`, 'POST'],
      [`${AT}/files/read?path=x`, 'DELETE'],
    ] as const) {
      expect((await get(port, path, { method })).status).toBe(405);
    }
    expect((await get(port, `${AT}/state?jsonp=alert`)).status).toBe(400);
    expect(agent.asked).toEqual([]);
  });

  test('is closed by a rule of the firewall, and goes to the leader only', async () => {
    const agent = await answering();
    const { port } = await relaying(agent.address, { disabledPaths: ['/agent'] });
    expect((await get(port, `${AT}/state`)).status).toBe(403);
    const other = { kind: 'other', address: '10.1.2.3:5050' } as const;
    const follower = await relaying(agent.address, { views: { ...views, leader: other } });
    expect((await get(follower.port, `${AT}/state`)).headers.location).toBe(
      `//10.1.2.3:5050/master${AT}/state`,
    );
    expect(agent.asked).toEqual([]);
  });
});

describe('who asks', () => {
  test('is told by the master, where the agent has authenticated with it', async () => {
    const agent = await answering();
    const { port } = await relaying(agent.address, { key: KEY });
    await get(port, `${AT}/state`);
    const [scheme, token = ''] = (agent.asked[0]?.headers.authorization ?? '').split(' ');
    expect(scheme).toBe('Relayed');
    expect(believe(token, { key: KEY, agent: AGENT, nowMs: Date.now() })).toEqual({
      principal: { value: 'ops' },
    });
  });

  test('keeps his secret from an agent that has not, and is told what that lacks', async () => {
    const agent = await answering((response) => {
      response.statusCode = 401;
      response.end();
    });
    const { port } = await relaying(agent.address);
    const { status, body } = await get(port, `${AT}/state`);
    expect([status, body]).toEqual([
      403,
      expect.stringMatching(/^Agent f3b0-S1 wants to know who asks, .* has a --credential/),
    ]);
    expect(agent.asked[0]?.headers).not.toHaveProperty('authorization');
  });

  test('is refused by the master first, and as an agent’s refusal afterwards', async () => {
    const agent = await answering((response) => {
      response.statusCode = 403;
      response.end('not for you');
    });
    const { port } = await relaying(agent.address, { key: KEY });
    const wrong = { Authorization: basic('ops:wrong') };
    expect((await get(port, `${AT}/state`, { headers: wrong })).status).toBe(401);
    expect(agent.asked).toEqual([]);
    const { status, body } = await get(port, `${AT}/state`);
    expect([status, body]).toEqual([403, 'not for you']);
  });

  test('is not believed by an agent with another key or clock', async () => {
    const agent = await answering((response) => {
      response.statusCode = 401;
      response.end();
    });
    const { port } = await relaying(agent.address, { key: KEY });
    const { status, body } = await get(port, `${AT}/state`);
    expect([status, body]).toEqual([
      403,
      expect.stringContaining("does not take this master's word for who asks"),
    ]);
  });

  test('is not who holds the connection, which is the master’s', async () => {
    const byConnection: Authenticator = {
      authenticate: (_, peer) =>
        peer?.connection === undefined
          ? { challenge: 'Certificate', why: 'none' }
          : { principal: { value: 'master' } },
    };
    const { port } = await startMaster({
      authentication: { 'mesos-master-readonly': byConnection },
    });
    expect((await get(port, '/state')).status).toBe(200);
    const headers = { 'Mesoscale-Relayed': '1' };
    expect((await get(port, '/state', { headers })).status).toBe(401);
  });

  test('is not vouched for by a master that asks nobody', async () => {
    const agent = await answering();
    const place = { address: agent.address, key: KEY };
    const { port } = await startMaster({ views: { ...views, agentPlace: () => place } });
    await get(port, `${AT}/state`);
    expect(agent.asked[0]?.headers.authorization).toBe(OPS.Authorization);
  });
});

describe('bodies', () => {
  test('are one, however a client writes them', async () => {
    const agent = await answering();
    const { port } = await relaying(agent.address);
    const head = (...fields: string[]) =>
      [
        `POST ${AT}/api/v1 HTTP/1.1`,
        'Host: x',
        'Content-Type: application/json',
        `Authorization: ${OPS.Authorization}`,
        'Connection: close',
        ...fields,
        '',
        '',
      ].join('\r\n');
    const hidden = 'GET /state HTTP/1.1\r\nHost: x\r\n\r\n';
    for (const [request, status] of [
      [`${head('Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n${hidden}`, 400],
      [`${head('Content-Length: 5', 'Content-Length: 50')}${hidden}`, 400],
      [`${head('Transfer-Encoding: chunked, identity')}0\r\n\r\n`, 400],
      [`${head('Transfer-Encoding : chunked')}0\r\n\r\n${hidden}`, 400],
      [
        `${head('Transfer-Encoding: chunked')}${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
        200,
      ],
      [`${head(`Content-Length: ${hidden.length}`)}${hidden}`, 200],
    ] as const) {
      const socket = await RawSocket.connect(port);
      await socket.write(request);
      expect([request, (await socket.end()).slice(9, 12)]).toEqual([request, String(status)]);
    }
    expect(agent.asked.map(({ url, body }) => [url, body])).toEqual([
      ['/api/v1', hidden],
      ['/api/v1', hidden],
    ]);
  });

  test('of streams go both ways while they last', async () => {
    const seen: string[] = [];
    let wake = () => {};
    const agent = await listening((request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/recordio' });
      request.on('data', (piece: Buffer) => {
        seen.push(piece.toString());
        response.write(`echo ${piece}`);
        wake();
      });
      request.on('end', () => response.end('over'));
    });
    const { port } = await relaying(agent.address);
    const sent = httpRequest({
      ...{ port, path: `${AT}/api/v1`, method: 'POST', agent: false },
      headers: {
        ...OPS,
        'Content-Type': 'application/recordio',
        'Message-Content-Type': 'application/json',
      },
    });
    sent.write('5\nfirst');
    const response = await new Promise<import('node:http').IncomingMessage>((resolve) =>
      sent.once('response', resolve),
    );
    let text = '';
    response.setEncoding('utf8').on('data', (piece) => {
      text += piece;
      wake();
    });
    const until = async (fits: () => boolean) => {
      while (!fits()) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    };
    await until(() => text === 'echo 5\nfirst');
    sent.write('second');
    await until(() => text === 'echo 5\nfirstecho second');
    const ended = new Promise((resolve) => response.once('end', resolve));
    sent.end();
    await ended;
    expect(text).toBe('echo 5\nfirstecho secondover');
    expect(seen.join()).toBe('5\nfirst,second');
  });

  test('that the agent does not want are answered, and not waited for', async () => {
    const agent = await listening((_request, response) => {
      response.writeHead(400, { 'Content-Type': 'text/plain' });
      response.end('no');
    });
    const { port } = await relaying(agent.address);
    const socket = await RawSocket.connect(port);
    await socket.write(
      `POST ${AT}/api/v1 HTTP/1.1\r\nHost: x\r\nAuthorization: ${OPS.Authorization}\r\n` +
        'Content-Type: application/recordio\r\nMessage-Content-Type: application/json\r\n' +
        'Transfer-Encoding: chunked\r\n\r\n5\r\n3\nabc\r\n',
    );
    expect(await socket.end()).toMatch(/^HTTP\/1.1 400 [\s\S]*connection: close[\s\S]*no/i);
  });

  test('whose first record does not come in time, or cannot be one, are let go', async () => {
    const gone: Promise<void>[] = [];
    const agent = await listening((request) => {
      gone.push(new Promise((resolve) => request.once('close', () => resolve())));
      request.resume();
    });
    const { port } = await relaying(agent.address, { patience: { answerMs: 100 } });
    const head = (...fields: string[]) =>
      `POST ${AT}/api/v1 HTTP/1.1\r\nHost: x\r\nAuthorization: ${OPS.Authorization}\r\n` +
      'Content-Type: application/recordio\r\nMessage-Content-Type: application/json\r\n' +
      `${fields.join('')}Transfer-Encoding: chunked\r\n\r\n`;
    const late = await RawSocket.connect(port);
    await late.write(`${head()}1\r\n1\r\n`);
    expect(await late.end()).toMatch(/^HTTP\/1.1 408 [\s\S]*connection: close/i);
    const wrong = await RawSocket.connect(port);
    await wrong.write(`${head()}4\r\nno\n\n\r\n`);
    expect(await wrong.end()).toMatch(/^HTTP\/1.1 400 [\s\S]*Failed to decode length 'n'/);
    await Promise.all(gone);
    const before = gone.length;
    const packed = await RawSocket.connect(port);
    await packed.write(head('Content-Encoding: gzip\r\n'));
    expect(await packed.until((text) => text.includes('415'))).toContain('relayed as it is');
    packed.close();
    expect([gone.length, before > 0]).toEqual([before, true]);
  });

  test('wait for a client that does not read them, and end with it', async () => {
    const piece = Buffer.alloc(64 * 1024);
    let written = 0;
    const closed = Promise.withResolvers<void>();
    const stopped = Promise.withResolvers<void>();
    const agent = await listening((_request, response) => {
      response.once('close', closed.resolve);
      const write = () => {
        while (!response.destroyed) {
          written += piece.length;
          if (!response.write(piece)) {
            response.once('drain', write);
            // As long as nobody reads, no more of these come.
            clearTimeout(quiet);
            quiet = setTimeout(stopped.resolve, 500);
            return;
          }
        }
      };
      let quiet = setTimeout(stopped.resolve, 500);
      write();
    });
    const { port, url } = await relaying(agent.address);
    const socket = await RawSocket.connect(port);
    socket.socket.pause();
    await socket.write(
      `GET ${AT}/files/download?path=x HTTP/1.1\r\nHost: x\r\nAuthorization: ${OPS.Authorization}\r\n\r\n`,
    );
    await stopped.promise;
    expect(written).toBeLessThan(64 * 1024 * 1024);
    expect((await fetch(`${url}/health`)).status).toBe(200);
    socket.close();
    await closed.promise;
  });
});

describe('an agent', () => {
  /** Speaks as it likes. */
  async function speaking(speak: (socket: Socket) => unknown): Promise<string> {
    const server = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => speak(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    return typeof address === 'object' ? `127.0.0.1:${address?.port}` : '';
  }

  test.each<[string, (socket: Socket) => unknown]>([
    ['hangs up', (socket: Socket) => socket.destroy()],
    ['is no HTTP', (socket: Socket) => socket.end('SSH-2.0\r\n\r\n')],
    [
      'has no end of its head',
      (socket: Socket) => socket.end(`HTTP/1.1 200 OK\r\nX: ${'a'.repeat(200_000)}`),
    ],
    [
      'says twice how long it is',
      (socket: Socket) =>
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'),
    ],
    [
      'splits its head',
      (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Type: a\rb\r\n\r\n'),
    ],
    [
      'switches protocols',
      (socket: Socket) =>
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
        ),
    ],
    ...[101, '000', '099', 600, 999].map(
      (status) =>
        [
          `has the status ${status}`,
          (socket: Socket) => socket.write(`HTTP/1.1 ${status} Odd\r\nContent-Length: 0\r\n\r\n`),
        ] satisfies [string, (socket: Socket) => unknown],
    ),
  ])('that %s is a bad gateway, and gives its place back', async (_, speak) => {
    const take = vi.spyOn(RelayRoom.prototype, 'take');
    onTestFinished(() => take.mockRestore());
    const { port } = await relaying(await speaking(speak));
    const { status, body } = await get(port, `${AT}/state`);
    expect([status, body]).toEqual([
      502,
      expect.stringContaining(`Agent ${AGENT} does not answer`),
    ]);
    expect((take.mock.contexts[0] as RelayRoom).size).toBe(0);
  });

  test('that says how long a body is that there is none of does not say it further', async () => {
    for (const status of [204, 304]) {
      const speak = (socket: Socket) =>
        socket.write(`HTTP/1.1 ${status} Odd\r\nContent-Length: 5\r\n\r\n`);
      const { port } = await relaying(await speaking(speak));
      const got = await get(port, `${AT}/state`);
      expect([got.status, got.headers['content-length']]).toEqual([status, undefined]);
    }
  });

  test('that is not there is a bad gateway', async () => {
    const { port } = await relaying('127.0.0.1:1');
    const { status, body } = await get(port, `${AT}/state`);
    expect([status, body]).toEqual([502, expect.stringContaining('ECONNREFUSED')]);
  });

  test('that dies midway cuts the answer off', async () => {
    const address = await speaking((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc');
      setImmediate(() => socket.destroy());
    });
    const { port } = await relaying(address);
    await expect(get(port, `${AT}/state`)).rejects.toThrow('aborted');
    // Nor is a part of what it says a beginning of the next answer.
    const answers = await speaking((socket) =>
      socket.write(
        'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nX: planted\r\n\r\n',
      ),
    );
    const other = await relaying(answers);
    expect((await get(other.port, `${AT}/state`)).body).toBe('ok');
    expect((await get(other.port, `${AT}/state`)).body).toBe('ok');
  });

  test('that never answers is let go with its client', async () => {
    const asked = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    const address = await speaking((socket) => {
      socket.once('close', closed.resolve);
      asked.resolve();
    });
    const { port } = await relaying(address);
    const socket = await RawSocket.connect(port);
    await socket.write(
      `GET ${AT}/state HTTP/1.1\r\nHost: x\r\nAuthorization: ${OPS.Authorization}\r\n\r\n`,
    );
    await asked.promise;
    socket.close();
    await closed.promise;
  });

  test('has half a minute to begin its answer to a read, and ten to go on', async () => {
    expect(PATIENCE).toMatchObject({ answerMs: 30_000, silenceMs: 600_000 });
    const silent = await speaking(() => {});
    const { port } = await relaying(silent, { patience: { answerMs: 20 } });
    const { status, body } = await get(port, `${AT}/state`);
    expect([status, body]).toEqual([
      502,
      `Agent ${AGENT} does not answer: it took more than 0.02 seconds.`,
    ]);
    const stopping = await speaking((socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc'),
    );
    const other = await relaying(stopping, { patience: { silenceMs: 300 } });
    await expect(get(other.port, `${AT}/state`)).rejects.toThrow('aborted');
    // A call may take long once the agent is reached, and is silent for less than that.
    const call = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' };
    const slow = await relaying(silent, { patience: { answerMs: 200, silenceMs: 400 } });
    expect((await get(slow.port, `${AT}/api/v1`, call)).body).toContain(
      'it was silent for too long',
    );
  });

  test('that is asked much by one leaves room for others, and for that one again', async () => {
    const waiting: (() => void)[] = [];
    let wake = () => {};
    const agent = await answering((response) => {
      waiting.push(() => response.end('{}'));
      wake();
    });
    const come = async (many: number) => {
      while (waiting.length < many) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    };
    const { port, url } = await relaying(agent.address);
    const asking = Array.from({ length: 60 }, () => get(port, `${AT}/state`));
    await come(52);
    const refused = (await Promise.all(asking.slice(52))).map(({ status }) => status);
    expect(new Set(refused)).toEqual(new Set([503]));
    expect((await fetch(`${url}/health`)).status).toBe(200);
    const other = get(port, `${AT}/state`, { headers: { Authorization: basic('low:of low') } });
    await come(53);
    for (const end of waiting) {
      end();
    }
    expect((await other).status).toBe(200);
    const answered = (await Promise.all(asking.slice(0, 52))).map(({ status }) => status);
    expect(new Set(answered)).toEqual(new Set([200]));
    const again = get(port, `${AT}/state`);
    await come(54);
    waiting.at(-1)?.();
    expect((await again).status).toBe(200);
  });

  test('that many hold is reached by who holds nothing, at the cost of who holds most', async () => {
    const agent = await answering(() => {});
    const crowd = 256 - 52;
    const { port } = await relaying(agent.address, { crowd });
    const come = (many: number) => until(`${many} come`, () => agent.asked.length === many);
    const most: Promise<{ status: number; body: string }>[] = [];
    for (let n = 0; n < 52; n++) {
      most.push(get(port, `${AT}/state`));
      await come(n + 1);
    }
    const hung = Array.from({ length: crowd }, (_, n) =>
      get(port, `${AT}/state`, { headers: one(n) }),
    );
    await come(256);
    const late = get(port, `${AT}/state`, { headers: { Authorization: basic('low:of low') } });
    await come(257);
    expect(await most.at(-1)).toMatchObject({
      status: 503,
      body: 'Others need room, and you have most of what is relayed to agents.',
    });
    await stopMasters();
    await Promise.allSettled([...most, ...hung, late]);
  });
});
