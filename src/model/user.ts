// Users of the machines that tasks run on: valid names, and the users that a task runs as.
//
// A number, a padded or an empty name means one user to ACLs and another to system tools (`0` and
// `+0` are root to `id`). So only names are allowed here.
import type { ExecutorInfo, FrameworkInfo, TaskInfo } from './generated/messages.ts';

/** The longest that Linux allows is 32; directory services have longer ones. */
const MAX_LENGTH = 256;

/** Why a user's name is refused. */
export function userNameError(user: string): string | undefined {
  if (user === '') {
    return 'the name of the user is empty';
  }
  if (/^[+-]?\d+$/.test(user.trim())) {
    return `user ${quoted(user)} is a number: users are given by name`;
  }
  const isName =
    user.length <= MAX_LENGTH && user === user.trim() && /^[^+\-\p{Cc}:/][^\p{Cc}:/]*$/u.test(user);
  return isName ? undefined : `${quoted(user)} is not the name of a user`;
}

/** The name in quotes, with unprintable characters escaped as in JSON. */
const quoted = (user: string) => `'${JSON.stringify(user.slice(0, MAX_LENGTH)).slice(1, -1)}'`;

/**
 * The users that launching a task starts processes as: for the task's command and checks, and for
 * the executor's command. A command without a user runs as the framework's. Each user is listed
 * once.
 */
export function usersOfTask(
  task: TaskInfo,
  executor: ExecutorInfo | undefined,
  framework: FrameworkInfo,
): string[] {
  const ofExecutor = executor?.command?.user ?? framework.user;
  const own = task.command?.user ?? ofExecutor;
  const users = executor?.command === undefined ? [own] : [own, ofExecutor];
  for (const check of [task.check?.command?.command, task.health_check?.command]) {
    if (check?.user !== undefined) {
      users.push(check.user);
    }
  }
  return users.length === 1 ? users : [...new Set(users)];
}
