// How roles and frameworks stand to each other, in the allocator's own account.
import type { LeafShare, LiveAllocator, Quantities } from '../../core/interface.ts';
import type {
  MasterCall_GetShares,
  Shares,
  Shares_FrameworkShare,
  Shares_RoleShare,
  Value_Scalar,
} from '../../model/generated/messages.ts';
import { roleAncestors } from '../../model/role.ts';
import { type RoleSight, rememberedSight } from '../../model/role-sight.ts';
import { timeOf } from '../../model/time-info.ts';
import { ask } from '../offers/allocator-recovery.ts';
import { minus, plus, withoutZeros } from '../roles/quantities.ts';
import type { Framework, MasterState } from '../state.ts';
import type { Viewer } from '../views.ts';
import { roleSightOf, seesFramework } from './visibility.ts';

/** Frameworks, each in each of its roles, that are told of; of more it is said how many. */
const MAX_LEAVES = 5_000;
const DEFAULT_WEIGHT = 1;

/** Asks the allocator: only between steps, where the master's own state is whole. */
export function sharesMessage(
  state: MasterState,
  { framework_id, role }: MasterCall_GetShares,
  viewer: Viewer,
): Shares {
  const isOf = (name: string) => role === undefined || `${name}/`.startsWith(`${role}/`);
  const seesRole = roleSightOf(viewer);
  const sees: RoleSight = rememberedSight((name) => isOf(name) && seesRole(name));
  return ask(state, (allocator) => {
    const leaves = leavesOf(state, { framework: framework_id?.value, sees, viewer });
    const frameworks = leaves
      .slice(0, MAX_LEAVES)
      .flatMap((leaf) => frameworkShare(state, allocator, leaf) ?? []);
    const names =
      framework_id === undefined ? rolesOf(state) : new Set(leaves.map((leaf) => leaf.role));
    const roles = [...names]
      .filter(sees)
      .sort()
      .map((name) => roleShare(state, allocator, name));
    return {
      time: timeOf(state.nowMs),
      ...(roles.length > 0 && { roles }),
      ...(frameworks.length > 0 && { frameworks }),
      more: Math.max(0, leaves.length - MAX_LEAVES),
    };
  });
}

interface Leaf {
  readonly framework: Framework;
  readonly role: string;
}

/** By name of the role. */
function leavesOf(
  { frameworks }: MasterState,
  {
    framework: one,
    sees,
    viewer,
  }: {
    readonly framework: string | undefined;
    readonly sees: RoleSight;
    readonly viewer: Viewer;
  },
): Leaf[] {
  const leaves: Leaf[] = [];
  for (const framework of frameworks.registered.values()) {
    if ((one === undefined || framework.id === one) && seesFramework(viewer, framework)) {
      leaves.push(...[...framework.roles].filter(sees).map((role) => ({ framework, role })));
    }
  }
  return leaves.sort((left, right) => (left.role < right.role ? -1 : 1));
}

/** Those of frameworks and those that are weighted or have a quota, with all above them. */
function rolesOf({ weights, quotas, frameworks }: MasterState): Set<string> {
  const own = frameworks.registered.values().flatMap(({ roles }) => roles);
  const roles = new Set([...own, ...weights.keys(), ...quotas.keys()]);
  for (const role of [...roles]) {
    roleAncestors(role).forEach((above) => {
      roles.add(above);
    });
  }
  return roles;
}

function roleShare(state: MasterState, allocator: LiveAllocator, role: string): Shares_RoleShare {
  const weight = state.weights.get(role) ?? DEFAULT_WEIGHT;
  const { part, resource } = allocator.roleShare(role);
  return {
    role,
    weight,
    share: part,
    ...(resource !== undefined && { resource }),
    weighted_share: part / weight,
  };
}

function frameworkShare(
  state: MasterState,
  allocator: LiveAllocator,
  { framework, role }: Leaf,
): Shares_FrameworkShare | undefined {
  const share = allocator.leafShare(framework.id, role);
  if (share === undefined) {
    return undefined;
  }
  const offered = offeredIn(state, framework, role);
  const allocated = withoutZeros(minus(allocator.held(framework.id, role), offered));
  return {
    framework_id: framework.idMessage,
    role,
    share: share.part,
    ...(share.resource !== undefined && { resource: share.resource }),
    suppressed: framework.suppressedRoles.has(role),
    ...amountsField('allocated', allocated),
    ...amountsField('offered', offered),
    refusals: share.refusals,
    ...endsOf(share),
  };
}

/** What is on the table, and what the next offers are about to put there. */
function offeredIn(
  { algebra, grants }: MasterState,
  framework: Framework,
  role: string,
): Quantities {
  let sum: Quantities = {};
  for (const offer of framework.offers) {
    if (offer.role === role) {
      sum = plus(sum, algebra.quantities(offer.resources));
    }
  }
  for (const grant of grants) {
    if (grant.framework === framework && grant.role === role) {
      sum = plus(sum, algebra.quantities(grant.resources));
    }
  }
  return withoutZeros(sum);
}

const endsOf = ({ firstEndMs, lastEndMs }: LeafShare) =>
  firstEndMs === undefined || lastEndMs === undefined
    ? {}
    : { earliest_end: timeOf(firstEndMs), latest_end: timeOf(lastEndMs) };

function amountsField<Name extends string>(
  name: Name,
  amounts: Quantities,
): Partial<Record<Name, Record<string, Value_Scalar>>> {
  const entries = Object.entries(amounts).map(([key, value]) => [key, { value }] as const);
  return entries.length === 0
    ? {}
    : ({ [name]: Object.fromEntries(entries) } as Record<Name, Record<string, Value_Scalar>>);
}
