// Roles as the master sees them: which there are, and who is in them.
import type { Holders } from '../../core/interface.ts';
import type { FrameworkId } from '../../model/ids.ts';
import { roleAncestors } from '../../model/role.ts';
import { ask } from '../offers/allocator-recovery.ts';
import type { Framework, MasterState } from '../state.ts';
import type { Amounts } from './quantities.ts';

export const isAllowedRole = (state: MasterState, role: string) =>
  state.roleWhitelist?.has(role) !== false;

/**
 * What roles have and who uses something, in the allocator's account: scalars, or with `counted`
 * all resources. Only where the master's own state is whole.
 */
export const holdersOf = (state: MasterState, options: { readonly counted: boolean }): Holders =>
  ask(state, (allocator) => allocator.holders(options));

const NOTHING: Amounts = {};
const NO_HOLDINGS = {
  used: NOTHING,
  offered: NOTHING,
  held: NOTHING,
  reserved: NOTHING,
  consumed: NOTHING,
};

export const holdingsOfRole = ({ roles }: Holders, role: string) => roles.get(role) ?? NO_HOLDINGS;

/** Frameworks by role: subscribed to the role, or still using something in it. */
export function frameworksByRole(
  state: MasterState,
  { users }: Pick<Holders, 'users'>,
): Map<string, Framework[]> {
  const used = new Map<FrameworkId, string[]>();
  for (const [id, role] of users) {
    const roles = used.get(id);
    if (roles === undefined) {
      used.set(id, [role]);
    } else {
      roles.push(role);
    }
  }
  const byRole = new Map<string, Framework[]>();
  for (const framework of state.frameworks.registered.values()) {
    for (const role of new Set([...framework.roles, ...(used.get(framework.id) ?? [])])) {
      const others = byRole.get(role);
      if (others === undefined) {
        byRole.set(role, [framework]);
      } else {
        others.push(framework);
      }
    }
  }
  return byRole;
}

/** All roles that are known for any reason, with their ancestors, sorted. */
export function knownRoles(
  state: MasterState,
  { reservers }: Pick<Holders, 'reservers'>,
  used: ReadonlyMap<string, unknown>,
): string[] {
  const { roleWhitelist, weights, quotas } = state;
  const reasons =
    roleWhitelist === undefined
      ? [used.keys(), reservers, weights.keys(), quotas.keys()]
      : [roleWhitelist];
  const roles = new Set<string>();
  for (const names of reasons) {
    for (const role of names) {
      roles.add(role);
      for (const ancestor of roleAncestors(role)) {
        roles.add(ancestor);
      }
    }
  }
  return [...roles].sort();
}
