import { expect, test } from 'vitest';
import { taskNamed } from '../../../src/cli/operate/connection/tasks.ts';
import { type Task, TaskState } from '../../../src/model/generated/messages.ts';

const task = (id: string, framework: string, state: TaskState = TaskState.TASK_RUNNING): Task => ({
  name: `name-${id}`,
  task_id: { value: id },
  framework_id: { value: framework },
  agent_id: { value: 'S0' },
  state,
});
const ended = (id: string, framework: string, state: TaskState = TaskState.TASK_FINISHED) =>
  task(id, framework, state);

const TASKS = {
  live: [task('web-1', 'f1'), task('job', 'f1'), task('job', 'f2')],
  ended: [
    ended('web-1', 'f1'),
    ended('batch-7', 'f1', TaskState.TASK_FAILED),
    ended('batch-7', 'f1'),
    ended('web-22', 'f1'),
  ],
};

test('a task that lives is meant before those that have ended', () => {
  expect(taskNamed(TASKS, 'web-1')).toBe(TASKS.live[0]);
  expect(taskNamed(TASKS, 'web')).toBe(TASKS.live[0]);
  expect(taskNamed(TASKS, 'name-web-1')).toBe(TASKS.live[0]);
  expect(taskNamed(TASKS, 'web-2')).toBe(TASKS.ended[3]);
});

test('of runs of one task it is the last one', () => {
  expect(taskNamed(TASKS, 'batch-7')).toBe(TASKS.ended[2]);
  expect(taskNamed(TASKS, '7')).toBe(TASKS.ended[2]);
});

test('frameworks tell tasks of one id apart', () => {
  expect(() => taskNamed(TASKS, 'job')).toThrow(
    "several frameworks have a task 'job': say --framework, which is one of f1, f2",
  );
  expect(taskNamed(TASKS, 'job', 'f2')).toBe(TASKS.live[2]);
  expect(() => taskNamed(TASKS, 'jobs')).toThrow("no task 'jobs' (did you mean job?)");
});
