// A master whose disk is full, or whose registry is deleted: what it reports, and what the next
// master finds.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestCluster, until } from '../support/cluster.ts';
import { ask } from '../support/requests.ts';
import { SmallDisk } from '../support/small-disk.ts';

const cluster = new TestCluster();
let disk: SmallDisk;
beforeAll(async () => {
  const folder = join(cluster.folder, 'master');
  mkdirSync(folder);
  disk = new SmallDisk(folder);
  await cluster.start();
});
afterAll(async () => {
  disk[Symbol.dispose]();
  await cluster.stop();
});

/** More than the rest of a page can hold. */
const weightsOf = (prefix: string) =>
  Array.from({ length: 1_000 }, (_, index) => ({ role: `${prefix}${index}`, weight: 2 }));

const update = (prefix: string) =>
  ask(cluster.address, '/weights', {
    method: 'PUT',
    body: JSON.stringify(weightsOf(prefix)),
  });

const roles = async () =>
  ((await cluster.get('/weights')) as { role: string }[]).map(({ role }) => role);

const stalled = () =>
  until('the log tells of the full disk', () =>
    /registry\.sqlite cannot be written: the disk is full/.test(cluster.master.log),
  );

test('on a full disk a change waits, kill -9 loses no more than it, and what follows is stored (needs root)', async () => {
  disk.fill();
  const lost = update('lost').catch(() => 'never answered');
  await stalled();
  expect(await roles()).toEqual([]);
  await cluster.master.kill('SIGKILL');
  expect(await lost).toBe('never answered');

  await cluster.startMaster();
  disk.empty();
  await cluster.agentRegistered();
  expect(await roles()).toEqual([]);
  disk.fill();
  const kept = update('kept');
  await until('the change waits', async () => {
    const metrics = (await cluster.get('/metrics/snapshot')) as Record<string, number>;
    return metrics['registrar/queued_operations'] === 1;
  });
  disk.empty();
  expect((await kept).status).toBe(200);
  expect(await roles()).toHaveLength(1_000);
});

test('a master that waits for room ends when it is told to (needs root)', async () => {
  disk.fill();
  const told = update('again');
  await until('the change waits', async () => {
    const metrics = (await cluster.get('/metrics/snapshot')) as Record<string, number>;
    return metrics['registrar/queued_operations'] === 1;
  });
  expect(await cluster.master.kill('SIGTERM')).toBe(0);
  expect((await told).status).toBe(503);
  disk.empty();
  await cluster.startMaster();
  await cluster.agentRegistered();
  expect(await roles()).toHaveLength(1_000);
});

test('a master whose registry is deleted ends without being asked for anything (needs root)', async () => {
  rmSync(join(cluster.folder, 'master', 'registry.sqlite'));
  expect(await cluster.master.ended()).toBe(1);
  expect(cluster.master.log).toMatch(/The registry is lost: .*registry.sqlite has been deleted/);
});
