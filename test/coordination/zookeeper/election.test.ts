// Candidates and detectors with a real ensemble of one server.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ZooKeeperContender } from '../../../src/coordination/zookeeper/contender.ts';
import { ZooKeeperDetector } from '../../../src/coordination/zookeeper/detector.ts';
import { Group } from '../../../src/coordination/zookeeper/group.ts';
import type { LeadingMaster } from '../../../src/model/leading-master.ts';
import { createFolder } from '../../../src/zookeeper/folders.ts';
import { ZooKeeperSession } from '../../../src/zookeeper/session.ts';
import { BreakingWay } from '../../support/breaking-way.ts';
import { until } from '../../support/cluster.ts';
import { Ensemble } from '../../support/zookeeper.ts';

const TIMEOUT_MS = 1_200;
/** The longest that the ensemble grants. */
const LONG_MS = 4_000;

let ensemble: Ensemble;
let operator: ZooKeeperSession;
let folders = 0;
let path = '';
const ending: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  ensemble = await Ensemble.start();
});
afterAll(() => ensemble.stop());

beforeEach(async () => {
  path = `/cluster-${++folders}/mesos`;
  operator = new ZooKeeperSession({ servers: ensemble.addresses, timeoutMs: LONG_MS });
  ending.push(() => operator.close());
  await until('the operator is connected', () => operator.isHeld());
});
afterEach(() => Promise.all(ending.splice(0).map((end) => end())));

interface Where {
  readonly servers?: readonly string[];
  readonly credentials?: string;
  readonly timeoutMs?: number;
  readonly owned?: readonly string[];
}

function program(where: Where = {}) {
  const { servers = ensemble.addresses, credentials, owned, timeoutMs = TIMEOUT_MS } = where;
  const log: string[] = [];
  const group = new Group({
    url: { servers, credentials, path },
    owned,
    sessionTimeoutMs: timeoutMs,
    log: (level, text) => log.push(`${level} ${text}`),
  });
  ending.push(() => group.close());
  const leaders: (string | undefined)[] = [];
  const detector = new ZooKeeperDetector(group, (level, text) => log.push(`${level} ${text}`));
  return { log, group, leaders, detector };
}

/** What only detects. */
function follower(where?: Where) {
  const it = program(where);
  it.detector.watch((leader: LeadingMaster | undefined) => it.leaders.push(leader?.pid));
  return it;
}

const pidOf = (port: number) => `master@127.0.0.1:${port}`;

function candidate(port: number, where?: Where) {
  const it = follower(where);
  const heard: string[] = [];
  const contender = new ZooKeeperContender(it.group);
  const address = { hostname: 'localhost', ip: '127.0.0.1', port };
  contender.contend(
    { id: `m${port}`, ip: 16_777_343, port, pid: pidOf(port), hostname: 'localhost', address },
    {
      elected: () => heard.push('elected'),
      lost: (reason) => heard.push(`lost: ${reason}`),
      refused: (reason) => heard.push(`refused: ${reason}`),
    },
  );
  return { ...it, contender, heard };
}

/** A candidate that stands before the next one comes. */
async function standing(port: number, where?: Where) {
  const before = (await operator.exists(path)) ? (await operator.children(path)).length : 0;
  const made = candidate(port, where);
  await until(
    'the candidate stands',
    async () => (await operator.children(path)).length === before + 1,
  );
  return made;
}

const elected = (...[{ heard }]: [{ heard: readonly string[] }]) =>
  until('the candidate is elected', () => heard[0] === 'elected');

const finds = ({ leaders }: { leaders: readonly (string | undefined)[] }, port?: number) =>
  until(
    `the leader ${port} is found`,
    () => leaders.length > 0 && leaders.at(-1) === (port === undefined ? undefined : pidOf(port)),
  );

describe('candidates', () => {
  test('are elected one after the other, and everybody finds the leader', async () => {
    const agent = follower();
    const one = await standing(1, { timeoutMs: LONG_MS });
    await elected(one);
    const two = await standing(2);
    const three = await standing(3);
    await Promise.all([one, two, three, agent].map((it) => finds(it, 1)));
    expect([one, two, three].map(({ contender }) => contender.leads())).toEqual([
      true,
      false,
      false,
    ]);
    const began = performance.now();
    await one.contender.withdraw();
    expect(one.contender.leads()).toBe(false);
    await elected(two);
    expect(performance.now() - began).toBeLessThan(LONG_MS / 2);
    await Promise.all([two, three, agent].map((it) => finds(it, 2)));
    await two.contender.withdraw();
    await Promise.all([elected(three), finds(agent, 3)]);
    expect(one.heard).toEqual(['elected']);
    expect(agent.leaders).toEqual([pidOf(1), pidOf(2), pidOf(3)]);
  });

  test('have one znode each, and leave nothing else in the folder', async () => {
    const one = await standing(1);
    const two = await standing(2);
    await elected(one);
    expect((await operator.children(path)).toSorted()).toEqual([
      'json.info_0000000000',
      'json.info_0000000001',
    ]);
    await Promise.all([one, two].map(({ contender }) => contender.withdraw()));
    expect(await operator.children(path)).toEqual([]);
  });

  test('stand beside what others keep in the folder', async () => {
    await createFolder(operator, `${path}/log_replicas`);
    await operator.create(`${path}/x_`, Buffer.from('x'), { isSequential: true });
    const one = await standing(1);
    await elected(one);
    await finds(one, 1);
    expect(one.contender.leads()).toBe(true);
  });

  test('are told that their folder is ephemeral, and stand when that has gone', async () => {
    await createFolder(operator, path.slice(0, path.lastIndexOf('/')));
    await operator.create(path, Buffer.alloc(0), { isEphemeral: true });
    const one = candidate(1);
    const why = `${path} is ephemeral, and can have nothing below it`;
    await until('it is said', () => one.log.some((line) => line.includes(why)));
    await operator.delete(path);
    await elected(one);
  });

  test('lead no more when their znode is deleted, and do not stand again', async () => {
    const one = await standing(1);
    await elected(one);
    const two = await standing(2);
    await operator.delete(`${path}/json.info_0000000000`);
    await elected(two);
    await until('the first has lost', () => one.heard.length === 2);
    expect(one.heard[1]).toBe('lost: the znode of its candidacy was deleted');
    expect(one.contender.leads()).toBe(false);
    await finds(one, 2);
    expect(await operator.children(path)).toEqual(['json.info_0000000001']);
  });

  test('lead no more when a znode is put before theirs, as nobody follows them then', async () => {
    await (await standing(1)).contender.withdraw();
    const two = await standing(2);
    await elected(two);
    await operator.create(`${path}/json.info_0000000000`, Buffer.from('x'));
    await until('it has lost', () => two.heard.length === 2);
    expect(two.heard[1]).toBe(
      'lost: the znode json.info_0000000000 stands before json.info_0000000001, its own',
    );
    expect(two.contender.leads()).toBe(false);
  });

  test('stand again when their znode is deleted before they were elected', async () => {
    const one = await standing(1);
    await elected(one);
    const two = await standing(2);
    await operator.delete(`${path}/json.info_0000000001`);
    await until('the second stands again', async () =>
      (await operator.children(path)).includes('json.info_0000000002'),
    );
    await one.contender.withdraw();
    await elected(two);
  });

  test('come in time for an ensemble that is not there yet', async () => {
    await ensemble.kill(1);
    const one = candidate(1);
    await until('it is said once', () => one.log.some((line) => /has not answered/.test(line)));
    expect(one.log).toEqual([
      expect.stringMatching(/ s \(connect ECONNREFUSED \S+\), trying again$/),
    ]);
    expect(one.leaders).toEqual([]);
    ensemble.startServer(1);
    await elected(one);
  });

  test('lose by their own clock when the ensemble does not answer', async () => {
    const [one, agent] = [await standing(1), follower()];
    await elected(one);
    const two = await standing(2);
    await finds(agent, 1);
    await ensemble.pause(1);
    await until('the leader has lost', () => one.heard.length === 2);
    expect(one.heard[1]).toBe('lost: the session with ZooKeeper has expired');
    expect(one.contender.leads()).toBe(false);
    await finds(agent, undefined);
    expect(two.heard).toEqual([]);
    ensemble.resume(1);
    await elected(two);
    await finds(agent, 2);
    expect(two.contender.leads()).toBe(true);
  });
});

describe('credentials', () => {
  const owner = 'user-a:secret-a';

  test('protect the folder, and everybody finds the leader', async () => {
    const one = await standing(1, { credentials: owner });
    await elected(one);
    const stranger = follower();
    await finds(stranger, 1);
    await expect(operator.delete(`${path}/json.info_0000000000`)).rejects.toMatchObject({
      fault: 'noAuth',
    });
  });

  test('do not close what was made without them, which is told', async () => {
    const registry = `${path}-registry`;
    await createFolder(operator, path);
    await createFolder(operator, registry);
    const one = candidate(1, { credentials: owner, owned: [registry, `${path}-is-not-there`] });
    await until('both are told', () => one.log.length >= 3);
    expect(one.log.filter((line) => line.startsWith('warn'))).toEqual([
      expect.stringContaining(`everybody may change ${path} in ZooKeeper`),
      expect.stringContaining(`setAcl -R ${registry} auth::cdrwa,world:anyone:r`),
    ]);
    const without = candidate(2);
    await finds(without, 1);
    expect(without.log.filter((line) => line.startsWith('warn'))).toEqual([]);
  });

  test('that are not the right ones are told to the candidate', async () => {
    await elected(await standing(1, { credentials: owner }));
    const wrong = candidate(2, { credentials: 'user-a:other' });
    await until('it is refused', () => wrong.heard.length > 0);
    expect(wrong.heard).toEqual([
      expect.stringMatching(/^refused: ZooKeeper at .* takes no part of this program: .*NO_AUTH/),
    ]);
    expect(wrong.log).not.toContainEqual(expect.stringContaining('NO_AUTH'));
    await finds(wrong, 1);
  });
});

describe('a detector', () => {
  const write = (data: string | Buffer, name = 'json.info_') =>
    operator.create(`${path}/${name}`, Buffer.from(data), { isSequential: true });

  test('reads what a leader writes later, and names none meanwhile', async () => {
    await createFolder(operator, path);
    const agent = follower();
    const made = await write('{"pid":');
    await until('it is logged', () => agent.log.some((line) => /has no MasterInfo/.test(line)));
    expect(agent.leaders).toEqual([]);
    const info = { id: 'x', ip: 1, port: 7, pid: pidOf(7), hostname: 'seven' };
    await operator.set(made, Buffer.from(JSON.stringify(info)));
    await finds(agent, 7);
    // An ephemeral znode would have gone with whoever made it.
    expect(agent.log.at(-1)).toMatch(
      /^warn .*was not made by a master.*: master@127.0.0.1:7 leads/,
    );
    await operator.set(made, Buffer.alloc(900_000, 'x'));
    await finds(agent, undefined);
    await operator.set(made, Buffer.from(JSON.stringify({ ...info, pid: pidOf(8) })));
    await finds(agent, 8);
    await operator.delete(made);
    await finds(agent, undefined);
    expect(agent.log.filter((line) => line.startsWith('error'))).toHaveLength(2);
  });

  test('does not tell at once of each change of what no master writes', async () => {
    await createFolder(operator, path);
    const agent = follower();
    const made = await write('x0');
    await until('it is logged', () => agent.log.length === 2);
    for (let change = 1; change < 50; change++) {
      await operator.set(made, Buffer.from(`x${change}`));
    }
    await until('the last is logged', () => agent.log.some((line) => line.includes('x49')));
    expect(agent.log.length).toBeLessThan(50);
  });

  test('goes on when the folder is deleted and made again', async () => {
    await elected(await standing(1));
    const agent = follower();
    await finds(agent, 1);
    await operator.delete(`${path}/json.info_0000000000`);
    await finds(agent, undefined);
    await operator.delete(path);
    const two = candidate(2);
    await elected(two);
    await finds(agent, 2);
  });
});

test('a connection that is lost again and again is one outage in the log', async () => {
  const way = await BreakingWay.open(ensemble.addresses[0] ?? '');
  ending.push(() => way.close());
  await createFolder(operator, path);
  // No connection lasts so long in a test.
  const agent = follower({ servers: [way.address], timeoutMs: 10 * 60_000 });
  await until('it is connected', () => agent.log.length > 0);
  for (const breaks of [1, 2, 3]) {
    way.breakAfter(path);
    // The folder has changed, and is looked at.
    await operator.create(`${path}/x_`, Buffer.from('x'), { isSequential: true });
    await until('the connection breaks', () => way.breaks === breaks);
  }
  await standing(1, { timeoutMs: LONG_MS });
  await finds(agent, 1);
  expect(agent.log.slice(0, 3)).toEqual([
    expect.stringMatching(/^info Connected with/),
    expect.stringMatching(/^warn Lost the connection/),
    expect.stringMatching(/^info Connected with/),
  ]);
  expect(agent.log.slice(3)).not.toContainEqual(expect.stringMatching(/^warn Lost|^info Conn/));
});

describe('a candidate whose answer is lost', () => {
  test('finds its znode, and makes no second one', async () => {
    const way = await BreakingWay.open(ensemble.addresses[0] ?? '');
    ending.push(() => way.close());
    await createFolder(operator, path);
    way.breakAfter('json.info_');
    const one = candidate(1, { servers: [way.address] });
    await elected(one);
    expect(way.breaks).toBe(1);
    expect(await operator.children(path)).toEqual(['json.info_0000000000']);
  });
});
