// Which users the tasks of a group can have.
import { expect, test } from 'vitest';
import { nestedRequest } from '../../src/agent-driver/pod-containers.ts';
import type { TaskInfo } from '../../src/model/generated/messages.ts';
import { containerId } from '../../src/model/ids.ts';

const userOf = (own: string | undefined, executors: string | undefined) => {
  const task: TaskInfo = {
    name: 't',
    task_id: { value: 't' },
    agent_id: { value: 'a' },
    command: { value: 'true', ...(own !== undefined && { user: own }) },
  };
  const container = containerId('root.task');
  return nestedRequest(
    { type: 'launch', container, task, leader: container, members: ['t'] },
    {
      sandbox: 'runs/root',
      user: executors,
      resources: [],
      ip: '10.0.0.1',
      isBound: false,
      executorId: { value: 'e' },
    },
  ).user;
};

test('a task has its own user, or its executor’s, or the agent’s', () => {
  expect(userOf(undefined, 'ann')).toBe('ann');
  expect(userOf('ann', 'ann')).toBe('ann');
  expect(userOf('bob', 'root')).toBe('bob');
  expect(userOf('root', 'ann')).toBe('root');
  expect(userOf('bob', undefined)).toBeUndefined();
});
