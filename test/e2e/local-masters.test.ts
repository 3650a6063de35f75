// `mesoscale local` with several masters, which elect one of themselves in a real ZooKeeper.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePort, until } from '../support/cluster.ts';
import { clusterWithEnsemble } from '../support/ensemble-cluster.ts';

const { cluster, zk } = clusterWithEnsemble();

const MASTERS = [1, 2];

test('several masters run, a killed leader comes back, and Ctrl-C ends all', async () => {
  const port = await freePort(MASTERS.length + 1);
  const work = join(cluster.folder, 'local');
  const local = cluster.run(
    [
      'local',
      `--masters=${MASTERS.length}`,
      `--zk=${zk('mesos', 'somebody:hidden')}`,
      `--port=${port}`,
      `--work_dir=${work}`,
      '--resources=cpus:2;mem:512;disk:256',
    ],
    'local.log',
  );
  await until('the cluster runs', () => local.log.includes('Ctrl-C stops it'));
  for (const number of MASTERS) {
    expect(local.log).toContain(`master   http://127.0.0.1:${port + number - 1}`);
  }
  expect(local.log).toContain(`agent    http://127.0.0.1:${port + MASTERS.length}`);
  expect(local.log).not.toContain('hidden');

  const pidOf = (name: string) => Number(readFileSync(join(work, `${name}.pid`), 'utf8'));
  const programs = [...MASTERS.map((number) => `master-${number}`), 'agent-1'];
  for (const name of programs) {
    expect(readFileSync(`/proc/${pidOf(name)}/cmdline`, 'utf8')).not.toContain('hidden');
  }

  /** The agents of the master, if it leads. */
  const agentsOf = async (number: number) => {
    const url = `http://127.0.0.1:${port + number - 1}/slaves`;
    const response = await fetch(url, { redirect: 'manual' });
    const { slaves } =
      response.status === 200
        ? ((await response.json()) as { slaves: { active: boolean }[] })
        : { slaves: [] };
    return slaves.filter(({ active }) => active).length;
  };
  const leader = () =>
    until('a master leads, and has the agent', async () => {
      for (const number of MASTERS) {
        if ((await agentsOf(number).catch(() => 0)) === 1) {
          return number;
        }
      }
      return undefined;
    });
  const first = await leader();
  const killed = pidOf(`master-${first}`);
  process.kill(killed, 'SIGKILL');
  await until('it is started again', () => pidOf(`master-${first}`) !== killed);
  expect(local.log).toContain(`Master ${first} ended (SIGKILL)`);
  // The other one leads as soon as the session of the first has ended.
  expect(await leader()).not.toBe(first);

  const execute = cluster.run(
    ['execute', `--master=file://${work}/zk`, '--name=x', '--command=echo hello'],
    'execute.log',
  );
  expect(await execute.ended()).toBe(0);
  const pids = programs.map(pidOf);
  expect(await local.kill('SIGINT')).toBe(0);
  for (const pid of pids) {
    expect(() => process.kill(pid, 0)).toThrow();
  }
});

test('several masters without ZooKeeper are refused, and how to get one is said', async () => {
  const local = cluster.run(
    ['local', '--masters=3', `--work_dir=${join(cluster.folder, 'none')}`],
    'refused.log',
  );
  expect(await local.ended()).toBe(1);
  expect(local.log).toMatch(/--masters=3 needs --zk: .*apt-get install zookeeperd/);
});
