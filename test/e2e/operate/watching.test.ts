// What operators see of a cluster as a whole, with a real master and agent.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MESOSCALE } from '../../support/bundle.ts';
import { TestCluster } from '../../support/cluster.ts';
import { Running } from '../../support/running.ts';

const cluster = new TestCluster();
beforeAll(() => cluster.start());
afterAll(() => cluster.stop());

async function said(...words: string[]) {
  const running = new Running(process.execPath, [MESOSCALE, ...words]);
  const status = await running.status;
  return { status, output: running.output, errors: running.errors };
}
const ofCluster = (...words: string[]) => said(...words, `--master=${cluster.address}`);

test('versions of all parts', async () => {
  const { status, output, errors } = await ofCluster('version');
  expect([status, errors]).toEqual([0, '']);
  expect(output).toMatch(/^Command: {2}mesoscale \d/);
  expect(output).toContain(`Master:   1.11.0 at ${cluster.address} (built `);
  expect(output).toContain('Agents:   1.11.0 on 1 agent\n');
  const { output: json } = await ofCluster('version', '-o', 'json');
  expect(JSON.parse(json)).toMatchObject({
    master: { version: '1.11.0' },
    agents: { '1.11.0': 1 },
  });
});

test('a master that was named must be there', async () => {
  const { status, errors } = await said('version', '--master=127.0.0.1:1');
  expect(status).toBe(5);
  expect(errors).toContain('mesoscale version: no master answers at 127.0.0.1:1 ');
});

test('health of a cluster that is well', async () => {
  const well = await ofCluster('health');
  expect(well).toMatchObject({ status: 0, errors: '' });
  expect(well.output).toMatch(/^well {2}master +leads at /);
  expect(well.output).toContain('1 connected, 1 of them offered\n');
  expect(await ofCluster('health', '-o', 'name')).toMatchObject({ output: 'healthy\n' });
});
