// An isolator is one concern of containers, under Mesos's name for it. What it adds to a plan is
// pure; what it does in the world can be done twice.
import type { Resource, ResourceStatistics } from '../../model/generated/messages.ts';
import type { ContainerId } from '../../model/ids.ts';
import type { ContainerUsage } from '../launchers/launcher.ts';
import type { ContainerPlan, Contributor } from '../plan/plan.ts';

/** A container that has been launched, by this agent or an earlier one. */
export interface LaunchedContainer {
  readonly id: ContainerId;
  /** Absolute. */
  readonly sandbox: string;
  readonly cgroups: readonly string[];
}

export interface Isolator extends Contributor {
  readonly name: string;
  /** The sandbox is there, nothing of the container runs. Rejects with ContainerizerError. */
  prepare?(plan: ContainerPlan, abort: AbortSignal): Promise<void>;
  /** The container's process is there, and held. */
  isolate?(plan: ContainerPlan): void;
  /** What it may use from now on. Throws ContainerizerError: then the container has to end. */
  update?(container: LaunchedContainer, resources: readonly Resource[]): void;
  /** An earlier agent has launched it, and this one takes it over. */
  recover?(id: ContainerId, resources: readonly Resource[]): void;
  /** Its part of what is told of a container's use. */
  usage?(used: ContainerUsage): Partial<ResourceStatistics>;
  /** The container has ended, or was never launched. */
  cleanup?(id: ContainerId): void;
}
