// A Prometheus that watches a master and an agent.
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestCluster, until } from '../support/cluster.ts';
import { Prometheus } from '../support/prometheus.ts';
import { root } from '../support/sources.ts';

const RULES = join(root, 'docs/monitoring/alerts.yml');
const DASHBOARD = join(root, 'docs/monitoring/dashboard.json');

const cluster = new TestCluster();
let prometheus: Prometheus;

beforeAll(async () => {
  await cluster.start();
  copyFileSync(RULES, join(cluster.folder, 'alerts.yml'));
  prometheus = await Prometheus.start(cluster.folder, configuration());
});

afterAll(async () => {
  prometheus?.stop();
  await cluster.stop();
});

/** That of docs/monitor.md, for this cluster. */
function configuration(): string {
  const page = readFileSync(join(root, 'docs/monitor.md'), 'utf8');
  const [, config = ''] = /```yaml\n(scrape_configs[\s\S]*?)```/.exec(page) ?? [];
  const [masters = ''] = config.match(/\['[^\]]*'\]/) ?? [];
  return config
    .replace(masters, `['${cluster.address}']`)
    .replace('10.0.0.1:5050', cluster.address)
    .replace(
      'http_sd_configs:\n      - url',
      'http_sd_configs:\n      - refresh_interval: 1s\n        url',
    );
}

test('Prometheus reads both, and finds nothing to complain about', async () => {
  await until('both are up', async () => (await prometheus.values('sum(up)'))[0] === 2);
  const targets = await prometheus.targets();
  expect(targets.map(({ health, lastError }) => [health, lastError])).toEqual([
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
    const [master] = await prometheus.values('mesos_master_tasks{state="running"}');
    const [agent] = await prometheus.values('mesos_agent_tasks{state="running"}');
    return master === 1 && agent === 1;
  });
  expect(await prometheus.query('mesos_master_framework_tasks{state="running"}')).toMatchObject([
    { metric: { framework_name: expect.stringContaining(name) }, value: [expect.any(Number), '1'] },
  ]);
  expect(await prometheus.values('mesos_master_resources_used{resource="mem"}')).toEqual([
    32 * 1024 * 1024,
  ]);
  expect(
    await prometheus.values('histogram_quantile(0.5, mesos_allocator_run_duration_seconds_bucket)'),
  ).toEqual([expect.any(Number)]);
});

test('the first task that fails for a reason is seen on the dashboard, and no longer after', async () => {
  const { panels } = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as {
    panels: readonly { title: string; targets?: readonly { expr: string }[] }[];
  };
  const panel = panels.find(({ title }) => title === 'Why tasks fail');
  const query = panel?.targets?.[0]?.expr.replaceAll('$__rate_interval', '3s') ?? '';
  const why = () => prometheus.query(query);
  expect(await why()).toEqual([]);
  const flags = [
    '--name=fails',
    '--resources=cpus:0.1;mem:32',
    '--networks=none',
    '--command=true',
  ];
  cluster.run(['execute', `--master=${cluster.address}`, ...flags], 'fails.log');
  const seen = await until('it is seen', async () => {
    const found = await why();
    return found.length > 0 && found;
  });
  expect(seen).toMatchObject([
    {
      metric: { state: 'failed', reason: 'container_launch_failed' },
      value: [expect.any(Number), '1'],
    },
  ]);
  await until('it is past', async () => (await why()).length === 0);
});

test('no alert is on in a cluster that is well, and one is where a master has gone', async () => {
  const firing = async () =>
    (await prometheus.query('ALERTS{alertstate="firing"}')).map(({ metric }) => metric.alertname);
  const rules = async () => {
    type Rules = readonly { readonly health: string; readonly lastError?: string }[];
    const { groups } = await prometheus.get<{ groups: readonly { rules: Rules }[] }>('rules');
    return groups.flatMap((group) => group.rules);
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
    async () => (await prometheus.query('ALERTS{alertname="MesosMasterDown"}')).length > 0,
  );
});
