// Containers of type DOCKER from a framework's task to the end of it, with real programs, as
// docs/docker.md shows them. This needs root.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestRegistry } from '../containerizer/images/registry/test-registry.ts';
import { putBusybox } from '../support/busybox-image.ts';
import { LITTLE, type Program, TestCluster, until } from '../support/cluster.ts';
import { startFlags } from '../support/documented-flags.ts';
import { ask } from '../support/requests.ts';
import { root } from '../support/sources.ts';

const isRoot = process.geteuid?.() === 0;
const cluster = new TestCluster();
const page = readFileSync(join(root, 'docs', 'docker.md'), 'utf8');
let registry: TestRegistry;

/** As docs/docker.md has them, but for the registry. */
const agentFlags = () => [...startFlags(page), `--docker_registry=http://${registry.host}`];

beforeAll(async () => {
  registry = await TestRegistry.open();
  putBusybox(registry, 'hello-world', { Cmd: ['/bin/echo', 'Hello!'] });
  putBusybox(registry, 'debian:stable-slim');
  putBusybox(registry, 'owned', { User: '7:8', StopSignal: 'QUIT' });
  if (isRoot) {
    await cluster.start({ agent: agentFlags() });
  }
});
afterAll(async () => {
  await cluster.stop();
  await registry.close();
});

const roots = () => readdirSync(join(cluster.folder, 'agent', 'provisioner', 'containers'));

describe.runIf(isRoot)('a task in a container of type DOCKER', () => {
  test('runs as docs/docker.md shows it', async () => {
    const commands = page.match(/(?<=^ {4}bin\/mesoscale execute ).*$/gm) ?? [];
    const outputs = commands.map((command) => {
      const line = `bin/mesoscale execute --master=${cluster.address} ${command}`;
      return promisify(execFile)('/bin/sh', ['-c', line], { cwd: root }).catch(
        (error: { code: number; stdout: string; stderr: string }) => error,
      );
    });
    const [hello, marathon] = await Promise.all(outputs);
    expect(hello?.stdout).toBe('Hello!\n');
    expect(marathon).toMatchObject({
      code: 3,
      stdout: '0\n/\n/web on /mnt/mesos/sandbox\nhello\n',
      stderr: expect.stringContaining('Container exited with status 3'),
    });
  });

  test('goes on when its agent is killed, is looked into, and ends when it is asked', async () => {
    const task = {
      name: 'stays',
      task_id: { value: 'stays' },
      agent_id: { value: '' },
      resources: LITTLE,
      command: {
        value: "trap 'echo asked; exit 5' QUIT; echo x > /tmp/written; while :; do sleep 0.1; done",
      },
      container: {
        type: 'DOCKER',
        docker: {
          image: 'owned',
          parameters: [{ key: 'tmpfs', value: '/tmp:mode=1777' }],
        },
      },
      health_check: {
        type: 'COMMAND',
        command: { value: 'test -e /tmp/written' },
        delay_seconds: 0,
        interval_seconds: 0.1,
      },
    };
    const program: Program = cluster.run(
      ['execute', `--master=${cluster.address}`, `--task=${JSON.stringify(task)}`, '--checkpoint'],
      'stays.log',
    );
    const tasks = () => ask(cluster.address, '/tasks').then((it) => it.text());
    await until('it is healthy', async () => (await tasks()).includes('"healthy":true'));
    await cluster.agentProgram.kill('SIGKILL');
    await cluster.startAgent(agentFlags());
    await cluster.agentRegistered();
    const looked = cluster.run(
      [
        'task',
        'exec',
        `--master=${cluster.address}`,
        'stays',
        'sh',
        '-c',
        'id -u; id -g; cat /tmp/written /etc/os-release',
      ],
      'looked.log',
    );
    expect(await looked.ended()).toBe(0);
    expect(looked.log).toBe('7\n8\nx\nNAME=owned\n');
    // An agent that has no such containers ends them all the same.
    await cluster.agentProgram.kill('SIGKILL');
    await cluster.startAgent([]);
    await cluster.agentRegistered();
    await program.kill('SIGINT');
    expect(program.log).toContain('asked');
    await until('nothing is left of it', () => roots().length === 0);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(cluster.folder);
  });
});
