import { expect, test } from 'vitest';
import { requireSupported } from '../../../src/containerizer/plan/container-info.ts';
import { ContainerInfo_Type, type TaskInfo } from '../../../src/model/generated/messages.ts';

const executor = { executor_id: { value: 'e' } };
const task: TaskInfo = { name: 't', task_id: { value: 't' }, agent_id: { value: 'a' } };
const container = { type: ContainerInfo_Type.MESOS, hostname: 'h' };

test('the default container of the agent holds for a task that has none', () => {
  expect(() => requireSupported({ ...executor, container }, task)).toThrow(/'container.hostname'/);
});

test('an executor of the framework is refused with the names of its own fields', () => {
  expect(() => requireSupported({ ...executor, container }, undefined)).toThrow(
    /'executor.container.hostname'/,
  );
});

test('a container of Docker ends as with Mesos, and the field is named for the log', () => {
  const docker = { ...task, container: { type: ContainerInfo_Type.DOCKER } };
  expect(() => requireSupported(executor, docker)).toThrow(
    expect.objectContaining({
      message: 'Abnormal executor termination: unknown container',
      cause: expect.objectContaining({
        message: "'container.type' is DOCKER: only containers of type MESOS are supported",
      }),
    }),
  );
});

test('what asks for nothing is supported', () => {
  expect(() => requireSupported(executor, task)).not.toThrow();
  expect(() => requireSupported(executor, undefined)).not.toThrow();
});
