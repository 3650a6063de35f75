// A registry in ZooKeeper that cannot be written while a master leads: by rights, for want of
// room, or because the ensemble does not answer. Nothing of a change is announced, whoever asked
// for it is told why, and the master ends with one line that says so, or goes on.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ask } from '../support/requests.ts';
import { type MasterOfSeveral, SeveralMasters } from '../support/several-masters.ts';
import { SmallDisk } from '../support/small-disk.ts';
import { Ensemble } from '../support/zookeeper.ts';

let folder: string;
let disk: SmallDisk;
let ensemble: Ensemble;
let cluster: SeveralMasters;
let master: MasterOfSeveral;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mesoscale-refusals-'));
  disk = new SmallDisk(folder, 8);
  ensemble = await Ensemble.start({ disk: folder });
  cluster = new SeveralMasters(ensemble);
  await start();
});
afterEach(async () => {
  await cluster.stop();
  await ensemble.stop();
  disk[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

async function start(): Promise<void> {
  master = await cluster.startMaster('one');
  await cluster.leader();
}

/** Whoever may do it gives rights for everybody to znodes of the registry. */
const RIGHTS = `
import sys
from kazoo.client import KazooClient
from kazoo.security import make_acl
client = KazooClient(hosts=sys.argv[1], timeout=4)
client.start()
for path in sys.argv[3:]:
    client.set_acls(path, [make_acl('world', 'anyone', read=True, admin=True, all=sys.argv[2] == 'all')])
client.stop()
`;
const give = (rights: 'all' | 'read', ...paths: readonly string[]) =>
  execFileSync('/usr/bin/python3', ['-c', RIGHTS, ensemble.addresses.join(','), rights, ...paths]);

const put = (weight: number) =>
  ask(master.address, '/weights', {
    method: 'PUT',
    body: JSON.stringify([{ role: 'r', weight }]),
  });

const weights = async () => (await ask(master.address, '/weights')).json();

/** What the log says of the end. */
async function lastWords(): Promise<string | undefined> {
  expect(await master.program.ended()).toBe(1);
  return [...master.program.log.matchAll(/^E\d+ .*?\] (.*)$/gm)].at(-1)?.[1];
}

test('without the right to write a master ends, whoever asked is told why, and the rest stays (needs root)', async () => {
  expect((await put(2)).status).toBe(200);
  give('read', '/mesos-registry/head');
  const answer = await put(3);
  const why = await lastWords();
  expect(why).toMatch(
    /^Cannot write the registry: who --zk names \(.*\) has no right to \/mesos-registry: .*NO_AUTH$/,
  );
  expect(answer.status).toBe(503);
  expect(await answer.text()).toBe(`The master ends, and this may not have been done: ${why}`);
  give('all', '/mesos-registry/head');
  await start();
  expect(await weights()).toEqual([{ role: 'r', weight: 2 }]);
  expect((await put(3)).status).toBe(200);
});

test.each([
  ['has a full disk', () => disk.fill(), () => disk.empty()],
  ['is stopped', () => ensemble.pause(1), () => ensemble.resume(1)],
])(
  'where the only server %s, nothing is announced that is not found again (needs root)',
  async (_, fail, recover) => {
    expect((await put(2)).status).toBe(200);
    await fail();
    // The server has some room left for transactions.
    let answer = await put(3);
    let weight = 3;
    for (; answer.status === 200; weight++) {
      answer = await put(weight + 1);
    }
    const why = await lastWords();
    expect(answer.status).toBe(503);
    expect(await answer.text()).toBe(`The master ends, and this may not have been done: ${why}`);
    expect(why).toMatch(
      /^(Lost leadership: the session with ZooKeeper|Cannot write the registry: )/,
    );
    recover();
    await ensemble.kill(1);
    ensemble.startServer(1);
    await ensemble.serves(1);
    await start();
    const found = (await weights()) as [{ readonly weight: number }];
    expect([weight - 1, weight]).toContain(found[0].weight);
    expect((await put(1)).status).toBe(200);
  },
);
