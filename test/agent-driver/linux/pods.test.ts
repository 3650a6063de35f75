// Groups of tasks in namespaces that they share, or not: by the launcher linux and a real OCI
// runtime. This needs root.
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ownProcessesNamed } from '../../../src/containerizer/host/process-table.ts';
import {
  type ContainerInfo,
  ContainerInfo_Type,
  type LinuxInfo,
  LinuxInfo_IpcMode,
  TaskState,
} from '../../../src/model/generated/messages.ts';
import { DriverHarness, type Launch, temporaryFolder } from '../harness.ts';
import { eventually } from '../outside.ts';

const isolation = ['filesystem/linux', 'namespaces/pid', 'namespaces/ipc', 'posix/cpu'];
const { PRIVATE, SHARE_PARENT } = LinuxInfo_IpcMode;
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

const container = (linux_info: LinuxInfo): ContainerInfo => ({
  type: ContainerInfo_Type.MESOS,
  linux_info,
});

const task = (name: string, value: string, linux_info?: LinuxInfo) => ({
  name,
  command: { value },
  ...(linux_info && { container: container(linux_info) }),
});

async function outputs(launch: Launch): Promise<Record<string, string[]>> {
  const names = launch.group?.map(({ name }) => name) ?? [];
  const id = harness.launch(launch);
  const path = (name: string) => harness.inSandbox(id, 'tasks', name, 'stdout');
  await eventually(() =>
    names.every(
      (name) => existsSync(path(name)) && /^END$/m.test(readFileSync(path(name), 'utf8')),
    ),
  );
  return Object.fromEntries(
    names.map((name) => [name, readFileSync(path(name), 'utf8').trim().split('\n').slice(0, -1)]),
  );
}

const NAMESPACES = 'for n in ipc mnt pid; do readlink /proc/self/ns/$n; done';

test('tasks share process ids of their executor where they ask to, and else have their own', async () => {
  const look = `${NAMESPACES}; cat /proc/1/comm; grep -lx sleep /proc/[0-9]*/comm | wc -l; echo END; exec sleep 1000`;
  const sharing = { share_pid_namespace: true };
  const {
    one = [],
    two = [],
    alone = [],
  } = await outputs({
    group: [task('one', look, sharing), task('two', look, sharing), task('alone', look)],
  });
  const [ipc, mount, pid] = one;
  // Each has its own mounts; without a mode of IPC, the executor's is theirs.
  expect(two.slice(0, 3)).toEqual([ipc, expect.not.stringMatching(mount ?? ''), pid]);
  expect(alone.slice(0, 3)).toEqual([
    ipc,
    expect.not.stringMatching(mount ?? ''),
    expect.anything(),
  ]);
  expect(alone[2]).not.toBe(pid);
  expect(new Set([one[3], two[3], alone[3]])).toEqual(new Set(['mesos-container']));
  expect(alone[4]).toBe('0');
});

test('tasks share /dev/shm of their executor, or have their own', async () => {
  const look =
    "df -k /dev/shm | awk 'NR==2 {print $2}'; until ls /dev/shm | grep from; do sleep 0.01; done; echo END";
  const { reader, writer, alone } = await outputs({
    executorContainer: container({ ipc_mode: PRIVATE, shm_size: 16 }),
    group: [
      task('writer', 'touch /dev/shm/from-writer; echo END; exec sleep 1000', {
        ipc_mode: SHARE_PARENT,
      }),
      task('reader', look),
      task('alone', `ls /dev/shm; touch /dev/shm/from-alone; ${look}`, {
        ipc_mode: PRIVATE,
        shm_size: 8,
      }),
    ],
  });
  expect(writer).toEqual([]);
  expect(reader).toEqual(['16384', 'from-writer']);
  expect(alone).toEqual(['8192', 'from-alone']);
});

test('an executor with the agent’s process ids gives these to tasks that share', async () => {
  const sharing = { share_pid_namespace: true };
  const look = `readlink /proc/self/ns/pid; echo END; exec sleep 1000`;
  const { one = [] } = await outputs({
    executorContainer: container({ ...sharing, ipc_mode: SHARE_PARENT }),
    group: [task('one', look, sharing)],
  });
  expect(one).toEqual([readlinkSync('/proc/self/ns/pid')]);
});

test('a group goes on with a later agent, and nothing of it is left when it ends', async () => {
  const group = [
    task('one', 'exec sleep 1000', { share_pid_namespace: true }),
    task('two', 'exec sleep 1000'),
  ];
  const launch = { container: 'pod-1', checkpoint: true, framework: { checkpoint: true }, group };
  const id = harness.launch(launch);
  // The first processes of the namespaces work in the sandbox.
  const count = () =>
    [...ownProcessesNamed('mesos-container').keys()].filter((path) => path?.startsWith(folder.path))
      .length;
  await harness.status(id, TaskState.TASK_RUNNING);
  await eventually(() => count() >= 2);
  await harness.driver.close();
  harness = await DriverHarness.open(folder.path, { isolation, launcher: 'linux' });
  harness.reattach(launch);
  await eventually(() => count() >= 2);
  await harness.destroy(id);
  await eventually(() => count() === 0);
});

test('tasks have other users than their executor, and a way to their sandboxes that is theirs', async () => {
  const as = (user: string) => ({
    name: user,
    command: {
      user,
      value:
        'id -un; pwd; [ . -ef "$MESOS_SANDBOX" ] && echo same; echo x > "$MESOS_SANDBOX/file"; cat file; ' +
        'stat -c "%U %a" . ..; ls ../..; echo END; exec sleep 1000',
    },
    check: {
      type: 1,
      delay_seconds: 0,
      interval_seconds: 0.05,
      command: { command: { value: `id -un | grep -qx ${user} && [ -e "$PWD/file" ] && exit 7` } },
    } as const,
  });
  // Where the operator has put a link on the way, too.
  await harness.driver.close();
  mkdirSync(join(folder.path, 'real'), { mode: 0o755 });
  symlinkSync('real', join(folder.path, 'alias'));
  const work = join(folder.path, 'alias/work');
  mkdirSync(work, { mode: 0o755 });
  harness = await DriverHarness.open(work, { isolation, launcher: 'linux' });
  const users = ['nobody', 'daemon', 'root'];
  const launch: Launch = { user: 'nobody', group: users.map(as) };
  const found = await outputs(launch);
  const id = harness.events.find((it) => it.type === 'containerStarted')?.containerId;
  if (id === undefined) {
    throw new Error('the executor has not started');
  }
  for (const user of users) {
    const sandbox = realpathSync(harness.inSandbox(id, 'tasks', user));
    const [name, pwd, same, x, own, above] = found[user] ?? [];
    expect([name, pwd, same, x, own]).toEqual([user, sandbox, 'same', 'x', `${user} 750`]);
    expect(above).toBe('root 755');
    expect(statSync(join(sandbox, 'file')).uid).toBe(statSync(sandbox).uid);
  }
  // Those of others see nothing of the executor's sandbox.
  expect(found.daemon?.slice(6)).toEqual(['containers']);
  await harness.until(() =>
    users.every((user) =>
      harness
        .statuses(id)
        .some((it) => it.task_id.value === user && it.check_status?.command?.exit_code === 7),
    )
      ? true
      : undefined,
  );
});

test('without mounts of their own, tasks of all users but root can be in one’s executor', async () => {
  await harness.driver.close();
  harness = await DriverHarness.open(folder.path);
  const as = (user: string) => ({ name: user, command: { user, value: 'id -un; cat; echo END' } });
  const group = [as('daemon'), as('nobody')];
  expect(await outputs({ user: 'nobody', group })).toEqual({
    daemon: ['daemon'],
    nobody: ['nobody'],
  });
  const refused = harness.launch({ user: 'nobody', group: [as('root')] });
  expect(await harness.terminalStatus(refused)).toMatchObject({
    state: TaskState.TASK_FAILED,
    message: expect.stringMatching(
      /^Container .* cannot run as root: by its path, its sandbox is the user's of the container /,
    ),
  });
});
