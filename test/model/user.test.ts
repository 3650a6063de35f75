// Valid names of users, and the users that a task names.
import { describe, expect, test } from 'vitest';
import type { TaskInfo } from '../../src/model/generated/messages.ts';
import { userNameError, usersOfTask } from '../../src/model/user.ts';

describe('the name of a user', () => {
  test.each(['root', 'nobody', '_apt', 'www-data', 'svc.build$', 'CORP\\alice', 'a@b.org', 'u0'])(
    'may be %j',
    (user) => {
      expect(userNameError(user)).toBeUndefined();
    },
  );

  test.each([
    ['', 'the name of the user is empty'],
    ['0', "user '0' is a number: users are given by name"],
    ['00', 'is a number'],
    ['+0', 'is a number'],
    ['-0', 'is a number'],
    [' 0', 'is a number'],
    ['0\n', "user '0\\n' is a number"],
    ['1000', 'is a number'],
    [' root', "' root' is not the name of a user"],
    ['root ', 'is not the name of a user'],
    ['root\t', 'is not the name of a user'],
    ['\u00a0root', 'is not the name of a user'],
    [' ', 'is not the name of a user'],
    ['root\0', "'root\\u0000' is not the name of a user"],
    ['ro\not', 'is not the name of a user'],
    ['root:0', 'is not the name of a user'],
    ['0:0', 'is not the name of a user'],
    ['/root', 'is not the name of a user'],
    ['-u', 'is not the name of a user'],
    ['+root', 'is not the name of a user'],
    ['u'.repeat(257), 'is not the name of a user'],
  ])('is not %j', (user, why) => {
    expect(userNameError(user)).toContain(why);
  });
});

describe('the users of a task', () => {
  const framework = { user: 'fw', name: 'f' };
  const task = (more: Partial<TaskInfo>): TaskInfo => ({
    name: 't',
    task_id: { value: 't' },
    agent_id: { value: 'a' },
    ...more,
  });
  const executor = (user?: string) => ({
    executor_id: { value: 'e' },
    command: user === undefined ? {} : { user },
  });
  const check = {
    command: { command: { user: 'checker' } },
  };

  test('are its command’s, else its framework’s', () => {
    expect(usersOfTask(task({ command: {} }), undefined, framework)).toEqual(['fw']);
    expect(usersOfTask(task({ command: { user: 'a' } }), undefined, framework)).toEqual(['a']);
    expect(usersOfTask(task({ command: { user: '' } }), undefined, framework)).toEqual(['']);
  });

  test('are its executor’s too, where that has a command', () => {
    expect(usersOfTask(task({}), executor('e'), framework)).toEqual(['e']);
    expect(usersOfTask(task({ command: { user: 'a' } }), executor('e'), framework)).toEqual([
      'a',
      'e',
    ]);
    expect(usersOfTask(task({ command: { user: 'a' } }), executor(), framework)).toEqual([
      'a',
      'fw',
    ]);
    const builtin = { executor_id: { value: 'e' } };
    expect(usersOfTask(task({ command: { user: 'a' } }), builtin, framework)).toEqual(['a']);
  });

  test('are those of its checks', () => {
    expect(
      usersOfTask(
        task({ command: {}, check, health_check: { command: { user: 'prober' } } }),
        undefined,
        framework,
      ),
    ).toEqual(['fw', 'checker', 'prober']);
  });
});
