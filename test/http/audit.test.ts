// What reaches the audit log by way of HTTP: denied reads, changes of the log's level, and
// decisions of the state machine with the address of the request.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openAuditLog } from '../../src/cli/process/audit-log.ts';
import type { MasterServerEffect } from '../../src/http/master/server.ts';
import { Senders } from '../../src/http/senders/senders.ts';
import { Auditor } from '../../src/http/server/auditor.ts';
import { BasicAuthenticator } from '../../src/http/server/authentication.ts';
import { Credentials } from '../../src/http/server/credentials.ts';
import { plainCarriers } from '../../src/http/transport/carriers.ts';
import { plainDialer } from '../../src/http/transport/dialer.ts';
import type { MasterEvent } from '../../src/master/events.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { Shutdown } from '../../src/runtime/shutdown.ts';
import { aclAuthorizer, parseAcls } from '../../src/security/acls.ts';
import { permissive } from '../../src/security/authorizer.ts';
import { cluster } from '../master/harness.ts';
import { MiniMachine, startMaster, stopMasters } from './mini-master.ts';

const any = { type: 'ANY' };
const none = { type: 'NONE' };

let folder: string;
let lines: Record<string, unknown>[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesoscale-audit-'));
  writeFileSync(join(folder, 'log'), 'a line\n');
  lines = [];
});

afterEach(async () => {
  await stopMasters();
  rmSync(folder, { recursive: true });
});

/** Tells the audit log of every operator call. */
class AuditedMachine extends MiniMachine {
  override step(event: MasterEvent): MasterServerEffect[] {
    const effects = super.step(event);
    if (event.type !== 'operatorCall') {
      return effects;
    }
    const entry = {
      call: 'TEARDOWN',
      action: 'TEARDOWN_FRAMEWORK',
      allowed: false,
      rule: 'x',
    } as const;
    return [{ type: 'audit', entry, origin: event.origin }, ...effects];
  }
}

async function audited(acls: object) {
  const authorizer = aclAuthorizer(parseAcls(acls));
  const { world, framework } = cluster();
  framework.launch(framework.offer(), 't1', 't2');
  const auditor = new Auditor({
    authorizer,
    nowMs: () => 0,
    write: (line) => lines.push(JSON.parse(line)),
  });
  const realm = 'mesos-master-readonly';
  const { url } = await startMaster(
    {
      authorizer,
      auditor,
      views: world.views,
      logFiles: new Map([['/master/log', join(folder, 'log')]]),
      authentication: {
        [realm]: new BasicAuthenticator(
          realm,
          new Credentials([{ principal: 'eve', secret: 's' }]),
        ),
      },
    },
    new AuditedMachine(),
  );
  const headers = { Authorization: `Basic ${Buffer.from('eve:s').toString('base64')}` };
  return {
    url,
    told: () => {
      auditor.close();
      return lines.splice(0);
    },
    get: async (path: string) => (await fetch(url + path, { headers })).status,
    call: async (body: object) => {
      const type = 'application/json';
      const init = { method: 'POST', headers: { 'Content-Type': type, Accept: type } };
      return (await fetch(`${url}/api/v1`, { ...init, body: JSON.stringify(body) })).status;
    },
  };
}

const common = {
  time: '1970-01-01T00:00:00.000Z',
  principal: 'eve',
  address: '127.0.0.1',
  allowed: false,
};

describe('a read', () => {
  test('that hides objects is one line for each action', async () => {
    const { get, told } = await audited({ view_tasks: [{ principals: any, users: none }] });
    expect(await get('/state')).toBe(200);
    expect(told()).toEqual([
      expect.objectContaining({
        ...common,
        call: '/state',
        action: 'VIEW_TASK',
        rule: 'view_tasks[0]',
        count: 2,
      }),
    ]);
    expect(await get('/roles')).toBe(200);
    expect(told()).toEqual([]);
  });

  test('that is refused is one line', async () => {
    const { get, call, told } = await audited({
      view_flags: [{ principals: any, flags: none }],
      access_mesos_logs: [{ principals: any, logs: none }],
      get_endpoints: [{ principals: any, paths: none }],
    });
    for (const [path, action] of [
      ['/flags', 'VIEW_FLAGS'],
      ['/files/read?path=/master/log', 'ACCESS_MESOS_LOG'],
      ['/metrics/snapshot', 'GET_ENDPOINT_WITH_PATH'],
    ] as const) {
      expect(await get(path)).toBe(403);
      const [endpoint] = path.split('?');
      expect(told()).toMatchObject([{ ...common, call: endpoint, action }]);
    }
    expect(await get('/files/read?path=/elsewhere')).toBe(404);
    expect(told()).toEqual([]);
    expect(await call({ type: 'GET_FLAGS' })).toBe(403);
    expect(told()).toMatchObject([{ call: 'GET_FLAGS', action: 'VIEW_FLAGS' }]);
  });

  test('that is repeated is counted, and not told again and again', async () => {
    const { get, told } = await audited({ view_flags: [{ principals: any, flags: none }] });
    await Promise.all(Array.from({ length: 10 }, () => get('/flags')));
    const found = told();
    const counts = found.map(({ count }) => (typeof count === 'number' ? count : 1));
    expect(counts.reduce((sum, it) => sum + it, 0)).toBe(10);
    expect(found.length).toBeLessThan(10);
  });
});

test('a change is told of, allowed or not, with the address that it comes from', async () => {
  const { get, call, told } = await audited({});
  expect(await get('/logging/toggle?level=1&duration=1secs')).toBe(200);
  expect(told()).toMatchObject([
    {
      ...{ call: '/logging/toggle', action: 'SET_LOG_LEVEL', allowed: true, address: '127.0.0.1' },
      object: { value: 'level 1 for 1secs' },
    },
  ]);
  const set_logging_level = { level: 3, duration: { nanoseconds: 60e9 } };
  expect(await call({ type: 'SET_LOGGING_LEVEL', set_logging_level })).toBe(200);
  expect(told()).toMatchObject([
    { call: 'SET_LOGGING_LEVEL', allowed: true, object: { value: 'level 3 for 1mins' } },
  ]);
  expect(await call({ type: 'TEARDOWN', teardown: { framework_id: { value: 'f' } } })).toBe(200);
  expect(told()).toMatchObject([{ call: 'TEARDOWN', allowed: false, address: '127.0.0.1' }]);
});

test('calls of schedulers have the address that they come from, with and without node:http', async () => {
  const { url, machine } = await startMaster();
  for (const stream of ['s', undefined]) {
    const headers = {
      'Content-Type': 'application/json',
      ...(stream !== undefined && { 'Mesos-Stream-Id': stream }),
    };
    const body = JSON.stringify({ type: 'SUPPRESS', framework_id: { value: 'f' } });
    await fetch(`${url}/api/v1/scheduler`, { method: 'POST', headers, body });
  }
  expect(machine.events).toMatchObject([
    { type: 'schedulerCall', origin: '127.0.0.1' },
    { type: 'schedulerCall', origin: '127.0.0.1' },
  ]);
});

describe('who is not believed', () => {
  const basic = (text: string) => ({ Authorization: `Basic ${btoa(text)}` });

  test('a request whose authentication fails is told of with whose it claims to be', async () => {
    const { url, told } = await audited({});
    const tries = [basic('eve:wrong'), basic('mallory:s'), basic('just-a-secret'), {}];
    for (const headers of tries) {
      expect((await fetch(`${url}/state`, { headers })).status).toBe(401);
    }
    const line = { ...common, principal: undefined, call: '/state' };
    const found = told();
    expect(found).toEqual(
      [
        { ...line, claimed: 'eve', rule: 'authentication: another secret' },
        { ...line, claimed: 'mallory', rule: 'authentication: no such principal' },
        { ...line, rule: 'authentication: no principal' },
        { ...line, rule: 'authentication: no credentials' },
      ].map(({ principal: _, ...rest }) => rest),
    );
    expect(JSON.stringify(found)).not.toMatch(/wrong|just-a-secret/);
  });

  test('messages in the name of another process are told of, also those that come later', async () => {
    const auditor = new Auditor({
      authorizer: permissive,
      nowMs: () => 0,
      write: (line) => lines.push(JSON.parse(line)),
    });
    const senders = new Senders({
      isChecked: true,
      ownAddress: () => '127.0.0.1:1',
      dialer: plainDialer,
      logger: silentLogger,
      auditor,
    });
    const sender = senders.of('192.0.2.7');
    const claim = { from: 'slave(1)@10.0.0.1:5051', key: undefined };
    const message = { name: 'PongAgentMessage', body: new Uint8Array() };
    sender.admit(claim, message, () => expect.unreachable());
    await new Promise<void>((resolve) => sender.whenKnown(resolve));
    sender.admit(claim, message, () => expect.unreachable());
    auditor.close();
    expect(lines).toMatchObject([
      {
        claimed: 'slave(1)@10.0.0.1:5051',
        address: '192.0.2.7',
        call: 'PongAgentMessage',
        allowed: false,
        rule: expect.stringMatching(/^sender: they come from another address/),
        count: 2,
      },
    ]);
  });
});

describe('--audit_log', () => {
  const options = () => ({
    authorizer: permissive,
    carriers: plainCarriers,
    at: '/master/audit',
    logger: silentLogger,
    shutdown: new Shutdown(silentLogger),
  });

  test('is a file that /files shows under its name', async () => {
    const path = join(folder, 'audit');
    const audit = await openAuditLog(path, options());
    const { url } = await startMaster({ auditor: audit?.auditor, logFiles: audit?.files });
    expect((await fetch(`${url}/logging/toggle?level=0&duration=1secs`)).status).toBe(200);
    let data = '';
    while (data === '') {
      const answer = await fetch(`${url}/files/read?path=/master/audit&offset=0`);
      ({ data } = (await answer.json()) as { data: string });
    }
    expect(JSON.parse(data)).toMatchObject({ action: 'SET_LOG_LEVEL', rule: 'no --acls' });
    expect(readFileSync(path, 'utf8')).toBe(data);
    expect(audit?.metrics()).toEqual({ 'audit_log/written': 1, 'audit_log/dropped': 0 });
  });

  test('that cannot be written is an error at the start', async () => {
    await expect(openAuditLog(join(folder, 'no/such/folder'), options())).rejects.toThrow(
      /^--audit_log: .*no\/such\/folder cannot be opened: ENOENT/,
    );
    expect(await openAuditLog(undefined, options())).toBeUndefined();
  });
});

test('a name moves no terminal’s cursor, and a line is one line to every reader', () => {
  const written: string[] = [];
  const auditor = new Auditor({
    authorizer: permissive,
    nowMs: () => 0,
    write: (line) => written.push(line),
  });
  const name = 'a\n\u001b[2K\u009b2K\u2028{"principal":"ops"}\u202e';
  auditor.decide({ principal: { value: name }, call: 'TEARDOWN' }, 'TEARDOWN_FRAMEWORK');
  expect(written).toHaveLength(1);
  expect(written[0]).toMatch(/^[ -~]*$/);
  expect(JSON.parse(written[0] ?? '')).toMatchObject({ principal: name });
});
