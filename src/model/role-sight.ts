// Removes from an object the roles that its viewer may not see. Resources of a hidden role are left
// out; an object without hidden roles is returned as it is.
import type {
  ExecutorInfo,
  FrameworkInfo,
  InverseOffer,
  Offer,
  OfferConstraints,
  Resource,
  ResourceProviderInfo,
  Task,
  TaskStatus,
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

function seesAllRoles(resource: Resource, sees: RoleSight): boolean {
  const { reservations, role, allocation_info } = resource;
  // Most of the resources of a hundred thousand tasks name one role, or none.
  if ((reservations?.length ?? 0) === 0 && role === undefined) {
    return allocation_info?.role === undefined || sees(allocation_info.role);
  }
  return namedRoles(resource).every(sees);
}

export function shownResources(
  resources: readonly Resource[],
  sees: RoleSight,
): readonly Resource[] {
  return resources.every((it) => seesAllRoles(it, sees))
    ? resources
    : resources.filter((it) => seesAllRoles(it, sees));
}

/** An executor with only those resources that the viewer may see. */
export const shownExecutor = (executor: ExecutorInfo, sees: RoleSight): ExecutorInfo =>
  withShownResources(executor, sees);

function withShownResources<T extends { readonly resources?: Resource[] }>(
  holder: T,
  sees: RoleSight,
): T {
  const { resources } = holder;
  const shown = resources && shownResources(resources, sees);
  return shown === resources ? holder : { ...holder, resources: [...(shown ?? [])] };
}

/** A task with only those resources, and amounts of them, that the viewer may see. */
export function shownTask(task: Task, sees: RoleSight): Task {
  let shown = withShownResources(task, sees);
  const limits = shownLimits(task, sees);
  if (limits !== task.limits) {
    const { limits: _, ...rest } = shown;
    shown = { ...rest, ...(limits !== undefined && { limits }) };
  }
  return task.statuses?.some(({ limitation }) => limitation !== undefined)
    ? { ...shown, statuses: task.statuses.map((status) => shownStatus(status, sees)) }
    : shown;
}

/** Of the limits of a task, those of resources that the viewer sees all of. */
export function shownLimits(
  { resources = [], limits }: Pick<Task, 'resources' | 'limits'>,
  sees: RoleSight,
): Task['limits'] {
  const shown = shownResources(resources, sees);
  if (limits === undefined || shown === resources) {
    return limits;
  }
  const count = (name: string, all: readonly Resource[]) =>
    all.filter((resource) => resource.name === name).length;
  const seen = Object.entries(limits).filter(([name]) => {
    const amounts = count(name, resources);
    return amounts > 0 && count(name, shown) === amounts;
  });
  return seen.length === 0 ? undefined : Object.fromEntries(seen);
}

/** A status without those resources, of which the task had too little, that are hidden. */
export function shownStatus(status: TaskStatus, sees: RoleSight): TaskStatus {
  const { limitation } = status;
  const shown = limitation && withShownResources(limitation, sees);
  return shown === undefined || shown === limitation ? status : { ...status, limitation: shown };
}

export const shownInverseOffer = (offer: InverseOffer, sees: RoleSight): InverseOffer =>
  withShownResources(offer, sees);

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
  const { allocation_info } = offer;
  if (allocation_info?.role !== undefined && !sees(allocation_info.role)) {
    return undefined;
  }
  return withShownResources(offer, sees);
}

/** Of a resource provider, no reservations that it makes for hidden roles. */
export function shownProvider(info: ResourceProviderInfo, sees: RoleSight): ResourceProviderInfo {
  const { default_reservations: reservations, storage } = info;
  const shown = reservations?.filter(({ role }) => role === undefined || sees(role));
  const containers = storage?.plugin.containers?.map((it) => withShownResources(it, sees));
  return {
    ...info,
    ...(shown !== undefined && { default_reservations: shown }),
    ...(containers !== undefined &&
      storage && { storage: { ...storage, plugin: { ...storage.plugin, containers } } }),
  };
}

export function shownConstraints(constraints: OfferConstraints, sees: RoleSight): OfferConstraints {
  const { role_constraints } = constraints;
  return role_constraints === undefined || Object.keys(role_constraints).every(sees)
    ? constraints
    : { role_constraints: shownEntries(role_constraints, sees) };
}

const shownEntries = <T>(byRole: Readonly<Record<string, T>>, sees: RoleSight) =>
  Object.fromEntries(Object.entries(byRole).filter(([role]) => sees(role)));
