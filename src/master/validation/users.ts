// Whether a framework and its tasks may run as the users that they name.
import {
  type ExecutorInfo,
  type FrameworkInfo,
  type TaskInfo,
  TaskStatus_Reason,
} from '../../model/generated/messages.ts';
import { userNameError, usersOfTask } from '../../model/user.ts';
import { mayDo } from '../outbox.ts';
import type { Framework, MasterState } from '../state.ts';

/**
 * A framework may leave its user empty, as in Mesos: then its tasks name theirs, or run on agents
 * that do not switch users.
 */
export function frameworkUserError(state: MasterState, info: FrameworkInfo): string | undefined {
  const error = info.user === '' ? undefined : userNameError(info.user);
  if (error !== undefined) {
    return `'FrameworkInfo.user' is invalid: ${error}`;
  }
  return isBarredRoot(state, info.user)
    ? `User '${info.user}' is not allowed to run frameworks without --root_submissions set`
    : undefined;
}

export interface UserRefusal {
  readonly reason: 'invalid' | 'unauthorized';
  readonly message: string;
}

/** Why a task may not run as one of the users that it, its executor or its commands name. */
export function taskUsersError(
  state: MasterState,
  framework: Framework,
  task: TaskInfo,
  executor: ExecutorInfo | undefined,
): UserRefusal | undefined {
  const { info, principal } = framework;
  for (const user of usersOfTask(task, executor, info)) {
    const error = isLeftEmpty(state, user, info) ? undefined : userNameError(user);
    if (error !== undefined) {
      return { reason: 'invalid', message: `Task ${task.task_id.value} is invalid: ${error}` };
    }
    if (isBarredRoot(state, user)) {
      const message = `User '${user}' is not allowed to run tasks without --root_submissions set`;
      return { reason: 'unauthorized', message };
    }
    const taskId = task.task_id.value;
    const may = (value: string) => mayDo(state, principal, 'RUN_TASK', { value, taskId });
    if (!namesOf(state, user).every(may)) {
      const message =
        `Principal '${info.principal ?? ''}' is not authorized to launch task` +
        ` ${task.task_id.value} as user '${user}'`;
      return { reason: 'unauthorized', message };
    }
  }
  return undefined;
}

export const reasonOf = ({ reason }: UserRefusal, isGroup: boolean): TaskStatus_Reason => {
  const reasons = TaskStatus_Reason;
  if (reason === 'invalid') {
    return isGroup ? reasons.REASON_TASK_GROUP_INVALID : reasons.REASON_TASK_INVALID;
  }
  return isGroup ? reasons.REASON_TASK_GROUP_UNAUTHORIZED : reasons.REASON_TASK_UNAUTHORIZED;
};

/**
 * True when the user is left empty, which is for the agent to judge: an agent that does not switch
 * users needs none. Where root is barred an empty user is refused, for it could come to be root.
 */
const isLeftEmpty = (state: MasterState, user: string, info: FrameworkInfo) =>
  user === '' && info.user === '' && state.options.rootSubmissions;

const isBarredRoot = ({ options }: MasterState, user: string) =>
  !options.rootSubmissions && options.rootUsers.includes(user);

/** Names of one user are allowed together or not at all. Agents know of more than root's. */
const namesOf = ({ options }: MasterState, user: string): readonly string[] =>
  options.rootUsers.includes(user) ? options.rootUsers : [user];
