// SIGUSR1 never opens Node's inspector. An agent that is still being loaded leaves as soon as it
// can.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
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

const bin = join(import.meta.dirname, '..', '..', 'bin');
const main = join(import.meta.dirname, '..', '..', 'src', 'cli', 'mesoscale.ts');

describe('SIGUSR1 does nothing to', () => {
  const commands = (port: number, agentPort: number, folder: string) => ({
    master: ['--ip=127.0.0.1', `--port=${port}`, `--work_dir=${folder}/master`],
    local: [`--port=${port}`, `--agent_port=${agentPort}`, `--work_dir=${folder}/local`],
    execute: [`--master=127.0.0.1:${port}`, '--name=n', '--command=true'],
    batch: [`${folder}/tasks.jsonl`, `--master=127.0.0.1:${port}`],
  });

  test.each(['master', 'local', 'execute', 'batch'] as const)('%s', async (name) => {
    const cluster = new TestCluster();
    const port = await freePort();
    const accepts = createServer().listen(name === 'execute' || name === 'batch' ? port : 0);
    writeFileSync(join(cluster.folder, 'tasks.jsonl'), '{"command": "true"}\n');
    // Each of them connects to the master or listens itself once all is loaded.
    const connected = once(accepts, 'connection');
    const flags = commands(port, await freePort(), cluster.folder)[name];
    const program = cluster.run([name, ...flags], `${name}.log`);
    await (name === 'execute' || name === 'batch'
      ? connected
      : until('the port is open', () => opens(port)));
    process.kill(program.pid, 'SIGUSR1');
    await program.kill('SIGINT');
    expect(program.log).not.toContain('Debugger');
    accepts.close();
    await cluster.stop();
  });
});

test('a SIGUSR1 from before anything is loaded opens no port that stays open', async () => {
  const program = `
    process.kill(process.pid, 'SIGUSR1');
    setTimeout(async () => {
      const { url } = require('node:inspector');
      const wasOpen = url() !== undefined;
      const { onUnregister } = await import(${JSON.stringify(join(dirname(main), 'process', 'early-signals.ts'))});
      const { promise, resolve } = Promise.withResolvers();
      onUnregister(resolve);
      await promise;
      setTimeout(() => console.log(wasOpen, url()), 200);
    }, 200);`;
  const child = spawn(process.execPath, ['--inspect-port=0', '-e', program, 'x', 'agent'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  expect(await text(child.stdout)).toBe('true undefined\n');
});

test.each(['mesos-master', 'mesos-agent'])('%s can open no port for it at all', async (name) => {
  const port = await freePort();
  const cluster = new TestCluster();
  const child = spawn(
    join(bin, name),
    ['--ip=127.0.0.1', `--port=${port}`, `--work_dir=${cluster.folder}/w`, '--master=127.0.0.1:1'],
    { stdio: 'ignore' },
  );
  const line = () => readFileSync(`/proc/${child.pid}/cmdline`, 'utf8').split('\0');
  const isNode = () => line().some((part) => /mesoscale\.[jt]s$/.test(part));
  await until('the shell has become Node', isNode);
  expect(line()).toContain(
    name === 'mesos-agent' ? '--inspect-port=192.0.2.1:9229' : '--disable-sigusr1',
  );
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  await cluster.stop();
});
