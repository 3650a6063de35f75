// What a container writes over the files of its image counts as what it has in its sandbox. This
// needs root, and overlays.
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  ContainerInfo_Type,
  Image_Type,
  TaskState,
  TaskStatus_Reason,
} from '../../../src/model/generated/messages.ts';
import { disk } from '../../core/resources.ts';
import { openTestImages } from '../../support/test-images.ts';
import { DriverHarness, temporaryFolder } from '../harness.ts';
import { disappeared, eventually } from '../outside.ts';

const MB = 2 ** 20;
const isolation = ['filesystem/linux', 'docker/runtime', 'disk/du'];

let folder: ReturnType<typeof temporaryFolder>;
let provisioned: Awaited<ReturnType<typeof openTestImages>>;
let harness: DriverHarness;

async function open(isEnforced: boolean): Promise<void> {
  const places = { work: folder.path, store: join(folder.path, 'store') };
  provisioned = await openTestImages(places, { base: { environment: ['PATH=/bin'] } });
  harness = await DriverHarness.open(folder.path, {
    isolation,
    launcher: 'linux',
    images: provisioned,
    isolators: { disk: { watchIntervalMs: 20, isEnforced } },
  });
}

const task = (value: string) => ({
  command: { value },
  container: {
    type: ContainerInfo_Type.MESOS,
    mesos: { image: { type: Image_Type.DOCKER, docker: { name: 'base' } } },
  },
  resources: [disk(1)],
});

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(async () => {
  await harness.end();
  await provisioned.provisioner.close();
  folder[Symbol.dispose]();
});

test('what a container has of its image goes with it, under an agent without images, too', async () => {
  await open(false);
  const launch = { task: task('exec sleep 1000'), checkpoint: true };
  const container = harness.launch(launch);
  await harness.status(container, TaskState.TASK_RUNNING);
  const roots = join(folder.path, 'provisioner/containers');
  await harness.driver.close();
  mkdirSync(join(roots, 'of-nobody/roots/rootfs'), { recursive: true });
  harness = await DriverHarness.open(folder.path, { isolation, launcher: 'linux' });
  harness.reattach({ ...launch, container });
  expect(readdirSync(roots)).toEqual([container]);
  await harness.destroy(container);
  await disappeared(join(roots, container));
});

test('a task is held to its disk outside of its sandbox, also by a later agent', async () => {
  await open(false);
  const writing = task('dd if=/dev/zero of=/data bs=1048576 count=3; exec sleep 1000');
  const launch = { task: writing, checkpoint: true };
  const container = harness.launch(launch);
  await harness.status(container, TaskState.TASK_RUNNING);
  const measured = () => harness.driver.usage(container);
  await eventually(async () => ((await measured())?.disk_used_bytes ?? 0) > 3 * MB);
  expect((await measured())?.disk_statistics).toEqual([
    { limit_bytes: MB, used_bytes: (await measured())?.disk_used_bytes },
  ]);
  await harness.driver.close();
  await provisioned.provisioner.close();
  await open(true);
  harness.reattach({ ...launch, container });
  expect(await harness.ended(container)).toMatchObject({
    failure: expect.stringMatching(/^Disk usage \(\d+KB\) exceeds quota \(1MB\)$/),
    reason: TaskStatus_Reason.REASON_CONTAINER_LIMITATION_DISK,
  });
});
