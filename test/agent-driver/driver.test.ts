// The driver with real processes: what a command does, and what its framework is told.
import { existsSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type ContainerInfo,
  ContainerInfo_Type,
  type Resource,
  TaskState,
  TaskStatus_Reason,
} from '../../src/model/generated/messages.ts';
import { type ContainerId, containerId } from '../../src/model/ids.ts';
import { DriverHarness, killingCapability, temporaryFolder } from './harness.ts';

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

const sandboxFile = (container: ContainerId, name: string) =>
  readFileSync(harness.inSandbox(container, name), 'utf8');

describe('exit statuses', () => {
  test.each([
    { command: { value: 'true' }, state: 'TASK_FINISHED', message: 'exited with status 0' },
    { command: { value: 'exit 3' }, state: 'TASK_FAILED', message: 'exited with status 3' },
    { command: { value: '/no/such' }, state: 'TASK_FAILED', message: 'exited with status 127' },
    {
      command: { shell: false, value: '/no/such' },
      state: 'TASK_FAILED',
      message: 'exited with status 1',
    },
    {
      command: { shell: false, value: '/bin/sh', arguments: ['sh', '-c', 'exit 5'] },
      state: 'TASK_FAILED',
      message: 'exited with status 5',
    },
    {
      command: { shell: false, value: 'sh', arguments: ['sh', '-c', 'exit 130'] },
      state: 'TASK_FAILED',
      message: 'exited with status 130',
    },
    {
      command: { value: 'kill -9 $$' },
      state: 'TASK_FAILED',
      message: 'terminated with signal Killed',
    },
    {
      command: { value: 'ulimit -c 0; kill -SEGV $$' },
      state: 'TASK_FAILED',
      message: 'terminated with signal Segmentation fault',
    },
  ])('$command.value $command.arguments: $message', async ({ command, state, message }) => {
    const container = harness.launch({ task: { command } });
    expect(await harness.terminalStatus(container)).toMatchObject({
      message: `Command ${message}`,
      source: 2,
    });
    expect(harness.states(container)).toEqual(['TASK_STARTING', 'TASK_RUNNING', state]);
    expect(await harness.ended(container)).toMatchObject({ waitStatus: 0, failure: undefined });
  });

  test('a command that was never found to run tells so in stderr', async () => {
    const container = harness.launch({ task: { command: { shell: false, value: '/no/such' } } });
    await harness.terminalStatus(container);
    expect(sandboxFile(container, 'stderr')).toContain("'/no/such': No such file or directory");
  });
});

describe('surroundings of a command', () => {
  test('a command gets its output files, environment, folder and process group', async () => {
    process.env.AGENTS_OWN = 'secret';
    const container = harness.launch({
      task: {
        command: {
          value: 'env; pwd; echo err >&2; echo pgid $(ps -o pgid= -p $$) $$; umask; cat',
          environment: { variables: [{ name: 'A', value: 'b c\n=d' }] },
        },
        resources: [{ name: 'cpus', type: 0, allocation_info: { role: 'r' } }],
      },
    });
    await harness.terminalStatus(container);
    const output = sandboxFile(container, 'stdout');
    const sandbox = harness.inSandbox(container);
    expect(output).toContain('A=b c\n=d\n');
    expect(output).toContain(`MESOS_SANDBOX=${sandbox}\n`);
    expect(output).toContain(`MESOS_EXECUTOR_ID=${container}\n`);
    expect(output).toContain('MESOS_ALLOCATION_ROLE=r\n');
    expect(output).toContain('PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n');
    expect(output).not.toContain('AGENTS_OWN');
    expect(output).toContain(`\n${sandbox}\n`);
    expect(output).toMatch(/\npgid (\d+) \1\n/);
    expect(output).toMatch(/\n0022\n$/);
    expect(sandboxFile(container, 'stderr')).toBe('err\n');
    expect(statSync(sandbox).mode & 0o777).toBe(0o750);
    expect(readlinkSync(join(sandbox, '../latest'))).toBe(container);
  });

  test('a command runs as the user of the task, with its groups (needs root)', async () => {
    const container = harness.launch({
      user: 'nobody',
      task: { command: { value: 'id -un; id -G; touch mine; kill -0 $PPID || echo apart' } },
    });
    await harness.terminalStatus(container);
    expect(sandboxFile(container, 'stdout')).toBe('nobody\n65534\napart\n');
    expect(statSync(harness.inSandbox(container, 'mine')).uid).toBe(65534);
    expect(statSync(harness.inSandbox(container, 'stdout')).uid).toBe(65534);
    expect(statSync(harness.inSandbox(container)).uid).toBe(65534);
  });

  test('a user that does not exist is a failure to launch', async () => {
    const container = harness.launch({ user: 'no-such-user' });
    const ended = await harness.ended(container);
    expect(ended).toMatchObject({
      isDropped: true,
      reason: TaskStatus_Reason.REASON_EXECUTOR_TERMINATED,
    });
    expect(ended.failure).toMatch(/^Failed to create executor .*: No such user 'no-such-user'$/);
    expect(harness.statuses(container)).toEqual([]);
  });
});

describe('who hears that a task runs', () => {
  /** For each TASK_RUNNING which files of the task's output were there at that moment. */
  function filesAtRunning(): Map<string, readonly string[]> {
    const found = new Map<string, readonly string[]>();
    harness.watch = (event) => {
      const status = event.type === 'executorCall' ? event.call.update?.status : undefined;
      if (event.type === 'executorCall' && status?.state === TaskState.TASK_RUNNING) {
        const nested = status.container_status?.container_id;
        const names = nested?.parent === undefined ? [] : ['containers', nested.value];
        const sandbox = harness.inSandbox(containerId(event.call.executor_id.value), ...names);
        found.set(
          status.task_id.value,
          ['stdout', 'stderr'].filter((name) => existsSync(join(sandbox, name))),
        );
      }
    };
    return found;
  }

  test('finds the files of its output: 60 of 60, with the command executor', async () => {
    const found = filesAtRunning();
    const ids = Array.from({ length: 60 }, () =>
      harness.launch({ task: { command: { value: 'exec sleep 100' } } }),
    );
    await Promise.all(ids.map((id) => harness.status(id, TaskState.TASK_RUNNING)));
    expect(found).toEqual(new Map(ids.map((id) => [id, ['stdout', 'stderr']])));
  });

  test('finds the files of its output: 60 of 60, with default executors', async () => {
    const found = filesAtRunning();
    const names = Array.from({ length: 60 }, (_, n) => `t${n}`);
    const command = { value: 'exec sleep 100' };
    for (let at = 0; at < names.length; at += 6) {
      harness.launch({ group: names.slice(at, at + 6).map((name) => ({ name, command })) });
    }
    await harness.until(() => (found.size === names.length ? true : undefined));
    expect(found).toEqual(new Map(names.map((name) => [name, ['stdout', 'stderr']])));
  });
});

describe('kills', () => {
  const ignoring = 'trap "" TERM; echo ready; while true; do sleep 0.05; done';

  /** Waits until the sandbox's stdout is not empty, by a check that says so. */
  const whenReady = {
    interval_seconds: 0.02,
    delay_seconds: 0,
    type: 1,
    // The role is the task's alone.
    command: { command: { value: 'test -z "$MESOS_ALLOCATION_ROLE" && grep -q ready stdout' } },
  } as const;

  async function ready(container: ContainerId) {
    await harness.until(() =>
      harness.statuses(container).find((status) => status.check_status?.command?.exit_code === 0),
    );
  }

  test('SIGTERM reaches the task and what it has started', async () => {
    const command = { value: 'sleep 1000 & echo ready; wait' };
    const resources: Resource[] = [{ name: 'cpus', type: 0, allocation_info: { role: 'r' } }];
    const container = harness.launch({ task: { command, check: whenReady, resources } });
    await ready(container);
    harness.kill(container);
    const status = await harness.terminalStatus(container);
    expect(status).toMatchObject({
      state: TaskState.TASK_KILLED,
      message: 'Command terminated with signal Terminated',
    });
  });

  test('a task that ignores SIGTERM is killed after the grace period of the call', async () => {
    const container = harness.launch({ task: { command: { value: ignoring }, check: whenReady } });
    await ready(container);
    harness.kill(container, 50);
    expect(await harness.terminalStatus(container)).toMatchObject({
      state: TaskState.TASK_KILLED,
      message: 'Command terminated with signal Killed',
    });
  });

  test('the policy of the task holds without one in the call; a later kill may shorten it', async () => {
    const kill_policy = { grace_period: { nanoseconds: 3_600_000_000_000n } };
    const container = harness.launch({
      task: { command: { value: ignoring }, check: whenReady, kill_policy },
      framework: killingCapability,
    });
    await ready(container);
    harness.kill(container);
    harness.kill(container);
    harness.kill(container, 30);
    expect(await harness.terminalStatus(container)).toMatchObject({
      state: TaskState.TASK_KILLED,
    });
    expect(harness.states(container).filter((state) => state === 'TASK_KILLING')).toHaveLength(1);
  });

  test('a task is killed at its max_completion_time', async () => {
    const container = harness.launch({
      task: {
        command: { value: 'sleep 1000' },
        max_completion_time: { nanoseconds: 100_000_000n },
      },
      framework: killingCapability,
    });
    // Without a grace period the task is killed while it may still block the first signal.
    const message = expect.stringMatching(/^Command terminated with signal (Terminated|Killed)$/);
    expect(await harness.terminalStatus(container)).toMatchObject({
      state: TaskState.TASK_FAILED,
      message,
      reason: TaskStatus_Reason.REASON_MAX_COMPLETION_TIME_REACHED,
    });
    expect(harness.states(container)).not.toContain('TASK_KILLING');
  });
});

describe('destruction', () => {
  test.each([true, false])(
    'ends everything, daemons in sessions of their own too; with cgroups: %s',
    async (withCgroups) => {
      await harness.driver.close();
      harness = await DriverHarness.open(folder.path, { withCgroups });
      const value =
        'trap "" TERM; setsid sleep 1001 & echo $! >> pids; ' +
        "setsid sh -c 'setsid sleep 1002 & echo $! >> pids; echo > ready; exec sleep 1003' & wait";
      const check = {
        interval_seconds: 0.02,
        delay_seconds: 0,
        type: 1,
        command: { command: { value: 'test -f ready' } },
      } as const;
      const container = harness.launch({ task: { command: { value }, check } });
      await harness.until(() =>
        harness.statuses(container).find((s) => s.check_status?.command?.exit_code === 0),
      );
      const pids = sandboxFile(container, 'pids').trim().split('\n').map(Number);
      expect(pids).toHaveLength(2);
      await harness.started(container);
      expect(await harness.destroy(container)).toMatchObject({ waitStatus: 9 });
      for (const pid of pids) {
        expect(() => process.kill(pid, 0)).toThrow('ESRCH');
      }
      expect(harness.states(container).at(-1)).toBe('TASK_RUNNING');
    },
  );

  test('processes that a finished command leaves behind end with it', async () => {
    const container = harness.launch({
      task: { command: { value: 'setsid sleep 1003 & echo $! > pid' } },
    });
    await harness.terminalStatus(container);
    expect(() => process.kill(Number(sandboxFile(container, 'pid')), 0)).toThrow('ESRCH');
  });

  test('of a container that is not known is reported as its end', () => {
    const launched = harness.launch({ container: 'c-known' });
    const event = harness.events.length;
    harness.driver.perform({
      type: 'destroyContainer',
      frameworkId: 'f' as never,
      executorId: 'e' as never,
      containerId: 'unknown' as never,
    });
    expect(harness.events[event]).toMatchObject({ type: 'containerEnded' });
    expect(harness.events[event]).not.toHaveProperty('waitStatus');
    return harness.ended(launched);
  });
});

test('a command with a terminal has it as its input and output', async () => {
  const container = harness.launch({
    user: 'nobody',
    task: {
      command: { value: 'tty; stty size; echo err >&2; echo again > /dev/tty' },
      container: {
        type: ContainerInfo_Type.MESOS,
        tty_info: { window_size: { rows: 30, columns: 100 } },
      },
    },
  });
  expect(await harness.terminalStatus(container)).toMatchObject({
    message: 'Command exited with status 0',
  });
  expect(sandboxFile(container, 'stdout')).toMatch(
    /^\/dev\/pts\/\d+\r\n30 100\r\nerr\r\nagain\r\n$/,
  );
});

describe('containers that plain processes cannot be', () => {
  test.each([
    [{ type: ContainerInfo_Type.DOCKER, docker: { image: 'x' } }, /unknown container/],
    [
      { type: ContainerInfo_Type.MESOS, mesos: { image: { type: 2 } } },
      /^Unsupported container image type: DOCKER \(it is not among the agent's --image_providers\)$/,
    ],
    [
      { type: ContainerInfo_Type.MESOS, volumes: [{ container_path: 'x', mode: 1 }] },
      /Invalid volume: Only one of them should be set: 'host_path', 'image' and 'source'/,
    ],
    [{ type: ContainerInfo_Type.MESOS, network_infos: [{ name: 'n' }] }, /Unknown CNI network 'n'/],
    [
      { type: ContainerInfo_Type.MESOS, linux_info: { bounding_capabilities: {} } },
      /'container.linux_info.bounding_capabilities' is not supported/,
    ],
    [
      { type: ContainerInfo_Type.MESOS, rlimit_info: { rlimits: [{ type: 10 }] } },
      /'container.rlimit_info.rlimits' is not supported/,
    ],
  ] as const)('%o', async (container, text) => {
    const of = harness.launch({ task: { container: structuredClone(container) as ContainerInfo } });
    expect((await harness.ended(of)).failure).toMatch(text);
    expect(harness.statuses(of)).toEqual([]);
  });

  test('what is for another containerizer has no container', async () => {
    const container = { type: ContainerInfo_Type.DOCKER, docker: { image: 'x' } };
    const of = harness.launch({ task: { container } });
    const reason = TaskStatus_Reason.REASON_EXECUTOR_TERMINATED;
    expect(await harness.ended(of)).toMatchObject({
      reason,
      cause: expect.stringContaining("'container.type' is DOCKER"),
    });
  });

  test('an empty ContainerInfo is no hindrance', async () => {
    const of = harness.launch({ task: { container: { type: ContainerInfo_Type.MESOS } } });
    expect(await harness.terminalStatus(of)).toMatchObject({ state: TaskState.TASK_FINISHED });
  });
});

describe('custom executors', () => {
  test('are started at once, and their exit is reported raw', async () => {
    const container = harness.launch({ custom: { value: 'echo $MESOS_EXECUTOR_ID; exit 4' } });
    expect(await harness.ended(container)).toMatchObject({ waitStatus: 4 << 8 });
    expect(sandboxFile(container, 'stdout')).toBe(`${container}\n`);
    expect((await harness.started(container)).processId).toBeGreaterThan(0);
    expect(harness.events.map((event) => event.type)).not.toContain('executorSubscribe');
  });

  test('are destroyed while they run', async () => {
    const container = harness.launch({ custom: { value: 'exec sleep 1000' } });
    const started = await harness.started(container);
    harness.driver.perform({ ...started, type: 'destroyContainer' });
    expect(await harness.ended(container)).toMatchObject({ waitStatus: 9 });
  });
});
