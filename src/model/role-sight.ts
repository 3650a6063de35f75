// Objects as they are shown to who may see them, but not all of the roles that they name. What a
// hidden role has is left out; an object that names no hidden role is shown as it is.
import type {
  ExecutorInfo,
  FrameworkInfo,
  Offer,
  OfferConstraints,
  Resource,
  Task,
} from './generated/messages.ts';
import { namedRoles } from './resource-format.ts';

/** Whether a role may be seen. */
export type RoleSight = (role: string) => boolean;

/** Asks once for each role: a list of tasks names the same few again and again. */
export function rememberedSight(sees: RoleSight): RoleSight {
  const known = new Map<string, boolean>();
  return (role) => {
    const seen = known.get(role) ?? sees(role);
    known.set(role, seen);
    return seen;
  };
}

export const seesAllRoles = (resource: Resource, sees: RoleSight) =>
  namedRoles(resource).every(sees);

export function shownResources(
  resources: readonly Resource[],
  sees: RoleSight,
): readonly Resource[] {
  return resources.every((it) => seesAllRoles(it, sees))
    ? resources
    : resources.filter((it) => seesAllRoles(it, sees));
}

/** A task or an executor, with those of its resources that are shown. */
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

/** Undefined: the offer is for a role that is hidden. */
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
