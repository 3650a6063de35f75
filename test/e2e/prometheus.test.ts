// A Prometheus that watches a master and an agent.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, TestCluster, until } from '../support/cluster.ts';

const cluster = new TestCluster();
let prometheus: ChildProcess;
let url: string;

beforeAll(async () => {
  await cluster.start();
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const jobs = { 'mesos-master': cluster.address, 'mesos-agent': cluster.agent };
  const config = {
    global: { scrape_interval: '500ms', scrape_timeout: '400ms', evaluation_interval: '1s' },
    scrape_configs: Object.entries(jobs).map(([job_name, target]) => ({
      job_name,
      static_configs: [{ targets: [target] }],
    })),
  };
  const file = join(cluster.folder, 'prometheus.yml');
  // What is JSON is YAML, too.
  writeFileSync(file, JSON.stringify(config));
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
