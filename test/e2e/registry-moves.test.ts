// A registry that is moved: from the file of one master into ZooKeeper, and back. A master on the
// other engine knows the same agents, quotas and weights.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePort, until } from '../support/cluster.ts';
import { clusterWithEnsemble } from '../support/ensemble-cluster.ts';
import { ask } from '../support/requests.ts';
import { root } from '../support/sources.ts';

const { cluster, zk } = clusterWithEnsemble();

/** What `mesoscale registry` prints. */
const registry = (parameters: readonly string[], input = '') =>
  execFileSync(join(root, 'bin', 'mesoscale'), ['registry', ...parameters], {
    input,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
  });

let runs = 0;
async function master(flags: readonly string[]) {
  const port = await freePort();
  const program = cluster.run(
    ['master', '--ip=127.0.0.1', `--port=${port}`, ...flags],
    `master-${runs++}.log`,
  );
  const address = `127.0.0.1:${port}`;
  const get = async (path: string) => (await (await ask(address, path)).json()) as unknown;
  await until('the master leads', async () => (await ask(address, '/slaves')).ok);
  return { address, program, get };
}

const QUOTA = {
  type: 'UPDATE_QUOTA',
  update_quota: { force: true, quota_configs: [{ role: 'q', limits: { cpus: { value: 3 } } }] },
};

test('a registry goes from SQLite to ZooKeeper and back, and masters find all in it', async () => {
  const first = `--work_dir=${join(cluster.folder, 'first')}`;
  const last = `--work_dir=${join(cluster.folder, 'last')}`;
  const moves = `--zk=${zk('moves')}`;

  const one = await master([first]);
  const agent = cluster.run(
    [
      'agent',
      `--master=${one.address}`,
      '--ip=127.0.0.1',
      `--port=${await freePort()}`,
      `--work_dir=${join(cluster.folder, 'agent')}`,
      '--resources=cpus:1;mem:64;disk:64',
    ],
    'agent.log',
  );
  type Slaves = { readonly slaves: readonly { readonly id: string }[] };
  const id = await until(
    'the agent is registered',
    async () => ((await one.get('/slaves')) as Slaves).slaves[0]?.id,
  );
  const weights = [{ role: 'w', weight: 2.5 }];
  const put = { method: 'PUT', body: JSON.stringify(weights) };
  expect((await ask(one.address, '/weights', put)).status).toBe(200);
  const quota = await ask(one.address, '/api/v1', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(QUOTA),
  });
  expect(quota.status).toBe(200);
  // It is killed, so that it does not unregister.
  await agent.kill('SIGKILL');
  await one.program.kill('SIGTERM');

  const document = registry(['export', first]);
  expect(document).toContain(id);
  registry(['import', moves], document);
  const shown = registry(['show', moves]);
  expect(shown).toMatch(new RegExp(`^${id} +admitted +\\S+:\\d+$`, 'm'));
  expect(shown).toMatch(/^weight +w +2\.5$/m);
  expect(shown).toMatch(/^quota +q +limits cpus:3$/m);

  /** Agents that have not come back yet are those that the registry has. */
  const expectAll = async ({ get }: Awaited<ReturnType<typeof master>>) => {
    const state = (await get('/slaves')) as { recovered_slaves: readonly { id: string }[] };
    expect(state.recovered_slaves.map((it) => it.id)).toEqual([id]);
    expect(await get('/weights')).toEqual(weights);
    const { infos } = (await get('/quota')) as { infos: readonly { role: string }[] };
    expect(infos.map(({ role }) => role)).toEqual(['q']);
  };
  const two = await master([moves, '--zk_session_timeout=2secs']);
  await expectAll(two);
  await two.program.kill('SIGTERM');

  const again = registry(['export', moves]);
  mkdirSync(join(cluster.folder, 'last'));
  registry(['import', last], again);
  expect(registry(['check', last])).toContain('The registry is whole');
  const three = await master([last]);
  await expectAll(three);
  await three.program.kill('SIGTERM');
});

test('who waits for a ZooKeeper that is not there is told for what, and then that it is not', async () => {
  const at = `127.0.0.1:${await freePort()}`;
  const command = (...flags: string[]) =>
    cluster.run(['registry', 'show', `--zk=zk://${at}/mesos`, ...flags], `show-${runs++}.log`);
  const program = command('--timeout=4secs');
  expect(await program.ended()).toBe(1);
  const why = `(connect ECONNREFUSED ${at})`;
  expect(program.log).toBe(
    `${at}: ZooKeeper does not answer the registry, which waits for it ${why}\n` +
      `mesoscale registry: ${at}: ZooKeeper took longer than 4secs ${why}\n`,
  );
  const wrong = command('--timeout=soon', '--replce');
  expect(await wrong.ended()).toBe(1);
  expect(wrong.log).toMatch(
    /--replce \(did you mean --replace\?\)\n.*--timeout expects .*'soon'\n$/,
  );
});
