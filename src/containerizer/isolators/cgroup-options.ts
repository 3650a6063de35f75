// What an operator says of the cgroups of containers.
import type { NetClassRange } from './net-class-handles.ts';

export interface CgroupOptions {
  /** Whether containers get a limit of CPU time that is what their resources say. */
  readonly isQuotaEnabled: boolean;
  /** Whether the limit of memory is one of memory and swap together. */
  readonly isSwapLimited: boolean;
  /** Whether the processes and threads of containers are counted. */
  readonly isCounting: boolean;
  /** Whether containers on revocable CPUs weigh next to nothing. */
  readonly isRevocableLow: boolean;
  /** Devices that containers may use besides the usual ones, as the kernel takes them. */
  readonly allowedDevices: readonly string[];
  /** Undefined: the operator gives containers their network classes. */
  readonly netClasses: NetClassRange | undefined;
  /** How long removing a cgroup may take. */
  readonly destroyMs: number;
}

export const DEFAULT_CGROUP_OPTIONS: CgroupOptions = {
  isQuotaEnabled: false,
  isSwapLimited: false,
  isCounting: false,
  isRevocableLow: true,
  allowedDevices: [],
  netClasses: undefined,
  destroyMs: 60_000,
};
