// The room for roles: the core keeps every role that is named, with its ancestors, and has a bound
// for them. Roles that agents, weights and reservations name are let in as long as room is left for
// the roles of frameworks that subscribe.
import type { Resource } from '../../model/generated/messages.ts';
import { treeSize } from '../../model/role.ts';
import type { MasterState } from '../state.ts';
import { MAX_FRAMEWORK_TREE } from '../validation/count.ts';

/**
 * Of the core's 262,144. Quotas have a bound of their own, and weights are told to the core once
 * they are stored.
 */
export const MAX_KNOWN_ROLES = 230_000;
const MAX_KNOWN_TO_OTHERS = 100_000;

/** Why the roles that one message names cannot be taken in. */
export function rolesRoomError(
  state: MasterState,
  roles: readonly string[],
  most = MAX_KNOWN_TO_OTHERS,
): string | undefined {
  if (treeSize(roles, MAX_FRAMEWORK_TREE) > MAX_FRAMEWORK_TREE) {
    return `There are more than ${MAX_FRAMEWORK_TREE} roles in it, those above them included`;
  }
  return state.allocator.rolesWith(roles) > most
    ? `There would be more than ${most} roles, those above them included`
    : undefined;
}

/** The roles that resources are reserved and allocated to. */
export function rolesOf(lists: readonly (readonly Resource[] | undefined)[]): string[] {
  const roles = new Set<string>();
  for (const list of lists) {
    for (const { reservations, role, allocation_info } of list ?? []) {
      roles.add(reservations?.at(-1)?.role ?? role ?? '*');
      roles.add(allocation_info?.role ?? '*');
    }
  }
  roles.delete('*');
  return [...roles];
}
