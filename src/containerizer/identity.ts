// The user that a container runs as, and what is told where there is none.
import { TaskStatus_Reason } from '../model/generated/messages.ts';
import { ContainerizerError } from './containerizer-error.ts';
import { type Identity, UnknownUserError, type Users } from './host/users.ts';
import type { ContainerPlan } from './plan/plan.ts';

/** Undefined: the agent's own user. Rejects with ContainerizerError. */
export async function identityOf(
  { user, sandbox }: Pick<ContainerPlan, 'user' | 'sandbox'>,
  users: Users,
  mayRunAs: ((user: string) => boolean) | undefined,
): Promise<Identity | undefined> {
  try {
    return user === undefined ? undefined : await users.identity(user, mayRunAs);
  } catch (error) {
    if (!(error instanceof UnknownUserError)) {
      throw error;
    }
    // Mesos's words: it creates the executor's directory first, and then gives it to the user.
    throw new ContainerizerError(
      `Failed to create executor directory '${sandbox}': ` +
        `Failed to chown directory to '${user}': No such user '${user}'`,
      {
        cause: error,
        reason: TaskStatus_Reason.REASON_EXECUTOR_TERMINATED,
        isDropped: true,
      },
    );
  }
}
