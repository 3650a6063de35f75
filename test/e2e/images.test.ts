// Images from a registry to running containers, with real programs. This needs root.
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
import { Running } from '../support/running.ts';
import { root } from '../support/sources.ts';

const isRoot = process.geteuid?.() === 0;
const bin = join(root, 'bin', 'mesoscale');
const cluster = new TestCluster();
const page = readFileSync(join(root, 'docs', 'images.md'), 'utf8');
let registry: TestRegistry;

/** As docs/images.md has them, but for the registry. */
const agentFlags = () => [...startFlags(page), `--docker_registry=http://${registry.host}`];

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
  const response = await ask(cluster.agent, '/api/v1', {
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
    // Images of App Container have tests of their own.
    const commands = page.match(/(?<=^ {4}bin\/mesoscale execute ).*--docker_image.*$/gm) ?? [];
    const outputs = commands.map((command) => {
      const line = `bin/mesoscale execute --master=${cluster.address} ${command}`;
      return promisify(execFile)('/bin/sh', ['-c', line], { cwd: root });
    });
    const [hello, shell] = await Promise.all(outputs);
    expect(hello?.stdout).toBe('Hello!\n');
    expect(shell?.stdout).toBe('NAME=debian\n/mnt/mesos/sandbox\n');
    for (const command of page.match(/(?<=^ {4}bin\/mesoscale image ).*$/gm) ?? []) {
      const at = `bin/mesoscale image --agent=${cluster.agent} ${command}`;
      const { stdout } = await promisify(execFile)('/bin/sh', ['-c', at], { cwd: root });
      expect(stdout).toMatch(/debian:stable-slim|freed/);
    }
    const [curl = ''] = page.match(/(?<=^ {4})curl .*$/gm) ?? [];
    const line = curl.replace('127.0.0.1:5051', await cluster.plainAddress(cluster.agent));
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

describe.runIf(isRoot)('mesoscale image', () => {
  test('lists, pulls with progress, and prunes', async () => {
    await image('prune');
    expect(await image('list')).toEqual({ status: 0, output: 'There are no images\n', errors: '' });
    const blob = Promise.withResolvers<void>();
    let sent = 0;
    registry.intercept = (request, response, path) => {
      const bytes = registry.blobs.get(path.replace(/^.*\//, ''));
      if (!path.startsWith('two/blobs/') || bytes === undefined || bytes.length < 100_000) {
        return false;
      }
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 100_000));
      sent++;
      void blob.promise.then(() => response.end(bytes.subarray(100_000)));
      request.on('close', () => response.destroy());
      return true;
    };
    // `script` is a person's terminal.
    const line = `'${bin}' image pull --agent=${cluster.agent} two`;
    const typed = new Running('script', ['-qec', line, '/dev/null']);
    await until('the pull shows how far it is', () =>
      /█░+ +97\.\d KB of \S+ MB {3}1 of 2 layers/.test(typed.output),
    );
    const left = new Running('script', ['-qec', line, '/dev/null']);
    await until('another one shows the same', () => left.output.includes('1 of 2 layers'));
    left.type('\u0003');
    expect(await left.status).toBe(130);
    const alone = await image('list');
    expect(alone.output).toMatch(
      /^There are no images\ntwo:latest is being pulled: 1 of 2 layers are there, and 97\.\d KB of \S+ MB have arrived\n$/,
    );
    const [master, task] = [`--master=${cluster.address}`, ['--name=waits', '--docker_image=two']];
    const waits = cluster.run(
      ['execute', master, ...task, '--resources=cpus:0.1;mem:32', '--command=true'],
      'waits.log',
    );
    await until('a task says what it waits for', () =>
      /Image 'two:latest' is being pulled: 1 of 2 layers are there/.test(waits.log),
    );
    blob.resolve();
    expect(await waits.ended()).toBe(0);
    expect(await typed.status).toBe(0);
    expect(typed.output).toMatch(/two:latest sha256:[0-9a-f]{64}\r\n$/);
    registry.intercept = () => false;
    expect(sent).toBe(1);

    const other = await image('pull', 'one', '--json');
    expect(JSON.parse(other.output)).toMatchObject({
      image: { type: 'DOCKER', name: 'one:latest' },
    });
    const { output } = await image('list');
    expect(
      output.replaceAll(/sha256:[0-9a-f]{12}/g, 'D').replaceAll(/\d{4}-\S+ \S+/g, 'T'),
    ).toMatch(
      /^IMAGE +DIGEST +SIZE +LAYERS +PULLED +IN USE\none:latest +D +\S+ MB +2 +T +no\ntwo:latest .*\n2 images, \S+ MB\n$/,
    );
    const json = JSON.parse((await image('list', '--json')).output);
    expect(json.images).toHaveLength(2);
    const pruned = await image('prune', '--exclude=two');
    expect(pruned.output).toBe('Removed one:latest\n1 image and 1 layer removed, 9 B freed\n');
    expect((await image('prune')).output).toMatch(
      /^Removed two:latest\n1 image and 2 layers removed, \S+ MB freed\n$/,
    );
  });

  test('says in one line why something cannot be', async () => {
    expect(await image('pull', 'none')).toEqual({
      status: 1,
      output: '',
      errors: expect.stringMatching(/^mesoscale image: [^\n]*404 Not Found[^\n]*\n$/),
    });
    expect(await image('pull', 'a:b:c')).toMatchObject({
      status: 1,
      errors: expect.stringContaining("Failed to parse docker image 'a:b:c'"),
    });
    expect(await image('list', '--agent=127.0.0.1:1')).toMatchObject({
      status: 1,
      errors:
        'mesoscale image: The agent at 127.0.0.1:1 cannot be asked: connect ECONNREFUSED 127.0.0.1:1\n',
    });
  });
});

/** A command of `mesoscale image`. */
async function image(verb: string, ...parameters: readonly string[]) {
  const at = parameters.some((it) => it.startsWith('--agent')) ? [] : [`--agent=${cluster.agent}`];
  const program = new Running(bin, ['image', verb, ...at, ...parameters]);
  const status = await program.status;
  return { status, output: program.output, errors: program.errors };
}

/** What a command beside a task prints. */
async function looked(task: string, value: string): Promise<string> {
  const program: Program = cluster.run(
    ['task', 'exec', `--master=${cluster.address}`, task, 'sh', '-c', value],
    `look-${task}.log`,
  );
  expect(await program.ended()).toBe(0);
  return program.log;
}
