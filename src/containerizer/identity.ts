// The user that a container runs as, and what is told where there is none.
import { TaskStatus_Reason } from '../model/generated/messages.ts';
import { ContainerizerError } from './containerizer-error.ts';
import { type Identity, UnknownUserError, type Users } from './host/users.ts';
import type { ContainerKind } from './plan/place.ts';
import type { ContainerPlan } from './plan/plan.ts';

const SANDBOXES: Readonly<Record<ContainerKind, string>> = {
  executor: 'executor directory',
  task: 'nested sandbox',
  nested: 'nested sandbox',
  debug: 'nested sandbox',
  standalone: 'sandbox',
};

/** Undefined: the agent's own user. Rejects with ContainerizerError. */
export async function identityOf(
  { user, sandbox }: Pick<ContainerPlan, 'user' | 'sandbox'>,
  kind: ContainerKind,
  users: Users,
  mayRunAs: ((user: string) => boolean) | undefined,
): Promise<Identity | undefined> {
  try {
    return user === undefined ? undefined : await users.identity(user, mayRunAs);
  } catch (error) {
    if (!(error instanceof UnknownUserError)) {
      throw error;
    }
    // Mesos's words: it creates the sandbox first, and then gives it to the user.
    throw new ContainerizerError(
      `Failed to create ${SANDBOXES[kind]} '${sandbox}': ` +
        `Failed to chown directory to '${user}': No such user '${user}'`,
      {
        cause: error,
        reason: TaskStatus_Reason.REASON_EXECUTOR_TERMINATED,
        isDropped: true,
      },
    );
  }
}
