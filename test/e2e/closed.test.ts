// That everything is on where tests are run so (project `closed` of vitest.config.ts).
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closedCluster } from '../support/closed-cluster.ts';
import { TestCluster } from '../support/cluster.ts';
import { finishingTask } from '../support/finishing-executor.ts';
import { root } from '../support/sources.ts';

const cluster = new TestCluster();
const closed = closedCluster() ?? expect.unreachable('it is run where everything is on');
const audited = (name: string) => `--audit_log=${join(cluster.folder, `${name}.audit`)}`;
beforeAll(() => cluster.start({ master: [audited('master')], agent: [audited('agent')] }));
afterAll(() => cluster.stop());

test('nothing is open', async () => {
  const [principal, secret] = closed.access('/').login?.split(':') ?? [];
  const check = cluster.run(
    [
      ...['secure', 'check', `--master=${cluster.address}`, `--agent=${cluster.agent}`],
      ...[`--principal=${principal}`, `--secret=${secret}`],
    ],
    'check.log',
  );
  await check.ended();
  expect(check.log).toMatch(/^Nothing is open$/m);
});

test('an operator asks with curl, as docs/secure.md has it', async () => {
  const page = readFileSync(join(root, 'docs', 'secure.md'), 'utf8');
  const [lines = ''] = /^cd .*principals.*\ncurl .*$/m.exec(page) ?? [];
  const here = lines
    .replaceAll('/etc/mesoscale', closed.folder)
    .replaceAll('10.0.0.1:5050', cluster.address);
  const { stdout } = await promisify(execFile)('/bin/sh', ['-ec', here]);
  expect(JSON.parse(stdout)).toMatchObject({ activated_slaves: 1 });
});

test('an executor of a framework shows its certificate and its token', async () => {
  const program = cluster.execute('shown', 'task', finishingTask(cluster.folder, 'shown'));
  expect(await program.ended(), program.log).toBe(0);
});

test('agent and master know each other by a secret', () => {
  expect(cluster.master.log).toMatch(/Authenticated slave\(1\)@127\.0\.0\.1:\d+ as 'agent'/);
});
