// Roles that a form can propose: those of frameworks, and the roles above them.
import { roleAncestors } from '../../model/role.ts';
import type { Cluster } from './cluster.ts';
import { byText } from './task-list.ts';

/** A list of proposals that is longer helps nobody. */
const MAX_ROLES = 500;

/** With all above them. */
export function knownRoles({ frameworks }: Cluster): readonly string[] {
  const names = new Set<string>();
  for (const { roles } of frameworks.values()) {
    for (const role of roles) {
      for (const name of [role, ...roleAncestors(role)]) {
        names.add(name);
      }
    }
  }
  return [...names].sort(byText).slice(0, MAX_ROLES);
}

/** Those that can have a quota. */
export const topRoles = (cluster: Cluster): readonly string[] =>
  knownRoles(cluster).filter((role) => !role.includes('/'));
