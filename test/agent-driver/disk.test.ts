// Disks of real containers: measured, limited, and watched again after a restart.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Resource, TaskState, TaskStatus_Reason } from '../../src/model/generated/messages.ts';
import { disk, reserved, volume } from '../core/resources.ts';
import { ContainerCalls } from './container-calls.ts';
import { DriverHarness, temporaryFolder } from './harness.ts';
import { eventually } from './outside.ts';

const MB = 2 ** 20;
const LONG = { value: 'head -c 3000000 /dev/zero > data; sleep 1000' };
const enforced = {
  isolation: ['posix/disk'],
  isolators: { disk: { watchIntervalMs: 20, isEnforced: true } },
};

let folder: ReturnType<typeof temporaryFolder>;
let harness: DriverHarness;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(async () => {
  await harness.end();
  folder[Symbol.dispose]();
});

const persistent = (value: number) => volume(reserved(disk(value), 'kit'), 'v1');

const limited = (resources: Resource[], failure: RegExp) => ({
  failure: expect.stringMatching(failure),
  reason: TaskStatus_Reason.REASON_CONTAINER_LIMITATION_DISK,
  limited: resources,
});

test('a task that has more on the disk than it was given ends', async () => {
  harness = await DriverHarness.open(folder.path, enforced);
  const resources = [disk(1)];
  const container = harness.launch({ task: { command: LONG, resources } });
  expect(await harness.ended(container)).toMatchObject(
    limited(resources, /^Disk usage \(\d+KB\) exceeds quota \(1MB\)$/),
  );
  expect(harness.states(container)).not.toContain('TASK_FAILED');
});

test('a task cannot fetch more than it was given, but for what nobody limits', async () => {
  const server = createServer((_, response) => void response.end(Buffer.alloc(2 * MB)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const uris = [{ value: `http://127.0.0.1:${port}/large` }];
  const task = { command: { value: 'true', uris }, resources: [disk(1)] };
  harness = await DriverHarness.open(folder.path, enforced);
  expect((await harness.ended(harness.launch({ task }))).failure).toMatch(
    /Maximum file size exceeded \(it has more than the 1048576 bytes that it may have\)$/,
  );
  const free = harness.launch({ task: { ...task, resources: [] } });
  expect((await harness.ended(free)).failure).toBeUndefined();
  server.close();
});

test('a volume has a quota of its own, and does not count as the sandbox', async () => {
  harness = await DriverHarness.open(folder.path, enforced);
  const command = { value: 'head -c 3000000 /dev/zero > v/data; sleep 1000' };
  const resources = [disk(1), persistent(2)];
  const container = harness.launch({ task: { command, resources } });
  expect(await harness.ended(container)).toMatchObject(
    limited([persistent(2)], /^Disk usage \(\d+KB\) exceeds quota \(2MB\)$/),
  );
});

test('what a task has is measured, and a task without disk is left alone', async () => {
  harness = await DriverHarness.open(folder.path, enforced);
  const container = harness.launch({
    task: { command: LONG, resources: [disk(10), persistent(64)] },
  });
  const other = harness.launch({ task: { command: LONG } });
  await eventually(
    async () => ((await harness.driver.usage(container))?.disk_used_bytes ?? 0) > 2 * MB,
  );
  // The volume's turn comes after the sandbox's.
  await eventually(
    async () =>
      (await harness.driver.usage(container))?.disk_statistics?.every(
        (it) => it.used_bytes !== undefined,
      ) === true,
  );
  expect(await harness.driver.usage(container)).toMatchObject({
    disk_limit_bytes: 10 * MB,
    disk_statistics: [
      { limit_bytes: 10 * MB, used_bytes: expect.any(Number) },
      { persistence: { id: 'v1' }, limit_bytes: 64 * MB, used_bytes: expect.any(Number) },
    ],
  });
  expect(await harness.driver.usage(other)).not.toHaveProperty('disk_limit_bytes');
});

test('what a sandbox takes up is known from the beginning', async () => {
  harness = await DriverHarness.open(folder.path, { isolation: ['disk/du'] });
  const container = harness.launch({ task: { command: LONG, resources: [disk(10)] } });
  await harness.status(container, TaskState.TASK_RUNNING);
  expect(await harness.driver.usage(container)).toMatchObject({
    disk_used_bytes: expect.any(Number),
  });
});

test('a later agent goes on measuring, with what it was told to do', async () => {
  harness = await DriverHarness.open(folder.path, { isolation: ['disk/du'] });
  const launch = { task: { command: LONG, resources: [disk(1)] }, checkpoint: true };
  const container = harness.launch(launch);
  await harness.status(container, TaskState.TASK_RUNNING);
  await harness.driver.close();
  harness = await DriverHarness.open(folder.path, enforced);
  harness.reattach({ ...launch, container });
  expect(await harness.ended(container)).toMatchObject(limited([disk(1)], /^Disk usage/));
});

test('a container that stands alone is told so when its end is asked for', async () => {
  harness = await DriverHarness.open(folder.path, enforced);
  const calls = new ContainerCalls(harness);
  const resources = [disk(1)];
  expect(await calls.launch('c1', LONG.value, { resources })).toEqual({ status: 200 });
  expect(await calls.wait('c1')).toMatchObject({
    state: TaskState.TASK_FAILED,
    reason: TaskStatus_Reason.REASON_CONTAINER_LIMITATION_DISK,
    message: expect.stringMatching(/^Disk usage \(\d+KB\) exceeds quota \(1MB\)$/),
    limitation: { resources },
  });
});
