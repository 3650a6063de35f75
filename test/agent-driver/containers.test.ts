// Containers that calls of the API ask for: real processes, nested and by themselves, and what a
// later agent finds of them.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ContainerInfo_Type, TaskState } from '../../src/model/generated/messages.ts';
import { containerId } from '../../src/model/ids.ts';
import { Random } from '../../src/model/random.ts';
import { ContainerCalls } from './container-calls.ts';
import { DriverHarness, type Launch, temporaryFolder } from './harness.ts';
import { appeared, disappeared, eventually } from './outside.ts';

let folder: ReturnType<typeof temporaryFolder>;
let harness: DriverHarness;
let calls: ContainerCalls;

beforeEach(async () => {
  folder = temporaryFolder();
  harness = await DriverHarness.open(folder.path);
  calls = new ContainerCalls(harness);
});

afterEach(async () => {
  await harness.end();
  folder[Symbol.dispose]();
});

const OK = { status: 200 };

describe('with --gc_non_executor_container_sandboxes a sandbox', () => {
  const inSandboxes = (...names: string[]) => join(folder.path, 'containers', ...names);

  beforeEach(async () => {
    await harness.driver.close();
    const policy = { delayMs: 200, headroom: 0 };
    harness = await DriverHarness.open(folder.path, { garbage: { policy, isForAll: true } });
    calls = new ContainerCalls(harness);
  });

  test('goes some time after its container has ended, of which all else is known', async () => {
    expect(await calls.launch('c1', 'sleep 1000')).toEqual(OK);
    expect(await calls.launch('c1.n1', 'true')).toEqual(OK);
    expect(await calls.wait('c1.n1')).toEqual({ exit_status: 0 });
    await disappeared(inSandboxes('c1', 'containers', 'n1'));
    expect(await calls.wait('c1.n1')).toEqual({ exit_status: 0 });
    expect(existsSync(inSandboxes('c1', 'stdout'))).toBe(true);
    expect(await calls.kill('c1')).toEqual(OK);
    await disappeared(inSandboxes('c1'));
  });

  test('stays where another container has the id by then', async () => {
    expect(await calls.launch('c1', 'true')).toEqual(OK);
    expect(await calls.wait('c1')).toEqual({ exit_status: 0 });
    expect(await calls.launch('c1', 'sleep 1000')).toEqual(OK);
    await eventually(() => harness.driver.metrics()['gc/path_removals_pending'] === 0);
    await appeared(inSandboxes('c1', 'stdout'));
    expect(await calls.kill('c1')).toEqual(OK);
  });
});

describe('a container by itself', () => {
  test('runs in a sandbox of its own, and is known until it is removed', async () => {
    expect(await calls.launch('c1', 'env > facts; exit 3')).toEqual(OK);
    expect(existsSync(join(folder.path, 'containers/c1/stdout'))).toBe(true);
    expect(await calls.wait('c1')).toEqual({ exit_status: 768 });
    const sandbox = join(folder.path, 'containers/c1');
    const facts = readFileSync(join(sandbox, 'facts'), 'utf8');
    expect(facts.split('\n').filter((line) => line.startsWith('MESOS_'))).toEqual([
      `MESOS_SANDBOX=${sandbox}`,
    ]);
    expect(await calls.wait('c1')).toEqual({ exit_status: 768 });
    expect(await calls.remove('c1')).toEqual(OK);
    expect(await calls.wait('c1')).toMatchObject({ status: 404 });
    expect(existsSync(sandbox)).toBe(false);
    expect(readdirSync(join(folder.path, 'meta/containers'))).toEqual([]);
  });

  test('is there once, and can be launched again when it has ended', async () => {
    expect(await calls.launch('c1', 'sleep 100')).toEqual(OK);
    expect(await calls.launch('c1', 'true')).toEqual({ status: 202 });
    expect(await calls.remove('c1')).toMatchObject({ status: 500 });
    expect(await calls.kill('c1')).toEqual(OK);
    expect(await calls.wait('c1')).toEqual({ exit_status: 9 });
    expect(await calls.kill('c1')).toMatchObject({ status: 404 });
    expect(await calls.launch('c1', 'exit 1')).toEqual(OK);
    expect(await calls.wait('c1')).toEqual({ exit_status: 256 });
  });

  test('gets the signal of the call', async () => {
    expect(await calls.launch('c1', "trap 'exit 4' HUP; while :; do sleep 0.02; done")).toEqual(OK);
    expect(await calls.kill('c1', 1)).toEqual(OK);
    // Before the shell has its trap, the signal ends it.
    expect([{ exit_status: 1 }, { exit_status: 1024 }]).toContainEqual(await calls.wait('c1'));
  });

  test('is not touched by signal 0, which only asks for it', async () => {
    expect(await calls.launch('c1', 'sleep 0.3; exit 4')).toEqual(OK);
    expect(await calls.kill('c1', 0)).toEqual(OK);
    expect(await calls.wait('c1')).toEqual({ exit_status: 1024 });
    expect(await calls.kill('c1', 0)).toMatchObject({ status: 404 });
  });

  test('ends when that is asked for, though its supervisor was stopped', async () => {
    expect(await calls.launch('c1', 'sleep 100')).toEqual(OK);
    const record = join(folder.path, 'meta/containers/c1/supervisor');
    await appeared(record);
    process.kill(Number.parseInt(readFileSync(record, 'utf8'), 10), 'SIGSTOP');
    expect(await calls.kill('c1')).toEqual(OK);
    expect(await calls.wait('c1')).toEqual({ exit_status: 9 });
  });

  test('that has no program to execute exits with status 1', async () => {
    expect(await calls.launch('c1', '', { command: { shell: false, value: '/no/such' } })).toEqual(
      OK,
    );
    // Mesos shows 256256: it reads two statuses as one number.
    expect(await calls.wait('c1')).toEqual({ exit_status: 256 });
    const stderr = readFileSync(join(folder.path, 'containers/c1/stderr'), 'utf8');
    expect(stderr).toContain('/no/such');
  });

  test.each([undefined, {}, { shell: false }])(
    'of command %o ends when it runs',
    async (command) => {
      expect(await calls.launch('c1', '', { command })).toEqual(OK);
      expect(await calls.wait('c1')).toEqual({ exit_status: 256 });
      const stderr = readFileSync(join(folder.path, 'containers/c1/stderr'), 'utf8');
      expect(stderr).toMatch(/ is not specified\n$/);
    },
  );

  test('of a user that there is not is not there', async () => {
    expect(await calls.launch('c1', 'true', { user: 'no-such-user' })).toEqual({
      status: 500,
      text: expect.stringMatching(/^Failed to create sandbox '.*: No such user 'no-such-user'$/),
    });
    expect(await calls.wait('c1')).toMatchObject({ status: 404 });
    expect(await calls.launch('c1', 'sleep 100')).toEqual(OK);
    expect(await calls.launch('c1.n', 'true', { user: 'no-such-user' })).toEqual({
      status: 400,
      text: expect.stringMatching(/^Failed to create nested sandbox '.*: No such user/),
    });
  });
});

test('a nested container that is refused leaves an empty sandbox, until it is removed', async () => {
  expect(await calls.launch('a', 'sleep 100')).toEqual(OK);
  const container = { type: ContainerInfo_Type.MESOS, hostname: 'h' };
  expect(await calls.launch('a.n', 'true', { container })).toEqual({
    status: 400,
    text: "'container.hostname' is not supported: containers have the agent's host name",
  });
  const sandbox = join(folder.path, 'containers/a/containers/n');
  expect(readdirSync(sandbox)).toEqual([]);
  expect(await calls.wait('a.n')).toEqual({});
  expect(await calls.remove('a.n')).toEqual(OK);
  expect(existsSync(sandbox)).toBe(false);
});

describe('what lies where a sandbox is to be', () => {
  const victim = () => join(folder.path, 'victim');
  /** Of a user who wants that root writes elsewhere. */
  const lay = (sandbox: string) =>
    `mkdir -p ${sandbox}; echo old > ${sandbox}/old; ln -s ${victim()} ${sandbox}/stdout;` +
    ` ln -s ${victim()} ${sandbox}/hostname`;
  const command = {
    value: 'echo new; ls',
    uris: [{ value: '/etc/hostname', extract: false }],
  };

  test('is never used by a nested container', async () => {
    expect(await calls.launch('a', `${lay('containers/n')}; touch up; sleep 100`)).toEqual(OK);
    await appeared(join(folder.path, 'containers/a/up'));
    writeFileSync(victim(), '');
    expect(await calls.launch('a.n', '', { command })).toEqual(OK);
    expect(await calls.wait('a.n')).toEqual({ exit_status: 0 });
    const stdout = readFileSync(join(folder.path, 'containers/a/containers/n/stdout'), 'utf8');
    expect(stdout).toBe('new\nhostname\nstderr\nstdout\n');
    expect(readFileSync(victim(), 'utf8')).toBe('');
    await calls.kill('a');
    await calls.wait('a');
  });

  test('is never used by one that stands alone', async () => {
    execFileSync('sh', ['-c', lay('containers/c1')], { cwd: folder.path });
    writeFileSync(victim(), '');
    expect(await calls.launch('c1', '', { command })).toEqual(OK);
    expect(await calls.wait('c1')).toEqual({ exit_status: 0 });
    const stdout = readFileSync(join(folder.path, 'containers/c1/stdout'), 'utf8');
    expect(stdout).toBe('new\nhostname\nstderr\nstdout\n');
    expect(readFileSync(victim(), 'utf8')).toBe('');
  });

  test('goes with a container that is not known any more', async () => {
    execFileSync('sh', ['-c', lay('containers/c1')], { cwd: folder.path });
    expect(await calls.remove('c1')).toEqual(OK);
    expect(existsSync(join(folder.path, 'containers/c1'))).toBe(false);
  });
});

describe('a nested container', () => {
  const executor = () =>
    harness.launch({ task: { command: { value: 'sleep 100' } }, checkpoint: true });

  test('is below a task, and those below it end with it', async () => {
    const root = executor();
    await harness.status(root, TaskState.TASK_RUNNING);
    expect(await calls.launch(`${root}.n1`, 'sleep 100')).toEqual(OK);
    expect(await calls.launch(`${root}.n1.n2`, 'sleep 100')).toEqual(OK);
    expect(await calls.launch(`${root}.n1.n2.n3`, 'exit 5')).toEqual(OK);
    expect(await calls.wait(`${root}.n1.n2.n3`)).toEqual({ exit_status: 1280 });
    await appeared(harness.inSandbox(root, 'containers/n1/containers/n2/stdout'));
    expect(await calls.kill(`${root}.n1`)).toEqual(OK);
    expect(await calls.wait(`${root}.n1`)).toEqual({ exit_status: 9 });
    expect(await calls.wait(`${root}.n1.n2`)).toEqual({ exit_status: 9 });
    expect(await calls.remove(`${root}.n1`)).toEqual(OK);
    expect(await calls.wait(`${root}.n1.n2`)).toMatchObject({ status: 404 });
    expect(existsSync(harness.inSandbox(root, 'containers/n1'))).toBe(false);
  });

  test.each<[string, Partial<Launch>]>([
    ['a task', { task: { command: { value: 'sleep 1000' } } }],
    ['a group', { group: [{ name: 'one', command: { value: 'sleep 1000' } }] }],
  ])('a kill of the container of %s is that of its executor', async (_, launch) => {
    const root = harness.launch(launch);
    await harness.status(root, TaskState.TASK_RUNNING);
    expect(await calls.kill(root)).toEqual(OK);
    const { waitStatus, failure, reason } = await harness.ended(root);
    // The agent tells the end of its tasks.
    expect({ waitStatus, failure, reason }).toEqual({ waitStatus: 9 });
    expect(harness.states(root)).toEqual(['TASK_STARTING', 'TASK_RUNNING']);
  });

  test('ends with the task that it is below', async () => {
    const root = executor();
    await harness.status(root, TaskState.TASK_RUNNING);
    expect(await calls.launch(`${root}.n1`, 'touch up; sleep 100')).toEqual(OK);
    await appeared(harness.inSandbox(root, 'containers/n1/up'));
    const ended = calls.wait(`${root}.n1`);
    harness.kill(root, 0);
    expect(await ended).toEqual({ exit_status: 9 });
    await harness.ended(root);
    expect(await calls.wait(`${root}.n1`)).toMatchObject({ status: 404 });
    expect(await calls.remove(`${root}.n1`)).toEqual({ status: 200 });
  });

  test('has the user of its parent, and no other where that is not root', async () => {
    expect(await calls.launch('a', 'sleep 100')).toEqual(OK);
    expect(await calls.launch('a.n', 'sleep 100', { user: 'nobody' })).toEqual(OK);
    expect(['a', 'a.n', 'b'].map((id) => harness.driver.userOf(containerId(id)))).toEqual([
      userInfo().username,
      'nobody',
      undefined,
    ]);
    expect(await calls.launch('a.n.m', 'exit $(id -u | cut -c1-2)')).toEqual(OK);
    expect(await calls.wait('a.n.m')).toEqual({ exit_status: 65 << 8 });
    expect(await calls.launch('a.n.r', 'true', { user: 'root' })).toEqual({
      status: 400,
      text:
        "Container a.n.r cannot run as 'root': it is nested in container a.n of user 'nobody', and" +
        ' sandboxes of other users in his are not safe',
    });
    await calls.kill('a');
    await calls.wait('a');
  });

  test('needs a parent', async () => {
    expect(await calls.launch('nowhere.n1', 'true')).toEqual({
      status: 400,
      text: 'Parent container nowhere does not exist',
    });
    expect(await calls.remove('nowhere.n1')).toEqual({
      status: 500,
      text: 'Unknown root container',
    });
  });
});

test('whatever many callers ask at the same time, nothing is left over', async () => {
  const root = harness.launch({ task: { command: { value: 'sleep 100' } }, checkpoint: true });
  await harness.status(root, TaskState.TASK_RUNNING);
  const random = new Random(7);
  const ids = ['a', `${root}.a`].flatMap((id) => [id, `${id}.b`, `${id}.b.c`]);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.next() * list.length)] as T;
  const acts = [
    (id: string) => calls.launch(id, pick(['true', 'exit 3', 'sleep 100'])),
    (id: string) => calls.kill(id, pick([1, 9, 15])),
    (id: string) => calls.remove(id),
  ];
  const ask = async () => {
    for (let turn = 0; turn < 60; turn++) {
      await pick(acts)(pick(ids));
    }
  };
  await Promise.all(Array.from({ length: 8 }, ask));
  for (const id of ['a', `${root}.a`]) {
    await calls.kill(id);
    await calls.wait(id);
    expect(await calls.remove(id)).toEqual(OK);
  }
  expect(harness.logs).toEqual([]);
  expect(readdirSync(join(folder.path, 'containers'))).toEqual([]);
  expect(readdirSync(join(folder.path, 'meta/containers'))).toEqual([root]);
  expect(readdirSync(join(folder.path, 'meta/containers', root, 'containers'))).toEqual([]);
});
