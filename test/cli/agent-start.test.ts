import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { refuseForeignAgent } from '../../src/cli/agent/options.ts';
import { FlagError } from '../../src/cli/flags/parse.ts';
import { freePort, TestCluster, until } from '../support/cluster.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-agent-start-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('the folder of an agent of Apache Mesos is refused, with the way out', () => {
  const workDir = join(folder, 'foreign');
  mkdirSync(join(workDir, 'meta', 'slaves'), { recursive: true });
  refuseForeignAgent(workDir);
  // Where it leads to may be gone: that there is one says enough.
  const latest = join(workDir, 'meta', 'slaves', 'latest');
  symlinkSync(join(workDir, 'meta', 'slaves', 'S0'), latest);
  expect(() => refuseForeignAgent(workDir)).toThrow(FlagError);
  expect(() => refuseForeignAgent(workDir)).toThrow(
    `End them with that agent (mesos-agent --recover=cleanup), then remove ${latest}, which it leaves`,
  );
  rmSync(latest);
  refuseForeignAgent(workDir);
  symlinkSync(join(workDir, 'meta', 'slaves', 'S0'), latest);
  writeFileSync(join(workDir, 'meta', 'agent.sqlite'), 'of an agent of ours');
  refuseForeignAgent(workDir);
});

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
