// How an agent treats the users that tasks name, whatever its master allows.
import { describe, expect, test } from 'vitest';
import { TaskState, TaskStatus_Reason } from '../../src/model/generated/messages.ts';
import { aclAuthorizer, parseAcls } from '../../src/security/acls.ts';
import { commandTask, executorInfo, executorTask, frameworkInfo, World } from './harness.ts';

function refusal(world: World): object | undefined {
  return world.sent('StatusUpdateMessage')[0]?.update.status;
}

describe('a user that is no name', () => {
  test.each(['', '0', '+0', ' 0', 'nobody '])('%j ends in TASK_ERROR', (user) => {
    for (const run of [
      (world: World) => world.runTask(commandTask('t', { command: { value: 'id', user } })),
      (world: World) => world.runTask(commandTask('t'), frameworkInfo({ user })),
      (world: World) =>
        world.runTask(executorTask('t', executorInfo('e', { command: { value: 'x', user } }))),
    ]) {
      const world = new World();
      world.register();
      run(world);
      expect(refusal(world)).toMatchObject({
        state: TaskState.TASK_ERROR,
        reason: TaskStatus_Reason.REASON_TASK_INVALID,
        message: expect.stringContaining('Cannot run as the user of the task: '),
      });
      expect(world.take('launchExecutor')).toEqual([]);
    }
  });

  test('is no matter where the agent does not switch users', () => {
    const world = new World({ switchUser: false });
    world.register();
    world.runTask(commandTask('t'), frameworkInfo({ user: '' }));
    expect(world.take('launchExecutor')[0]?.user).toBeUndefined();
  });
});

test('every user that a task would start processes as must be allowed', () => {
  const acls = { run_tasks: [{ principals: { type: 'NONE' }, users: { values: ['root'] } }] };
  const world = new World({ authorizer: aclAuthorizer(parseAcls(acls)) });
  world.register();
  const framework = frameworkInfo({ user: 'nobody' });
  const health_check = { type: 1, command: { value: 'id', user: 'root' } } as const;
  world.runTask(commandTask('t', { health_check }), framework);
  expect(refusal(world)).toMatchObject({
    state: TaskState.TASK_ERROR,
    reason: TaskStatus_Reason.REASON_TASK_UNAUTHORIZED,
  });
});
