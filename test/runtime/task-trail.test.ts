// What is logged of a task on its way through a process.
import { expect, test } from 'vitest';
import type { MessageToAgent, MessageToMaster } from '../../src/model/agent-messages.ts';
import { TaskState, TaskStatus_Reason } from '../../src/model/generated/messages.ts';
import { TaskTrail } from '../../src/runtime/task-trail.ts';

const ids = {
  task_id: { value: 't1' },
  framework_id: { value: 'f1' },
  agent_id: { value: 'S1' },
};
const uuid = Uint8Array.from({ length: 16 }, (_, index) => index);
const UUID = '00010203-0405-0607-0809-0a0b0c0d0e0f';

const info = { ...ids, name: 'a task' };
const framework = { user: 'u', name: 'f', id: ids.framework_id };
const run: MessageToAgent = { name: 'RunTaskMessage', body: { framework, task: info } };
const group: MessageToAgent = {
  name: 'RunTaskGroupMessage',
  body: {
    framework,
    executor: { executor_id: { value: 'e' } },
    task_group: { tasks: [info, { ...info, task_id: { value: 't2' } }] },
  },
};
const kill: MessageToAgent = { name: 'KillTaskMessage', body: ids };
const acknowledgement: MessageToAgent = {
  name: 'StatusUpdateAcknowledgementMessage',
  body: { ...ids, uuid },
};
const update = (state: TaskState, more = {}): MessageToMaster => ({
  name: 'StatusUpdateMessage',
  body: { update: { ...ids, uuid, timestamp: 1, status: { ...ids, state, ...more } } },
});

function told(verbosity: number, messages: readonly (MessageToAgent | MessageToMaster)[]) {
  const lines: unknown[] = [];
  const trail = new TaskTrail({
    verbosity,
    write: (level, text, _stranger, about) => lines.push([level, text, about]),
  });
  for (const message of messages) {
    trail.passes(message, 'to slave(1)@10.0.0.1:5051');
  }
  return lines;
}

const about = { task: 't1', framework: 'f1' };
const TO = 'to slave(1)@10.0.0.1:5051';

test('while the log is verbose, each step of a task is told with its id', () => {
  const running = update(TaskState.TASK_RUNNING);
  expect(told(1, [run, group, running, acknowledgement, kill])).toEqual([
    ['debug', `Task t1 of framework f1: launch ${TO}`, about],
    ['debug', `Task t1 of framework f1: launch ${TO}`, about],
    ['debug', `Task t2 of framework f1: launch ${TO}`, { ...about, task: 't2' }],
    ['debug', `Task t1 of framework f1: TASK_RUNNING (${UUID}) ${TO}`, about],
    ['debug', `Task t1 of framework f1: acknowledgement (${UUID}) ${TO}`, about],
    ['debug', `Task t1 of framework f1: kill ${TO}`, about],
  ]);
});

test('that a task has failed is told in any case, and why, not at any length', () => {
  const reason = TaskStatus_Reason.REASON_CONTAINER_LIMITATION_MEMORY;
  const failed = update(TaskState.TASK_FAILED, { reason, message: 'x'.repeat(10_000) });
  const others = [run, kill, acknowledgement, update(TaskState.TASK_FINISHED)];
  expect(told(0, [...others, failed, update(TaskState.TASK_LOST)])).toEqual([
    [
      'info',
      `Task t1 of framework f1: TASK_FAILED (${UUID}) ${TO}: ` +
        `REASON_CONTAINER_LIMITATION_MEMORY: ${'x'.repeat(500)}`,
      about,
    ],
    ['info', `Task t1 of framework f1: TASK_LOST (${UUID}) ${TO}`, about],
  ]);
});
