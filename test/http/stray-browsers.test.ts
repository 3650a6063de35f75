// What browsers of people who reach a port send to it for other sites, where nobody has to say who
// he is: it changes nothing, and what only this machine reaches is read by no site either.
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Auditor } from '../../src/http/server/auditor.ts';
import { permissive } from '../../src/security/authorizer.ts';
import { isType, type MiniMaster, startMaster, stopMasters } from './mini-master.ts';

let master: MiniMaster;
let loopback: MiniMaster;
const lines: string[] = [];
const write = (line: string) => lines.push(line);
const auditor = new Auditor({ authorizer: permissive, nowMs: () => 0, write });

beforeAll(async () => {
  master = await startMaster({ auditor });
  loopback = await startMaster({ names: ['Master.Example', 'mine'] });
});
afterAll(stopMasters);

type Headers = Readonly<Record<string, string>>;

const ask = (
  { port }: MiniMaster,
  path: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: Headers; body?: string },
) =>
  new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const asked = httpRequest(
      { port, host: '127.0.0.1', path, method, headers, agent: false, setHost: !headers.Host },
      async (response) => {
        let text = '';
        for await (const piece of response.setEncoding('utf8')) {
          text += piece;
        }
        resolve({ status: response.statusCode, text });
      },
    );
    asked.on('error', reject).on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode, text: '' });
    });
    asked.end(body);
  });

const FORM = {
  method: 'POST',
  body: 'frameworkId=f',
};
const OF_FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
const post = (headers: Headers) =>
  ask(master, '/master/teardown', { ...FORM, headers: { ...OF_FORM, ...headers } });

describe('in an open cluster', () => {
  test.each([
    [{ Origin: 'https://evil.example' }, 'origin'],
    [{ Origin: 'null' }, 'origin'],
    [{ Origin: 'http://127.0.0.1:1' }, 'origin'],
    [{ 'Sec-Fetch-Site': 'cross-site' }, 'sec-fetch-site'],
    [{ 'Sec-Fetch-Site': 'same-site' }, 'sec-fetch-site'],
    [{ 'sec-fetch-site': 'cross-site', Origin: 'http://here', Host: 'here' }, 'sec-fetch-site'],
  ])('a form of another site changes nothing: %j', async (headers, by) => {
    expect(await post(headers as Headers)).toEqual({
      status: 403,
      text:
        'What may change something is not taken from other sites, and this is a request of ' +
        `another site (${by})`,
    });
    expect(master.machine.events).toEqual([]);
    auditor.close();
    expect(JSON.parse(lines.splice(0).at(-1) ?? '')).toMatchObject({
      call: '/master/teardown',
      address: '127.0.0.1',
      allowed: false,
      rule: `a request of another site (${by})`,
    });
  });

  test('programs, and pages of the port itself, change what they may', async () => {
    for (const headers of [
      {},
      { Host: 'a.proxy', Origin: 'https://a.proxy' },
      { 'Sec-Fetch-Site': 'same-origin', Origin: 'https://behind.a.proxy' },
    ]) {
      expect((await post(headers as Headers)).status).toBe(200);
    }
    expect(master.machine.events.filter(isType('operatorCall'))).toHaveLength(3);
  });

  test('no script is a process of the cluster, of whatever site it is', async () => {
    const from = { 'Libprocess-From': 'slave(1)@127.0.0.1:5051' };
    const message = '/master/mesos.internal.PingSlaveMessage';
    const { length } = master.machine.events;
    const own = { ...from, Host: 'here', Origin: 'http://here' };
    expect((await ask(master, message, { method: 'POST', headers: own })).status).toBe(404);
    const foreign = { ...from, Origin: 'https://evil.example' };
    expect((await ask(master, message, { method: 'POST', headers: foreign })).status).toBe(403);
    expect(master.machine.events).toHaveLength(length);
  });

  test('a link or picture of another site reads, and raises no level of the log', async () => {
    const headers = { 'Sec-Fetch-Site': 'cross-site' };
    expect((await ask(master, '/', { headers })).status).toBe(307);
    expect((await ask(master, '/logging/toggle', { headers })).status).toBe(200);
    const raised = '/logging/toggle?level=3&duration=1mins';
    const CHROMIUM = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0.0.0';
    const foreign: Headers[] = [
      headers,
      // Where the connection is not secure, browsers say no site.
      { 'User-Agent': CHROMIUM, Referer: 'http://evil.example/' },
      { 'User-Agent': CHROMIUM },
      { Referer: 'http://evil.example/' },
    ];
    for (const method of ['GET', 'HEAD']) {
      for (const headers of foreign) {
        expect((await ask(master, raised, { method, headers })).status).toBe(403);
      }
    }
    auditor.close();
    // What is alike is told together, a while after the first: on a busy machine in several lines.
    const counts = new Map<string, number>();
    for (const line of lines.splice(0)) {
      const { call, allowed, rule, count = 1 } = JSON.parse(line);
      if (call === '/logging/toggle') {
        expect(allowed).toBe(false);
        counts.set(rule, (counts.get(rule) ?? 0) + count);
      }
    }
    expect([...counts]).toEqual([
      [expect.stringContaining('another site'), 2],
      [expect.stringContaining('of a browser'), 6],
    ]);
    const { text: before } = await ask(master, '/logging/toggle', {});
    expect(before).toBe('0\n');
  });

  test('programs raise the level of the log by GET, and people at a browser by what is theirs', async () => {
    const path = '/logging/toggle?level=0&duration=1mins';
    const own = { 'User-Agent': 'Mozilla/5.0', Host: 'here', Origin: 'http://here' };
    for (const [method, headers] of [
      ['GET', { 'User-Agent': 'curl/8.5.0' }],
      ['GET', {}],
      ['GET', { 'User-Agent': 'Mozilla/5.0', 'Sec-Fetch-Site': 'none' }],
      ['POST', own],
    ] as const) {
      expect((await ask(master, path, { method, headers })).status).toBe(200);
    }
    const foreign = { ...own, Origin: 'http://evil.example' };
    expect((await ask(master, path, { method: 'POST', headers: foreign })).status).toBe(403);
  });
});

describe('a port that only its machine reaches', () => {
  test.each([
    ['evil.example', 421],
    ['evil.example:5050', 421],
    ['127.0.0.1.evil.example', 421],
    ['localhost.evil.example', 421],
    ['', 200],
    ['localhost:5050', 200],
    ['LocalHost.', 200],
    ['my.localhost', 200],
    ['[::1]:5050', 200],
    ['10.0.0.1', 200],
    ['master.example:80', 200],
    ['mine', 200],
  ])('is not asked by a browser by the name %j: %d', async (host, status) => {
    // The first is what a script of a site cannot leave out.
    for (const sent of [{ 'Accept-Language': '' }, { 'User-Agent': 'Mozilla/5.0' }]) {
      const headers = { ...sent, Host: host };
      expect((await ask(loopback, '/state', { headers })).status).toBe(status);
    }
  });

  test('is asked by programs by any name, as Mesos is', async () => {
    for (const sent of [{}, { 'User-Agent': 'curl/8.5.0' }]) {
      const headers = { ...sent, Host: 'an.alias' };
      expect((await ask(loopback, '/state', { headers })).status).toBe(200);
    }
  });

  test('opens no terminal by another name, and says which it has', async () => {
    const headers = {
      ...{ Connection: 'Upgrade', Upgrade: 'websocket', Host: 'evil.example' },
      ...{ 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==' },
      Origin: 'http://evil.example',
    };
    const path = '/agent/a/terminal?container=c';
    expect(await ask(loopback, path, { headers })).toEqual({
      status: 421,
      text: expect.stringContaining('no name but localhost, Master.Example, mine.'),
    });
    expect((await ask(master, path, { headers })).status).toBe(404);
  });
});
