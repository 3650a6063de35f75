// The users that a framework's tasks may run as: only by name, and all users that a launch would
// start processes as.
import { describe, expect, test } from 'vitest';
import {
  ExecutorInfo_Type,
  Offer_Operation_Type,
  type TaskInfo,
  TaskState,
  TaskStatus_Reason,
} from '../../src/model/generated/messages.ts';
import { aclAuthorizer, parseAcls } from '../../src/security/acls.ts';
import { cluster, resources, taskOf, World } from './harness.ts';

const withoutRoot = { rootSubmissions: false, rootUsers: ['root', 'toor'] };
const noRootAcl = {
  authorizer: aclAuthorizer(
    parseAcls({ run_tasks: [{ principals: { type: 'NONE' }, users: { values: ['root'] } }] }),
  ),
};
const executor = (user?: string) => ({
  executor_id: { value: 'e' },
  command: { value: 'x', ...(user !== undefined && { user }) },
  resources: resources('cpus:0.1;mem:32'),
});

describe('a framework', () => {
  const subscribed = (user: string, options = {}) => {
    const framework = new World(options).framework({ user });
    return framework.first('ERROR')?.error?.message ?? framework.first('SUBSCRIBED')?.type;
  };

  test.each(['0', '+0', ' 0', '1000', ' root', 'root\0', 'root:0'])(
    'cannot have the user %j',
    (user) => {
      expect(subscribed(user)).toContain("'FrameworkInfo.user' is invalid: ");
    },
  );

  test('may leave its user empty, as in Mesos', () => {
    expect(subscribed('')).toBe(1);
    expect(subscribed('', withoutRoot)).toBe(1);
  });

  test.each(['root', 'toor'])('cannot be %s without --root_submissions', (user) => {
    expect(subscribed(user, withoutRoot)).toBe(
      `User '${user}' is not allowed to run frameworks without --root_submissions set`,
    );
    expect(subscribed(user)).toBe(1);
  });
});

describe('a task', () => {
  function launched(task: Partial<TaskInfo>, options = {}, user = 'nobody') {
    const { agent, framework } = cluster(options, { user });
    framework.launch(framework.offer(), { task_id: { value: 't' }, ...task });
    const [status] = framework.statuses('t');
    return status ?? agent.sent('RunTaskMessage').length;
  }
  const command = (user: string) => ({ command: { value: 'id', user } });
  const unauthorized = {
    state: TaskState.TASK_ERROR,
    reason: TaskStatus_Reason.REASON_TASK_UNAUTHORIZED,
  };
  const invalid = { state: TaskState.TASK_ERROR, reason: TaskStatus_Reason.REASON_TASK_INVALID };

  test.each(['0', '+0', ' 0', '', 'root ', '65534'])('cannot run as %j', (user) => {
    for (const options of [{}, withoutRoot, noRootAcl]) {
      expect(launched(command(user), options)).toMatchObject(invalid);
      expect(launched({ executor: executor(user) }, options)).toMatchObject(invalid);
    }
  });

  test.each([
    ['by its command', command('root')],
    ['by its executor', { executor: executor('root') }],
    [
      'by its check',
      { check: { type: 1, command: { command: { value: 'id', user: 'root' } } } } as const,
    ],
    [
      'by its health check',
      { health_check: { type: 1, command: { value: 'id', user: 'root' } } } as const,
    ],
  ])('cannot be root %s where root is barred', (_, task) => {
    expect(launched(task, withoutRoot)).toMatchObject({
      ...unauthorized,
      message: "User 'root' is not allowed to run tasks without --root_submissions set",
    });
    expect(launched(task, noRootAcl)).toMatchObject({
      ...unauthorized,
      message: "Principal '' is not authorized to launch task t as user 'root'",
    });
    expect(launched(task)).toBe(1);
  });

  test('cannot be root under another of its names', () => {
    expect(launched(command('toor'), withoutRoot)).toMatchObject(unauthorized);
    expect(launched(command('toor'), { ...noRootAcl, rootUsers: ['root', 'toor'] })).toMatchObject(
      unauthorized,
    );
  });

  test('without a user of its own has its framework’s, if that has one', () => {
    expect(launched({}, withoutRoot)).toBe(1);
    expect(launched({}, {}, '')).toBe(1);
    expect(launched({}, withoutRoot, '')).toMatchObject({
      ...invalid,
      message: 'Task t is invalid: the name of the user is empty',
    });
  });
});

describe('a task group', () => {
  function launched(user: string | undefined, ofExecutor: object, options = {}) {
    const { agent, framework } = cluster(options, { user: 'nobody' });
    const offer = framework.offer();
    const task = taskOf(offer, {
      task_id: { value: 't' },
      command: { value: 'id', ...(user !== undefined && { user }) },
    });
    const whole = {
      executor_id: { value: 'e' },
      framework_id: { value: framework.id },
      resources: resources('cpus:0.1;mem:32;disk:32'),
      ...ofExecutor,
    };
    framework.accept(
      [offer],
      [
        {
          type: Offer_Operation_Type.LAUNCH_GROUP,
          launch_group: { executor: whole, task_group: { tasks: [task] } },
        },
      ],
    );
    return framework.statuses('t')[0]?.reason ?? agent.sent('RunTaskGroupMessage').length;
  }
  const builtin = { type: ExecutorInfo_Type.DEFAULT };
  const custom = (user: string) => ({
    type: ExecutorInfo_Type.CUSTOM,
    command: { value: 'x', user },
  });
  const { REASON_TASK_GROUP_UNAUTHORIZED, REASON_TASK_GROUP_INVALID } = TaskStatus_Reason;

  test('is refused as a whole for the user of a task', () => {
    expect(launched('root', builtin, withoutRoot)).toBe(REASON_TASK_GROUP_UNAUTHORIZED);
    expect(launched('root', builtin, noRootAcl)).toBe(REASON_TASK_GROUP_UNAUTHORIZED);
    expect(launched('0', builtin)).toBe(REASON_TASK_GROUP_INVALID);
    expect(launched('nobody', builtin, withoutRoot)).toBe(1);
    expect(launched(undefined, builtin, withoutRoot)).toBe(1);
  });

  test('is refused for the user of its executor, though its tasks have others', () => {
    expect(launched('nobody', custom('root'), withoutRoot)).toBe(REASON_TASK_GROUP_UNAUTHORIZED);
    expect(launched('nobody', custom('root'), noRootAcl)).toBe(REASON_TASK_GROUP_UNAUTHORIZED);
    expect(launched('nobody', custom('+0'), noRootAcl)).toBe(REASON_TASK_GROUP_INVALID);
    expect(launched('nobody', custom('nobody'), withoutRoot)).toBe(1);
  });
});
