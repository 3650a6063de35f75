// An isolator is responsible for one concern of containers, and has Mesos's name for it. What it
// adds to a plan is pure; what it does to the machine may be repeated.
import type { CgroupInfo, Resource, ResourceStatistics } from '../../model/generated/messages.ts';
import type { ContainerId } from '../../model/ids.ts';
import type { ContainerUsage } from '../launchers/launcher.ts';
import type { CgroupPlacement, CgroupSetting } from '../plan/cgroup-plan.ts';
import type { NetworkAsked } from '../plan/network.ts';
import type { ContainerPlan, Contributor, PlanHost } from '../plan/plan.ts';
import type { ResourceBounds } from '../plan/request.ts';
import type { Readings } from '../readings/readings.ts';

/** A container that was launched, by this agent or an earlier one. */
export interface LaunchedContainer {
  readonly id: ContainerId;
  /** An absolute path. */
  readonly sandbox: string;
  /** Folders outside of it that count as the sandbox does: absolute paths. */
  readonly ephemeral: readonly string[];
  readonly cgroups: CgroupPlacement;
  /** It has no process of its own, and is there for others to be nested in. */
  readonly isEmpty: boolean;
  /** It does not see the machine's files, but those of an image. */
  readonly hasOwnFiles: boolean;
}

export interface MeasuredContainer {
  readonly id: ContainerId;
  /** Whether it is measured for its executor, and not to be listed beside that. */
  readonly isForExecutor: boolean;
  readonly cgroups: CgroupPlacement;
  readonly readings: Readings;
  /** What its processes use, each looked at; undefined where it has none. */
  processes(): Promise<ContainerUsage | undefined>;
  /** How often it was hard to find memory for it: a little, more, very. */
  memoryPressure(): Promise<readonly number[] | undefined>;
}

/** It reports the limits that containers exceed by the function that it is made with. */
export interface Isolator extends Contributor {
  /** Called when the sandbox exists and nothing runs in it yet. Rejects with ContainerizerError. */
  prepare?(plan: ContainerPlan, abort: AbortSignal): Promise<void>;
  /** Changes the container's resources. Throws ContainerizerError where the container must end. */
  update?(container: LaunchedContainer, resources: readonly Resource[]): void;
  /** What the container asks of its network when its resources have changed. */
  network?(id: ContainerId, resources: readonly Resource[]): NetworkAsked | undefined;
  /** What is written to cgroups of the container when its resources have changed. */
  settings?(id: ContainerId, bounds: ResourceBounds, host: PlanHost): readonly CgroupSetting[];
  /** Takes over a container that an earlier agent launched. */
  recover?(container: LaunchedContainer, resources: readonly Resource[]): void;
  /** The isolator's part of the container's statistics. */
  usage?(container: MeasuredContainer): Promise<Partial<ResourceStatistics>>;
  /** What others are told of the cgroups that a container is in; undefined where it is nothing. */
  cgroupInfo?(cgroups: CgroupPlacement): CgroupInfo | undefined;
  /** Figures of the isolator itself, by Mesos's names. */
  metrics?(): Readonly<Record<string, number>>;
  /** Called when the container has ended or was not launched. */
  cleanup?(id: ContainerId): void;
  /** The agent stops. Containers keep running. */
  close?(): void;
}

/**
 * What a container's processes use, where that is for its executor. As in Mesos, isolators that
 * look at processes tell nothing of single containers that are nested in others, or stand alone.
 */
export const usageForExecutor = async (
  container: MeasuredContainer,
): Promise<ContainerUsage | undefined> =>
  container.isForExecutor ? container.processes() : undefined;
