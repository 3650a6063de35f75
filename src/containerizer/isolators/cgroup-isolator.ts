// What isolators of cgroups have in common: each governs a container through the files of one
// controller, or two, in the cgroups that are the container's own.

import type { ResourceStatistics } from '../../model/generated/messages.ts';
import type { ContainerId } from '../../model/ids.ts';
import {
  type CgroupHierarchy,
  type CgroupSetting,
  type ControllingCgroup,
  cgroupWith,
  withSettings,
} from '../plan/cgroup-plan.ts';
import type { ContainerPlan, PlanHost } from '../plan/plan.ts';
import { isSharing, type ResourceBounds } from '../plan/request.ts';
import type { Readings } from '../readings/readings.ts';
import type { Isolator, MeasuredContainer } from './isolator.ts';
import { type CgroupIsolatorName, CONTROLLERS } from './names.ts';

/** One file of the cgroup that a subsystem governs, without the folder. */
export type FileSetting = Omit<CgroupSetting, 'folder'>;

export interface Subsystem {
  readonly name: CgroupIsolatorName;
  /** What is written before the container's process begins. */
  begin?(version: 1 | 2, bounds: ResourceBounds, plan: ContainerPlan): readonly FileSetting[];
  /** What is written when the container's resources have changed. */
  change?(version: 1 | 2, bounds: ResourceBounds): readonly FileSetting[];
  /** What it measures in the cgroups of its controllers, which are in their order. */
  usage?(
    cgroups: readonly ControllingCgroup[],
    readings: Readings,
  ): Promise<Partial<ResourceStatistics>>;
}

/** `hierarchies` are those of this machine: what is measured is there. */
export function cgroupIsolator(
  subsystem: Subsystem,
  hierarchies: readonly CgroupHierarchy[],
): Isolator {
  const controllers = CONTROLLERS[subsystem.name];
  const [controller = ''] = controllers;
  const placed = (
    id: ContainerId,
    { cgroups }: PlanHost,
    settings: ((version: 1 | 2) => readonly FileSetting[]) | undefined,
  ): readonly CgroupSetting[] => {
    const cgroup = cgroupWith(cgroups, id, controller);
    return cgroup === undefined
      ? []
      : (settings?.(cgroup.version) ?? []).map((it) => ({ folder: cgroup.folder, ...it }));
  };
  const usage = subsystem.usage?.bind(subsystem);
  return {
    name: subsystem.name,
    contribute(plan, request, host) {
      if (isSharing(request)) {
        return plan;
      }
      const begin = (version: 1 | 2) => subsystem.begin?.(version, request, plan) ?? [];
      return withSettings(plan, placed(plan.id, host, begin));
    },
    settings: (id, bounds, host) =>
      placed(id, host, (version) => subsystem.change?.(version, bounds) ?? []),
    ...(usage && {
      usage: async ({ id, cgroups: { own }, readings }: MeasuredContainer) => {
        const cgroups = controllers.map((it) => cgroupWith(hierarchies, id, it));
        const governed = cgroups.filter((it) => it !== undefined && own.includes(it.folder));
        return governed.length === controllers.length
          ? usage(governed as ControllingCgroup[], readings)
          : {};
      },
    }),
  };
}
