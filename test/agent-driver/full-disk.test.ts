// Tasks end, are killed and are launched while the disk of the work directory is full.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TaskState } from '../../src/model/generated/messages.ts';
import { SmallDisk } from '../support/small-disk.ts';
import { DriverHarness, type Launch, temporaryFolder } from './harness.ts';
import { appeared } from './outside.ts';

let folder: ReturnType<typeof temporaryFolder>;
let work: string;
let disk: SmallDisk;
let harness: DriverHarness | undefined;

beforeEach(() => {
  folder = temporaryFolder();
  work = join(folder.path, 'work');
  mkdirSync(work);
  disk = new SmallDisk(work);
});

afterEach(async () => {
  disk.empty();
  await harness?.end();
  harness = undefined;
  disk[Symbol.dispose]();
  folder[Symbol.dispose]();
});

/** Starts a task that ends when the folder `go` exists, which is not on the full disk. */
async function running(exit: number, more: Launch = {}) {
  const up = join(folder.path, 'up');
  const value = `mkdir ${up}; while ! test -e ${go()}; do sleep 0.02; done; exit ${exit}`;
  const launch: Launch = { ...more, task: { command: { value } } };
  const container = (harness ?? expect.fail()).launch(launch);
  await appeared(up);
  return { container, launch };
}

const go = () => join(folder.path, 'go');

describe('on a full disk (needs root)', () => {
  test.each([
    [0, TaskState.TASK_FINISHED, 'Command exited with status 0'],
    [3, TaskState.TASK_FAILED, 'Command exited with status 3'],
  ])('a task that ends with %i is known to have', async (exit, state, message) => {
    harness = await DriverHarness.open(work);
    const { container } = await running(exit);
    disk.fill();
    mkdirSync(go());
    expect(await harness.terminalStatus(container)).toMatchObject({ state, message });
  });

  test('a task is killed', async () => {
    harness = await DriverHarness.open(work);
    const { container } = await running(0);
    disk.fill();
    harness.kill(container);
    expect((await harness.terminalStatus(container)).state).toBe(TaskState.TASK_KILLED);
    expect(harness.logs.filter((line) => line.includes('kill'))).toEqual([]);
  });

  test('a launch fails and says why', async () => {
    harness = await DriverHarness.open(work);
    disk.fill();
    const container = harness.launch({});
    expect((await harness.ended(container)).failure).toContain('ENOSPC');
  });

  test('a checkpoint change waits until there is room, and the log says so', async () => {
    harness = await DriverHarness.open(work);
    disk.fill();
    const { recordedIn } = harness.declare({ checkpoint: true, container: 'c' });
    await harness.logged(/^Failed to write the agent's checkpoint: .*full.* It is tried again/);
    expect(harness.events.map(({ type }) => type)).not.toContain('checkpointed');
    disk.empty();
    expect(await harness.stored(recordedIn)).toMatchObject({ error: undefined });
    await harness.logged(/can be written again/);
    await harness.driver.close();
    harness = await DriverHarness.open(work);
    expect(harness.checkpoint.frameworks[0]?.executors[0]?.containerId).toBe('c');
  });

  test('the driver closes without waiting for room, and opens again without any', async () => {
    harness = await DriverHarness.open(work);
    const { container, launch } = await running(0, { checkpoint: true, container: 'kept' });
    disk.fill();
    const { recordedIn } = harness.declare({ checkpoint: true, container: 'lost' });
    await harness.driver.close();
    expect((await harness.stored(recordedIn)).error).toContain('full');

    harness = await DriverHarness.open(work);
    expect(harness.logs).toContainEqual(expect.stringMatching(/^The disk of .* is full/));
    expect(harness.checkpoint.frameworks[0]?.executors).toMatchObject([
      { containerId: 'kept', alive: true },
    ]);
    harness.reattach(launch);
    mkdirSync(go());
    expect(await harness.terminalStatus(container)).toMatchObject({
      state: TaskState.TASK_FINISHED,
    });
  });
});
