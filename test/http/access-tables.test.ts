// The servers against the tables of src/security/access-tables.ts: every endpoint that there is has
// an entry, asks for what that says, and, where it is the old form of a call, becomes that call.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withAccessReference } from '../../scripts/access-reference.ts';
import { createViews } from '../../src/agent/views/views.ts';
import { AgentServer } from '../../src/http/agent/server.ts';
import { plainCarriers } from '../../src/http/transport/carriers.ts';
import { Page } from '../../src/http/webui/page.ts';
import { MasterCall_Type, type SchedulerCall_Type } from '../../src/model/generated/messages.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { PendingRequests, StreamRegistry } from '../../src/runtime/pending-requests.ts';
import {
  type Access,
  AGENT_CALLS,
  AGENT_ENDPOINTS,
  AGENT_MESSAGES,
  MASTER_CALLS,
  MASTER_ENDPOINTS,
  SCHEDULER_CALLS,
} from '../../src/security/access-tables.ts';
import { aclFields } from '../../src/security/acl-kinds.ts';
import type { Action, Authorizer } from '../../src/security/authorizer.ts';
import { World as AgentWorld, commandTask, runToEnd } from '../agent/harness.ts';
import { cluster } from '../master/harness.ts';
import { messageJson } from '../support/rich-task.ts';
import { MiniMachine, startMaster, stopMasters } from './mini-master.ts';
import { pageFolder } from './webui/page-folder.ts';

let asked = new Set<Action>();
const recorder: Authorizer = { authorize: (_, action) => asked.add(action).size > 0 };
let folder: string;
let agents: AgentServer[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesoscale-tables-'));
  writeFileSync(join(folder, 'log'), 'a line\n');
});

afterEach(async () => {
  await stopMasters();
  await Promise.all(agents.map((it) => it.port.close()));
  agents = [];
  rmSync(folder, { recursive: true });
});

const logFiles = (process: string) => new Map([[`/${process}/log`, join(folder, 'log')]]);

/** A master whose views are those of one that has everything. */
async function master() {
  const { world, framework } = cluster({ authorizer: recorder }, { principal: 'p' });
  const executor = {
    executor_id: { value: 'e' },
    framework_id: { value: framework.id },
    command: { value: 'x' },
  };
  framework.launch(framework.offer(), { task_id: { value: 't' }, executor });
  const quota = { role: 'dev', limits: { cpus: { value: 9 } } };
  world.operate({ type: MasterCall_Type.UPDATE_QUOTA, update_quota: { quota_configs: [quota] } });
  const weight_infos = [{ role: 'dev', weight: 2 }];
  world.operate({ type: MasterCall_Type.UPDATE_WEIGHTS, update_weights: { weight_infos } });
  const unavailability = { start: { nanoseconds: 10n ** 18n } };
  const windows = [{ machine_ids: [{ hostname: 'elsewhere' }], unavailability }];
  world.operate({
    type: MasterCall_Type.UPDATE_MAINTENANCE_SCHEDULE,
    update_maintenance_schedule: { schedule: { windows } },
  });
  const machine = new MiniMachine();
  // Of an agent that does not answer.
  const agentPlace = () => ({ address: '127.0.0.1:1', key: undefined });
  const views = { ...world.views, agentPlace };
  const page = await Page.read(pageFolder());
  const options = { authorizer: recorder, views, logFiles: logFiles('master'), page };
  const { url } = await startMaster(options, machine);
  return { url, machine };
}

async function agent(): Promise<{ readonly url: string }> {
  const world = new AgentWorld({ authorizer: recorder });
  world.register();
  world.runTask(commandTask('t'));
  runToEnd(world, 'ended');
  const server = await AgentServer.start({
    host: '127.0.0.1',
    port: 0,
    carriers: plainCarriers,
    dispatch: () => {},
    requests: new PendingRequests(),
    streams: new StreamRegistry(() => {}),
    pressure: { saturated: false, whenDrained: (resume) => resume() },
    views: createViews(world.agent, messageJson),
    authorizer: recorder,
    authentication: {},
    flags: {},
    version: { version: '1.12.0' },
    clock: systemClock,
    logger: silentLogger,
    log: { verbosity: 0 },
    logFiles: logFiles('slave'),
  });
  agents.push(server);
  return { url: `http://${server.port.address}` };
}

/** Takes `POST /reserve` apart; what names no method is read. */
function requestOf(entry: string) {
  const [first = '', second] = entry.split(' ');
  return second === undefined
    ? { method: 'GET', path: first, isWrite: false }
    : { method: first, path: second, isWrite: first !== 'GET' };
}

async function pathsOf(url: string): Promise<string[]> {
  const page = await (await fetch(`${url}/help`)).text();
  return [...page.matchAll(/<code>(.*?)<\/code>/g)].map(([, path]) => path ?? '').toSorted();
}

const entriesOf = (table: Readonly<Record<string, Access>>) =>
  [...new Set(Object.keys(table).map((it) => requestOf(it).path))].toSorted();

/** What makes a read whole. */
const QUERIES: Readonly<Record<string, string>> = {
  '/agent': '/S1/version',
  '/assets': '/main-1a.js',
  '/logging/toggle': '?level=1&duration=1secs',
  '/files/browse': '?path=/PROCESS/log',
  '/files/read': '?path=/PROCESS/log',
  '/files/download': '?path=/PROCESS/log',
  '/files/archive': '?path=/PROCESS/log',
};

/** Calls have tables of their own. */
const readsOf = (table: Readonly<Record<string, Access>>) =>
  Object.entries(table).filter(
    ([entry]) => !requestOf(entry).isWrite && !entry.startsWith('/api/v1'),
  );

/** Files are asked for by their path: one of a log is not one of a sandbox. */
const OTHER_FILES: readonly Action[] = ['ACCESS_SANDBOX'];
/** No framework has answered an inverse offer. */
const WITHOUT_OBJECT: Readonly<Record<string, readonly Action[]>> = {
  'GET /maintenance/status': ['VIEW_FRAMEWORK'],
  '/files/debug': OTHER_FILES,
  '/files/browse': OTHER_FILES,
  '/files/read': OTHER_FILES,
  '/files/download': OTHER_FILES,
  '/files/archive': OTHER_FILES,
};

async function expectAsked(url: string, [entry, access]: readonly [string, Access], id: string) {
  const { method, path } = requestOf(entry);
  asked = new Set();
  const query = (QUERIES[path] ?? '').replace('PROCESS', id);
  const answer = await fetch(url + path + query, { method, redirect: 'manual' });
  await answer.text();
  expect([entry, answer.status]).not.toEqual([entry, 404]);
  const actions = access.kind === 'open' ? [] : access.actions;
  const needed = actions.filter((it) => !WITHOUT_OBJECT[entry]?.includes(it));
  // Whether logs are shown is found out before it is known whether a log is asked for.
  expect([entry, actions]).toEqual([entry, expect.arrayContaining([...asked])]);
  expect([entry, [...asked]]).toEqual([entry, expect.arrayContaining(needed)]);
}

describe('of a master', () => {
  test('every endpoint has an entry, and asks for what it says', async () => {
    const { url } = await master();
    expect(await pathsOf(url)).toEqual(entriesOf(MASTER_ENDPOINTS));
    for (const entry of readsOf(MASTER_ENDPOINTS)) {
      await expectAsked(url, entry, 'master');
    }
  });

  const agentId = 'slaveId=S1';
  const form = (field: string) => `${agentId}&${field}=${encodeURIComponent('[]')}`;
  const bodies: Readonly<Record<string, string>> = {
    'PUT /weights': '[{"role":"dev","weight":2}]',
    'POST /quota': '{"role":"dev","guarantee":[]}',
    'DELETE /quota': '',
    'POST /maintenance/schedule': '{"windows":[]}',
    'POST /machine/down': '[]',
    'POST /machine/up': '[]',
    'POST /reserve': form('resources'),
    'POST /unreserve': form('resources'),
    'POST /create-volumes': form('volumes'),
    'POST /destroy-volumes': form('volumes'),
    'POST /teardown': 'frameworkId=f',
  };

  test('every endpoint that changes something is the call that its entry is of', async () => {
    const { url, machine } = await master();
    const writes = Object.entries(MASTER_ENDPOINTS).filter(([entry]) => requestOf(entry).isWrite);
    for (const [entry, access] of writes) {
      machine.events.length = 0;
      const { method, path } = requestOf(entry);
      const at = entry === 'DELETE /quota' ? `${path}/dev` : path;
      const answer = await fetch(url + at, { method, body: bodies[entry] ?? null });
      expect([entry, answer.status]).toEqual([entry, 200]);
      const [event] = machine.events;
      const type = event?.type === 'operatorCall' ? event.call.type : undefined;
      const [name] = Object.entries(MASTER_CALLS).filter(
        ([call]) => MasterCall_Type[call as keyof typeof MasterCall_Type] === type,
      );
      expect([entry, name?.[1]]).toEqual([entry, access]);
    }
  });
});

test('of an agent, every endpoint has an entry, and asks for what it says', async () => {
  const { url } = await agent();
  expect(await pathsOf(url)).toEqual(entriesOf(AGENT_ENDPOINTS));
  for (const entry of readsOf(AGENT_ENDPOINTS)) {
    await expectAsked(url, entry, 'slave');
  }
});

test('every call of schedulers asks for what the table says', () => {
  const { world, agent: machine, framework } = cluster({ authorizer: recorder });
  const agent_id = { value: machine.id };
  const bodies: Partial<Record<keyof typeof SchedulerCall_Type, object>> = {
    UPDATE_FRAMEWORK: {
      update_framework: { framework_info: { ...framework.info, id: { value: framework.id } } },
    },
    DECLINE: { decline: { offer_ids: [] } },
    KILL: { kill: { task_id: { value: 't' } } },
    SHUTDOWN: { shutdown: { executor_id: { value: 'e' }, agent_id } },
    RECONCILE: { reconcile: { tasks: [] } },
    RECONCILE_OPERATIONS: { reconcile_operations: { operations: [] } },
    MESSAGE: { message: { agent_id, executor_id: { value: 'e' }, data: new Uint8Array(1) } },
    REQUEST: { request: { requests: [] } },
  };
  for (const [name, access] of Object.entries(SCHEDULER_CALLS)) {
    asked = new Set();
    if (name === 'ACCEPT') {
      world.allocate();
      asked = new Set();
      framework.launch(framework.offer(), 't');
    } else if (name === 'SUBSCRIBE') {
      framework.subscribe();
    } else if (name !== 'TEARDOWN') {
      const type = name as keyof typeof SchedulerCall_Type;
      framework.call(type, bodies[type] ?? {});
    }
    const actions = access.kind === 'open' ? [] : access.actions;
    expect([name, actions]).toEqual([name, expect.arrayContaining([...asked])]);
    expect([name, asked.size > 0]).toEqual([name, access.kind !== 'open']);
  }
  asked = new Set();
  expect(framework.call('TEARDOWN').status).toBe(202);
  expect([...asked]).toEqual([]);
  expect(world.master.frameworks.registered.size).toBe(0);
});

test('every action is that of some call, message or endpoint', () => {
  const tables = [MASTER_CALLS, AGENT_CALLS, SCHEDULER_CALLS, AGENT_MESSAGES, MASTER_ENDPOINTS];
  const used = tables
    .flatMap((table): Access[] => Object.values(table))
    .flatMap((access) => (access.kind === 'open' ? [] : access.actions));
  expect([...new Set(used)].toSorted()).toEqual(Object.keys(aclFields).toSorted());
});

test('docs/secure.md is current', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/secure.md'), 'utf8');
  expect(
    withAccessReference(page),
    'The tables of docs/secure.md are made by `npm run docs:pages`',
  ).toBe(page);
});
