// The start of a real agent: what it waits for, and how open its folders are.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePort, TestCluster, until } from '../support/cluster.ts';

test('an agent whose name server does not know its master yet waits for it', async () => {
  const cluster = new TestCluster();
  const agent = cluster.run(
    [
      'agent',
      '--master=master.invalid',
      '--ip=127.0.0.1',
      `--port=${await freePort()}`,
      `--work_dir=${join(cluster.folder, 'agent')}`,
    ],
    'agent.log',
  );
  await until('it listens', () => agent.log.includes('Listening on'));
  await until('it has looked the name up', () => agent.log.includes('Looking it up again'));
  expect(agent.log).toMatch(/The name of the master, master\.invalid, has no address \(E\w+\)/);
  expect(await agent.kill('SIGTERM')).toBe(0);
  await cluster.stop();
});

test('an agent keeps its sandboxes open to their users, whatever the umask is', async () => {
  const cluster = new TestCluster();
  const workDir = join(cluster.folder, 'above', 'agent');
  const before = process.umask(0o077);
  const agent = cluster.run(
    [
      'agent',
      `--master=127.0.0.1:${await freePort()}`,
      '--ip=127.0.0.1',
      `--port=${await freePort()}`,
      `--work_dir=${workDir}`,
    ],
    'agent.log',
  );
  process.umask(before);
  await until('it has a work directory', () => existsSync(join(workDir, 'meta')));
  expect(readFileSync(`/proc/${agent.pid}/status`, 'utf8')).toMatch(/^Umask:\t0022$/m);
  expect(statSync(join(cluster.folder, 'above')).mode & 0o777).toBe(0o755);
  expect(statSync(join(workDir, 'meta')).mode & 0o777).toBe(0o700);
  await cluster.stop();
});
