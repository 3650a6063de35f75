// Sessions of the page: who gets one, for how long, and what other sites, other ports and other
// people cannot do with it.
import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import type { MasterServerOptions } from '../../../src/http/master/server.ts';
import { Auditor } from '../../../src/http/server/auditor.ts';
import { authenticationOf } from '../../../src/http/server/authenticators.ts';
import { Credentials } from '../../../src/http/server/credentials.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { permissive } from '../../../src/security/authorizer.ts';
import { isType, type MiniMaster, startMaster, stopMasters, views } from '../mini-master.ts';
import { RawSocket } from '../raw-socket.ts';

afterEach(stopMasters);

const HOUR = 60 * 60_000;
const PEOPLE = [
  { principal: 'ops', secret: 'of ops' },
  { principal: 'guest', secret: 'of guest' },
];

interface World extends MiniMaster {
  readonly credentials: Credentials;
  readonly audited: () => readonly Record<string, unknown>[];
  nowMs: number;
}

async function world(options: Partial<MasterServerOptions> = {}): Promise<World> {
  const credentials = new Credentials(PEOPLE, () => it.nowMs);
  const lines: string[] = [];
  const clock = { ...systemClock, nowMs: () => it.nowMs };
  const auditor = new Auditor({
    authorizer: permissive,
    nowMs: () => 0,
    write: (line) => lines.push(line),
  });
  const it = {
    nowMs: 1_700_000_000_000,
    credentials,
    audited: () => {
      auditor.close();
      return lines.splice(0).map((line) => JSON.parse(line));
    },
  };
  const master = await startMaster({
    authentication: authenticationOf(
      { 'mesos-master-readonly': true, 'mesos-master-readwrite': true },
      { names: ['basic'], credentials },
    ),
    credentials,
    auditor,
    clock,
    ...options,
  });
  return Object.assign(it, master);
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly cookie: string;
  readonly challenge: string | undefined;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
  /** The address that the client has. */
  readonly from?: string | undefined;
}

/** As it is: fetch sets some headers by itself. */
const ask = (it: MiniMaster, path: string, { method, headers, body, from }: Asked = {}) =>
  new Promise<Answer>((resolve, reject) => {
    const request = httpRequest(
      { port: it.port, host: '127.0.0.1', path, method, headers, localAddress: from, agent: false },
      async (response) => {
        let text = '';
        for await (const piece of response.setEncoding('utf8')) {
          text += piece;
        }
        resolve({
          status: response.statusCode ?? 0,
          body: text,
          cookie: response.headers['set-cookie']?.join('\n') ?? '',
          challenge: response.headers['www-authenticate'],
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
const PAGE = { 'X-Mesoscale-Page': '1' };

/** The cookie, as browsers send it, of who signs in. */
async function signIn(it: World, who = 'ops'): Promise<string> {
  const headers = { ...PAGE, Authorization: basic(`${who}:of ${who}`) };
  const { status, cookie } = await ask(it, '/webui/session', { method: 'POST', headers });
  expect(status).toBe(200);
  return cookie.split(';')[0] ?? '';
}

const CALL = { method: 'POST', body: '{"type":"GET_WEIGHTS"}' } as const;
const JSON_CALL = { 'Content-Type': 'application/json' };
const call = (it: World, cookie: string, headers: Readonly<Record<string, string>> = PAGE) =>
  ask(it, '/api/v1', { ...CALL, headers: { ...JSON_CALL, Cookie: cookie, ...headers } });
const read = (it: World, cookie: string, headers = {}) =>
  ask(it, '/state', { headers: { Cookie: cookie, ...headers } });

describe('a session', () => {
  test('is begun by who authenticates, and is that principal’s', async () => {
    const seen: unknown[] = [];
    const it = await world({
      views: { ...views, state: ({ principal }) => seen.push(principal) },
    });
    expect((await ask(it, '/webui/session')).body).toBe('{"authentication":"required"}');
    const headers = { ...PAGE, Authorization: basic('ops:of ops') };
    const begun = await ask(it, '/webui/session', { method: 'POST', headers });
    expect(JSON.parse(begun.body)).toEqual({
      principal: 'ops',
      authentication: 'required',
      expires_ms: it.nowMs + 12 * HOUR,
    });
    const [pair = '', ...attributes] = begun.cookie.split('; ');
    expect(pair.startsWith(`mesoscale-${it.port}=`)).toBe(true);
    expect(attributes).toEqual(['Path=/', 'HttpOnly', 'SameSite=Strict', 'Max-Age=43200']);
    expect((await read(it, pair)).status).toBe(200);
    expect(seen).toEqual([{ value: 'ops' }]);
    expect((await call(it, `theme=dark; ${pair}; other=1`)).status).toBe(200);
    const change = { type: 'UPDATE_WEIGHTS', update_weights: { weight_infos: [] } };
    const body = JSON.stringify(change);
    const sent = { ...JSON_CALL, ...PAGE, Cookie: pair };
    await ask(it, '/api/v1', { method: 'POST', headers: sent, body });
    const { principal } = await it.machine.seen(isType('operatorCall'));
    expect(principal).toEqual({ value: 'ops' });
    expect(
      JSON.parse((await ask(it, '/webui/session', { headers: { Cookie: pair } })).body),
    ).toEqual({ principal: 'ops', authentication: 'required', expires_ms: it.nowMs + 12 * HOUR });
  });

  test('is begun after so many wrong secrets only, by whatever way they come', async () => {
    const it = await world();
    const cookie = await signIn(it);
    const asking = (secret: string, at: number) =>
      at % 2 === 0
        ? { method: 'POST', headers: { ...PAGE, Authorization: basic(`ops:${secret}`) } }
        : { headers: { Authorization: basic(`ops:${secret}`) } };
    const way = (at: number) => ['/webui/session', '/state'][at % 2] ?? '';
    const statuses = [];
    for (let at = 0; at < 20; at++) {
      statuses.push((await ask(it, way(at), asking(String(at), at))).status);
    }
    expect(new Set(statuses)).toEqual(new Set([401]));
    for (const at of [0, 1]) {
      expect(await ask(it, way(at), asking('of ops', at))).toMatchObject({
        status: 429,
        body: '429 Too Many Requests. Too many wrong secrets came from your address. Try again in 3 s.',
      });
    }
    expect((await read(it, cookie)).status).toBe(200);
    expect(it.audited().at(-1)).toMatchObject({
      claimed: 'ops',
      rule: 'authentication: too many wrong secrets',
    });
    it.nowMs += 3_000;
    expect((await ask(it, '/state', asking('of ops', 1))).status).toBe(200);
  });

  test('is not asked for where nobody has to say who he is', async () => {
    const it = await world({ authentication: {} });
    expect((await ask(it, '/webui/session')).body).toBe('{"authentication":"none"}');
    const begun = await ask(it, '/webui/session', { method: 'POST', headers: PAGE });
    expect([begun.status, begun.cookie]).toEqual([200, '']);
    expect((await ask(it, '/webui/session', { method: 'PUT' })).status).toBe(405);
  });

  test('is not begun by who does not', async () => {
    const it = await world();
    for (const authorization of [undefined, basic('ops:wrong'), basic('nobody:x'), 'Bearer x']) {
      const headers = { ...PAGE, ...(authorization && { Authorization: authorization }) };
      const { status, cookie, challenge } = await ask(it, '/webui/session', {
        method: 'POST',
        headers,
      });
      // No browser knows this scheme, so none opens a window of its own.
      expect([status, cookie, challenge]).toEqual([
        401,
        '',
        'Session realm="mesos-master-readwrite"',
      ]);
    }
    expect(it.audited().map(({ call, rule, claimed }) => [call, rule, claimed])).toEqual([
      ['/webui/session', 'authentication: no credentials', undefined],
      ['/webui/session', 'authentication: another secret', 'ops'],
      ['/webui/session', 'authentication: no such principal', 'nobody'],
      ['/webui/session', 'authentication: another scheme than Basic', undefined],
    ]);
  });

  test('is asked for without the window of the browser, by the page alone', async () => {
    const it = await world();
    expect((await ask(it, '/state', { headers: PAGE })).challenge).toMatch(/^Session /);
    expect((await ask(it, '/state')).challenge).toBe('Basic realm="mesos-master-readonly"');
  });

  test('ends after twelve hours', async () => {
    const it = await world();
    const cookie = await signIn(it);
    it.nowMs += 12 * HOUR - 1;
    expect((await call(it, cookie)).status).toBe(200);
    it.nowMs += 1;
    expect((await call(it, cookie)).status).toBe(401);
    expect(it.audited()).toMatchObject([
      { call: '/api/v1', rule: 'authentication: a session that is over' },
    ]);
  });

  test('ends when its owner wants, wherever its cookie is', async () => {
    const it = await world();
    const cookie = await signIn(it);
    const other = await signIn(it);
    const headers = { ...PAGE, Cookie: cookie };
    const { status, cookie: set } = await ask(it, '/webui/session', { method: 'DELETE', headers });
    expect([status, set]).toEqual([
      200,
      `mesoscale-${it.port}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`,
    ]);
    expect((await call(it, cookie)).status).toBe(401);
    expect((await call(it, other)).status).toBe(200);
    expect(it.audited()).toMatchObject([{ rule: 'authentication: a session that was ended' }]);
  });

  test('ends with all others of its principal when that has ended very many', async () => {
    const it = await world();
    const kept = await signIn(it);
    const guest = await signIn(it, 'guest');
    for (let count = 0; count <= 256; count++) {
      it.nowMs += 1;
      const headers = { ...PAGE, Cookie: await signIn(it) };
      await ask(it, '/webui/session', { method: 'DELETE', headers });
    }
    expect((await call(it, kept)).status).toBe(401);
    expect((await call(it, guest)).status).toBe(200);
    it.nowMs += 1;
    expect((await call(it, await signIn(it))).status).toBe(200);
  });

  test('ends when credentials are exchanged, and not when their file is read again', async () => {
    const it = await world();
    const cookie = await signIn(it);
    it.credentials.exchange(PEOPLE.toReversed());
    expect((await call(it, cookie)).status).toBe(200);
    it.credentials.exchange([{ principal: 'ops', secret: 'another' }]);
    expect((await call(it, cookie)).status).toBe(401);
    expect((await read(it, cookie)).status).toBe(401);
  });

  test('counts for nothing beside a header that says who asks', async () => {
    const it = await world();
    const cookie = await signIn(it);
    const headers = { ...PAGE, Authorization: basic('ops:wrong') };
    expect((await call(it, cookie, headers)).status).toBe(401);
    expect((await call(it, 'x=y', { Authorization: basic('ops:of ops') })).status).toBe(200);
  });
});

describe('what a session does not let others do', () => {
  test('another site cannot make the browser change or begin anything', async () => {
    const it = await world();
    const cookie = await signIn(it);
    const own = `127.0.0.1:${it.port}`;
    const foreign: Readonly<Record<string, string>>[] = [
      {},
      { Origin: `http://${own}` },
      { ...PAGE, 'Sec-Fetch-Site': 'cross-site' },
      { ...PAGE, 'Sec-Fetch-Site': 'same-site' },
      { ...PAGE, 'Sec-Fetch-Site': 'none' },
      { ...PAGE, 'Sec-Fetch-Site': 'cross-site', Origin: `http://${own}` },
      { ...PAGE, Origin: 'http://evil.example' },
      { ...PAGE, Origin: 'null' },
      { ...PAGE, Origin: 'http://127.0.0.1:31000' },
      { ...PAGE, Origin: `http://${own}.evil.example` },
      { ...PAGE, Origin: `http://evil.example/${own}` },
    ];
    for (const headers of foreign) {
      expect([headers, (await call(it, cookie, headers)).status]).toEqual([headers, 403]);
      const form = { ...headers, Cookie: cookie, 'Content-Type': 'text/plain' };
      const teardown = { method: 'POST', headers: form, body: 'frameworkId=f' };
      expect((await ask(it, '/teardown', teardown)).status).toBe(403);
      const authorization = { ...headers, Authorization: basic('guest:of guest') };
      for (const method of ['POST', 'DELETE']) {
        const { status, cookie: set } = await ask(it, '/webui/session', {
          method,
          headers: { ...authorization, Cookie: cookie },
        });
        expect([status, set]).toEqual([403, '']);
      }
    }
    expect(it.machine.events).toEqual([]);
    expect((await call(it, cookie)).status).toBe(200);
    const told = new Set(it.audited().map(({ rule }) => rule));
    expect(told).toContain('authentication: a request without x-mesoscale-page');
    expect(told).toContain('a request of another site (origin)');
    expect(told).toContain('a request of another site (sec-fetch-site)');
  });

  test('the page itself can, with what browsers say about it', async () => {
    const it = await world();
    const cookie = await signIn(it);
    const own = { ...PAGE, Host: `m:${it.port}`, Origin: `http://m:${it.port}` };
    expect((await call(it, cookie, own)).status).toBe(200);
    // A proxy may have another name than the master; what the browser says of the site counts.
    const proxied = { ...PAGE, 'Sec-Fetch-Site': 'same-origin', Origin: 'https://proxy' };
    expect((await call(it, cookie, proxied)).status).toBe(200);
  });

  test('another site cannot read, as a script or otherwise', async () => {
    const it = await world();
    const headers = { Cookie: await signIn(it) };
    expect((await ask(it, '/state?jsonp=steal', { headers })).status).toBe(403);
    expect((await ask(it, '/state?%6asonp=steal', { headers })).status).toBe(403);
    for (const [site, status] of [
      ['cross-site', 403],
      ['same-site', 403],
      ['same-origin', 200],
      ['none', 200],
    ] as const) {
      const answer = await ask(it, '/state', { headers: { ...headers, 'Sec-Fetch-Site': site } });
      expect([site, answer.status]).toEqual([site, status]);
    }
  });

  test('nobody makes or changes a token', async () => {
    const it = await world();
    const elsewhere = await world();
    const pair = await signIn(it, 'guest');
    const [text = '', proof = ''] = pair.slice(pair.indexOf('=') + 1).split('.');
    const session = JSON.parse(Buffer.from(text, 'base64url').toString());
    const saying = (change: object) =>
      Buffer.from(JSON.stringify({ ...session, ...change })).toString('base64url');
    const foreign = await signIn(elsewhere, 'ops');
    const tokens = [
      `${saying({ principal: { value: 'ops' } })}.${proof}`,
      `${saying({ expiresMs: it.nowMs + 100 * HOUR })}.${proof}`,
      ...[`${text}.`, text, '', '.', `.${proof}`, `${text}.${proof}.x`, `${text}.${proof}A`],
      `${text}.${'A'.repeat(43)}`,
      foreign.slice(foreign.indexOf('=') + 1),
      'a'.repeat(10_000),
      '%00',
      '__proto__',
    ];
    for (const token of tokens) {
      const { status } = await call(it, `mesoscale-${it.port}=${token}`);
      expect([token, status]).toEqual([token, 401]);
    }
    expect((await call(it, pair)).status).toBe(200);
    expect(it.audited().every(({ principal }) => principal === undefined)).toBe(true);
  });

  test('who plants a cookie gets no session of it, and takes none over', async () => {
    const it = await world();
    const planted = await signIn(it, 'guest');
    // The one that is there before signing in is not the one that is there afterwards.
    const headers = { ...PAGE, Authorization: basic('ops:of ops'), Cookie: planted };
    const { cookie } = await ask(it, '/webui/session', { method: 'POST', headers });
    const own = cookie.split(';')[0] ?? '';
    expect(own).not.toBe(planted);
    const whoHas = async (pair: string) =>
      JSON.parse((await ask(it, '/webui/session', { headers: { Cookie: pair } })).body).principal;
    expect([await whoHas(planted), await whoHas(own)]).toEqual(['guest', 'ops']);
    // A second one, for a path that is longer, comes first.
    expect((await call(it, `${planted}; ${own}`)).status).toBe(401);
    const twice = { ...JSON_CALL, ...PAGE, Cookie: [planted, own] };
    expect((await ask(it, '/api/v1', { ...CALL, headers: twice })).status).toBe(401);
    expect(it.audited()).toMatchObject([{ rule: 'authentication: several sessions', count: 2 }]);
  });

  test('a task that is shown the cookie, as it listens on another port, cannot use it', async () => {
    const it = await world();
    const cookie = await signIn(it);
    const headers = { ...JSON_CALL, ...PAGE, Cookie: cookie };
    expect((await ask(it, '/api/v1', { ...CALL, headers, from: '127.0.0.2' })).status).toBe(401);
    expect((await ask(it, '/api/v1', { ...CALL, headers })).status).toBe(200);
    expect(it.audited()).toMatchObject([
      { address: '127.0.0.2', rule: 'authentication: a session of another address' },
    ]);
  });

  test('frameworks are not known by it', async () => {
    const authentication = authenticationOf(
      { 'mesos-master-readwrite': true, 'mesos-master-scheduler': true },
      { names: ['basic'], credentials: new Credentials(PEOPLE) },
    );
    const it = await world({ authentication });
    const headers = { ...JSON_CALL, ...PAGE, Cookie: await signIn(it) };
    const body = '{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"u","name":"n"}}}';
    const answer = await ask(it, '/api/v1/scheduler', { method: 'POST', headers, body });
    expect(answer.status).toBe(401);
  });

  test('heads that are too long or of two minds get no further than the reader', async () => {
    const it = await world();
    const cookie = await signIn(it);
    const socket = await RawSocket.connect(it.port);
    await socket.write(`GET /state HTTP/1.1\r\nHost: x\r\nCookie: ${'a'.repeat(100_000)}\r\n\r\n`);
    expect(await socket.end()).toMatch(/^HTTP\/1.1 431 /);
    const many = await RawSocket.connect(it.port);
    const pairs = Array.from({ length: 4_000 }, (_, at) => `a${at}=`).join('; ');
    await many.write(
      `GET /state HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: ${pairs}; ${cookie}\r\n\r\n`,
    );
    expect(await many.end()).toMatch(/^HTTP\/1.1 200 /);
    const smuggled = await RawSocket.connect(it.port);
    // A bare CR or LF ends no line, so no header is made of a part of another.
    await smuggled.write(
      `GET /state HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: y\rCookie: ${cookie}\r\n\r\n`,
    );
    expect(await smuggled.end()).toMatch(/^HTTP\/1.1 400 /);
  });
});
