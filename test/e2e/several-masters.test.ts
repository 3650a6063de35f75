// Three masters behind a real ZooKeeper: which one leads, who follows it, and what becomes of it.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { SchedulerClient } from '../../src/http/client/scheduler-client.ts';
import { SchedulerCall_Type } from '../../src/model/generated/messages.ts';
import { createFolder } from '../../src/zookeeper/folders.ts';
import { ZooKeeperSession } from '../../src/zookeeper/session.ts';
import { openPage, startBrowser } from '../support/browser.ts';
import { closedCluster } from '../support/closed-cluster.ts';
import { freePort, until } from '../support/cluster.ts';
import { finishes, longTask } from '../support/long-task.ts';
import { ask } from '../support/requests.ts';
import { type MasterOfSeveral, SeveralMasters } from '../support/several-masters.ts';
import { Ensemble } from '../support/zookeeper.ts';

let ensemble: Ensemble;
let cluster: SeveralMasters;

beforeAll(async () => {
  ensemble = await Ensemble.start();
  // Long enough for a machine that has much else to do.
  cluster = new SeveralMasters(ensemble, { sessionTimeout: '4secs' });
  await Promise.all(['one', 'two', 'three'].map((name) => start(name)));
  await cluster.startAgent();
  await cluster.agentsAt((await cluster.leader()).address);
});
afterAll(async () => {
  await cluster.stop();
  await ensemble.stop();
});

/** Rounds of offers are so short that one is due before the session looks at its clock. */
const start = (name: string) => cluster.startMaster(name, ['--allocation_interval=20ms']);

/** The python client finds the leader by the znodes alone. */
const KAZOO = `
import json, sys
from kazoo.client import KazooClient
client = KazooClient(hosts=sys.argv[1], timeout=4)
client.start()
names = client.get_children('/mesos')
first = min((it for it in names if it.startswith('json.info_')), key=lambda it: int(it[-10:]))
data, stat = client.get('/mesos/' + first)
info = json.loads(data)
assert stat.ephemeralOwner != 0
print(json.dumps({'names': sorted(names), 'data': data.decode(), 'info': info}))
client.stop()
`;

interface Found {
  readonly names: readonly string[];
  readonly data: string;
  readonly info: { readonly address: { readonly ip: string; readonly port: number } };
}

function kazoo(): Found {
  const parameters = ['-c', KAZOO, ensemble.addresses.join(',')];
  return JSON.parse(execFileSync('/usr/bin/python3', parameters, { encoding: 'utf8' }));
}

function expectFound(address: string): void {
  const { info } = kazoo();
  expect(`${info.address.ip}:${info.address.port}`).toBe(address);
}

/** Its `execute` finds the leader by a file that names the ensemble. */
async function aTask() {
  const file = join(cluster.folder, 'zk');
  writeFileSync(file, `${cluster.zk}\n`);
  return await longTask(cluster, `file://${file}`);
}

/**
 * A framework at one master, and not at the next, that is offered in each of its rounds what it
 * declines. Resolves when that has begun.
 */
async function declining(master: string) {
  let events = 0;
  let offers = 0;
  let isOver = false;
  const client: SchedulerClient = new SchedulerClient({
    master,
    codec: 'json',
    framework: { user: 'nobody', name: 'declining', roles: ['eng'], capabilities: [{ type: 6 }] },
    onEvent: (event) => {
      events++;
      const ids = event.offers?.offers?.map(({ id }) => id) ?? [];
      if (ids.length > 0) {
        offers++;
        const decline = { offer_ids: ids, filters: { refuse_seconds: 0.1 } };
        void client.call({ type: SchedulerCall_Type.DECLINE, decline }).catch(() => {});
      }
    },
    onDisconnected: () => {
      isOver = true;
      client.close();
    },
  });
  await until('it is offered again what it declined', () => offers > 1);
  return { events: () => events, isOver: () => isOver };
}

test('one leads, and the others say which', async () => {
  const leader = await cluster.leader();
  expect(kazoo().names).toHaveLength(3);
  expect(kazoo().names.every((name) => /^json\.info_\d{10}$/.test(name))).toBe(true);
  expectFound(leader.address);
  for (const { address } of cluster.masters.filter((it) => it !== leader)) {
    const places = async (path: string, method = 'GET') => {
      const response = await ask(address, path, { method });
      return [response.status, response.headers.get('location')];
    };
    await until(
      'it knows the leader',
      async () => (await ask(address, '/redirect')).status === 307,
    );
    expect(await places('/redirect')).toEqual([307, `//${leader.address}`]);
    expect(await places('/state')).toEqual([307, `//${leader.address}/master/state`]);
    expect(await places('/api/v1', 'POST')).toEqual([307, `//${leader.address}/master/api/v1`]);
    expect(await places('/api/v1/scheduler', 'POST')).toEqual([
      307,
      `//${leader.address}/master/api/v1/scheduler`,
    ]);
    expect((await ask(address, '/health')).status).toBe(200);
    expect((await ask(address, '/metrics/snapshot')).status).toBe(200);
  }
});

const agentIds = async (address: string) => {
  const response = await ask(address, '/slaves');
  const { slaves } = (await response.json()) as { slaves: { id: string }[] };
  return slaves.map(({ id }) => id);
};

const weightsOf = async (address: string) =>
  (await (await ask(address, '/weights')).json()) as unknown;

test('`secure check` looks at the one that leads', async () => {
  const { address } = await cluster.leader();
  const [principal, secret] = closedCluster()?.access('/flags').login?.split(':') ?? [];
  const login = principal === undefined ? [] : [`--principal=${principal}`, `--secret=${secret}`];
  const flags = [`--master=${cluster.zk}`, ...login];
  const checked = cluster.run(['secure', 'check', ...flags], 'check.log');
  expect(await checked.ended(), checked.log).toBe(1);
  expect(checked.log).toContain(`${address}: nothing keeps who has changed what`);
});

/** The page, opened at a master that does not lead; none where it needs a certificate. */
async function browsing(leader: MasterOfSeveral, agent: string) {
  if (closedCluster() !== undefined) {
    return undefined;
  }
  const browser = await startBrowser();
  onTestFinished(() => browser.close());
  const complaints: string[] = [];
  const follower = cluster.masters.find((it) => it !== leader)?.address;
  const place = `/#/agents/${agent}`;
  const page = await openPage(browser, `http://${follower}${place}`, { complaints });
  const isAt = async ({ address }: MasterOfSeveral) => {
    await page.waitForURL(`http://${address}${place}`);
    await page.getByRole('heading', { level: 1 }).getByText('127.0.0.1').waitFor();
    expect(await page.evaluate(`fetch('/agent/${agent}/version').then(({ ok }) => ok)`)).toBe(true);
    expect(complaints).toEqual([]);
  };
  return { isAt, isLost: () => page.getByText('Connection lost.').waitFor() };
}

test('when the leader is killed, another one leads, and agent, task and page follow', async () => {
  const task = await aTask();
  const old = await cluster.leader();
  const ids = await agentIds(old.address);
  const page = await browsing(old, ids[0] ?? '');
  await page?.isAt(old);
  const weights = [{ role: 'batch', weight: 2.5 }];
  const body = JSON.stringify(weights);
  expect((await ask(old.address, '/weights', { method: 'PUT', body })).status).toBe(200);
  await old.program.kill('SIGKILL');
  const next = await cluster.leader(old);
  expectFound(next.address);
  await cluster.agentsAt(next.address);
  // What the registry held is there: the agent is known, and what an operator had set.
  expect(await agentIds(next.address)).toEqual(ids);
  expect(await weightsOf(next.address)).toEqual(weights);
  await page?.isLost();
  await start(old.name);
  await page?.isAt(next);
  await finishes(task);
});

test('a leader that is to end gives its place up at once', async () => {
  const task = await aTask();
  const old = await cluster.leader();
  await old.program.kill('SIGTERM');
  expect((await ensemble.ask(1, 'dump')).match(/json\.info_/g)).toHaveLength(2);
  const next = await cluster.leader(old);
  // A busy machine may have let the registry wait meanwhile.
  expect(old.program.log).not.toMatch(/^E(?!.*ZooKeeper does not answer the registry)/m);
  expectFound(next.address);
  await cluster.agentsAt(next.address);
  await start(old.name);
  await finishes(task);
});

test('a leader that was stopped for longer than its session lets nothing out afterwards', async () => {
  const task = await aTask();
  const old = await cluster.leader();
  const { events, isOver } = await declining(await cluster.plainAddress(old));
  process.kill(old.program.pid, 'SIGSTOP');
  const next = await cluster.leader(old);
  await cluster.agentsAt(next.address);
  expectFound(next.address);
  // What had left before has come by now.
  const before = events();
  process.kill(old.program.pid, 'SIGCONT');
  expect(await old.program.ended()).toBe(1);
  expect(old.program.log).toMatch(/Lost leadership: /);
  await until('its connection has ended', isOver);
  expect(events()).toBe(before);
  await finishes(task);
  await start(old.name);
});

test('masters, agent and task outlive the whole ensemble', async () => {
  const task = await aTask();
  const old = await cluster.leader();
  const others = cluster.masters.filter((it) => it !== old);
  const before = await agentIds(old.address);
  await ensemble.kill(1);
  const body = JSON.stringify([{ role: 'late', weight: 7 }]);
  let isAnswered = false;
  const change = ask(old.address, '/weights', { method: 'PUT', body })
    .then(async (response) => [response.status, await response.text()])
    .finally(() => {
      isAnswered = true;
    });
  // It leads for no longer than its session lasts, and those that do not lead know of no leader.
  expect(await old.program.ended()).toBe(1);
  // Who asked for a change meanwhile is not left waiting.
  await until('the operator has an answer', () => isAnswered);
  expect(await change).toEqual([
    503,
    expect.stringMatching(/^The master ends, and this may not have been done: /),
  ]);
  await until('no leader is known', async () =>
    (await Promise.all(others.map(redirectOf))).every(({ status }) => status === 503),
  );
  ensemble.startServer(1);
  const next = await cluster.leader(old);
  await cluster.agentsAt(next.address);
  expect(await agentIds(next.address)).toEqual(before);
  expect(JSON.stringify(await weightsOf(next.address))).not.toContain('late');
  await start(old.name);
  await finishes(task);
});

const redirectOf = ({ address }: { readonly address: string }) => ask(address, '/redirect');

test('a master waits for its ensemble, and knows no leader meanwhile', async () => {
  const zk = `zk://127.0.0.1:${await freePort()}/mesos`;
  const alone = await cluster.startMaster('alone', ['--registry=in_memory'], zk);
  const response = await redirectOf(alone);
  expect([response.status, await response.text()]).toEqual([503, 'No leader elected']);
  expect(alone.program.log).toMatch(/published in ZooKeeper as 127.0.0.1, which is found from/);
  await until('it says what it waits for', () => /has not answered for/.test(alone.program.log));
  expect(await alone.program.kill('SIGTERM')).toBe(0);
});

test('a master without rights in the folder of candidates ends with one line', async () => {
  const session = new ZooKeeperSession({
    servers: ensemble.addresses,
    credentials: 'owner:secret',
    timeoutMs: 4_000,
  });
  await until('the session is held', () => session.isHeld());
  await createFolder(session, '/owned');
  await session.close();
  const zk = `zk://stranger:not-to-be-shown@${ensemble.addresses.join(',')}/owned`;
  const port = await freePort();
  const program = cluster.run(
    ['master', '--ip=127.0.0.1', `--port=${port}`, `--zk=${zk}`, '--registry=in_memory'],
    'stranger.log',
  );
  expect(await program.ended()).toBe(1);
  expect(program.log).toMatch(/takes no part of this program: .*NO_AUTH/);
  expect(program.log).not.toContain('not-to-be-shown');
});
