// Sessions in containers: what they share with them, and how they end.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LaunchContainer } from '../../src/agent/effects.ts';
import {
  type ContainerInfo,
  ContainerInfo_Type,
  TaskState,
  Volume_Mode,
} from '../../src/model/generated/messages.ts';
import { type ContainerId, containerId } from '../../src/model/ids.ts';
import type { ContainerOutput } from '../../src/runtime/pending-requests.ts';
import { removeAgentCgroups } from '../support/test-cgroups.ts';
import { ContainerCalls } from './container-calls.ts';
import { DriverHarness, temporaryFolder } from './harness.ts';
import { eventually } from './outside.ts';
import { openSession, SESSION_PARENT } from './session-output.ts';

let folder: ReturnType<typeof temporaryFolder>;
let harness: DriverHarness;
let root: ContainerId;

beforeEach(async () => {
  folder = temporaryFolder();
  harness = await DriverHarness.open(folder.path);
  root = harness.launch({ checkpoint: true, ...SESSION_PARENT });
  await harness.status(root, TaskState.TASK_RUNNING);
});

afterEach(async () => {
  await harness.end();
  folder[Symbol.dispose]();
});

const hostScript = fileURLToPath(new URL('./sessions-host.ts', import.meta.url));

/** The processes that have this text among their arguments, except one. */
const processesWith = (text: string, except: number | undefined) =>
  readdirSync('/proc').filter((pid) => {
    try {
      return (
        /^\d+$/.test(pid) &&
        Number(pid) !== except &&
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text)
      );
    } catch {
      return false;
    }
  });

/** Rejects where it is refused. */
const session = (value: string, more?: Partial<LaunchContainer>) =>
  openSession(harness, root, value, more);

/** What one is answered that is no session, or that is refused. */
const launch = (value: string, more: Partial<LaunchContainer> = {}) =>
  new ContainerCalls(harness).launch(`${root}.s1`, value, { isSession: true, ...more });

const attach = () =>
  new Promise((resolve) => {
    harness.driver.perform({
      type: 'attachContainer',
      request: harness.requests.add({
        reply: (status, text) => resolve({ status, text }),
        sendOutput: resolve,
      }),
      containerId: containerId(`${root}.s1`),
      to: 'output',
    });
  });

async function all(output: ContainerOutput) {
  const text = { stdout: '', stderr: '' };
  for await (const { stream, data } of output) {
    text[stream] += Buffer.from(data).toString();
  }
  return text;
}

const end = (id = `${root}.s1`) => new ContainerCalls(harness).wait(id);

describe('a session', () => {
  test('sees its parent’s environment and folder, and has files of its own', async () => {
    const output = await session('', {
      command: {
        value: `pwd; echo "$MESOS_SANDBOX $PARENTS$OWN \${MESOS_ALLOCATION_ROLE-no role}"; echo err >&2; exit 4`,
        environment: { variables: [{ name: 'OWN', value: 'o' }] },
      },
    });
    const sandbox = harness.inSandbox(root);
    expect(await all(output)).toEqual({
      stdout: `${sandbox}\n${sandbox} po no role\n`,
      stderr: 'err\n',
    });
    expect(await end()).toEqual({ exit_status: 1024 });
    const own = join(sandbox, 'containers/s1');
    expect(readFileSync(join(own, 'stderr'), 'utf8')).toBe('err\n');
    expect(statSync(own).mode & 0o777).toBe(0o750);
  });

  test('of another user works in the folder all the same (needs root)', async () => {
    const output = await session('id -un; pwd > /dev/null && ls || echo closed', {
      user: 'nobody',
    });
    expect((await all(output)).stdout).toBe('nobody\nclosed\n');
    const log = statSync(harness.inSandbox(root, 'containers/s1/stdout'));
    expect([log.uid, log.mode & 0o777]).toEqual([65534, 0o644]);
  });

  test('of another user can open its output by name (needs root)', async () => {
    const script = 'echo one > /dev/stdout; echo two > /dev/stderr; exec < /dev/stdin';
    const output = await session(script, { user: 'nobody' });
    expect(await all(output)).toEqual({ stdout: 'one\n', stderr: 'two\n' });
  });

  test('has a terminal if it asks for one', async () => {
    const output = await session('stty size; echo err >&2', {
      container: {
        type: ContainerInfo_Type.MESOS,
        tty_info: { window_size: { rows: 30, columns: 100 } },
      },
    });
    expect(await all(output)).toEqual({ stdout: '30 100\r\nerr\r\n', stderr: '' });
  });

  test('ends with its reader, whatever it ignores', async () => {
    const output = await session('trap "" HUP TERM INT; echo up; while :; do sleep 1; done');
    for await (const _ of output) {
      break;
    }
    expect(await end()).toEqual({ exit_status: 9 });
  });

  test('ends with the agent, and is not there for the next one', async () => {
    await session('echo $$ > new; mv new pid; sleep 100');
    await eventually(() => existsSync(harness.inSandbox(root, 'pid')));
    const pid = readFileSync(harness.inSandbox(root, 'pid'), 'utf8').trim();
    await harness.driver.close();
    harness = await DriverHarness.open(folder.path);
    harness.reattach({ container: root, checkpoint: true });
    await eventually(() => !existsSync(`/proc/${pid}`));
    expect(await end()).toMatchObject({ status: 404 });
    // Of an earlier agent: the harness does not end it by itself.
    await harness.status(root, TaskState.TASK_RUNNING);
    harness.kill(root, 0);
    await harness.ended(root);
  });

  test.each(['posix', 'linux'] as const)(
    'ends with an agent that is killed, and its parent goes on (launcher %s, needs root)',
    async (launcher) => {
      const own = join(folder.path, launcher);
      mkdirSync(own);
      const isolation = launcher === 'linux' ? ['filesystem/linux', 'namespaces/pid'] : [];
      const opening = { launcher, isolation: ['posix/cpu', ...isolation] };
      // It ends no sooner for being asked to.
      const value = `trap "" HUP TERM; echo up; cat ${own}/session-pipe`;
      execFileSync('mkfifo', [join(own, 'session-pipe')]);
      const host = spawn(process.execPath, [hostScript, own, JSON.stringify(opening), value], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const closed = once(host, 'close');
      for await (const line of createInterface({ input: host.stdout })) {
        expect(line).toBe('up');
        break;
      }
      const running = () => processesWith(`${own}/session-pipe`, host.pid);
      await eventually(() => running().length > 0);
      host.kill('SIGKILL');
      await closed;
      await eventually(() => running().length === 0);
      const later = await DriverHarness.open(own, opening);
      try {
        const id = later.reattach({ container: 'root', checkpoint: true });
        await later.status(id, TaskState.TASK_RUNNING);
        expect(later.driver.otherContainers()).toEqual([]);
        later.kill(id, 0);
        await later.ended(id);
      } finally {
        await later.driver.close();
        removeAgentCgroups(own);
      }
    },
  );

  test('can look into another one', async () => {
    await session('sleep 100');
    const output = await session('echo "$PARENTS"; pwd', {
      containerId: containerId(`${root}.s1.s2`),
    });
    expect((await all(output)).stdout).toBe(`p\n${harness.inSandbox(root)}\n`);
  });

  test('that is there is not started again; one that has ended is', async () => {
    const first = await session('sleep 100');
    expect(await launch('true')).toMatchObject({ status: 202 });
    first.close();
    expect(await end()).toEqual({ exit_status: 9 });
    expect(await all(await session('echo again'))).toMatchObject({ stdout: 'again\n' });
  });

  test.each<Partial<ContainerInfo>>([
    { volumes: [{ container_path: 'x', host_path: '/tmp', mode: Volume_Mode.RW }] },
    { linux_info: { share_pid_namespace: false } },
  ])('cannot have what its parent does not have (%o)', async (asked) => {
    const container = { type: ContainerInfo_Type.MESOS, ...asked };
    expect(await launch('true', { container })).toMatchObject({ status: 400 });
  });

  test('can be attached to as soon as it is there', async () => {
    expect(await attach()).toEqual({ status: 500, text: `Unknown container ${root}.s1` });
    await session('sleep 100');
    expect(await attach()).not.toHaveProperty('status');
  });

  test('has no place in a container that stands alone', async () => {
    const alone = await launch('sleep 100', {
      containerId: containerId('alone'),
      isSession: false,
    });
    expect(alone).toEqual({ status: 200, text: undefined });
    expect(await launch('true', { containerId: containerId('alone.s1') })).toEqual({
      status: 404,
      text: 'Container alone.s1 cannot be found',
    });
    expect(await end('alone.s1')).toMatchObject({ status: 404 });
  });

  test('needs a parent', async () => {
    expect(await launch('true', { containerId: containerId('nowhere.s1') })).toEqual({
      status: 400,
      text: 'Parent container nowhere does not exist',
    });
  });

  test('in whose place its user has put a link writes nowhere else (needs root)', async () => {
    const victim = join(folder.path, 'victim');
    expect(await all(await session('echo first'))).toMatchObject({ stdout: 'first\n' });
    const replace = `rm containers/s1/stdout; ln -s ${victim} containers/s1/stdout`;
    await all(await session(replace, { containerId: containerId(`${root}.s2`) }));
    expect(await all(await session('echo second'))).toMatchObject({ stdout: 'second\n' });
    expect(existsSync(victim)).toBe(false);
    expect(readFileSync(harness.inSandbox(root, 'containers/s1/stdout'), 'utf8')).toBe('second\n');
  });
});
