// Containers that calls of the API ask for: real processes, nested and by themselves, and what a
// later agent finds of them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LaunchContainer } from '../../src/agent/effects.ts';
import type { AgentResponse } from '../../src/model/generated/messages.ts';
import { TaskState } from '../../src/model/generated/messages.ts';
import { containerId } from '../../src/model/ids.ts';
import { DriverHarness, temporaryFolder } from './harness.ts';

let folder: ReturnType<typeof temporaryFolder>;
let harness: DriverHarness;

beforeEach(async () => {
  folder = temporaryFolder();
  harness = await DriverHarness.open(folder.path);
});

afterEach(async () => {
  await harness.end();
  folder[Symbol.dispose]();
});

type Answer = { readonly status: number; readonly text?: string } | AgentResponse;

type Effect = Parameters<DriverHarness['driver']['perform']>[0];
type Asked = Extract<
  Effect,
  { type: 'launchContainer' | 'waitContainer' | 'killContainer' | 'removeContainer' }
>;

/** Performs an effect that answers a request. */
function ask(effect: Asked extends infer E ? Omit<E & Asked, 'request'> : never): Promise<Answer> {
  return new Promise((resolve) => {
    const request = harness.requests.add({
      reply: (status, text) => resolve(text === undefined ? { status } : { status, text }),
      respond: resolve,
    });
    harness.driver.perform({ ...effect, request } as Effect);
  });
}

const launch = (id: string, value: string, more: Partial<LaunchContainer> = {}) =>
  ask({
    type: 'launchContainer',
    containerId: containerId(id),
    command: { value },
    resources: [],
    ...more,
  } as never);

const wait = async (id: string) => {
  const call = { type: 'waitContainer', containerId: containerId(id), call: 'WAIT_CONTAINER' };
  const answer = await ask(call as never);
  return 'wait_container' in answer ? answer.wait_container : answer;
};

const kill = (id: string, signal = 9) =>
  ask({ type: 'killContainer', containerId: containerId(id), signal } as never);

const remove = (id: string) =>
  ask({ type: 'removeContainer', containerId: containerId(id) } as never);

const OK = { status: 200 };

describe('a container by itself', () => {
  test('runs in a sandbox of its own, and is known until it is removed', async () => {
    expect(await launch('c1', 'env > facts; exit 3')).toEqual(OK);
    expect(await wait('c1')).toEqual({ exit_status: 768 });
    const sandbox = join(folder.path, 'containers/c1');
    const facts = readFileSync(join(sandbox, 'facts'), 'utf8');
    expect(facts.split('\n').filter((line) => line.startsWith('MESOS_'))).toEqual([
      `MESOS_SANDBOX=${sandbox}`,
    ]);
    expect(await wait('c1')).toEqual({ exit_status: 768 });
    expect(await remove('c1')).toEqual(OK);
    expect(await wait('c1')).toMatchObject({ status: 404 });
    expect(existsSync(sandbox)).toBe(false);
    expect(readdirSync(join(folder.path, 'meta/containers'))).toEqual([]);
  });

  test('is there once, and can be launched again when it has ended', async () => {
    expect(await launch('c1', 'sleep 100')).toEqual(OK);
    expect(await launch('c1', 'true')).toEqual({ status: 202 });
    expect(await remove('c1')).toMatchObject({ status: 500 });
    expect(await kill('c1')).toEqual(OK);
    expect(await wait('c1')).toEqual({ exit_status: 9 });
    expect(await kill('c1')).toMatchObject({ status: 404 });
    expect(await launch('c1', 'exit 1')).toEqual(OK);
    expect(await wait('c1')).toEqual({ exit_status: 256 });
  });

  test('gets the signal of the call', async () => {
    expect(await launch('c1', "trap 'exit 4' HUP; while :; do sleep 0.02; done")).toEqual(OK);
    expect(await kill('c1', 1)).toEqual(OK);
    // Before the shell has its trap, the signal ends it.
    expect([{ exit_status: 1 }, { exit_status: 1024 }]).toContainEqual(await wait('c1'));
  });

  test('that has no program to execute exits with status 1', async () => {
    expect(await launch('c1', '', { command: { shell: false, value: '/no/such' } })).toEqual(OK);
    // Mesos shows 256256: it reads two statuses as one number.
    expect(await wait('c1')).toEqual({ exit_status: 256 });
    const stderr = readFileSync(join(folder.path, 'containers/c1/stderr'), 'utf8');
    expect(stderr).toContain('/no/such');
  });

  test('without a command ends when it runs', async () => {
    expect(await launch('c1', '', { command: undefined })).toEqual(OK);
    expect(await wait('c1')).toEqual({ exit_status: 256 });
  });

  test('of a user that there is not is not there', async () => {
    expect(await launch('c1', 'true', { user: 'no-such-user' })).toMatchObject({ status: 400 });
    expect(await wait('c1')).toMatchObject({ status: 404 });
  });
});

describe('a nested container', () => {
  const executor = () =>
    harness.launch({ task: { command: { value: 'sleep 100' } }, checkpoint: true });

  test('is below a task, and those below it end with it', async () => {
    const root = executor();
    await harness.status(root, TaskState.TASK_RUNNING);
    expect(await launch(`${root}.n1`, 'sleep 100')).toEqual(OK);
    expect(await launch(`${root}.n1.n2`, 'sleep 100')).toEqual(OK);
    expect(await launch(`${root}.n1.n2.n3`, 'exit 5')).toEqual(OK);
    expect(await wait(`${root}.n1.n2.n3`)).toEqual({ exit_status: 1280 });
    expect(existsSync(harness.inSandbox(root, 'containers/n1/containers/n2/stdout'))).toBe(true);
    expect(await kill(`${root}.n1`)).toEqual(OK);
    expect(await wait(`${root}.n1`)).toEqual({ exit_status: 9 });
    expect(await wait(`${root}.n1.n2`)).toEqual({ exit_status: 9 });
    expect(await remove(`${root}.n1`)).toEqual(OK);
    expect(await wait(`${root}.n1.n2`)).toMatchObject({ status: 404 });
    expect(existsSync(harness.inSandbox(root, 'containers/n1'))).toBe(false);
  });

  test('ends with the task that it is below', async () => {
    const root = executor();
    await harness.status(root, TaskState.TASK_RUNNING);
    expect(await launch(`${root}.n1`, 'sleep 100')).toEqual(OK);
    const ended = wait(`${root}.n1`);
    harness.kill(root, 0);
    expect(await ended).toEqual({ exit_status: 9 });
    await harness.ended(root);
    expect(await wait(`${root}.n1`)).toMatchObject({ status: 404 });
    expect(await remove(`${root}.n1`)).toEqual({ status: 200 });
  });

  test('needs a parent', async () => {
    expect(await launch('nowhere.n1', 'true')).toEqual({
      status: 400,
      text: 'Parent container nowhere does not exist',
    });
    expect(await remove('nowhere.n1')).toEqual({ status: 500, text: 'Unknown root container' });
  });
});
