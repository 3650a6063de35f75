// Removes from an object the roles that its viewer may not see. Resources of a hidden role are left
// out; an object without hidden roles is returned as it is.
import type {
  ExecutorInfo,
  FrameworkInfo,
  Offer,
  OfferConstraints,
  Resource,
  Task,
} from './generated/messages.ts';
import { namedRoles } from './resource-format.ts';

/** Whether the viewer may see a role. */
export type RoleSight = (role: string) => boolean;

/**
 * The same decision, made once for each role: a list of tasks names a few roles again and again.
 */
export function rememberedSight(sees: RoleSight): RoleSight {
  const known = new Map<string, boolean>();
  return (role) => {
    const seen = known.get(role) ?? sees(role);
    known.set(role, seen);
    return seen;
  };
}

const seesAllRoles = (resource: Resource, sees: RoleSight) => namedRoles(resource).every(sees);

export function shownResources(
  resources: readonly Resource[],
  sees: RoleSight,
): readonly Resource[] {
  return resources.every((it) => seesAllRoles(it, sees))
    ? resources
    : resources.filter((it) => seesAllRoles(it, sees));
}

/** A task or executor with only those resources that the viewer may see. */
export function shownHolder<T extends Task | ExecutorInfo>(holder: T, sees: RoleSight): T {
  const { resources } = holder;
  const shown = resources && shownResources(resources, sees);
  return shown === resources ? holder : { ...holder, resources: [...(shown ?? [])] };
}

export function shownFramework(info: FrameworkInfo, sees: RoleSight): FrameworkInfo {
  const { role, roles, offer_filters, ...rest } = info;
  const all = [...(roles ?? []), ...Object.keys(offer_filters ?? {})];
  if ((role === undefined || sees(role)) && all.every(sees)) {
    return info;
  }
  return {
    ...rest,
    ...(role !== undefined && sees(role) && { role }),
    ...(roles !== undefined && { roles: roles.filter(sees) }),
    ...(offer_filters !== undefined && { offer_filters: shownEntries(offer_filters, sees) }),
  };
}

/** The offer as the viewer may see it; undefined where its role is hidden. */
export function shownOffer(offer: Offer, sees: RoleSight): Offer | undefined {
  const { allocation_info, resources } = offer;
  if (allocation_info?.role !== undefined && !sees(allocation_info.role)) {
    return undefined;
  }
  const shown = resources && shownResources(resources, sees);
  return shown === resources ? offer : { ...offer, resources: [...(shown ?? [])] };
}

export function shownConstraints(constraints: OfferConstraints, sees: RoleSight): OfferConstraints {
  const { role_constraints } = constraints;
  return role_constraints === undefined || Object.keys(role_constraints).every(sees)
    ? constraints
    : { role_constraints: shownEntries(role_constraints, sees) };
}

const shownEntries = <T>(byRole: Readonly<Record<string, T>>, sees: RoleSight) =>
  Object.fromEntries(Object.entries(byRole).filter(([role]) => sees(role)));
