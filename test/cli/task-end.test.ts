import { expect, test } from 'vitest';
import { taskEnd } from '../../src/cli/framework/task-end.ts';
import { describeWaitStatus } from '../../src/executor/wait-status.ts';
import { TaskState } from '../../src/model/generated/messages.ts';

const end = (message: string, state: TaskState = TaskState.TASK_FAILED) =>
  taskEnd({ task_id: { value: 't' }, state, message });

test('the end of a command is told as a shell tells it', () => {
  expect(end('Command exited with status 0', TaskState.TASK_FINISHED).shellStatus).toBe(0);
  expect(end('Command exited with status 3').shellStatus).toBe(3);
  // The task was killed and exited with 0: that is not a success.
  expect(end('Command exited with status 0', TaskState.TASK_KILLED).shellStatus).toBe(1);
  expect(end('Executor terminated').shellStatus).toBe(1);
});

test('every status and every signal has its number, by the words in which executors tell it', () => {
  for (let status = 1; status <= 255; status++) {
    expect(end(`Command ${describeWaitStatus(status << 8)}`).shellStatus).toBe(status);
  }
  for (let signal = 1; signal <= 64; signal++) {
    expect(end(`Command ${describeWaitStatus(signal)}`).shellStatus).toBe(128 + signal);
  }
  expect(end(`Command ${describeWaitStatus(11 | 0x80)}`)).toEqual({
    exitStatus: undefined,
    signal: 'Segmentation fault',
    shellStatus: 139,
  });
});
