// The checkpoint: what is told to be durable is, whatever happens to the process that wrote it.
import { spawn } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CheckpointChange, CheckpointedFramework } from '../../src/agent/checkpoint.ts';
import { CheckpointDatabase } from '../../src/containerizer/checkpoint-database.ts';
import { CheckpointStore, checkpointOf } from '../../src/containerizer/checkpoint-store.ts';
import { TaskState } from '../../src/model/generated/messages.ts';
import { containerId, executorId, frameworkId, taskId } from '../../src/model/ids.ts';
import { temporaryFolder } from '../executor/hands-harness.ts';

let folder: ReturnType<typeof temporaryFolder>;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(() => folder[Symbol.dispose]());

const database = () => join(folder.path, 'agent.sqlite');

async function read() {
  const { store, rows } = await CheckpointStore.open(database());
  await store.close();
  return checkpointOf(rows, () => ({ alive: false }));
}

async function write(changes: readonly CheckpointChange[]): Promise<void> {
  const { store } = await CheckpointStore.open(database());
  const { promise, resolve } = Promise.withResolvers<Error | undefined>();
  store.store(changes, resolve);
  expect(await promise).toBeUndefined();
  await store.close();
}

const framework = (id: string): CheckpointChange => ({
  type: 'framework',
  framework: { user: 'u', name: `name of ${id}`, id: { value: id } },
});

const runOf = (framework: string, run: string) => ({
  frameworkId: frameworkId(framework),
  executorId: executorId(`e-${run}`),
  containerId: containerId(run),
});

const executor = (of: string, run: string): CheckpointChange => ({
  type: 'executor',
  ...runOf(of, run),
  info: { executor_id: { value: `e-${run}` } },
  builtin: 'command',
});

const task = (of: string, run: string, id: string): CheckpointChange => ({
  type: 'task',
  ...runOf(of, run),
  info: { name: 'n', task_id: { value: id }, agent_id: { value: 'a' } },
});

const uuid = (number: number) => new Uint8Array(16).fill(number);

const update = (of: string, run: string, id: string, number: number): CheckpointChange => ({
  type: 'update',
  ...runOf(of, run),
  update: {
    framework_id: { value: of },
    status: { task_id: { value: id }, state: TaskState.TASK_RUNNING },
    timestamp: number,
    uuid: uuid(number),
  },
});

describe('what is read back', () => {
  test('is what was written, in its order', async () => {
    await write([
      { type: 'agent', agent: { hostname: 'h', id: { value: 'a' } } },
      { type: 'resources', resources: [{ name: 'cpus', type: 0, scalar: { value: 1.5 } }] },
      { type: 'drain', drain: { config: { mark_gone: true }, startedMs: 12345 } },
      framework('f'),
      executor('f', 'r1'),
      task('f', 'r1', 't1'),
      update('f', 'r1', 't1', 1),
      update('f', 'r1', 't1', 2),
      { type: 'acknowledgement', ...runOf('f', 'r1'), taskId: taskId('t1'), uuid: uuid(1) },
      executor('f', 'r2'),
      task('f', 'r2', 't2'),
    ]);
    const checkpoint = await read();
    expect(checkpoint.agent).toEqual({ hostname: 'h', id: { value: 'a' } });
    expect(checkpoint.resources).toEqual([{ name: 'cpus', type: 0, scalar: { value: 1.5 } }]);
    expect(checkpoint.drain).toEqual({ config: { mark_gone: true }, startedMs: 12345 });
    const [found] = checkpoint.frameworks;
    expect(found?.info.name).toBe('name of f');
    expect(found?.executors.map((run) => run.containerId)).toEqual(['r1', 'r2']);
    expect(found?.executors[0]).toMatchObject({ builtin: 'command', alive: false });
    const [first] = found?.executors[0]?.tasks ?? [];
    expect(first?.updates.map((known) => known.timestamp)).toEqual([1, 2]);
    expect(first?.acknowledged).toEqual([uuid(1)]);
  });

  test('has nothing of what has completed', async () => {
    await write([
      { type: 'agent', agent: { hostname: 'h' } },
      { type: 'drain', drain: { config: {}, startedMs: 1 } },
      framework('f'),
      executor('f', 'r1'),
      task('f', 'r1', 't1'),
      task('f', 'r1', 't2'),
      update('f', 'r1', 't1', 1),
      update('f', 'r1', 't2', 2),
      executor('f', 'r2'),
      task('f', 'r2', 't3'),
      framework('g'),
      executor('g', 'r3'),
      task('g', 'r3', 't4'),
      update('g', 'r3', 't4', 3),
    ]);
    await write([
      { type: 'drain' },
      { type: 'taskCompleted', ...runOf('f', 'r1'), taskId: taskId('t1') },
      { type: 'executorCompleted', ...runOf('f', 'r2') },
      { type: 'frameworkCompleted', frameworkId: frameworkId('g') },
    ]);
    const checkpoint = await read();
    expect(checkpoint.agent).toEqual({ hostname: 'h' });
    expect(checkpoint.drain).toBeUndefined();
    expect(shape(checkpoint.frameworks)).toEqual({ f: { r1: ['t2'] } });
  });

  test('has nothing but resources once the agent is forgotten, whatever it wrote after', async () => {
    await write([
      { type: 'agent', agent: { hostname: 'h' } },
      { type: 'resources', resources: [{ name: 'cpus', type: 0, scalar: { value: 1 } }] },
      {
        type: 'operations',
        operations: [{ info: { type: 1 }, latest_status: { state: 1 }, uuid: { value: uuid(1) } }],
      },
      { type: 'drain', drain: { config: {}, startedMs: 1 } },
      framework('f'),
      executor('f', 'r1'),
      task('f', 'r1', 't1'),
      update('f', 'r1', 't1', 1),
      { type: 'forgetAgent' },
      update('f', 'r1', 't1', 2),
    ]);
    const { store, rows } = await CheckpointStore.open(database());
    await store.close();
    expect(rows).toMatchObject({ frameworks: [], executors: [], tasks: [], updates: [] });
    expect(rows.values.map((row) => row.name)).toEqual(['resources']);
  });

  test('is the same however transactions are cut', async () => {
    const steps: CheckpointChange[] = [
      framework('f'),
      executor('f', 'r1'),
      task('f', 'r1', 't1'),
      update('f', 'r1', 't1', 1),
      executor('f', 'r2'),
      task('f', 'r2', 't2'),
      { type: 'executorCompleted', ...runOf('f', 'r1') },
      update('f', 'r2', 't2', 2),
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), async (cuts) => {
        using own = temporaryFolder();
        const { store } = await CheckpointStore.open(join(own.path, 'agent.sqlite'));
        const answers: number[] = [];
        let transaction: CheckpointChange[] = [];
        for (const [index, step] of steps.entries()) {
          transaction.push(step);
          if (cuts[index] === true || index === steps.length - 1) {
            store.store(transaction, () => answers.push(index));
            transaction = [];
          }
        }
        await store.close();
        expect(answers).toEqual([...answers].sort((one, other) => one - other));
        const again = await CheckpointStore.open(join(own.path, 'agent.sqlite'));
        await again.store.close();
        const checkpoint = checkpointOf(again.rows, () => ({ alive: false }));
        expect(shape(checkpoint.frameworks)).toEqual({ f: { r2: ['t2'] } });
      }),
      { numRuns: 15 },
    );
  });
});

const shape = (frameworks: readonly CheckpointedFramework[]) =>
  Object.fromEntries(
    frameworks.map((known) => [
      known.info.id?.value,
      Object.fromEntries(
        known.executors.map((run) => [
          run.containerId,
          run.tasks.map(({ info }) => info.task_id.value),
        ]),
      ),
    ]),
  );

describe('a writer that is killed', () => {
  const script = fileURLToPath(new URL('./checkpoint-writer.ts', import.meta.url));

  test.each([1, 7, 40, 150])('has stored all it was told of, %i at least', async (enough) => {
    const child = spawn(process.execPath, [script, database()], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = Promise.withResolvers<void>();
    child.once('exit', () => exited.resolve());
    let told = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      told = Number(line);
      if (told >= enough) {
        child.kill('SIGKILL');
      }
    }
    await exited.promise;
    const [found] = (await read()).frameworks;
    const numbers = found?.executors[0]?.tasks.map(({ info }) => Number(info.task_id.value)) ?? [];
    // A prefix, without gaps, at least as long as what was told; each with both of its changes.
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(numbers.length).toBeGreaterThanOrEqual(told);
    for (const { updates } of found?.executors[0]?.tasks ?? []) {
      expect(updates).toHaveLength(1);
    }
  });
});

test('a file that another agent holds is left alone', async () => {
  const { store } = await CheckpointStore.open(database());
  expect(() => new CheckpointDatabase(database(), 0)).toThrow(/^Another agent is using '.*sqlite'/);
  await store.close();
  new CheckpointDatabase(database(), 0).close();
});

describe('a file that is damaged', () => {
  const fill = () =>
    write([
      framework('f'),
      executor('f', 'r1'),
      ...Array.from({ length: 200 }, (_, index) => task('f', 'r1', `t${index}`)),
    ]);

  test('with noise in it', async () => {
    await fill();
    const bytes = readFileSync(database());
    bytes.fill(0xa5, 100, 8192);
    writeFileSync(database(), bytes);
    await expect(read()).rejects.toThrow(/Failed to read the agent's checkpoint '.*agent.sqlite'/);
  });

  test('cut short', async () => {
    await fill();
    truncateSync(database(), 5000);
    await expect(read()).rejects.toThrow(/Failed to read the agent's checkpoint/);
  });

  test('that is none', async () => {
    writeFileSync(database(), 'something else'.repeat(1000));
    await expect(read()).rejects.toThrow(/file is not a database/);
  });

  test('empty, which would begin anew in silence', async () => {
    await fill();
    writeFileSync(database(), '');
    await expect(read()).rejects.toThrow(/agent.sqlite is damaged: it is empty/);
  });

  test('in a place where there can be none', async () => {
    mkdirSync(database());
    await expect(read()).rejects.toThrow(/Failed to read the agent's checkpoint/);
  });
});

test('nothing is taken for stored once the file has been deleted', async () => {
  const { store } = await CheckpointStore.open(database());
  const stored = (id: string) => {
    const { promise, resolve } = Promise.withResolvers<Error | undefined>();
    store.store([framework(id)], resolve);
    return promise;
  };
  expect(await stored('f')).toBeUndefined();
  rmSync(database());
  expect((await stored('g'))?.message).toMatch(/agent.sqlite has been deleted by somebody else/);
  await store.close();
});

test('its files are closed to other users', async () => {
  const { store } = await CheckpointStore.open(database());
  const { promise, resolve } = Promise.withResolvers<Error | undefined>();
  store.store([framework('f')], resolve);
  await promise;
  const files = readdirSync(folder.path).filter((name) => name.startsWith('agent.sqlite'));
  expect(files).toEqual(['agent.sqlite', 'agent.sqlite-wal']);
  expect(files.map((name) => statSync(join(folder.path, name)).mode & 0o777)).toEqual([
    0o600, 0o600,
  ]);
  await store.close();
});
