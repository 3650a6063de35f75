// Who the process of a container runs as, where its own files have the accounts for that.
import { ContainerizerError } from './containerizer-error.ts';
import { accountsOf } from './images/accounts.ts';
import { insideUser } from './plan/docker/docker-user.ts';
import type { ContainerPlan } from './plan/plan.ts';

/** The plan with that user, whose home is known to the process. Throws ContainerizerError. */
export function withIdentity(plan: ContainerPlan): ContainerPlan {
  const { userInside, rootfs } = plan;
  if (userInside === undefined || rootfs === undefined) {
    return plan;
  }
  const { home, ...identity } = found(userInside, rootfs);
  return { ...plan, runsAs: identity, environment: { HOME: home, ...plan.environment } };
}

function found(
  { name, groups }: NonNullable<ContainerPlan['userInside']>,
  rootfs: NonNullable<ContainerPlan['rootfs']>,
) {
  try {
    return insideUser(name, groups, accountsOf(rootfs));
  } catch (error) {
    if (error instanceof ContainerizerError) {
      throw error;
    }
    throw new ContainerizerError(`The accounts of the image cannot be read: ${String(error)}`, {
      cause: error,
    });
  }
}
