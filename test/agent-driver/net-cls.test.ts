// cgroups/net_cls on a real kernel (v1; it needs root, and a machine where net_cls can be mounted):
// the class of a container is in its cgroup, and told with what else is known of the container.
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DEFAULT_CGROUP_OPTIONS } from '../../src/containerizer/isolators/cgroup-options.ts';
import {
  ContainerInfo_Type,
  TaskState,
  type TaskStatus,
} from '../../src/model/generated/messages.ts';
import type { ContainerId } from '../../src/model/ids.ts';
import { mountedCgroups } from '../support/mounted.ts';
import { cgroupRoot } from '../support/test-cgroups.ts';
import { ContainerCalls } from './container-calls.ts';
import { DriverHarness, temporaryFolder } from './harness.ts';

const LONG = { value: 'sleep 1000' };
const ownCgroups = { type: ContainerInfo_Type.MESOS, linux_info: { share_cgroups: false } };
const classed = (classid: number) => ({ cgroup_info: { net_cls: { classid } } });

let folder: ReturnType<typeof temporaryFolder>;
let mounts: (Disposable | undefined)[];
let work: string;
let harness: DriverHarness | undefined;

const at = (...names: string[]) => join(folder.path, 'cgroups', ...names);

beforeEach(() => {
  folder = temporaryFolder();
  mounts = ['freezer', 'net_cls'].map((name) => mountedCgroups(at(name), name));
  work = join(folder.path, 'work');
  mkdirSync(work, { mode: 0o755 });
});

afterEach(async () => {
  await harness?.end();
  harness = undefined;
  for (const [index, name] of ['freezer', 'net_cls'].entries()) {
    const mount = mounts[index];
    if (mount !== undefined) {
      removeIfThere(at(name, cgroupRoot(work)));
      mount[Symbol.dispose]();
    }
  }
  folder[Symbol.dispose]();
});

function removeIfThere(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // The test was skipped, or something is left in it, which keeps the hierarchy.
  }
}

const open = () =>
  DriverHarness.open(work, {
    hierarchy: at(),
    isolation: ['cgroups/net_cls'],
    isolators: {
      cgroups: {
        ...DEFAULT_CGROUP_OPTIONS,
        netClasses: { primary: 0x12, firstSecondary: 1, lastSecondary: 9 },
      },
    },
  });

const updateOf = (all: DriverHarness, container: ContainerId, task: string) =>
  all.until(() =>
    all.events.find(
      (event) =>
        event.type === 'executorCall' &&
        event.call.executor_id.value === container &&
        isRunning(event.call.update?.status, task),
    ),
  );

const isRunning = (status: TaskStatus | undefined, task: string) =>
  status?.state === TaskState.TASK_RUNNING && status.task_id.value === task;

const canMount = () => mounts.every((it) => it !== undefined);

test('a container’s class is told at its start, and by a later agent', async ({ skip }) => {
  skip(!canMount(), 'net_cls cannot be mounted here');
  harness = await open();
  const launch = { task: { command: LONG }, checkpoint: true };
  const container = harness.launch(launch);
  expect((await harness.started(container)).containerStatus).toEqual(classed(0x120001));
  const file = at('net_cls', cgroupRoot(work), container, 'net_cls.classid');
  expect(readFileSync(file, 'utf8')).toBe(`${0x120001}\n`);
  await harness.status(container, TaskState.TASK_RUNNING);
  await harness.driver.close();
  harness = await open();
  const [found] = harness.checkpoint.frameworks.flatMap(({ executors }) => executors);
  expect(found?.containerStatus).toEqual(classed(0x120001));
  harness.reattach({ ...launch, container });
  const other = harness.launch({ task: { command: LONG } });
  expect((await harness.started(other)).containerStatus).toEqual(classed(0x120002));
  harness.kill(container, 0);
  await harness.ended(container);
});

test('nested containers have a class of their own, or that of the one above', async ({ skip }) => {
  skip(!canMount(), 'net_cls cannot be mounted here');
  harness = await open();
  const container = harness.launch({
    group: [
      { name: 'own', command: LONG, container: ownCgroups },
      { name: 'shared', command: LONG },
    ],
  });
  expect((await harness.started(container)).containerStatus).toEqual(classed(0x120001));
  expect(await updateOf(harness, container, 'own')).toMatchObject({
    containerStatus: classed(0x120002),
  });
  const shared = await updateOf(harness, container, 'shared');
  expect(shared).toMatchObject({ containerStatus: classed(0x120001) });
  const calls = new ContainerCalls(harness);
  await calls.launch(`${container}.called`, LONG.value);
  expect(harness.driver.otherContainers()).toContainEqual(
    expect.objectContaining({
      containerId: `${container}.called`,
      containerStatus: classed(0x120001),
    }),
  );
  const [called] = harness.driver
    .otherContainers()
    .filter(({ containerId }) => containerId.endsWith('.called'));
  expect(called && harness.driver.containerStatus(called.containerId)).toEqual(classed(0x120001));
  await calls.kill(`${container}.called`);
  await calls.wait(`${container}.called`);
  expect(called && harness.driver.containerStatus(called.containerId)).toBeUndefined();
});
