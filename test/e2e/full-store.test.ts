// An agent whose disk for images is full: a task says so, nothing half made stays, and the agent
// goes on. This needs root.
import { mkdirSync, readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../agent-driver/harness.ts';
import { archiveOf } from '../containerizer/images/archives.ts';
import { digestOf } from '../containerizer/images/formats/samples.ts';
import { TestRegistry } from '../containerizer/images/registry/test-registry.ts';
import { putBusybox } from '../support/busybox-image.ts';
import { TestCluster, until } from '../support/cluster.ts';
import { SmallDisk } from '../support/small-disk.ts';

const isRoot = process.geteuid?.() === 0;
const MB = 2 ** 20;
/** Downloads leave 64 MB of a disk, and what is unpacked leaves 16. */
const DISK_MB = 80;
const packed = (megabytes: number) =>
  gzipSync(archiveOf({ name: 'large', content: Buffer.alloc(megabytes * MB) }), { level: 1 });

const folder = temporaryFolder();
const cluster = new TestCluster();
let registry: TestRegistry;
let disk: SmallDisk;

beforeAll(async () => {
  registry = await TestRegistry.open();
  putBusybox(registry, 'good');
  registry.image('grows', [packed(DISK_MB)]);
  if (isRoot) {
    mkdirSync(join(folder.path, 'store'), { mode: 0o700 });
    disk = new SmallDisk(join(folder.path, 'store'), DISK_MB);
    await cluster.start({
      agent: [
        '--launcher=linux',
        '--isolation=filesystem/linux,docker/runtime',
        '--image_providers=DOCKER',
        `--docker_registry=http://${registry.host}`,
        `--docker_store_dir=${join(folder.path, 'store')}`,
      ],
    });
  }
});
afterAll(async () => {
  await cluster.stop();
  await registry.close();
  if (isRoot) {
    disk[Symbol.dispose]();
  }
  folder[Symbol.dispose]();
});

async function executed(name: string, image: string) {
  const flags = [`--docker_image=${image}`, '--command=true', '--resources=cpus:0.1;mem:32'];
  const program = cluster.run(
    ['execute', `--master=${cluster.address}`, `--name=${name}`, ...flags],
    `${name}.log`,
  );
  return { status: await program.ended(), log: program.log };
}

const inStore = (...names: string[]) =>
  readdirSync(join(folder.path, 'store/mesoscale-2', ...names));
const nothingIsLeft = () =>
  until('nothing half made is left', () =>
    [inStore('staging'), inStore('removed'), inStore('images')].every((it) => it.length === 0),
  );
const freeBytes = () => {
  const { bavail, bsize } = statfsSync(join(folder.path, 'store'));
  return bavail * bsize;
};

test.runIf(isRoot)(
  'a layer that does not fit fails its task by name, and leaves nothing',
  async () => {
    const before = freeBytes();
    const digest = digestOf(packed(DISK_MB));
    const { status, log } = await executed('grows', 'grows');
    expect(status).not.toBe(0);
    expect(log).toContain(
      `TASK_FAILED for task 'grows': Failed to launch container: Failed to pull image 'grows': ` +
        `Failed to unpack layer ${digest}: Failed to make 'large': No space left on device`,
    );
    await nothingIsLeft();
    expect(freeBytes()).toBeGreaterThan(before - MB);
  },
);

test.runIf(isRoot)('no layer takes the last of a disk; with room again, tasks run', async () => {
  disk.fill();
  const { log } = await executed('full', 'good');
  expect(log).toMatch(
    /TASK_FAILED for task 'full': Failed to launch container: Failed to pull image 'good': There is no room for layer sha256:[0-9a-f]{64} of \d+ bytes: the disk of '\S+' has 0 bytes left, of which 67108864 stay free/,
  );
  await nothingIsLeft();
  disk.empty();
  expect(await executed('room', 'good')).toMatchObject({ status: 0 });
});
