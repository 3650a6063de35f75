// Images from a registry to running containers, with real programs. This needs root.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestRegistry } from '../containerizer/images/registry/test-registry.ts';
import { putBusybox } from '../support/busybox-image.ts';
import { LITTLE, type Program, TestCluster, until } from '../support/cluster.ts';
import { root } from '../support/sources.ts';

const isRoot = process.geteuid?.() === 0;
const cluster = new TestCluster();
const page = readFileSync(join(root, 'docs', 'images.md'), 'utf8');
let registry: TestRegistry;

/** As docs/images.md has them, but for the registry. */
const agentFlags = () => [
  ...(/npm start -- (.*)/.exec(page)?.[1] ?? '').split(' '),
  `--docker_registry=http://${registry.host}`,
];

beforeAll(async () => {
  registry = await TestRegistry.open();
  putBusybox(registry, 'one', { Entrypoint: ['/bin/cat', '/etc/os-release'] });
  putBusybox(registry, 'two', { WorkingDir: '/srv/dir' });
  putBusybox(registry, 'hello-world', { Cmd: ['/bin/echo', 'Hello!'] });
  putBusybox(registry, 'debian:stable-slim');
  if (isRoot) {
    await cluster.start({ agent: agentFlags() });
  }
});
afterAll(async () => {
  await cluster.stop();
  await registry.close();
});

async function executed(name: string, ...flags: readonly string[]) {
  const program = cluster.run(
    [
      'execute',
      `--master=${cluster.address}`,
      `--name=${name}`,
      '--resources=cpus:0.1;mem:32',
      ...flags,
    ],
    `${name}.log`,
  );
  return { status: await program.ended(), log: program.log };
}

async function call(type: string, part: object = {}): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://${cluster.agent}/api/v1`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ type, [type.toLowerCase()]: part }),
  });
  return { status: response.status, text: await response.text() };
}

/** What containers have of images, below the agent's work directory. */
const left = (...names: string[]) => readdirSync(join(cluster.folder, 'agent', ...names));
const roots = () => left('provisioner', 'containers');
const layers = () => left('store', 'docker', 'mesoscale-2', 'layers', 'sha256');

describe.runIf(isRoot)('a container with an image', () => {
  test('runs what the image says, or a command in its files', async () => {
    expect(await executed('said', '--docker_image=one')).toMatchObject({
      status: 0,
      log: expect.stringContaining('NAME=one\n'),
    });
    const value = 'cat /etc/os-release; pwd; ls /; exit 7';
    const { status, log } = await executed('own', '--docker_image=two', `--command=${value}`);
    expect(status).toBe(7);
    expect(log).toMatch(/NAME=two\n\/srv\/dir\nbin\ndev\netc\nmnt\nproc\nsrv\nsys\n/);
    // The layer that both have came once, and no image twice.
    const blobs = registry.asked.filter((path) => path.includes('/blobs/'));
    expect(new Set(blobs.map((path) => path.replace(/^.*\//, ''))).size).toBe(blobs.length);
  });

  test('is as docs/images.md shows it', async () => {
    const commands = page.match(/(?<=^ {4}bin\/mesoscale execute ).*$/gm) ?? [];
    const outputs = commands.map((command) => {
      const line = `bin/mesoscale execute --master=${cluster.address} ${command}`;
      return promisify(execFile)('/bin/sh', ['-c', line], { cwd: root });
    });
    const [hello, shell] = await Promise.all(outputs);
    expect(hello?.stdout).toBe('Hello!\n');
    expect(shell?.stdout).toBe('NAME=debian\n/mnt/mesos/sandbox\n');
    const [curl = ''] = page.match(/(?<=^ {4})curl .*$/gm) ?? [];
    const line = curl.replace('127.0.0.1:5051', cluster.agent);
    expect(await promisify(execFile)('/bin/sh', ['-c', line])).toMatchObject({ stdout: '' });
    expect(layers().length).toBeGreaterThan(0);
  });

  test('is refused with the reason where there is no such image', async () => {
    const { status, log } = await executed('none', '--docker_image=none');
    expect(status).not.toBe(0);
    expect(log).toContain(
      "Unexpected HTTP response '404 Not Found' when trying to get the manifest",
    );
    await until('nothing is left of it', () => roots().length === 0);
  });

  test('goes on, with its files, when its agent is killed; then nothing is left', async () => {
    const image = (name: string) => ({
      type: 'MESOS',
      mesos: { image: { type: 'DOCKER', docker: { name } } },
    });
    const task = (name: string, more: object) => ({
      name,
      task_id: { value: name },
      resources: LITTLE,
      command: { value: 'echo x > /written; exec sleep 1000' },
      ...more,
    });
    const group = cluster.execute(
      'group',
      'task_group',
      {
        tasks: [
          task('with', {
            container: image('two'),
            check: {
              type: 'COMMAND',
              command: { command: { value: 'test -e /written && test -e /etc/os-release' } },
              interval_seconds: 0.1,
            },
          }),
          task('without', { command: { value: 'exec sleep 1000' } }),
        ],
      },
      '--checkpoint',
    );
    await until('both run', () => (group.log.match(/TASK_RUNNING/g) ?? []).length >= 2);
    const id = { value: 'alone' };
    const alone = { container_id: id, command: { value: 'exec sleep 1000' } };
    expect(await call('LAUNCH_CONTAINER', { ...alone, container: image('one') })).toMatchObject({
      status: 200,
    });

    await cluster.agentProgram.kill('SIGKILL');
    await cluster.startAgent(agentFlags());
    await cluster.agentRegistered();

    // Whatever may be removed, no files of a container that runs are.
    expect(await call('PRUNE_IMAGES')).toMatchObject({ status: 200 });
    expect(layers().length).toBeGreaterThan(0);
    const inside = await looked('with', 'cat /etc/os-release /written; pwd');
    expect(inside).toBe('NAME=two\nx\n/srv/dir\n');
    const nested = { value: 'below', parent: id };
    expect(
      await call('LAUNCH_NESTED_CONTAINER', {
        container_id: nested,
        command: { shell: false },
        container: image('one'),
      }),
    ).toMatchObject({ status: 200 });
    expect((await call('WAIT_NESTED_CONTAINER', { container_id: nested })).text).toContain(
      '"exit_status":0',
    );
    const output = join('containers', 'alone', 'containers', 'below', 'stdout');
    expect(readFileSync(join(cluster.folder, 'agent', output), 'utf8')).toBe('NAME=one\n');

    await call('KILL_CONTAINER', { container_id: id });
    await call('WAIT_CONTAINER', { container_id: id });
    await group.kill('SIGINT');
    await until('nothing is left of them', () => roots().length === 0);
    expect(await call('PRUNE_IMAGES')).toMatchObject({ status: 200 });
    await until('nothing is left of their images', () => layers().length === 0);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(cluster.folder);
  });
});

/** What a command beside a task prints. */
async function looked(task: string, value: string): Promise<string> {
  const program: Program = cluster.run(
    ['task', 'exec', `--master=${cluster.address}`, task, 'sh', '-c', value],
    `look-${task}.log`,
  );
  expect(await program.ended()).toBe(0);
  return program.log;
}
