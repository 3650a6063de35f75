// Sessions in containers with namespaces of their own.
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LaunchContainer } from '../../../src/agent/effects.ts';
import { ContainerInfo_Type, TaskState } from '../../../src/model/generated/messages.ts';
import { type ContainerId, containerId } from '../../../src/model/ids.ts';
import { ContainerCalls } from '../container-calls.ts';
import { DriverHarness, temporaryFolder } from '../harness.ts';
import { eventually } from '../outside.ts';
import { SESSION_PARENT, sessionOutput } from '../session-output.ts';

let folder: ReturnType<typeof temporaryFolder>;
let harness: DriverHarness;
let root: ContainerId;

beforeEach(async () => {
  folder = temporaryFolder();
  harness = await DriverHarness.open(folder.path, {
    launcher: 'linux',
    isolation: ['filesystem/linux', 'namespaces/pid', 'linux/capabilities'],
  });
  root = harness.launch(SESSION_PARENT);
  await harness.status(root, TaskState.TASK_RUNNING);
});

afterEach(async () => {
  await harness.end();
  folder[Symbol.dispose]();
});

const outputOf = (value: string, more: Partial<LaunchContainer> = {}) =>
  sessionOutput(harness, root, value, more);

test('a session is in the namespaces of its parent, with its environment and folder', async () => {
  const [pid, mounts, ...rest] = (
    await outputOf(
      'readlink /proc/self/ns/pid /proc/self/ns/mnt; echo $PARENTS; pwd; pgrep -x sleep',
    )
  ).split('\n');
  expect(pid).not.toBe(readlinkSync('/proc/self/ns/pid'));
  expect(mounts).not.toBe(readlinkSync('/proc/self/ns/mnt'));
  expect(rest.slice(0, 2)).toEqual(['p', harness.inSandbox(root)]);
  // The parent's own process, by its number there.
  expect(Number(rest[2])).toBeLessThan(100);
});

test('a session has a terminal of its own', async () => {
  const window_size = { rows: 30, columns: 100 };
  const container = { type: ContainerInfo_Type.MESOS, tty_info: { window_size } };
  expect(await outputOf('stty size; echo hi > /dev/tty', { container })).toBe('30 100\r\nhi\r\n');
});

test('a session of another user has none of root’s capabilities', async () => {
  const output = await outputOf('id -un; grep -E "Cap(Eff|Prm|Amb)" /proc/self/status', {
    user: 'nobody',
  });
  expect(output.replaceAll(/\s+/g, ' ')).toBe(
    'nobody CapPrm: 0000000000000000 CapEff: 0000000000000000 CapAmb: 0000000000000000 ',
  );
});

test('a signal of KILL_CONTAINER reaches the command, not the first process', async () => {
  const calls = new ContainerCalls(harness);
  const trap = "trap 'exit 4' TERM HUP; echo > trapped; while :; do sleep 0.02; done";
  for (const [name, signal] of [
    ['term', 15],
    ['hup', 1],
  ] as const) {
    expect(await calls.launch(name, trap)).toEqual({ status: 200 });
    await eventually(() => existsSync(join(harness.work, 'containers', name, 'trapped')));
    expect(await calls.kill(name, signal)).toEqual({ status: 200 });
    expect(await calls.wait(name)).toEqual({ exit_status: 1024 });
  }
});

test('one in the executor of a group is in the namespaces that its tasks share', async () => {
  const look = 'readlink /proc/self/ns/pid';
  const container = { type: ContainerInfo_Type.MESOS, linux_info: { share_pid_namespace: true } };
  const command = { value: `${look}; exec sleep 1000` };
  const id = harness.launch({ container: 'pod', group: [{ name: 'one', command, container }] });
  const shown = harness.inSandbox(id, 'tasks/one/stdout');
  await eventually(() => existsSync(shown) && readFileSync(shown, 'utf8') !== '');
  const output = await outputOf(
    `${look} /proc/self/ns/mnt; pgrep -x sleep | wc -l; echo $MESOS_EXECUTOR_ID; pwd`,
    { containerId: containerId('pod.s1') },
  );
  const [namespace, mounts, ...rest] = output.split('\n');
  expect(`${namespace}\n`).toBe(readFileSync(shown, 'utf8'));
  expect(mounts).not.toBe(readlinkSync('/proc/self/ns/mnt'));
  expect(rest).toEqual(['1', 'pod', harness.inSandbox(id), '']);
});
