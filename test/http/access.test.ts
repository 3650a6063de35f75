// What --firewall_rules and ACLs close stays closed on every way in: however a path is spelt, and
// by the call that shows the same as an endpoint.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { MasterServerEffect } from '../../src/http/master/server.ts';
import { Firewall, idleRules } from '../../src/http/server/firewall.ts';
import type { MasterEvent } from '../../src/master/events.ts';
import { MasterEvent_Type, MasterResponse_Type } from '../../src/model/generated/messages.ts';
import { aclAuthorizer, parseAcls } from '../../src/security/acls.ts';
import { MiniMachine, type MiniMaster, startMaster, stopMasters, views } from './mini-master.ts';
import { RawSocket, statuses } from './raw-socket.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesoscale-access-'));
  writeFileSync(join(folder, 'log'), 'a line\n');
});

afterEach(stopMasters);

afterAll(() => rmSync(folder, { recursive: true }));

/** Sends the path as it is written; fetch would normalize it. */
function ask(master: MiniMaster, path: string, method = 'GET'): Promise<number> {
  return new Promise((resolve, reject) => {
    const { port } = master;
    request({ host: '127.0.0.1', port, path, method, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    })
      .on('error', (cause) => reject(new Error(`${method} ${path}`, { cause })))
      .end();
  });
}

async function call(master: MiniMaster, body: object): Promise<number> {
  const headers = { 'Content-Type': 'application/json', Accept: 'application/json' };
  const init = { method: 'POST', headers, body: JSON.stringify(body) };
  return (await fetch(`${master.url}/api/v1`, init)).status;
}

const denying = (acls: object) => ({ authorizer: aclAuthorizer(parseAcls(acls)) });
const closed = (...paths: string[]) =>
  denying({ get_endpoints: [{ principals: { type: 'NONE' }, paths: { values: paths } }] });

const spellings = (path: string) => {
  const last = path.length - 1;
  const code = path.charCodeAt(last).toString(16);
  return [
    path,
    `${path}/`,
    `/${path}`,
    `${path}//`,
    `${path}/x`,
    `${path}/x/../y`,
    `${path}?a=b`,
    `${path}/?a=/..`,
    `${path.slice(0, last)}%${code}`,
    `${path.slice(0, last)}%${code.toUpperCase()}/`,
    `/x/..${path}`,
    `/master/..${path}`,
    `/master/%2e%2e${path}`,
    `/.${path}`,
    `${path}/.`,
    `${path};x`,
    path.toUpperCase(),
    `/${path.slice(1).replaceAll('/', '%2f')}`,
    `${path}%2f`,
    `${path}%00`,
    `http://x${path}`,
  ];
};

describe('no spelling of a closed path is answered', () => {
  const paths = ['/metrics/snapshot', '/logging/toggle', '/files/debug'];

  test('by lists of endpoints', async () => {
    const master = await startMaster(closed(...paths));
    const open = await startMaster();
    for (const path of paths) {
      let answered = 0;
      for (const spelling of spellings(path)) {
        const status = await ask(master, spelling);
        expect(`${spelling} ${status}`).toMatch(/ (403|404|400)$/);
        answered += (await ask(open, spelling)) === 200 ? 1 : 0;
        // A path that would be answered is forbidden, and not lost.
        expect(status === 403).toBe((await ask(open, spelling)) === 200);
      }
      expect(answered).toBeGreaterThan(5);
    }
  });

  test('by the firewall, with and without prefix, on any method', async () => {
    const rules = ['/state', '/metrics/snapshot', '/api/v1', '/health'];
    const master = await startMaster({ disabledPaths: rules });
    const open = await startMaster();
    for (const path of [...rules, '/master/state', '/master/api/v1', '/master/health']) {
      for (const spelling of spellings(path)) {
        const status = await ask(master, spelling);
        expect(`${spelling} ${status}`).toMatch(/ (403|404|400)$/);
        expect(status).not.toBe((await ask(open, spelling)) === 200 ? 404 : 200);
      }
      expect(await ask(master, path, 'POST')).toBe(403);
    }
    expect(await ask(master, '/slaves')).toBe(200);
    expect(await ask(master, '/api/v1/scheduler', 'POST')).not.toBe(403);
  });

  test('by the firewall where calls are read without node:http', async () => {
    const body = '{"framework_id":{"value":"f"},"type":"REVIVE"}';
    const text =
      'POST /api/v1/scheduler HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
      `Mesos-Stream-Id: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const master = await startMaster({ disabledPaths: ['/api/v1/scheduler'] });
    const raw = await RawSocket.connect(master.port);
    await raw.write(text);
    expect(statuses(await raw.until((got) => statuses(got).length === 1))).toEqual([403]);
    expect(master.machine.events).toEqual([]);
    raw.close();
  });
});

describe('a rule of the firewall', () => {
  const closes = (rule: string, path: string, delegate = true) =>
    new Firewall('/master', [rule]).closes({ path, delegate });

  test('is read as the path of an endpoint, without prefix', () => {
    expect(closes('/state', '/state')).toBe(true);
    expect(closes('//state/', '/state')).toBe(true);
    expect(closes('/state', '/state-summary')).toBe(false);
    expect(closes('/master/state', '/state')).toBe(false);
    expect(closes('/files/read', '/files/read', false)).toBe(true);
    expect(closes('/files', '/files/read', false)).toBe(false);
  });

  test('is idle where there is no such endpoint', () => {
    const endpoints = [{ path: '/state', delegate: true }];
    expect(idleRules('/master', ['/state', '/master/state', '/stat'], endpoints)).toEqual([
      '/master/state',
      '/stat',
    ]);
  });
});

describe('a call that shows what an endpoint shows', () => {
  test('is refused with the endpoint', async () => {
    const master = await startMaster(closed('/metrics/snapshot', '/logging/toggle'));
    expect(await call(master, { type: 'GET_METRICS', get_metrics: {} })).toBe(403);
    expect(await call(master, { type: 'GET_LOGGING_LEVEL' })).toBe(403);
    const open = await startMaster();
    expect(await call(open, { type: 'GET_METRICS', get_metrics: {} })).toBe(200);
    expect(await call(open, { type: 'GET_LOGGING_LEVEL' })).toBe(200);
  });

  test('that sets the log level, and the endpoint that does, have one action', async () => {
    const log = { verbosity: 0 };
    const acls = { set_log_level: [{ principals: { type: 'NONE' }, level: { type: 'ANY' } }] };
    const master = await startMaster({ log, ...denying(acls) });
    const set_logging_level = { level: 2, duration: { nanoseconds: 1e12 } };
    expect(await call(master, { type: 'SET_LOGGING_LEVEL', set_logging_level })).toBe(403);
    expect(await ask(master, '/logging/toggle?level=2&duration=1hrs')).toBe(403);
    expect(await ask(master, '/logging/toggle')).toBe(200);
    expect(log.verbosity).toBe(0);
  });
});

describe('the log', () => {
  const reads = ['browse', 'read', 'download'].flatMap((way) => [
    `/files/${way}?path=/master/log`,
    `/files/${way}?path=/master/log/`,
    `/files/${way}?path=%2Fmaster%2Flog`,
  ]);
  const calls = [
    { type: 'READ_FILE', read_file: { path: '/master/log', offset: 0 } },
    { type: 'LIST_FILES', list_files: { path: '/master/log' } },
  ];

  test('is shown only to principals that may access it', async () => {
    const logFiles = new Map([['/master/log', join(folder, 'log')]]);
    const acls = { access_mesos_logs: [{ principals: { type: 'NONE' }, logs: { type: 'ANY' } }] };
    const master = await startMaster({ logFiles, ...denying(acls) });
    const open = await startMaster({ logFiles });
    for (const path of reads) {
      expect([path, await ask(master, path), await ask(open, path)]).toEqual([path, 403, 200]);
    }
    for (const body of calls) {
      expect([await call(master, body), await call(open, body)]).toEqual([403, 200]);
    }
    expect(await (await fetch(`${master.url}/files/debug`)).json()).toEqual({});
    expect(await ask(master, '/files/read?path=/nowhere')).toBe(404);
  });
});

describe('the value of a secret', () => {
  const hidden = new TextEncoder().encode('hidden');
  const variable = { name: 'KEY', type: 2, secret: { type: 2, value: { data: hidden } } } as const;
  const executors = (count: number) =>
    Array.from({ length: count }, (_, i) => ({
      agent_id: { value: 'S1' },
      executor_info: {
        executor_id: { value: `e${i}` },
        command: { environment: { variables: [variable] } },
      },
    }));
  /** In JSON, in protobuf, and in long responses that are written piece by piece. */
  const texts = ['hidden', Buffer.from('hidden').toString('base64')];

  test.each([1, 300])('is in no answer (with %i executors)', async (count) => {
    const master = await startMaster({
      views: {
        ...views,
        read: () => ({
          type: MasterResponse_Type.GET_EXECUTORS,
          get_executors: { executors: executors(count) },
        }),
      },
    });
    for (const accept of ['application/json', 'application/x-protobuf']) {
      const answer = await fetch(`${master.url}/api/v1`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: accept },
        body: '{"type":"GET_EXECUTORS"}',
      });
      const text = await answer.text();
      expect(text).toContain('KEY');
      for (const secret of texts) {
        expect(text).not.toContain(secret);
      }
    }
  });

  test('is in no event for operators', async () => {
    class Telling extends MiniMachine {
      override step(event: MasterEvent): MasterServerEffect[] {
        const effects = super.step(event);
        for (const effect of effects) {
          if (effect.type === 'openStream') {
            const get_state = { get_executors: { executors: executors(1) } };
            const subscribed = { get_state };
            const { stream } = effect;
            const told = { type: MasterEvent_Type.SUBSCRIBED, subscribed };
            return [effect, { type: 'sendToOperator', stream, event: told }];
          }
        }
        return effects;
      }
    }
    const master = await startMaster({}, new Telling());
    const raw = await RawSocket.connect(master.port);
    const body = '{"type":"SUBSCRIBE"}';
    await raw.write(
      'POST /api/v1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
        `Accept: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    const text = await raw.until((got) => got.includes('KEY') && got.endsWith('}\r\n'));
    for (const secret of texts) {
      expect(text).not.toContain(secret);
    }
    raw.close();
  });
});
