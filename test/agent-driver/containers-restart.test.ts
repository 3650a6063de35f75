// Containers that calls of the API asked for, when the agent is killed (-9) at any moment of their
// lives: a later agent takes back what runs, knows what has ended, and undoes what is half made.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RunRecords } from '../../src/containerizer/records/run-records.ts';
import { WorkDirectory } from '../../src/containerizer/work-directory.ts';
import { TaskState } from '../../src/model/generated/messages.ts';
import { containerId } from '../../src/model/ids.ts';
import { cgroupRoot } from '../support/test-cgroups.ts';
import { ContainerCalls } from './container-calls.ts';
import { DriverHarness, temporaryFolder } from './harness.ts';
import { appeared, eventually } from './outside.ts';

let folder: ReturnType<typeof temporaryFolder>;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(() => folder[Symbol.dispose]());

const hostScript = fileURLToPath(new URL('./containers-host.ts', import.meta.url));

/** Runs a host until it has begun, and kills it so much later. */
async function killedAfter(ms: number): Promise<void> {
  const child = spawn(process.execPath, [hostScript, folder.path, 'root'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    expect(line).toBe('started');
    break;
  }
  await pause(ms);
  await killed(child);
}

async function killed(child: ChildProcess): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  child.once('exit', () => resolve());
  child.kill('SIGKILL');
  await promise;
}

/** Processes that work in the folder: supervisors and those of containers. */
const processes = () =>
  readdirSync('/proc').filter((pid) => {
    try {
      return (
        /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(folder.path)
      );
    } catch {
      return false;
    }
  });

const cgroups = () =>
  readdirSync('/sys/fs/cgroup')
    .map((controller) => join('/sys/fs/cgroup', controller, cgroupRoot(folder.path)))
    .filter((path) => existsSync(path))
    .flatMap((path) => readdirSync(path, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory());

async function end(harness: DriverHarness): Promise<void> {
  const calls = new ContainerCalls(harness);
  const id = harness.reattach({
    container: 'root',
    checkpoint: true,
    task: { command: { value: 'sleep 1000' } },
  });
  const records = new RunRecords(new WorkDirectory(folder.path));
  for (const known of harness.driver.otherContainers()) {
    expect(records.all()).toContain(known.containerId);
  }
  await harness.destroy(id);
  for (const alone of ['n0', 'n1', 'n2']) {
    await calls.kill(alone);
    await calls.wait(alone);
    expect(await calls.remove(alone)).toEqual({ status: 200 });
  }
  await harness.driver.close();
}

test.each([0, 7, 25, 80])(
  'nothing is left over when the agent is killed %i ms after it began',
  async (ms) => {
    await killedAfter(ms);
    await end(await DriverHarness.open(folder.path));
    expect(processes()).toEqual([]);
    expect(cgroups()).toEqual([]);
    expect(readdirSync(join(folder.path, 'meta/containers'))).toEqual(['root']);
    await eventually(() => namesIn('meta/containers/root/containers').length === 0);
    expect(namesIn('containers')).toEqual([]);
    expect(namesIn('downloads')).toEqual([]);
  },
);

const namesIn = (name: string) =>
  existsSync(join(folder.path, name)) ? readdirSync(join(folder.path, name)) : [];

test('those that run are taken back, and how others have ended is known', async () => {
  const first = await DriverHarness.open(folder.path);
  const before = new ContainerCalls(first);
  await before.launch('ended', 'exit 3');
  await before.wait('ended');
  await before.launch('alone', 'while ! test -e go; do sleep 0.02; done; exit 4');
  await before.launch('alone.below', 'sleep 1000');
  await before.launch('alone.ended', 'exit 5');
  await before.wait('alone.ended');
  await first.driver.close();

  const second = await DriverHarness.open(folder.path);
  const calls = new ContainerCalls(second);
  expect(second.driver.otherContainers().map(({ containerId }) => containerId)).toEqual([
    'alone',
    'alone.below',
  ]);
  expect(await calls.wait('ended')).toEqual({ exit_status: 768 });
  expect(await calls.wait('alone.ended')).toEqual({ exit_status: 1280 });
  expect(await calls.launch('alone', 'true')).toEqual({ status: 202 });
  expect(await calls.launch('alone.more', 'sleep 1000')).toEqual({ status: 200 });
  writeFileSync(join(folder.path, 'containers/alone/go'), '');
  expect(await calls.wait('alone')).toEqual({ exit_status: 1024 });
  expect(await calls.wait('alone.below')).toMatchObject({ status: 404 });
  await Promise.all(['ended', 'alone'].map((id) => calls.remove(id)));
  await second.driver.close();
  expect(processes()).toEqual([]);
});

test('one that was announced and never began is known as ended', async () => {
  const first = await DriverHarness.open(folder.path);
  const before = new ContainerCalls(first);
  for (const id of ['alone', 'other', 'other.below']) {
    expect(await before.launch(id, 'sleep 1000')).toEqual({ status: 200 });
  }
  const records = new RunRecords(new WorkDirectory(folder.path));
  for (const id of ['alone', 'other.below']) {
    await eventually(() => records.supervisor(containerId(id)) !== undefined);
    const record = records.supervisor(containerId(id)) ?? expect.fail();
    process.kill(record.supervisor.pid, 'SIGSTOP');
  }
  await first.driver.close();
  // As if the two supervisors had been killed after the answer, before they had begun.
  for (const id of ['alone', 'other.below']) {
    const record = records.supervisor(containerId(id)) ?? expect.fail();
    process.kill(record.supervisor.pid, 'SIGKILL');
    process.kill(record.process.pid, 'SIGKILL');
    rmSync(join(records.folder(containerId(id)), 'supervisor'));
  }

  for (const _ of ['by the next agent', 'and by the one after that']) {
    const later = await DriverHarness.open(folder.path);
    const calls = new ContainerCalls(later);
    expect(await calls.wait('alone')).toEqual({});
    expect(await calls.wait('other.below')).toEqual({});
    await later.driver.close();
  }
  const last = await DriverHarness.open(folder.path);
  const calls = new ContainerCalls(last);
  expect(await calls.wait('alone')).toEqual({});
  expect(await calls.remove('alone')).toEqual({ status: 200 });
  expect(await calls.wait('alone')).toMatchObject({ status: 404 });
  await calls.kill('other');
  await calls.wait('other');
  await calls.remove('other');
  await last.driver.close();
  expect(processes()).toEqual([]);
  expect(cgroups()).toEqual([]);
  expect(namesIn('meta/containers')).toEqual([]);
});

test('what is nested in a container whose executor is gone ends when the agent comes back', async () => {
  const first = await DriverHarness.open(folder.path);
  const custom = { value: 'echo $$ > pid; exec sleep 1000' };
  const { effect, recordedIn } = first.declare({ container: 'root', checkpoint: true, custom });
  await first.stored(recordedIn);
  first.driver.perform(effect);
  await appeared(first.inSandbox(containerId('root'), 'pid'));
  await new ContainerCalls(first).launch('root.n', 'sleep 1000');
  await first.driver.close();
  process.kill(
    Number(readFileSync(first.inSandbox(containerId('root'), 'pid'), 'utf8')),
    'SIGKILL',
  );
  await appeared(join(folder.path, 'meta/containers/root/status'));
  await eventually(
    () =>
      new RunRecords(new WorkDirectory(folder.path)).end(containerId('root')).waitStatus !==
      undefined,
  );

  const second = await DriverHarness.open(folder.path);
  expect(second.checkpoint.frameworks[0]?.executors[0]).toMatchObject({ alive: false });
  expect(processes()).toEqual([]);
  expect(namesIn('meta/containers/root/containers')).toEqual([]);
  await second.driver.close();
});

test('a container of the first version is taken back, and others can be nested in it', async () => {
  const launch = {
    container: 'root',
    checkpoint: true,
    task: { command: { value: 'sleep 1000' } },
  };
  const first = await DriverHarness.open(folder.path);
  const { effect, recordedIn } = first.declare(launch);
  await first.stored(recordedIn);
  first.driver.perform(effect);
  await first.status(containerId('root'), TaskState.TASK_RUNNING);
  await appeared(join(folder.path, 'meta/containers/root/supervisor'));
  await first.driver.close();
  // What later versions have added to the records.
  for (const name of ['place', 'cgroups', 'environment', 'settings', 'user']) {
    rmSync(join(folder.path, 'meta/containers/root', name), { force: true });
  }

  const second = await DriverHarness.open(folder.path);
  const calls = new ContainerCalls(second);
  const root = second.reattach(launch);
  expect(await calls.launch('root.n', 'exit 6')).toEqual({ status: 200 });
  expect(await calls.wait('root.n')).toEqual({ exit_status: 1536 });
  await second.destroy(root);
  await second.driver.close();
  expect(processes()).toEqual([]);
  expect(cgroups()).toEqual([]);
});

test('what isolators of an earlier agent have made is undone by one with others', async () => {
  const first = await DriverHarness.open(folder.path, { isolation: ['posix/cpu', 'disk/du'] });
  await new ContainerCalls(first).launch('alone', 'sleep 1000');
  await first.driver.close();
  const records = new RunRecords(new WorkDirectory(folder.path));
  const noted = JSON.parse(records.noted(containerId('alone'), 'place') ?? '{}');
  expect(noted).toMatchObject({
    place: { kind: 'standalone', sandbox: 'containers/alone', isBound: false },
    isolators: ['filesystem/posix', 'posix/cpu', 'disk/du'],
  });
  const second = await DriverHarness.open(folder.path, { isolation: [] });
  const calls = new ContainerCalls(second);
  expect(await calls.kill('alone')).toEqual({ status: 200 });
  expect(await calls.wait('alone')).toEqual({ exit_status: 9 });
  await calls.remove('alone');
  await second.driver.close();
  expect(second.logs).toEqual([]);
});
