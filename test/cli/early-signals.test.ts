// SIGUSR1 to an agent that is still being loaded: it leaves as soon as it can, and Node's inspector stays shut.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePort, TestCluster, until } from '../support/cluster.ts';

const opens = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

test('an early SIGUSR1 is not lost', async () => {
  const cluster = new TestCluster();
  const port = await freePort();
  const agent = cluster.run(
    [
      'agent',
      `--master=127.0.0.1:${await freePort()}`,
      '--ip=127.0.0.1',
      `--port=${port}`,
      `--work_dir=${cluster.folder}/agent`,
    ],
    'agent.log',
  );
  // The port is opened before the agent itself is loaded.
  await until('the port is open', () => opens(port));
  expect(await agent.kill('SIGUSR1')).toBe(0);
  expect(agent.log).toContain('Unregistering');
  expect(agent.log).not.toContain('Debugger');
  await cluster.stop();
});

test('an agent started by its command hears SIGUSR1', async () => {
  const cluster = new TestCluster();
  const port = await freePort();
  const agent = spawn(
    join(import.meta.dirname, '..', '..', 'bin', 'mesos-agent'),
    [
      `--master=127.0.0.1:${await freePort()}`,
      '--ip=127.0.0.1',
      `--port=${port}`,
      `--work_dir=${cluster.folder}/agent`,
    ],
    { stdio: 'ignore' },
  );
  const exited = once(agent, 'exit');
  await until('the port is open', () => opens(port));
  agent.kill('SIGUSR1');
  expect(await exited).toEqual([0, null]);
  await cluster.stop();
});
