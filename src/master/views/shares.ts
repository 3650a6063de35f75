// How roles and frameworks stand to each other, in the allocator's own account.
import type { LeafHoldings, LeafShare, LiveAllocator, Quantities } from '../../core/interface.ts';
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
import type { Framework, MasterState } from '../state.ts';
import type { Viewer } from '../views.ts';
import { roleSightOf, seesFramework } from './visibility.ts';

/** Frameworks, each in each of its roles, that are told of; of more it is said how many. */
const MAX_LEAVES = 5_000;
const MOST_COUNTED = 2 * MAX_LEAVES;
/** The same of roles: who may register a framework may have tens of thousands. */
const MAX_ROLES = 5_000;
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
    const told = leaves.slice(0, MAX_LEAVES).sort(byRole);
    const all = allocator.leafHoldings();
    const frameworks = told.flatMap(
      (leaf) => frameworkShare(allocator, leaf, all.get(leaf.framework.id)?.get(leaf.role)) ?? [],
    );
    const names =
      framework_id === undefined ? rolesOf(state) : new Set(leaves.map((leaf) => leaf.role));
    const seen = [
      ...Iterator.from(names)
        .filter(sees)
        .take(MAX_ROLES + 1),
    ];
    const roles = seen
      .slice(0, MAX_ROLES)
      .sort()
      .map((name) => roleShare(state, allocator, name));
    return {
      time: timeOf(state.nowMs),
      ...(roles.length > 0 && { roles }),
      ...(frameworks.length > 0 && { frameworks }),
      more: Math.max(0, leaves.length - MAX_LEAVES),
      ...(seen.length > MAX_ROLES && { more_roles: true }),
    };
  });
}

interface Leaf {
  readonly framework: Framework;
  readonly role: string;
}

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
      for (const role of framework.roles) {
        if (leaves.length === MOST_COUNTED) {
          return leaves;
        }
        if (sees(role)) {
          leaves.push({ framework, role });
        }
      }
    }
  }
  return leaves;
}

const byRole = (left: Leaf, right: Leaf) => (left.role < right.role ? -1 : 1);

/** Those of frameworks and those that are weighted or have a quota, with all above them. */
function* rolesOf({ weights, quotas, frameworks }: MasterState): Generator<string> {
  const known = new Set<string>();
  const own = frameworks.registered.values().map(({ roles }) => roles);
  for (const roles of [weights.keys(), quotas.keys(), ...own]) {
    for (const role of roles) {
      for (const name of [...roleAncestors(role), role]) {
        if (!known.has(name)) {
          known.add(name);
          yield name;
        }
      }
    }
  }
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

const NOTHING: LeafHoldings = { used: {}, offered: {} };

function frameworkShare(
  allocator: LiveAllocator,
  { framework, role }: Leaf,
  { used, offered }: LeafHoldings = NOTHING,
): Shares_FrameworkShare | undefined {
  const share = allocator.leafShare(framework.id, role);
  if (share === undefined) {
    return undefined;
  }
  return {
    framework_id: framework.idMessage,
    role,
    share: share.part,
    ...(share.resource !== undefined && { resource: share.resource }),
    suppressed: framework.suppressedRoles.has(role),
    ...amountsField('allocated', used),
    ...amountsField('offered', offered),
    refusals: share.refusals,
    ...endsOf(share),
  };
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
