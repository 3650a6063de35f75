// Where a container is in the cgroups of the machine, and what is written there: plain data.
//
// In v1 a container has a folder in each hierarchy, `ROOT/CONTAINER`, and those nested in it are in
// `ROOT/CONTAINER/mesos/NESTED`: the names that Mesos gives, and its tools look for. In v2, where a
// cgroup with processes has no controllers to hand on, the processes are in a leaf below.
import { join } from 'node:path';
import { containerFolder, nameOf } from '../../model/container-id.ts';
import type { ContainerId } from '../../model/ids.ts';

/** A tree of cgroups, as far as the agent may use it. */
export interface CgroupHierarchy {
  readonly version: 1 | 2;
  /** The folder that contains the cgroups of root containers. */
  readonly root: string;
  /** The controllers of this hierarchy, by the kernel's names; in v1 `freezer` is one. */
  readonly controllers: readonly string[];
  /** Of v2: those that cgroups hand on to the ones below them, by the names that v2 has. */
  readonly handedOn?: readonly string[] | undefined;
}

export interface CgroupPlacement {
  /**
   * Cgroups that are made for the container, in order, and removed with it. The first is used to
   * kill it; without any, its processes are killed one by one.
   */
  readonly own: readonly string[];
  /** Cgroups that its processes are put into, one of each hierarchy, in the same order. */
  readonly joined: readonly string[];
  /** The one whose limit of memory counts for it, and is watched; undefined: none is. */
  readonly memory?: string | undefined;
  /** In v2, the one whose limits count for it: a leaf has none. */
  readonly limiting?: string | undefined;
}

/** One file of a cgroup. */
export interface CgroupSetting {
  readonly folder: string;
  readonly file: string;
  readonly value: string;
  /** Whether a value that is larger already stays: what runs is never given less by surprise. */
  readonly isRaised?: true | undefined;
}

/** What processes in a cgroup of v2 can use of devices: each rule as v1 takes it. */
export interface DeviceLimit {
  readonly folder: string;
  readonly rules: readonly string[];
}

export interface CgroupPlan extends CgroupPlacement {
  /** Only in v2: in v1 it is a matter of settings. Undefined: all devices. */
  readonly devices?: DeviceLimit | undefined;
  /** What is written, in this order, before the container's process begins. */
  readonly settings: readonly CgroupSetting[];
}

export const NO_CGROUPS: CgroupPlan = { own: [], joined: [], settings: [] };

/** Beside the cgroups of root containers, that of the agent: no container has this name. */
export const AGENT_CGROUP = 'agent';
/** Between a container's folder and those of the containers nested in it. */
const NESTED = 'mesos';
/** In v2, the cgroup with a container's own processes. */
const LEAF = 'leaf';

/** The folder of a container in a hierarchy, whether it has one or not. */
export const cgroupFolder = ({ root }: CgroupHierarchy, id: ContainerId): string =>
  join(root, containerFolder(id, NESTED));

export interface ControllingCgroup {
  readonly version: 1 | 2;
  readonly folder: string;
}

/** The cgroup in which a controller governs the container; undefined where there is none. */
export function cgroupWith(
  hierarchies: readonly CgroupHierarchy[],
  id: ContainerId,
  controller: string,
): ControllingCgroup | undefined {
  const hierarchy = hierarchies.find(({ controllers }) => controllers.includes(controller));
  return hierarchy && { version: hierarchy.version, folder: cgroupFolder(hierarchy, id) };
}

/** A container's cgroup, as it sees it below /sys/fs/cgroup; of v2 the name is empty. */
export interface CgroupView {
  readonly folder: string;
  readonly name: string;
}

/**
 * Those that a container is in, by the names of controllers: programs look there for what they can
 * use, and in v2 that is above the leaf.
 */
export const cgroupViews = (
  hierarchies: readonly CgroupHierarchy[],
  { joined, limiting }: CgroupPlacement,
): CgroupView[] =>
  hierarchies.flatMap(({ version, controllers }, index) => {
    const folder = version === 2 ? (limiting ?? joined[index]) : joined[index];
    const names = version === 2 ? [''] : controllers;
    return folder === undefined ? [] : names.map((name) => ({ folder, name }));
  });

export const withSettings = <Plan extends { readonly cgroups: CgroupPlan }>(
  plan: Plan,
  settings: readonly CgroupSetting[],
): Plan => ({
  ...plan,
  cgroups: { ...plan.cgroups, settings: [...plan.cgroups.settings, ...settings] },
});

/** Where a container is that has cgroups of its own. */
export function cgroupPlacement(
  hierarchies: readonly CgroupHierarchy[],
  id: ContainerId,
): CgroupPlacement {
  const own: string[] = [];
  const joined: string[] = [];
  let limiting: string | undefined;
  for (const hierarchy of hierarchies) {
    const folder = cgroupFolder(hierarchy, id);
    const leaf = hierarchy.version === 2 ? [join(folder, LEAF)] : [];
    own.push(folder, ...leaf);
    joined.push(leaf[0] ?? folder);
    limiting ??= leaf.length > 0 ? folder : undefined;
  }
  return { own, joined, limiting };
}

/**
 * Where one is that has a cgroup of its own only to be killed by: all else counts for the container
 * that it is nested in. That one may be an earlier agent's, and below another --cgroups_root.
 */
export function sharedPlacement(
  id: ContainerId,
  { own, joined, limiting }: CgroupPlacement,
): CgroupPlacement {
  const [above] = own;
  if (above === undefined) {
    return { own: [], joined };
  }
  const folder = join(above, NESTED, nameOf(id));
  const leaf = own.includes(join(above, LEAF)) ? [join(folder, LEAF)] : [];
  return { own: [folder, ...leaf], joined: [leaf[0] ?? folder, ...joined.slice(1)], limiting };
}

/**
 * What lets a container have limits of its own within another one: in v2 the cgroups above must
 * hand their controllers on.
 */
export const handingOn = (
  hierarchies: readonly CgroupHierarchy[],
  parent: ContainerId,
): CgroupSetting[] =>
  hierarchies.flatMap((hierarchy) => {
    const value = (hierarchy.handedOn ?? []).map((it) => `+${it}`).join(' ');
    const folder = cgroupFolder(hierarchy, parent);
    return value === ''
      ? []
      : [folder, join(folder, NESTED)].map((it) => ({
          folder: it,
          file: 'cgroup.subtree_control',
          value,
        }));
  });
