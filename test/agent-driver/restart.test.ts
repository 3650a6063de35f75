// Containers outlive the agent's process, however it ends, and a later agent takes them over.
import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CheckpointStore } from '../../src/checkpoint/store.ts';
import { processStat } from '../../src/containerizer/host/process-table.ts';
import { TaskState } from '../../src/model/generated/messages.ts';
import { containerId } from '../../src/model/ids.ts';
import { DriverHarness, type Launch, sandboxPath, temporaryFolder } from './harness.ts';
import { appeared, gone } from './outside.ts';

let folder: ReturnType<typeof temporaryFolder>;
let harness: DriverHarness | undefined;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(async () => {
  await harness?.driver.close();
  harness = undefined;
  // Ends the orphans of a test that failed half-way.
  const last = await DriverHarness.open(folder.path);
  for (const framework of last.checkpoint.frameworks) {
    for (const executor of framework.executors.filter(({ alive }) => alive)) {
      const id = last.reattach({ container: executor.containerId });
      await last.destroy(id);
    }
  }
  await last.driver.close();
  folder[Symbol.dispose]();
});

const hostScript = fileURLToPath(new URL('./host.ts', import.meta.url));

/** Runs a host until it has printed all lines, then kills it. */
async function host(launches: readonly Launch[], wanted: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [hostScript, JSON.stringify(launches), folder.path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const missing = new Set(wanted);
  for await (const line of createInterface({ input: child.stdout })) {
    missing.delete(line);
    if (missing.size === 0) {
      break;
    }
  }
  // A task is reported as running before its command has begun.
  await Promise.all(launches.map(({ container = '' }) => recorded(container)));
  await killed(child);
  expect([...missing]).toEqual([]);
}

async function killed(child: ChildProcess): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  child.once('exit', () => resolve());
  child.kill('SIGKILL');
  await promise;
}

const run = (id: string) => join(folder.path, 'meta/containers', id);

const sandbox = (id: string) => join(folder.path, sandboxPath(id));

const recorded = (id: string) => appeared(join(run(id), 'supervisor'));

const supervisorOf = (id: string) =>
  Number(readFileSync(join(run(id), 'supervisor'), 'utf8').split(' ')[0]);

describe('after a kill of the agent', () => {
  test('a running task goes on and its end is reported', async () => {
    const task = { command: { value: 'while ! test -e go; do sleep 0.02; done; exit 6' } };
    const launch: Launch = { container: 'a', checkpoint: true, task };
    await host([launch], ['checkpointed', 'a TASK_RUNNING']);
    harness = await DriverHarness.open(folder.path);
    const executor = harness.checkpoint.frameworks[0]?.executors[0];
    expect(executor).toMatchObject({ alive: true, builtin: 'command', containerId: 'a' });
    expect(executor?.processId).toBe(supervisorOf('a'));
    const container = harness.reattach(launch);
    writeFileSync(join(sandbox('a'), 'go'), '');
    expect(await harness.terminalStatus(container)).toMatchObject({
      state: TaskState.TASK_FAILED,
      message: 'Command exited with status 6',
    });
    expect(await harness.ended(container)).toMatchObject({ waitStatus: 0 });
    expect(harness.states(container)).toEqual(['TASK_STARTING', 'TASK_RUNNING', 'TASK_FAILED']);
  });

  test('a task that has ended meanwhile is reported with its exit status', async () => {
    const task = { command: { value: 'while ! test -e go; do sleep 0.02; done; kill -9 $$' } };
    const launch: Launch = { container: 'a', checkpoint: true, task };
    await host([launch], ['checkpointed', 'a TASK_RUNNING']);
    const supervisor = supervisorOf('a');
    writeFileSync(join(sandbox('a'), 'go'), '');
    await gone(supervisor);
    harness = await DriverHarness.open(folder.path);
    expect(harness.checkpoint.frameworks[0]?.executors[0]).toMatchObject({
      alive: true,
      waitStatus: 9,
    });
    const container = harness.reattach(launch);
    expect(await harness.terminalStatus(container)).toMatchObject({
      state: TaskState.TASK_FAILED,
      message: 'Command terminated with signal Killed',
    });
  });

  test('states on record are not reported again; a kill works', async () => {
    const launch: Launch = {
      container: 'a',
      checkpoint: true,
      task: { command: { value: 'sleep 1000' } },
    };
    await host([launch], ['checkpointed', 'a TASK_RUNNING']);
    harness = await DriverHarness.open(folder.path);
    await harness.stored(
      harness.store([
        {
          type: 'update',
          frameworkId: 'f-1' as never,
          executorId: 'a' as never,
          containerId: containerId('a'),
          update: {
            framework_id: { value: 'f-1' },
            status: { task_id: { value: 'a' }, state: TaskState.TASK_RUNNING },
            timestamp: 1,
            uuid: new Uint8Array(16),
          },
        },
      ]),
    );
    await harness.driver.close();
    harness = await DriverHarness.open(folder.path);
    const container = harness.reattach(launch);
    await harness.until(() => harness?.events.find((event) => event.type === 'executorSubscribe'));
    harness.kill(container);
    expect(await harness.terminalStatus(container)).toMatchObject({
      state: TaskState.TASK_KILLED,
      message: 'Command terminated with signal Terminated',
    });
    expect(harness.states(container)).toEqual(['TASK_KILLED']);
  });

  test('a kill in progress is carried on', async () => {
    const value = 'trap "" TERM; echo > ready; while true; do sleep 0.02; done';
    const launch: Launch = { container: 'a', checkpoint: true, task: { command: { value } } };
    await host([launch], ['checkpointed', 'a TASK_RUNNING']);
    harness = await DriverHarness.open(folder.path);
    const first = harness.reattach(launch);
    await harness.status(first, TaskState.TASK_RUNNING);
    harness.kill(first, 200);
    await harness.driver.close();
    harness = await DriverHarness.open(folder.path);
    const second = harness.reattach(launch);
    expect(await harness.terminalStatus(second)).toMatchObject({ state: TaskState.TASK_KILLED });
  });

  test('custom executors are watched again', async () => {
    const custom = { value: 'while ! test -e go; do sleep 0.02; done; exit 7' };
    const launch: Launch = { container: 'a', checkpoint: true, custom };
    await host([launch], ['checkpointed', 'a started']);
    await appeared(join(run('a'), 'supervisor'));
    harness = await DriverHarness.open(folder.path);
    expect(harness.checkpoint.frameworks[0]?.executors[0]).toMatchObject({ alive: true });
    const container = harness.reattach(launch);
    writeFileSync(join(sandbox('a'), 'go'), '');
    expect(await harness.ended(container)).toMatchObject({ waitStatus: 7 << 8 });
  });

  test('tasks of frameworks without checkpointing end with the agent', async () => {
    const task = { command: { value: 'echo $$ > pid; sleep 1000' } };
    await host([{ container: 'a', task }], ['a TASK_RUNNING']);
    // The supervisor may have ended before it wrote its record.
    if (existsSync(join(run('a'), 'supervisor'))) {
      await gone(supervisorOf('a'));
    }
  });

  test('a container of a forgotten agent is ended before recovery ends', async () => {
    const task = { command: { value: 'echo $$ > pid; sleep 1000' } };
    await host([{ container: 'a', task, checkpoint: true }], ['checkpointed', 'a TASK_RUNNING']);
    await appeared(join(run('a'), 'supervisor'));
    const supervisor = supervisorOf('a');
    const { store } = await CheckpointStore.open(join(folder.path, 'meta/agent.sqlite'));
    store.store([{ type: 'forgetAgent' }], () => undefined);
    await store.close();
    harness = await DriverHarness.open(folder.path);
    await gone(supervisor);
    expect(readdirSync(join(folder.path, 'meta/containers'))).toEqual([]);
    expect(harness.checkpoint).toMatchObject({ frameworks: [], errors: 0 });
  });
});

test('after a reboot no container is alive, even if another process has its pid', async () => {
  const first = await DriverHarness.open(folder.path);
  const { recordedIn } = first.declare({ container: 'a', checkpoint: true });
  await first.stored(recordedIn);
  await first.driver.close();
  const { store } = await CheckpointStore.open(join(folder.path, 'meta/agent.sqlite'));
  store.storeBoot('another boot');
  await store.close();
  const { pid, startTicks } = processStat(process.pid) ?? expect.fail();
  mkdirSync(run('a'));
  const record = `${pid} ${startTicks} ${pid} ${startTicks} 1 another-boot\n`;
  writeFileSync(join(run('a'), 'supervisor'), record);
  harness = await DriverHarness.open(folder.path);
  expect(harness.checkpoint.rebooted).toBe(true);
  expect(harness.checkpoint.frameworks[0]?.executors[0]).toMatchObject({ alive: false });
  await harness.driver.close();
  harness = await DriverHarness.open(folder.path);
  expect(harness.checkpoint.rebooted).toBe(false);
});

test('a container that was never started stays so, even if its supervisor comes late', async () => {
  const first = await DriverHarness.open(folder.path);
  await first.stored(first.declare({ container: 'a', checkpoint: true }).recordedIn);
  await first.driver.close();
  mkdirSync(run('a'));
  harness = await DriverHarness.open(folder.path);
  const [executor] = harness.checkpoint.frameworks[0]?.executors ?? [];
  expect(executor).toMatchObject({ alive: false });
  expect(executor?.waitStatus).toBeUndefined();
  expect(readlinkSync(join(run('a'), 'supervisor'))).toBe('void');
});

describe('when an operator kills', () => {
  test('the supervisor: the task ends, too, and the loss of its status is told', async () => {
    harness = await DriverHarness.open(folder.path);
    const value = 'echo $$ > pid~; mv pid~ pid; while true; do sleep 0.02; done';
    const container = harness.launch({ container: 'a', task: { command: { value } } });
    await appeared(join(sandbox('a'), 'pid'));
    process.kill(supervisorOf('a'), 'SIGKILL');
    expect(await harness.terminalStatus(container)).toMatchObject({
      state: TaskState.TASK_FAILED,
      message: 'Failed to get exit status for Command',
    });
    await gone(Number(readFileSync(join(sandbox('a'), 'pid'), 'utf8')));
  });

  test('the spawner: running containers do not notice, new ones are launched', async () => {
    harness = await DriverHarness.open(folder.path);
    const value = 'while ! test -e go; do sleep 0.02; done; exit 8';
    const task = { command: { value } };
    const first = harness.launch({ container: 'a', task, framework: { checkpoint: true } });
    await appeared(join(run('a'), 'supervisor'));
    const spawner = parentOf(supervisorOf('a'));
    process.kill(spawner, 'SIGKILL');
    await gone(spawner);
    writeFileSync(join(sandbox('a'), 'go'), '');
    expect(await harness.terminalStatus(first)).toMatchObject({
      message: 'Command exited with status 8',
    });
    const second = harness.launch({ container: 'b' });
    expect(await harness.terminalStatus(second)).toMatchObject({
      state: TaskState.TASK_FINISHED,
    });
  });
});

const parentOf = (pid: number) =>
  Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
