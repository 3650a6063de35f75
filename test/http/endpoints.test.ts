// The unversioned endpoints of a master: methods, paths, JSONP, compression, redirects, forms.
import { afterEach, describe, expect, test } from 'vitest';
import { MasterCall_Type } from '../../src/model/generated/messages.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { isType, type MiniMaster, startMaster, stopMasters, views } from './mini-master.ts';

afterEach(stopMasters);

async function ask(master: MiniMaster, path: string, init: RequestInit = {}) {
  const answer = await fetch(`${master.url}${path}`, { redirect: 'manual', ...init });
  return {
    status: answer.status,
    type: answer.headers.get('content-type'),
    allow: answer.headers.get('allow'),
    location: answer.headers.get('location'),
    encoding: answer.headers.get('content-encoding'),
    body: await answer.text(),
  };
}

const READS = [
  '/state',
  '/state-summary',
  '/slaves',
  '/frameworks',
  '/tasks',
  '/roles',
  '/flags',
  '/scrape-targets',
];

const OTHER_READS = [
  '/registrar(1)/registry',
  '/metrics/snapshot',
  '/files/debug',
  '/system/stats.json',
  '/__processes__',
];

describe('reads', () => {
  test('take any method, with and without prefix, slash and further segments', async () => {
    const master = await startMaster();
    for (const path of READS) {
      for (const url of [path, `/master${path}`, `${path}/`, `${path}/x/y`]) {
        expect(await ask(master, url)).toMatchObject({ status: 200, type: 'application/json' });
      }
      for (const method of ['POST', 'PUT', 'DELETE', 'HEAD']) {
        expect(await ask(master, path, { method })).toMatchObject({
          status: 200,
          type: 'application/json',
        });
      }
    }
    for (const path of OTHER_READS) {
      expect(await ask(master, path)).toMatchObject({ status: 200, type: 'application/json' });
      expect((await ask(master, `/master${path}`)).status).toBe(404);
    }
  });

  test('wrap their answer where the query asks for it', async () => {
    const master = await startMaster();
    for (const path of [...READS, ...OTHER_READS, '/version', '/weights']) {
      const { type, body } = await ask(master, `${path}?jsonp=a.b`);
      expect(type).toBe('text/javascript');
      expect(body).toMatch(/^a\.b\([[{].*[\]}]\)$/s);
    }
    expect((await ask(master, '/version?jsonp=')).body).toMatch(/^\(\{.*\}\)$/);
    for (const code of ['alert(1)//', 'a;b', '<b>', 'a'.repeat(257)]) {
      const { status, body } = await ask(master, `/version?jsonp=${encodeURIComponent(code)}`);
      const said = "Expecting 'jsonp' in the query to be the name of a function.\n";
      expect([status, body]).toEqual([400, said]);
    }
  });

  test('hand the first of each query value to the view', async () => {
    const master = await startMaster();
    const { body } = await ask(master, '/slaves?slave_id=a%20b&slave_id=c');
    expect(JSON.parse(body).asked).toBe('a b');
  });

  test('compress long responses for clients that accept it', async () => {
    const master = await startMaster();
    const gzip = (path: string, accept: string) =>
      ask(master, path, { headers: { 'Accept-Encoding': accept } });
    expect((await gzip('/flags', 'gzip')).encoding).toBe('gzip');
    expect(JSON.parse((await gzip('/flags', 'gzip')).body).flags.port).toBe('5050');
    expect((await gzip('/flags', 'deflate')).encoding).toBeNull();
    expect((await gzip('/flags', 'gzip;q=0')).encoding).toBeNull();
    expect((await gzip('/version', 'gzip')).encoding).toBeNull();
  });

  test('share a long answer while it is written, and count that', async () => {
    let written = 0;
    function* slaves() {
      written++;
      for (let id = 0; id < 50_000; id++) {
        yield { id };
      }
    }
    const master = await startMaster({
      views: { ...views, state: () => ({ slaves: { [Symbol.iterator]: slaves } }) },
    });
    const bodies = await Promise.all(
      Array.from({ length: 8 }, async () => (await ask(master, '/state')).body),
    );
    expect(new Set(bodies).size).toBe(1);
    const metrics = JSON.parse((await ask(master, '/metrics/snapshot')).body);
    expect(metrics['master/http_cache_hits']).toBe(8 - written);
    expect(written).toBeLessThan(8);
  });

  test('answer small things as Mesos does', async () => {
    const master = await startMaster();
    expect(await ask(master, '/health')).toMatchObject({ status: 200, type: null, body: '' });
    expect((await ask(master, '/health/x')).status).toBe(200);
    expect((await ask(master, '/version/')).body).toBe((await ask(master, '/version')).body);
    expect((await ask(master, '/version/x')).status).toBe(404);
    expect((await ask(master, '/master/version')).status).toBe(404);
    expect((await ask(master, '/state/../x')).status).toBe(404);
    expect(await ask(master, '/')).toMatchObject({ status: 307, location: '/help' });
    expect((await ask(master, '/nothing')).status).toBe(404);
    const help = await ask(master, '/help');
    expect(help).toMatchObject({ status: 200, type: 'text/html' });
    expect(help.body).toContain('<code>/api/v1/scheduler</code></li><li>');
    expect(help.body).toContain('<code>/files/browse</code>');
    expect((await ask(master, '/profiler/start')).status).toBe(400);
    expect((await ask(master, '/metrics/snapshot?timeout=bogus')).body).toBe(
      "Invalid timeout 'bogus': Failed to convert '' to number.\n",
    );
    expect(await ask(master, '/redirect')).toMatchObject({
      status: 307,
      location: '//here:5050',
    });
    expect((await ask(master, '/redirect/')).status).toBe(404);
  });
});

describe('the log level', () => {
  test('is shown, raised for a while, and reverted', async () => {
    const log = { verbosity: 0 };
    const master = await startMaster({ log });
    const toggle = (query: string) => ask(master, `/logging/toggle${query}`, { method: 'POST' });
    expect(await toggle('')).toMatchObject({ status: 200, body: '0\n' });
    expect((await toggle('?level=1')).body).toBe("Expecting 'duration=value' in query.\n");
    expect((await toggle('?level=x&duration=1secs')).body).toBe(
      "Failed to convert 'x' to number.\n",
    );
    expect((await toggle('?level=1&duration=xx')).body).toBe("Failed to convert '' to number.\n");
    expect(await toggle('?level=2&duration=1hrs')).toMatchObject({ status: 200, body: '' });
    expect(log.verbosity).toBe(2);
    expect((await toggle('?level=1&duration=1ms')).status).toBe(200);
    while (log.verbosity > 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await toggle('')).toMatchObject({ body: '0\n' });
  });
});

describe('a master that cannot answer', () => {
  test('sends to the leader, whatever the endpoint', async () => {
    const master = await startMaster({
      views: { ...views, leader: { kind: 'other', address: 'lead:5050' } },
    });
    const rows: [string, string][] = [
      ['/state?a=b', '//lead:5050/master/state?a=b'],
      ['/master/slaves', '//lead:5050/master/slaves'],
      ['/redirect', '//lead:5050'],
    ];
    for (const [path, location] of rows) {
      expect(await ask(master, path)).toMatchObject({ status: 307, location });
    }
    for (const path of ['/api/v1', '/api/v1/scheduler', '/teardown', '/weights']) {
      expect(await ask(master, path, { method: 'POST' })).toMatchObject({
        status: 307,
        location: `//lead:5050/master${path}`,
      });
    }
    for (const path of ['/health', '/ready', '/version', '/metrics/snapshot', '/metrics']) {
      expect((await ask(master, path)).status).toBe(200);
    }
  });

  test('says so while no master leads, and while it reads its registry', async () => {
    const lost = await startMaster({ views: { ...views, leader: { kind: 'none' } } });
    expect(await ask(lost, '/state')).toMatchObject({ status: 503, body: 'No leader elected' });
    const recovering = await startMaster({ views: { ...views, recovered: false } });
    expect(await ask(recovering, '/api/v1', { method: 'GET' })).toMatchObject({
      status: 503,
      body: 'Master has not finished recovery',
    });
    expect((await ask(recovering, '/health')).status).toBe(200);
  });

  test.each([
    ['leading', 200, {}],
    ['following', 200, { leader: { kind: 'other', address: 'lead:5050' } }],
    ['no_leader', 503, { leader: { kind: 'none' } }],
    ['reading_registry', 503, { recovered: false }],
    ['awaiting_agents', 503, { awaitsAgents: true }],
  ] as const)('says at /ready that it is %s: %i', async (state, status, own) => {
    const master = await startMaster({ views: { ...views, ...own } });
    for (const path of ['/ready', '/master/ready']) {
      expect(await ask(master, path)).toMatchObject({
        status,
        type: 'application/json',
        body: JSON.stringify({ ready: status === 200, state }),
      });
    }
  });
});

describe('the firewall', () => {
  test('disables paths, with and without prefix, in the manner of Mesos', async () => {
    const disabledPaths = ['/metrics/snapshot', '/ready', '/slaves', '/master/state'];
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (text: string) => warnings.push(text) };
    const master = await startMaster({ disabledPaths, logger });
    expect(await ask(master, '/metrics/snapshot')).toMatchObject({
      status: 403,
      body: "Endpoint '/metrics/snapshot' is disabled",
    });
    expect((await ask(master, '/metrics')).status).toBe(200);
    expect((await ask(master, '/ready')).status).toBe(403);
    expect((await ask(master, '/slaves')).status).toBe(403);
    expect((await ask(master, '/master/slaves')).status).toBe(403);
    expect((await ask(master, '/state')).status).toBe(200);
    expect((await ask(master, '/master/state')).status).toBe(200);
    expect(warnings).toEqual([
      "--firewall_rules: '/master/state' closes nothing, it is '/state' that closes this endpoint",
    ]);
  });
});

const resource =
  '{"name":"cpus","type":"SCALAR","scalar":{"value":1},"role":"r","reservation":{"principal":"p"}}';
const form = (fields: Record<string, string>): RequestInit => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams(fields).toString(),
});
const sent = (method: string, body: string): RequestInit => ({ method, body });

describe('old ways to change something', () => {
  test.each([
    ['/reserve', form({ slaveId: 'S1', resources: `[${resource}]` }), 'RESERVE_RESOURCES'],
    ['/unreserve', form({ slaveId: 'S1', resources: `[${resource}]` }), 'UNRESERVE_RESOURCES'],
    ['/create-volumes', form({ slaveId: 'S1', volumes: `[${resource}]` }), 'CREATE_VOLUMES'],
    ['/destroy-volumes', form({ slaveId: 'S1', volumes: `[${resource}]` }), 'DESTROY_VOLUMES'],
    ['/teardown', form({ frameworkId: 'f' }), 'TEARDOWN'],
    ['/weights', sent('PUT', '[{"role":"a","weight":2}]'), 'UPDATE_WEIGHTS'],
    ['/quota', sent('POST', '{"role":"a","guarantee":[]}'), 'SET_QUOTA'],
    ['/quota/a%2Fb', sent('DELETE', ''), 'REMOVE_QUOTA'],
    ['/machine/down', sent('POST', '[{"hostname":"a"}]'), 'START_MAINTENANCE'],
    ['/machine/up', sent('POST', '[{"hostname":"a"}]'), 'STOP_MAINTENANCE'],
    ['/maintenance/schedule', sent('POST', '{"windows":[]}'), 'UPDATE_MAINTENANCE_SCHEDULE'],
  ] as const)('%s makes the call of today', async (path, init, name) => {
    const master = await startMaster();
    expect(await ask(master, path, init)).toMatchObject({ status: 200, body: '' });
    const [event] = master.machine.events.filter(isType('operatorCall'));
    const { type, ...parts } = event?.call ?? {};
    expect(type).toBe(MasterCall_Type[name]);
    expect(Object.keys(parts)).toEqual([name.toLowerCase()]);
  });

  test.each([
    ['/reserve', form({}), "Missing 'slaveId' query parameter in the request body"],
    ['/reserve', form({ slaveId: 'a' }), "Missing 'resources' query parameter in the request body"],
    [
      '/reserve',
      form({ slaveId: 'a', resources: 'xx' }),
      "Error parsing 'resources' query parameter in the request body: " +
        'syntax error at line 1 near: xx',
    ],
    [
      '/create-volumes',
      form({ slaveId: 'a', volumes: '{}' }),
      "Error in parsing 'volumes' query parameter in the request body: Unexpected JSON type parsed",
    ],
    [
      '/reserve',
      form({ slaveId: 'a', resources: '[{}]' }),
      "Error parsing 'resources' query parameter in the request body: " +
        'Missing required fields: name, type',
    ],
    [
      '/teardown',
      form({ other: 'x' }),
      "Missing 'frameworkId' query parameter in the request body",
    ],
    ['/machine/down', sent('POST', ''), 'syntax error at line 1 near: '],
    ['/machine/down', sent('POST', '{}'), 'Unexpected JSON type parsed'],
    ['/maintenance/schedule', sent('POST', '[]'), 'Unexpected JSON type parsed'],
    [
      '/maintenance/schedule',
      sent('POST', '{"windows":[{}]}'),
      'Missing required fields: windows[0].unavailability',
    ],
    [
      '/quota',
      sent('POST', 'x'),
      "Failed to parse set quota request JSON 'x': syntax error at line 1 near: x",
    ],
  ] as const)('%s is refused: %#', async (path, init, body) => {
    const master = await startMaster();
    expect(await ask(master, path, init)).toMatchObject({ status: 400, body });
    expect(master.machine.events).toEqual([]);
  });

  test.each([
    ['/weights', 'POST', 'GET, PUT'],
    ['/quota', 'PUT', 'GET, POST, DELETE'],
    ['/maintenance/schedule', 'PUT', 'GET, POST'],
    ['/maintenance/status', 'POST', 'GET'],
    ['/machine/down', 'GET', 'POST'],
    ['/reserve', 'GET', 'POST'],
    ['/teardown', 'DELETE', 'POST'],
  ])('%s does not take %s', async (path, method, allow) => {
    const master = await startMaster();
    expect(await ask(master, path, { method })).toMatchObject({ status: 405, allow });
  });
});
