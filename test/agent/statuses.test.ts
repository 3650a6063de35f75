// A task may report for ever: what is kept of its statuses, on the agent and in the master, has a bound.
import { expect, test } from 'vitest';
import { type Task, TaskState } from '../../src/model/generated/messages.ts';
import { frameworkId, taskId } from '../../src/model/ids.ts';
import { addStatus } from '../../src/model/status-history.ts';
import { executorTask, FRAMEWORK, status, World } from './harness.ts';

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

test('large statuses take a megabyte beside the latest, which is kept whatever its size', () => {
  const task = newTask();
  for (let index = 0; index < 50; index++) {
    addStatus(task, status('t', stateOf(index), { message: 'x'.repeat(MEGABYTE / 4) }));
  }
  expect(task.statuses).toHaveLength(5);
  addStatus(task, status('t', stateOf(50), { data: new Uint8Array(3 * MEGABYTE) }));
  addStatus(task, status('t', stateOf(51), { data: new Uint8Array(3 * MEGABYTE) }));
  expect(task.statuses).toHaveLength(1);
});

function runningTask(): World {
  const world = new World();
  world.register();
  world.runTask(executorTask('t1'));
  const [launched] = world.take('launchExecutor');
  if (launched === undefined) throw new Error('nothing launched');
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
