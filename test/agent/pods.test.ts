// Task groups: the agent's default executor is built in, and is an executor like any other to it.
import { expect, test } from 'vitest';
import {
  ExecutorEvent_Type,
  ExecutorInfo_Type,
  TaskState,
  TaskStatus_Reason,
} from '../../src/model/generated/messages.ts';
import { parseResources } from '../../src/model/resource-text.ts';
import { onDisk } from './disk.ts';
import { executorInfo, executorTask, frameworkInfo, status, World } from './harness.ts';
import { registerAgain } from './reregistration.ts';

/** A group of tasks for the default executor, which has subscribed. */
function started(...ids: string[]) {
  const world = new World({ resources: parseResources('cpus:8;mem:4096') });
  world.register();
  world.fromMaster({
    name: 'RunTaskGroupMessage',
    body: {
      framework: frameworkInfo({ checkpoint: true }),
      executor: { ...executorInfo('pod'), type: ExecutorInfo_Type.DEFAULT },
      task_group: { tasks: ids.map((id) => executorTask(id)) },
      launch_executor: true,
    },
  });
  const [launched] = world.take('launchExecutor');
  return { world, launched: launched ?? expect.fail('nothing was launched') };
}

test('a group goes to an executor that has no command and no task of its own', () => {
  const { world, launched } = started('a', 'b');
  expect(launched).toMatchObject({ builtin: 'default', command: undefined, task: undefined });
  const events = world.eventsOf(world.subscribe(launched));
  expect(events.map(({ type }) => type)).toEqual([
    ExecutorEvent_Type.SUBSCRIBED,
    ExecutorEvent_Type.LAUNCH_GROUP,
  ]);
});

test('after a restart of the agent the executor comes back, and what it never got is dropped', () => {
  const { world: before, launched } = started('a', 'b');
  before.subscribe(launched);
  before.update('pod', status('a', TaskState.TASK_STARTING));
  before.acknowledgeAll();
  const world = new World({ ...before.options, seed: 8 });
  world.start(onDisk(before.changes, true));
  const [back] = world.take('reattachExecutor');
  expect(back).toMatchObject({ builtin: 'default', task: undefined });
  world.subscribeAgain('pod');
  registerAgain(world);
  expect(world.sent('StatusUpdateMessage').map(({ update }) => update.status)).toMatchObject([
    {
      task_id: { value: 'b' },
      state: TaskState.TASK_LOST,
      reason: TaskStatus_Reason.REASON_AGENT_RESTARTED,
    },
  ]);
});
