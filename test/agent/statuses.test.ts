// A task may report for ever: the statuses that agent and master keep of it have a bound.
import { expect, test } from 'vitest';
import { type Task, TaskState } from '../../src/model/generated/messages.ts';
import { frameworkId, taskId } from '../../src/model/ids.ts';
import { messageSize } from '../../src/model/message-size.ts';
import { parseResources } from '../../src/model/resource-text.ts';
import { addStatus } from '../../src/model/status-history.ts';
import { executorInfo, executorTask, FRAMEWORK, frameworkInfo, status, World } from './harness.ts';

const MEGABYTE = 1_000_000;
const states = [TaskState.TASK_RUNNING, TaskState.TASK_STARTING] as const;
const stateOf = (index: number) => states[index % 2] ?? TaskState.TASK_RUNNING;

const newTask = (): Task => ({
  name: 't',
  task_id: { value: 't' },
  framework_id: { value: FRAMEWORK },
  agent_id: { value: 'a' },
  state: TaskState.TASK_STAGING,
});

test('a task whose state goes to and fro keeps its last hundred statuses', () => {
  const task = newTask();
  for (let index = 0; index < 1_000; index++) {
    addStatus(task, status('t', stateOf(index), { timestamp: index }));
  }
  const kept = (task.statuses ?? []).map(({ timestamp }) => timestamp);
  expect(kept).toEqual(Array.from({ length: 100 }, (_, index) => 900 + index));
});

test('large statuses take a quarter of a megabyte beside the latest', () => {
  const task = newTask();
  for (let index = 0; index < 50; index++) {
    addStatus(task, status('t', stateOf(index), { message: 'x'.repeat(10_000) }));
  }
  expect(task.statuses).toHaveLength(27);
});

test('of a status that is too large to keep, what has happened and how its message begins is kept', () => {
  const task = newTask();
  const bytes = new Uint8Array(3 * MEGABYTE);
  const small = status('t', TaskState.TASK_STARTING, { data: new Uint8Array(100), message: 'm' });
  addStatus(task, small);
  addStatus(task, { ...small, state: TaskState.TASK_RUNNING, data: bytes });
  addStatus(task, { ...small, state: TaskState.TASK_KILLING, message: 'm'.repeat(MEGABYTE) });
  const labels = { labels: [{ key: 'k'.repeat(MEGABYTE) }] };
  addStatus(task, { ...small, state: TaskState.TASK_KILLED, labels, healthy: false });
  const { data: _, ...told } = small;
  expect(task.statuses).toEqual([
    small,
    { ...told, state: TaskState.TASK_RUNNING },
    { ...told, state: TaskState.TASK_KILLING, message: `${'m'.repeat(2_000)}…` },
    { ...told, state: TaskState.TASK_KILLED, healthy: false },
  ]);
});

function runningTask(): World {
  const world = new World();
  world.register();
  world.runTask(executorTask('t1'));
  const [launched] = world.take('launchExecutor');
  if (launched === undefined) {
    throw new Error('nothing launched');
  }
  world.subscribe(launched);
  return world;
}

test('large updates that wait for acknowledgements make way for the latest, and the first stays', () => {
  const world = runningTask();
  for (let index = 0; index < 50; index++) {
    const data = new Uint8Array(MEGABYTE);
    world.update('ex', status('t1', stateOf(index), { data, timestamp: index }));
  }
  const pending = world.agent.updates.get(frameworkId(FRAMEWORK))?.get(taskId('t1'))?.pending ?? [];
  const waiting = pending.map((update) => update.status.timestamp);
  expect(waiting[0]).toBe(0);
  expect(waiting.at(-1)).toBe(49);
  expect(waiting).toHaveLength(8);
});

test('an executor may not send a status that is larger than a task', () => {
  const world = runningTask();
  world.effects = [];
  const data = new Uint8Array(5 * MEGABYTE);
  world.update('ex', status('t1', TaskState.TASK_RUNNING, { data }));
  expect(world.take('reply')).toMatchObject([
    {
      status: 400,
      text: "Failed to validate Executor::Call: 'status' has more than 4194304 bytes",
    },
  ]);
  expect(world.sent('StatusUpdateMessage')).toEqual([]);
});

test('an agent registers again with the newest statuses, of all that runs no more than a few megabytes', () => {
  const world = new World({ resources: parseResources('cpus:64;mem:16384') });
  world.register();
  const executor = executorInfo('ex');
  world.runTask(executorTask('t0', executor));
  const [launched] = world.take('launchExecutor');
  if (launched === undefined) {
    throw new Error('nothing launched');
  }
  world.subscribe(launched);
  const ids = Array.from({ length: 50 }, (_, index) => `t${index}`);
  for (const id of ids.slice(1)) {
    world.runTask(executorTask(id, executor), frameworkInfo(), false);
  }
  for (const id of ids) {
    for (let index = 0; index < 25; index++) {
      const message = 'x'.repeat(10_000);
      world.update('ex', status(id, stateOf(index), { timestamp: index, message }));
      world.acknowledgeAll();
    }
  }
  world.send({ type: 'linkLost', address: '10.0.0.1:5050' });
  world.pass(10_000);
  const tasks = world.sent('ReregisterAgentMessage').at(-1)?.tasks ?? [];
  expect(tasks).toHaveLength(50);
  expect(new Set(tasks.map(({ statuses }) => statuses?.at(-1)?.timestamp))).toEqual(new Set([24]));
  expect(messageSize(tasks, 100 * MEGABYTE)).toBeLessThan(9 * MEGABYTE);
});
