// What monitors read of a running master and agent: the metrics that Apache Mesos documents.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestCluster, until } from '../support/cluster.ts';
import { agentMetricNames, masterMetricNames } from '../support/metric-names.ts';

const cluster = new TestCluster();
beforeAll(() => cluster.start());
afterAll(() => cluster.stop());

type Metrics = Readonly<Record<string, number>>;

const snapshot = async (address: string): Promise<Metrics> =>
  (await cluster.get('/metrics/snapshot', address)) as Metrics;

const missing = (names: readonly string[], metrics: Metrics) =>
  names.filter((name) => typeof metrics[name] !== 'number');

test('a master has every metric that Mesos documents', async () => {
  await until(
    'the allocator has run',
    async () => ((await snapshot(cluster.address))['allocator/mesos/allocation_runs'] ?? 0) > 0,
  );
  expect(missing(masterMetricNames, await snapshot(cluster.address))).toEqual([]);
});

test('an agent has every metric that Mesos documents, and the name of its master', async () => {
  expect(missing(agentMetricNames, await snapshot(cluster.agent))).toEqual([]);
  expect(await cluster.get('/state', cluster.agent)).toMatchObject({
    master_hostname: expect.stringMatching(/./),
  });
});
