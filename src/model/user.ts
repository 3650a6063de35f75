// Users of the machines that tasks run on: what their names look like, and whom a task names.
//
// A number, a padded or an empty name means one user to a list of rules and another to the tools of
// a system (`0` and `+0` are root to `id`). So users have names here, and nothing else stands for
// one.
import type { ExecutorInfo, FrameworkInfo, TaskInfo } from './generated/messages.ts';

/** The longest that Linux has is 32; directories have longer ones. */
const MAX_LENGTH = 256;

/** Why this cannot be the name of a user. */
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

/** What is not printed shows as JSON escapes it. */
const quoted = (user: string) => `'${JSON.stringify(user.slice(0, MAX_LENGTH)).slice(1, -1)}'`;

/**
 * The users that launching a task starts something as: the task's own command and checks, and the
 * command of its executor. What names no user runs as the framework's. Each user once.
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
  return [...new Set(users)];
}
