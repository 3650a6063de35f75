// A Prometheus that watches a master and an agent.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, TestCluster, until } from '../support/cluster.ts';
import { root } from '../support/sources.ts';

const RULES = join(root, 'docs/monitoring/alerts.yml');

const cluster = new TestCluster();
let prometheus: ChildProcess;
let url: string;

beforeAll(async () => {
  await cluster.start();
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const file = join(cluster.folder, 'prometheus.yml');
  copyFileSync(RULES, join(cluster.folder, 'alerts.yml'));
  writeFileSync(file, configuration());
  prometheus = spawn(
    'prometheus',
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(cluster.folder, 'prometheus')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
});

afterAll(async () => {
  prometheus?.kill('SIGKILL');
  await cluster.stop();
});

/** That of docs/monitor.md, for this cluster. */
function configuration(): string {
  const page = readFileSync(join(root, 'docs/monitor.md'), 'utf8');
  const [, config = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  const [masters = ''] = config.match(/\['[^\]]*'\]/) ?? [];
  const intervals = 'scrape_interval: 500ms, scrape_timeout: 400ms, evaluation_interval: 1s';
  return `global: { ${intervals} }\n${config}`
    .replace(masters, `['${cluster.address}']`)
    .replace('10.0.0.1:5050', cluster.address)
    .replace(
      'http_sd_configs:\n      - url',
      'http_sd_configs:\n      - refresh_interval: 1s\n        url',
    );
}

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

async function query(text: string): Promise<readonly Series[]> {
  const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(text)}`);
  const { data } = (await answer.json()) as { data: { result: readonly Series[] } };
  return data.result;
}

const valuesOf = async (text: string) => (await query(text)).map(({ value }) => Number(value[1]));

test('Prometheus reads both, and finds nothing to complain about', async () => {
  await until('both are up', async () => (await valuesOf('sum(up)'))[0] === 2);
  const { data } = (await (await fetch(`${url}/api/v1/targets`)).json()) as {
    data: { activeTargets: readonly { health: string; lastError: string }[] };
  };
  expect(data.activeTargets.map(({ health, lastError }) => [health, lastError])).toEqual([
    ['up', ''],
    ['up', ''],
  ]);
});

test.each(['master', 'agent'] as const)(
  'promtool finds no fault with the metrics of the %s',
  async (whose) => {
    const address = whose === 'master' ? cluster.address : cluster.agent;
    const answer = await fetch(`http://${address}/metrics`);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const input = await answer.text();
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input,
      encoding: 'utf8',
    });
    expect([status, stdout, stderr]).toEqual([0, '', '']);
  },
);

test('a task is seen on both, under the name of its framework', async () => {
  const name = 'say "hi" \\ {there}';
  const flags = [`--name=${name}`, '--resources=cpus:0.1;mem:32', '--command=sleep 600'];
  cluster.run(['execute', `--master=${cluster.address}`, ...flags], 'long.log');
  await until('it runs', async () => {
    const [master] = await valuesOf('mesos_master_tasks{state="running"}');
    const [agent] = await valuesOf('mesos_agent_tasks{state="running"}');
    return master === 1 && agent === 1;
  });
  expect(await query('mesos_master_framework_tasks{state="running"}')).toMatchObject([
    { metric: { framework_name: expect.stringContaining(name) }, value: [expect.any(Number), '1'] },
  ]);
  expect(await valuesOf('mesos_master_resources_used{resource="mem"}')).toEqual([32 * 1024 * 1024]);
  expect(
    await valuesOf('histogram_quantile(0.5, mesos_allocator_run_duration_seconds_bucket)'),
  ).toEqual([expect.any(Number)]);
});

test('no alert is on in a cluster that is well, and one is where a master has gone', async () => {
  const firing = async () =>
    (await query('ALERTS{alertstate="firing"}')).map(({ metric }) => metric.alertname);
  const rules = async () => {
    const answer = await fetch(`${url}/api/v1/rules`);
    const { data } = (await answer.json()) as {
      data: { groups: readonly { rules: readonly { health: string; lastError?: string }[] }[] };
    };
    return data.groups.flatMap((group) => group.rules);
  };
  const judged = await until('all rules have been judged', async () => {
    const all = await rules();
    return all.length > 0 && all.every(({ health }) => health !== 'unknown') && all;
  });
  expect(judged.filter(({ health }) => health !== 'ok')).toEqual([]);
  expect(await firing()).toEqual([]);
  await cluster.master.kill('SIGKILL');
  await until(
    'it is noticed',
    async () => (await query('ALERTS{alertname="MesosMasterDown"}')).length > 0,
  );
});
