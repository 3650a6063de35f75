// What is known of roles: of `/roles`, and of the shares that our masters tell.
import { CallRefusedError } from '../../../http/client/scheduler-client.ts';
import {
  MasterCall_Type,
  type Role,
  type Shares_RoleShare as Share,
} from '../../../model/generated/messages.ts';
import { type RoleRow, type RolesAnswer, roleRows } from '../../../webui/store/roles.ts';
import type { Cluster } from '../connection/cluster.ts';
import { rolesOf } from './roles-answer.ts';

type Answered = NonNullable<RolesAnswer['roles']>[number];

export interface KnownRole {
  readonly row: RoleRow;
  readonly answered: Answered;
  /** As the v1 API has it. */
  readonly message: Role;
  /** Undefined of a master that does not tell it, or tells it of too many others. */
  readonly share: Share | undefined;
}

export interface KnownRoles {
  /** Each after that above it. */
  readonly roles: readonly KnownRole[];
  readonly hasShares: boolean;
}

export async function knownRoles(cluster: Cluster): Promise<KnownRoles> {
  const [answer, { get_roles }, shares] = await Promise.all([
    rolesOf(cluster),
    cluster.master({ type: MasterCall_Type.GET_ROLES }),
    sharesOf(cluster),
  ]);
  const answered = new Map((answer.roles ?? []).map((role) => [role.name ?? '', role]));
  const messages = new Map((get_roles?.roles ?? []).map((role) => [role.name, role]));
  return {
    hasShares: shares !== undefined,
    roles: roleRows(answer).map((row) => ({
      row,
      answered: answered.get(row.name) ?? {},
      message: messages.get(row.name) ?? { name: row.name, weight: row.weight },
      share: shares?.get(row.name),
    })),
  };
}

/** Undefined of a master that does not know the call, as those of Apache Mesos. */
async function sharesOf(cluster: Cluster): Promise<ReadonlyMap<string, Share> | undefined> {
  try {
    const { get_shares } = await cluster.master({
      type: MasterCall_Type.GET_SHARES,
      get_shares: {},
    });
    return new Map((get_shares?.roles ?? []).map((share) => [share.role, share]));
  } catch (error) {
    if (error instanceof CallRefusedError) {
      return undefined;
    }
    throw error;
  }
}
