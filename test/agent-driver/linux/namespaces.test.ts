// Containers with namespaces and mounts of their own, by the launcher linux and a real OCI runtime.
// This needs root.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type CheckInfo,
  CheckInfo_Type,
  type ContainerInfo,
  ContainerInfo_Type,
  type LinuxInfo,
  LinuxInfo_IpcMode,
  TaskState,
} from '../../../src/model/generated/messages.ts';
import { cgroupRoot } from '../../support/test-cgroups.ts';
import { DriverHarness, type Launch, temporaryFolder } from '../harness.ts';
import { appeared, disappeared, eventually } from '../outside.ts';

const isolation = [
  'filesystem/linux',
  'namespaces/pid',
  'namespaces/ipc',
  'posix/cpu',
  'posix/rlimits',
  'linux/capabilities',
];
let folder: ReturnType<typeof temporaryFolder>;
let harness: DriverHarness;

beforeEach(async () => {
  folder = temporaryFolder();
  harness = await DriverHarness.open(folder.path, { isolation, launcher: 'linux' });
});

afterEach(async () => {
  await harness.end();
  folder[Symbol.dispose]();
});

const NAMESPACES = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts'] as const;
const SHOW = `for n in ${NAMESPACES.join(' ')}; do echo $n $(readlink /proc/self/ns/$n); done`;

const output = (container: Parameters<DriverHarness['inSandbox']>[0]) =>
  readFileSync(harness.inSandbox(container, 'stdout'), 'utf8');

const cgroupOf = (id: string) => join('/sys/fs/cgroup/freezer', cgroupRoot(folder.path), id);

const container = (linux_info: LinuxInfo = {}): ContainerInfo => ({
  type: ContainerInfo_Type.MESOS,
  linux_info,
});

async function outputOf(value: string, launch: Launch = {}): Promise<string> {
  const { task, ...rest } = launch;
  const id = harness.launch({ ...rest, task: { command: { value }, ...task } });
  const { state, message } = await harness.terminalStatus(id);
  expect([state, message]).toEqual([TaskState.TASK_FINISHED, 'Command exited with status 0']);
  return output(id);
}

const own = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([name, link]) => link !== readlinkSync(`/proc/self/ns/${name}`))
    .map(([name]) => name);

test('a command has namespaces of its own, and is in their second process', async () => {
  const text = await outputOf(
    `${SHOW}; cat /proc/1/comm; tr -d '\\0' < /proc/1/cmdline; echo; echo $PPID $$ /proc/[0-9]*`,
  );
  const lines = text.trim().split('\n');
  expect(own(lines.slice(0, NAMESPACES.length).join('\n'))).toEqual(['ipc', 'mnt', 'pid']);
  expect(lines.slice(NAMESPACES.length)).toEqual([
    'mesos-container',
    'mesos-container',
    expect.stringMatching(/^1 (\d+) \/proc\/1 \/proc\/\1$/),
  ]);
});

test('what containers ask for is theirs, or the agent’s', async () => {
  const { PRIVATE, SHARE_PARENT } = LinuxInfo_IpcMode;
  const SHM = "df -k /dev/shm | awk 'NR==2 {print $2}'";
  const asking = (linux_info: LinuxInfo) => ({ task: { container: container(linux_info) } });
  const sized = await outputOf(`${SHOW}; ${SHM}`, asking({ ipc_mode: PRIVATE, shm_size: 16 }));
  expect(sized).toMatch(/\n16384\n$/);
  const shared = asking({ ipc_mode: SHARE_PARENT, share_pid_namespace: true });
  expect(own(await outputOf(SHOW, shared))).toEqual(['mnt']);
});

test('a container that may not share what it asks to share is refused', async () => {
  await harness.driver.close();
  const ipc = { isSharingAllowed: false, shmBytes: 8 * 2 ** 20 };
  const isolators = { isPidSharingAllowed: false, ipc };
  harness = await DriverHarness.open(folder.path, { isolation, launcher: 'linux', isolators });
  const failure = async (linux_info: LinuxInfo) => {
    const task = { command: { value: 'true' }, container: container(linux_info) };
    return (await harness.ended(harness.launch({ task }))).failure;
  };
  expect(await failure({ share_pid_namespace: true })).toBe(
    'Sharing agent pid namespace with top-level container is not allowed',
  );
  expect(await failure({ ipc_mode: LinuxInfo_IpcMode.SHARE_PARENT })).toBe(
    'Sharing agent IPC namespace with top-level container is not allowed',
  );
  expect(await failure({ shm_size: 16 })).toBe(
    'Only support specifying the size of /dev/shm when the IPC mode is `PRIVATE`',
  );
  expect(await failure({ ipc_mode: LinuxInfo_IpcMode.PRIVATE, shm_size: 0 })).toBe(
    "'linux_info.shm_size' must be positive: /dev/shm of size 0 would be one without a limit",
  );
  const asking = { task: { container: container({ ipc_mode: LinuxInfo_IpcMode.PRIVATE }) } };
  expect(await outputOf("df -k /dev/shm | awk 'NR==2 {print $2}'", asking)).toBe('8192\n');
});

test('what is mounted inside stays inside, and all that is on the machine is there', async () => {
  // Others may mount and unmount meanwhile, but not here.
  const place = join(folder.path, 'place');
  mkdirSync(place);
  writeFileSync(join(place, 'before'), '');
  const value = `ls ${place}; mount -t tmpfs none ${place} && touch ${place}/x && ls ${place}`;
  const id = harness.launch({ task: { command: { value: `${value}; exec sleep 1000` } } });
  await appeared(harness.inSandbox(id, 'stdout'));
  await eventually(() => output(id) === 'before\nx\n');
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(folder.path);
  expect(readdirSync(place)).toEqual(['before']);
  harness.kill(id);
  expect(await harness.terminalStatus(id)).toMatchObject({ state: TaskState.TASK_KILLED });
});

test('what a check leaves running in the namespaces of its task ends with the check', async () => {
  const check: CheckInfo = {
    type: CheckInfo_Type.COMMAND,
    delay_seconds: 0,
    interval_seconds: 0.02,
    command: { command: { value: 'setsid sleep 1234 & echo $! >> checks; exit 3' } },
  };
  const id = harness.launch({ task: { command: { value: 'exec sleep 1000' }, check } });
  const checks = harness.inSandbox(id, 'checks');
  await eventually(
    () => existsSync(checks) && readFileSync(checks, 'utf8').split('\n').length > 12,
  );
  // The first process, the command, and what one check is started by and starts.
  const here = readFileSync(join(cgroupOf(id), 'cgroup.procs'), 'utf8')
    .trim()
    .split('\n');
  expect(here.length).toBeLessThanOrEqual(8);
});

describe('how commands end', () => {
  test.each([
    [{ value: 'exit 3' }, 'exited with status 3'],
    [{ value: '/no/such' }, 'exited with status 127'],
    [{ shell: false, value: '/no/such' }, 'exited with status 1'],
    [{ shell: false, value: 'no-such' }, 'exited with status 1'],
    [{ shell: false, value: 'sh', arguments: ['x', '-c', 'exit 5'] }, 'exited with status 5'],
    [{ value: 'kill -9 $$' }, 'terminated with signal Killed'],
    [{ value: 'kill -TERM $$' }, 'terminated with signal Terminated'],
    [{ value: 'setsid sleep 1000 & exit 7' }, 'exited with status 7'],
  ])('%o', async (command, message) => {
    for (const share_pid_namespace of [false, true]) {
      const task = { command, container: container({ share_pid_namespace }) };
      const id = harness.launch({ task });
      expect(await harness.terminalStatus(id)).toMatchObject({ message: `Command ${message}` });
      expect(harness.states(id).slice(0, 2)).toEqual(['TASK_STARTING', 'TASK_RUNNING']);
    }
  });
});

describe('an OCI runtime', () => {
  const reopened = async (ociRuntime: string) => {
    await harness.driver.close();
    harness = await DriverHarness.open(folder.path, { isolation, launcher: 'linux', ociRuntime });
  };
  const program = (text: string) => {
    const path = join(folder.path, `runtime-${text.length}`);
    writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    return path;
  };

  test('may be runc as well', async () => {
    await reopened('/usr/sbin/runc');
    expect(own(await outputOf(SHOW, { user: 'nobody' }))).toEqual(['ipc', 'mnt', 'pid']);
    const look = 'readlink /proc/self/ns/ipc; echo END; exec sleep 1000';
    const check: CheckInfo = {
      type: CheckInfo_Type.COMMAND,
      delay_seconds: 0,
      interval_seconds: 0.05,
      command: { command: { value: 'readlink /proc/self/ns/ipc; exit 7' } },
    };
    const id = harness.launch({
      group: [
        { name: 'one', command: { value: look }, check },
        { name: 'two', command: { value: look } },
      ],
    });
    await harness.until(() =>
      harness.statuses(id).find(({ check_status }) => check_status?.command?.exit_code === 7),
    );
    const lines = (name: string, file = 'stdout') => {
      const path = harness.inSandbox(id, 'tasks', name, file);
      return existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
    };
    await eventually(() => ['one', 'two'].every((name) => lines(name).includes('END')));
    const [ipc] = lines('two');
    expect(lines('one')).toEqual([ipc, 'END', '']);
    // That of the check.
    expect(lines('one', 'stderr')[0]).toBe(ipc);
    // It makes no cgroups of its own, which nobody would remove.
    expect(await outputOf('cat /proc/self/cgroup')).not.toMatch(/container$/m);
  });

  const VERSION = 'case "$*" in *--version*) echo crun version 9; exit 0;; esac';

  test.each([
    ['fails', 'exit 3', /^The OCI runtime '.*' failed \(status 3\): it does not say why$/],
    ['is killed', 'kill -9 $$', /^The OCI runtime '.*' failed \(signal 9\): /],
    ['is killed midway', 'crun "$@" & sleep 0.005; kill -9 $!; exit 1', /^The OCI runtime /],
    ['makes no container', 'exit 0', /^The OCI runtime '.*' failed \(status 0\)/],
  ])('that %s fails the task, and leaves nothing', async (_, body, message) => {
    await reopened(program(`${VERSION}\n${body}`));
    const id = harness.launch({ task: { command: { value: 'exec sleep 1000' } } });
    expect(await harness.terminalStatus(id)).toMatchObject({
      state: TaskState.TASK_FAILED,
      message: expect.stringMatching(message),
    });
    await harness.ended(id);
    await disappeared(cgroupOf(id));
  });

  test('that hangs ends with the container', async () => {
    await reopened(program(`${VERSION}\ntrap '' TERM\nwhile :; do sleep 0.1; done`));
    const id = harness.launch({ task: { command: { value: 'true' } } });
    await harness.started(id);
    await harness.destroy(id);
    await disappeared(cgroupOf(id));
  });
});
