// Roles as the master sees them: which there are, who is in them, what they hold.
import type { Resource } from '../../model/generated/messages.ts';
import { holderRole, isReserved, reservationRole } from '../../model/resource-format.ts';
import { roleAncestors } from '../../model/role.ts';
import { isTerminal } from '../../model/task-state.ts';
import { usedOn } from '../agents/usage.ts';
import type { Framework, MasterState } from '../state.ts';
import { usedLists } from '../views/usage.ts';
import { type Amounts, countedAmounts, minus, plus, Tally, withoutZeros } from './quantities.ts';

export const isAllowedRole = (state: MasterState, role: string) =>
  state.roleWhitelist?.has(role) !== false;

/** Frameworks by role: subscribed to the role, or still holding something in it. */
export function frameworksByRole(state: MasterState): Map<string, Framework[]> {
  const byRole = new Map<string, Framework[]>();
  for (const framework of state.frameworks.registered.values()) {
    for (const role of rolesOf(framework)) {
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

function rolesOf(framework: Framework): Set<string> {
  const roles = new Set(framework.roles);
  for (const task of framework.tasks.values()) {
    if (!isTerminal(task.state)) {
      roles.add(holderRole(task.resources));
    }
  }
  for (const executors of framework.executors.values()) {
    for (const { resources } of executors.values()) {
      if (resources !== undefined && resources.length > 0) {
        roles.add(holderRole(resources));
      }
    }
  }
  return roles;
}

/** All roles that are known for any reason, with their ancestors, sorted. */
export function knownRoles(state: MasterState, used: ReadonlyMap<string, unknown>): string[] {
  const roles = new Set<string>();
  const add = (role: string) => {
    roles.add(role);
    for (const ancestor of roleAncestors(role)) {
      roles.add(ancestor);
    }
  };
  if (state.roleWhitelist !== undefined) {
    state.roleWhitelist.forEach(add);
    return [...roles].sort();
  }
  for (const role of used.keys()) {
    add(role);
  }
  for (const { total } of state.agents.registered.values()) {
    for (const resource of total) {
      if (isReserved(resource)) {
        add(reservationRole(resource));
      }
    }
  }
  for (const role of state.weights.keys()) {
    add(role);
  }
  for (const role of state.quotas.keys()) {
    add(role);
  }
  return [...roles].sort();
}

/** What roles hold, from one pass over the cluster. */
export interface Holdings {
  allocated(role: string): Amounts;
  offered(role: string): Amounts;
  reserved(role: string): Amounts;
  /** What counts against a quota: allocated resources, and reservations that lie idle. */
  consumed(role: string): Amounts;
}

export function holdings(
  state: MasterState,
  options: { readonly scalarsOnly: boolean } = { scalarsOnly: false },
): Holdings {
  const { algebra } = state;
  const count = (resources: readonly Resource[]): Amounts =>
    options.scalarsOnly
      ? withoutZeros(algebra.quantities(resources))
      : countedAmounts(algebra, resources);
  const reserved = new Map<string, Amounts>();
  const idle = new Map<string, Amounts>();
  // Adds to the ancestors as well: a role holds what the roles below it hold.
  const add = (map: Map<string, Amounts>, role: string, amounts: Amounts) => {
    for (const holder of [role, ...roleAncestors(role)]) {
      map.set(holder, plus(map.get(holder) ?? {}, amounts));
    }
  };
  const used = new Map<string, Tally>();
  const held = new Map<string, Tally>();
  const tally = (map: Map<string, Tally>, role: string): Tally => {
    const known = map.get(role) ?? new Tally(algebra, options);
    map.set(role, known);
    return known;
  };
  for (const framework of state.frameworks.registered.values()) {
    for (const resources of usedLists(framework)) {
      tally(used, holderRole(resources)).add(resources);
    }
    for (const { role, resources } of framework.offers) {
      tally(held, role).add(resources);
    }
  }
  const allocated = new Map<string, Amounts>();
  const offered = new Map<string, Amounts>();
  for (const [role, { amounts }] of used) {
    add(allocated, role, amounts);
  }
  for (const [role, { amounts }] of held) {
    add(offered, role, amounts);
  }
  for (const agent of state.agents.registered.values()) {
    if (!agent.total.some(isReserved)) {
      continue;
    }
    const inUse = byReservation(usedOn(agent));
    for (const [role, resources] of byReservation(agent.total)) {
      const total = count(resources);
      add(reserved, role, total);
      add(idle, role, minus(total, count(inUse.get(role) ?? [])));
    }
  }
  return {
    allocated: (role) => allocated.get(role) ?? {},
    offered: (role) => offered.get(role) ?? {},
    reserved: (role) => reserved.get(role) ?? {},
    consumed: (role) => plus(allocated.get(role) ?? {}, idle.get(role) ?? {}),
  };
}

function byReservation(resources: readonly Resource[]): Map<string, Resource[]> {
  const byRole = new Map<string, Resource[]>();
  for (const resource of resources) {
    if (isReserved(resource)) {
      const role = reservationRole(resource);
      byRole.set(role, [...(byRole.get(role) ?? []), resource]);
    }
  }
  return byRole;
}
