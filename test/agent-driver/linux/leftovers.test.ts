// What is left when a container with namespaces ends at a bad moment: nothing. Processes, cgroups,
// mounts and records are counted. (A namespace without a process or a mount of it is gone.) This
// needs root.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ownProcessesNamed } from '../../../src/containerizer/host/process-table.ts';
import { TaskState, Value_Type } from '../../../src/model/generated/messages.ts';
import { cgroupRoot } from '../../support/test-cgroups.ts';
import { DriverHarness, type Launch, temporaryFolder } from '../harness.ts';
import { appeared, eventually } from '../outside.ts';

const opening = {
  isolation: ['filesystem/linux', 'namespaces/pid', 'namespaces/ipc', 'posix/cpu'],
  launcher: 'linux',
  isStrict: false,
} as const;
let folder: ReturnType<typeof temporaryFolder>;
let harness: DriverHarness | undefined;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(async () => {
  await harness?.end();
  folder[Symbol.dispose]();
});

/** All that containers of this work directory have on the machine. */
function footprint(): string[] {
  const root = join('/sys/fs/cgroup/freezer', cgroupRoot(folder.path));
  const cgroups = existsSync(root)
    ? readdirSync(root, { recursive: true, withFileTypes: true }).filter((it) => it.isDirectory())
    : [];
  const processes = ['mesoscale-super', 'mesos-container'].flatMap((name) =>
    [...ownProcessesNamed(name)].filter(([path]) => path?.startsWith(folder.path)),
  );
  const records = join(folder.path, 'meta/containers');
  return [
    ...cgroups.map(({ name }) => `cgroup ${name}`),
    ...processes.map(([path, pids]) => `process ${pids.join(' ')} in ${path}`),
    ...(existsSync(records) ? readdirSync(records).map((name) => `record ${name}`) : []),
    ...readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(folder.path)),
  ];
}

/** Fails with what is left, and not with a time that has passed. */
async function nothingLeft(): Promise<void> {
  const limit = AbortSignal.timeout(10_000);
  await eventually(() => limit.aborted || footprint().length === 0);
  expect(footprint()).toEqual([]);
}

const task = { command: { value: 'sleep 1000 & exec sleep 1001' } };
const group = [
  { name: 'one', ...task },
  { name: 'two', ...task },
];

test.each<[string, Launch]>([
  ['a task', { task }],
  ['a group', { group }],
])('%s that is destroyed at any moment of its launch', async (_, launch) => {
  const opened = await DriverHarness.open(folder.path, opening);
  harness = opened;
  const moments = [0, 1, 2, 4, 6, 8, 10, 15, 20, 30, 50, 80];
  const ends = moments.map(async (ms) => {
    const id = opened.launch(launch);
    await pause(ms);
    await opened.destroy(id);
  });
  await Promise.all(ends);
  await nothingLeft();
});

test('a container whose supervisor is killed ends, and later agents find nothing of it', async () => {
  harness = await DriverHarness.open(folder.path, opening);
  const id = harness.launch({ container: 'a', task });
  const record = join(folder.path, 'meta/containers/a/first');
  await appeared(record);
  const [pid = expect.fail()] = readFileSync(
    join(folder.path, 'meta/containers/a/supervisor'),
    'utf8',
  ).split(' ');
  process.kill(Number(pid), 'SIGKILL');
  expect(await harness.terminalStatus(id)).toMatchObject({ state: TaskState.TASK_FAILED });
  await harness.ended(id);
  await nothingLeft();
});

test('files of commands that an earlier agent ran beside a container are removed', async () => {
  const waiting = { command: { value: 'while ! test -e go; do sleep 0.02; done' } };
  const checkpoint = { checkpoint: true };
  const launch = { container: 'a', ...checkpoint, framework: checkpoint, task: waiting };
  harness = await DriverHarness.open(folder.path, opening);
  await harness.status(harness.launch(launch), TaskState.TASK_RUNNING);
  await harness.driver.close();
  const bundle = join(folder.path, 'meta/containers/a/oci');
  for (const end of ['json', 'log', 'pid']) {
    writeFileSync(join(bundle, `command-1-7.${end}`), '{}');
  }
  harness = await DriverHarness.open(folder.path, opening);
  const id = harness.reattach(launch);
  await eventually(() => readdirSync(bundle).every((name) => !name.startsWith('command-')));
  expect(readdirSync(bundle)).toContain('config.json');
  writeFileSync(harness.inSandbox(id, 'go'), '');
  expect(await harness.terminalStatus(id)).toMatchObject({ state: TaskState.TASK_FINISHED });
  await harness.ended(id);
});

test('an OCI runtime that is killed while it makes containers', async () => {
  const ociRuntime = join(folder.path, 'runtime');
  writeFileSync(
    ociRuntime,
    `#!/bin/sh
case "$*" in *--version*) exec crun --version;; esac
crun "$@" &
sleep "0.0$(head -c 2 /dev/urandom | od -An -tu2 | cut -c4-6 | tr -d ' ')"
kill -9 $! $$
`,
    { mode: 0o755 },
  );
  const opened = await DriverHarness.open(folder.path, { ...opening, ociRuntime });
  harness = opened;
  const ids = Array.from({ length: 12 }, () => opened.launch({ task }));
  for (const id of ids) {
    expect(await opened.terminalStatus(id)).toMatchObject({ state: TaskState.TASK_FAILED });
    await opened.ended(id);
  }
  await nothingLeft();
});

test('an executor whose runtime fails says so, and not that its cgroups are gone', async () => {
  const ociRuntime = join(folder.path, 'runtime');
  writeFileSync(
    ociRuntime,
    `#!/bin/sh
case "$*" in *--version*) exec crun --version;; esac
while [ "$1" != --log ]; do shift; done
echo '{"msg": "out of order"}' > "$2"
exit 1
`,
    { mode: 0o755 },
  );
  const isolation = [...opening.isolation, 'cgroups/cpu'];
  harness = await DriverHarness.open(folder.path, { ...opening, isolation, ociRuntime });
  const id = harness.launch({ group: [] });
  await harness.started(id);
  const cgroup = join('/sys/fs/cgroup/cpu', cgroupRoot(folder.path), id);
  await eventually(() => !existsSync(cgroup));
  const cpus = { name: 'cpus', type: Value_Type.SCALAR, scalar: { value: 1 } };
  harness.driver.perform({ type: 'resizeContainer', containerId: id, resources: [cpus] });
  expect((await harness.ended(id)).failure).toBe(
    `The OCI runtime '${ociRuntime}' failed (status 1): out of order`,
  );
  await nothingLeft();
});

const hostScript = fileURLToPath(new URL('../host.ts', import.meta.url));

test.each([0, 10, 30, 100])('an agent that is killed %d ms after its first launch', async (ms) => {
  const launches: Launch[] = [{ task }, { group }, { task }, { task }];
  const host = spawn(
    process.execPath,
    [hostScript, JSON.stringify(launches), folder.path, JSON.stringify(opening)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = new Promise((resolve) => host.once('exit', resolve));
  for await (const _ of createInterface({ input: host.stdout })) {
    break;
  }
  await pause(ms);
  host.kill('SIGKILL');
  await exited;
  // The checkpoint knows none of them.
  harness = await DriverHarness.open(folder.path, opening);
  await nothingLeft();
});
