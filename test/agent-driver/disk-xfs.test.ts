// disk/xfs with real containers, on a real XFS. `npm run test:guest` has a kernel for it.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  ContainerInfo_Type,
  Image_Type,
  TaskState,
  TaskStatus_Reason,
} from '../../src/model/generated/messages.ts';
import { disk, reserved, volume } from '../core/resources.ts';
import { openTestImages } from '../support/test-images.ts';
import { hasXfs, xfsAt } from '../support/xfs.ts';
import { DriverHarness, sandboxPath, temporaryFolder } from './harness.ts';
import { eventually } from './outside.ts';

const MB = 2 ** 20;
const projects = [{ begin: 7_000, end: 7_003 }];

let folder: ReturnType<typeof temporaryFolder>;
let mounted: Disposable | undefined;
let harness: DriverHarness | undefined;
let work: string;

beforeEach(() => {
  folder = temporaryFolder();
  work = join(folder.path, 'disk', 'work');
  if (hasXfs) {
    mounted = xfsAt(join(folder.path, 'disk'));
    mkdirSync(work);
    chmodSync(work, 0o755);
  }
});

afterEach(async () => {
  await harness?.end();
  harness = undefined;
  mounted?.[Symbol.dispose]();
  folder[Symbol.dispose]();
});

const open = (isEnforced: boolean, isKilling = false, more: Partial<Options> = {}) =>
  DriverHarness.open(work, {
    isolation: ['disk/xfs'],
    isolators: {
      disk: { watchIntervalMs: 50, isEnforced },
      xfs: { projects, isKilling, headroomBytes: 4 * MB, disks: [] },
    },
    ...more,
  });

type Options = NonNullable<Parameters<typeof DriverHarness.open>[1]>;

const persistent = volume(reserved(disk(4), 'kit'), 'v1');

const write = (megabytes: number, file = 'data') => ({
  value: `head -c ${megabytes * MB} /dev/zero > ${file} && sync`,
});

test.runIf(hasXfs)('a task can write no more than it was given', async () => {
  harness = await open(true);
  const good = harness.launch({ task: { command: write(6), resources: [disk(8)] } });
  expect((await harness.terminalStatus(good)).state).toBe(TaskState.TASK_FINISHED);
  const bad = harness.launch({ task: { command: write(12), resources: [disk(8)] } });
  expect(await harness.terminalStatus(bad)).toMatchObject({
    state: TaskState.TASK_FAILED,
    message: 'Command exited with status 1',
  });
});

test.runIf(hasXfs)('what a task writes over its image counts as its sandbox does', async () => {
  const places = { work, store: join(work, 'store') };
  const images = await openTestImages(places, { base: { environment: ['PATH=/bin'] } });
  const isolation = ['filesystem/linux', 'docker/runtime', 'disk/xfs'];
  harness = await open(true, false, { isolation, launcher: 'linux', images });
  const image = { type: Image_Type.DOCKER, docker: { name: 'base' } };
  const task = (megabytes: number) => ({
    // The kernel would not rename between folders of several projects.
    command: {
      value:
        `dd if=/dev/zero of=/data bs=1048576 count=${megabytes} && ` +
        'dd if=/dev/zero of=/mnt/mesos/sandbox/data bs=1048576 count=3 && mv /data /moved',
    },
    container: { type: ContainerInfo_Type.MESOS, mesos: { image } },
    resources: [disk(8)],
  });
  const good = harness.launch({ task: task(3) });
  expect((await harness.terminalStatus(good)).state).toBe(TaskState.TASK_FINISHED);
  const bad = harness.launch({ task: task(6) });
  expect(await harness.terminalStatus(bad)).toMatchObject({
    state: TaskState.TASK_FAILED,
    message: 'Command exited with status 1',
  });
  await harness.end();
  harness = undefined;
  await images.provisioner.close();
});

test.runIf(hasXfs)('a volume has a quota of its own, also for a later task', async () => {
  harness = await open(true);
  const resources = [disk(8), persistent];
  const command = write(3, 'v/one');
  const first = harness.launch({ task: { command, resources } });
  expect((await harness.terminalStatus(first)).state).toBe(TaskState.TASK_FINISHED);
  const second = harness.launch({ task: { command: write(3, 'v/two'), resources } });
  expect((await harness.terminalStatus(second)).state).toBe(TaskState.TASK_FAILED);
});

test.runIf(hasXfs)('with --xfs_kill_containers a task ends that has more', async () => {
  harness = await open(true, true);
  const command = { value: `${write(10).value}; sleep 1000` };
  const container = harness.launch({ task: { command, resources: [disk(8)] } });
  expect(await harness.ended(container)).toMatchObject({
    failure: expect.stringMatching(/^Disk usage \(\d+[KM]B\) exceeded quota \(8MB\)$/),
    reason: TaskStatus_Reason.REASON_CONTAINER_LIMITATION_DISK,
    // The file system keeps some more at hand for a file that grows.
    limited: [{ name: 'disk', scalar: { value: expect.any(Number) } }],
  });
});

test.runIf(hasXfs)('a later agent finds projects, counts on, and limits what runs', async () => {
  harness = await open(false);
  const command = { value: `${write(10).value}; sleep 1000` };
  const launch = { task: { command, resources: [disk(8)] }, checkpoint: true };
  const container = harness.launch(launch);
  await eventually(
    async () => ((await harness?.driver.usage(container))?.disk_used_bytes ?? 0) >= 10 * MB,
  );
  expect(await harness.driver.usage(container)).toMatchObject({ disk_limit_bytes: 8 * MB });
  await harness.driver.close();
  harness = await open(true, true);
  harness.reattach({ ...launch, container });
  expect(await harness.ended(container)).toMatchObject({
    reason: TaskStatus_Reason.REASON_CONTAINER_LIMITATION_DISK,
  });
});

test.runIf(hasXfs)('projects are used again when their folders are gone', async () => {
  const quota = (command: string) =>
    execFileSync('xfs_quota', ['-x', '-c', command, join(folder.path, 'disk')], {
      encoding: 'utf8',
    });
  quota('limit -p bhard=64m 6999');
  harness = await open(true);
  const { driver } = harness;
  const free = () => driver.metrics()['containerizer/mesos/disk/project_ids_free'];
  const resources = [disk(1)];
  const ended: string[] = [];
  for (let run = 0; run < 4; run++) {
    const container = harness.launch({ task: { resources } });
    await harness.terminalStatus(container);
    ended.push(container);
  }
  expect(free()).toBe(0);
  const refused = harness.launch({ task: { resources } });
  expect(await harness.ended(refused)).toMatchObject({
    failure: 'Failed to assign project ID, range exhausted',
  });
  const paths = ended.map((container) => join(work, sandboxPath(container)));
  execFileSync('rm', ['-rf', ...paths]);
  await eventually(() => free() === 4);
  // One that the agent does not use keeps its limit, with no file in it, either.
  expect(quota('report -p -b -N -n')).toMatch(/^#6999 +0 +0 +65536 /m);
  const container = harness.launch({ task: { resources } });
  expect((await harness.terminalStatus(container)).state).toBe(TaskState.TASK_FINISHED);
});
