// What a task's record keeps of its statuses, compared with what frameworks are told.
import { expect, test } from 'vitest';
import {
  MasterCall_Type,
  TaskState,
  type TaskStatus,
  TaskStatus_Source,
} from '../../src/model/generated/messages.ts';
import { cluster, viewer } from './harness.ts';

function withExecutor() {
  const made = cluster();
  const { framework } = made;
  framework.launch(framework.offer(), {
    task_id: { value: 't1' },
    executor: {
      executor_id: { value: 'ex' },
      framework_id: { value: framework.id },
      command: { value: 'x' },
    },
  });
  return made;
}

test('a status keeps the time that the executor gave, and has none if it gave none', () => {
  const { world, agent, framework } = withExecutor();
  const uuid = world.uuid();
  const running: TaskStatus = {
    task_id: { value: 't1' },
    state: TaskState.TASK_RUNNING,
    source: TaskStatus_Source.SOURCE_EXECUTOR,
    uuid,
  };
  const send = (stored: TaskStatus, timestamp: number) =>
    agent.send('StatusUpdateMessage', {
      pid: agent.pid,
      update: {
        framework_id: { value: framework.id },
        agent_id: { value: agent.id },
        executor_id: { value: 'ex' },
        status: stored,
        timestamp,
        ...(stored.uuid !== undefined && { uuid: stored.uuid }),
      },
    });
  send(running, 12);
  expect(framework.statuses('t1')).toMatchObject([
    { timestamp: 12, executor_id: { value: 'ex' }, agent_id: { value: agent.id } },
  ]);
  const stored = () =>
    world.read({ type: MasterCall_Type.GET_TASKS }).get_tasks?.tasks?.[0]?.statuses;
  expect(stored()).toEqual([running]);
  const shown = world.views.tasks(viewer, {}) as { tasks: Iterable<{ statuses: unknown[] }> };
  const [task] = shown.tasks;
  expect(task?.statuses).toEqual([{ state: 'TASK_RUNNING', timestamp: 0 }]);
  send({ ...running, state: TaskState.TASK_FINISHED, uuid: world.uuid(), timestamp: 13 }, 14);
  expect(stored()?.at(-1)?.timestamp).toBe(13);
  expect(framework.statuses('t1').at(-1)?.timestamp).toBe(14);
});

test('what the master decides is stored without the executor that the framework is told', () => {
  const { world, agent, framework } = withExecutor();
  world.operate({
    type: MasterCall_Type.MARK_AGENT_GONE,
    mark_agent_gone: { agent_id: { value: agent.id } },
  });
  expect(framework.statuses('t1').at(-1)).toMatchObject({ executor_id: { value: 'ex' } });
  const tasks = world.read({ type: MasterCall_Type.GET_TASKS }).get_tasks;
  const [task] = tasks?.unreachable_tasks ?? [];
  expect(Object.keys(task?.statuses?.at(-1) ?? {}).sort()).toEqual([
    'agent_id',
    'message',
    'reason',
    'source',
    'state',
    'task_id',
    'timestamp',
  ]);
});
