// Who the process of a container runs as, where its own files have the accounts for that.
import { containerizerErrorOf } from './containerizer-error.ts';
import { accountsOf } from './images/accounts.ts';
import type { RootFileSystem } from './images/provisioner.ts';
import { type InsideUser, insideUser } from './plan/docker/docker-user.ts';
import type { ContainerPlan, UserInside } from './plan/plan.ts';

/** The plan with that user, whose home is known to the process. Throws ContainerizerError. */
export function withIdentity(plan: ContainerPlan): ContainerPlan {
  const { userInside, rootfs } = plan;
  if (userInside === undefined || rootfs === undefined) {
    return plan;
  }
  const { home, ...identity } = found(userInside, rootfs);
  return { ...plan, runsAs: identity, environment: { HOME: home, ...plan.environment } };
}

function found({ name, groups }: UserInside, rootfs: RootFileSystem): InsideUser {
  try {
    return insideUser(name, groups, accountsOf(rootfs));
  } catch (error) {
    throw containerizerErrorOf(error, 'The accounts of the image cannot be read');
  }
}
