// HTTP basic authentication: which realm protects which endpoint, and when credentials are checked.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Authenticated, BasicAuthenticator } from '../../src/http/server/authentication.ts';
import { authenticationOf } from '../../src/http/server/authenticators.ts';
import { Credentials } from '../../src/http/server/credentials.ts';
import type { Principal } from '../../src/security/principal.ts';
import { isType, type MiniMaster, startMaster, stopMasters } from './mini-master.ts';
import { RawSocket, statuses } from './raw-socket.ts';

let master: MiniMaster;

beforeAll(async () => {
  master = await startMaster({
    authentication: authenticationOf(
      {
        'mesos-master-readonly': true,
        'mesos-master-readwrite': true,
        'mesos-master-scheduler': true,
      },
      {
        names: ['basic'],
        credentials: new Credentials([
          { principal: 'ops', secret: 'secret' },
          { principal: 'fw', secret: 'p:w' },
          { principal: 'odd', secret: '\ufffd' },
        ]),
      },
    ),
  });
});

afterAll(stopMasters);

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

async function ask(path: string, method: string, authorization?: string) {
  const headers: Record<string, string> = authorization ? { authorization } : {};
  const answer = await fetch(`${master.url}${path}`, { method, headers, redirect: 'manual' });
  return {
    status: answer.status,
    challenge: answer.headers.get('www-authenticate'),
    body: await answer.text(),
  };
}

const REALMS: Readonly<Record<string, readonly string[]>> = {
  'mesos-master-readonly': [
    'GET /state',
    'POST /state',
    'GET /master/state/x',
    'GET /state-summary',
    'GET /slaves',
    'GET /tasks',
    'GET /frameworks',
    'GET /roles',
    'GET /scrape-targets',
    'GET /flags',
    'GET /metrics',
    'GET /metrics/snapshot',
    'GET /maintenance/status',
    'GET /files/browse?path=x',
    'GET /files/debug',
  ],
  'mesos-master-readwrite': [
    'GET /weights',
    'PUT /weights',
    'GET /quota',
    'POST /quota',
    'POST /reserve',
    'POST /teardown',
    'POST /machine/up',
    'GET /maintenance/schedule',
    'GET /logging/toggle',
    'POST /api/v1',
    'GET /api/v1',
  ],
  'mesos-master-scheduler': ['POST /api/v1/scheduler', 'GET /api/v1/scheduler'],
};

describe('authentication', () => {
  test.each(Object.entries(REALMS))('of %s comes before anything else', async (realm, requests) => {
    for (const request of requests) {
      const [method = '', path = ''] = request.split(' ');
      expect(await ask(path, method)).toEqual({
        status: 401,
        challenge: `Basic realm="${realm}"`,
        body: '401 Unauthorized.',
      });
      expect((await ask(path, method, basic('ops:wrong'))).status).toBe(401);
      expect((await ask(path, method, basic('ops:secret'))).status).not.toBe(401);
    }
  });

  test('is not required in every realm', async () => {
    for (const [path, status] of [
      ['/health', 200],
      ['/ready', 200],
      ['/version', 200],
      ['/redirect', 307],
      ['/nowhere', 404],
    ] as const) {
      expect((await ask(path, 'GET')).status).toBe(status);
    }
  });

  test.each([
    'Basic !!!',
    'Basic b3Bz',
    basic('ops:secret:more'),
    basic('who:'),
    basic('ops:secret').replace('Basic', 'basic'),
    'Bearer x',
    '',
  ])('refuses %j', async (authorization) => {
    expect((await ask('/state', 'GET', authorization)).status).toBe(401);
  });

  test('takes no bytes for a secret that they are not, whatever text can be made of them', async () => {
    expect((await ask('/state', 'GET', basic('odd:\ufffd'))).status).toBe(200);
    for (const bytes of [[0xff], [0xe9], [0xed, 0xa0, 0x80]]) {
      const header = `Basic ${Buffer.from([...Buffer.from('odd:'), ...bytes]).toString('base64')}`;
      expect((await ask('/state', 'GET', header)).status).toBe(401);
    }
  });

  test('takes secrets with a colon', async () => {
    expect((await ask('/state', 'GET', basic('fw:p:w'))).status).toBe(200);
  });

  test('names the principal of pipelined calls, and refuses those without', async () => {
    const body = '{"framework_id":{"value":"f"},"type":"REVIVE"}';
    const call = (authorization: string) =>
      'POST /api/v1/scheduler HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
      `Mesos-Stream-Id: a\r\n${authorization}Content-Length: ${body.length}\r\n\r\n${body}`;
    const header = (text: string) => `Authorization: ${basic(text)}\r\n`;
    const raw = await RawSocket.connect(master.port);
    await raw.write(
      call(header('fw:p:w')) + call(header('ops:secret')) + call('') + call(header('fw:p:w')),
    );
    const text = await raw.until((got) => statuses(got).length === 4);
    expect(statuses(text)).toEqual([202, 202, 401, 202]);
    const principals: (Principal | undefined)[] = master.machine.events
      .filter(isType('schedulerCall'))
      .map(({ principal }) => principal);
    expect(principals.map((principal) => principal?.value)).toEqual(['fw', 'ops', 'fw']);
    raw.close();
  });

  test('looks at the credentials of a pipelined call once, when its head has come', async () => {
    let asked = 0;
    class Counting extends BasicAuthenticator {
      override authenticate(authorization: string | undefined): Authenticated {
        asked++;
        return super.authenticate(authorization);
      }
    }
    const realm = 'mesos-master-scheduler';
    const { port, machine } = await startMaster({
      authentication: {
        [realm]: new Counting(realm, new Credentials([{ principal: 'fw', secret: 's' }])),
      },
    });
    const body = '{"framework_id":{"value":"f"},"type":"REVIVE"}';
    const raw = await RawSocket.connect(port);
    await raw.write(
      'POST /api/v1/scheduler HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
        `Mesos-Stream-Id: a\r\nAuthorization: ${basic('fw:s')}\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(statuses(await raw.until((got) => statuses(got).length === 1))).toEqual([202]);
    expect(machine.events.filter(isType('schedulerCall'))[0]?.principal?.value).toBe('fw');
    expect(asked).toBe(1);
    raw.close();
  });
});
