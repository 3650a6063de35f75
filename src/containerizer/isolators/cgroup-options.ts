// What an operator says of the cgroups of containers.
import type { NetClassRange } from './net-class-handles.ts';

export interface PerfOptions {
  /** The names that the program perf has for them, each of which is a figure of Mesos's. */
  readonly events: readonly string[];
  /** From the start of one sample to the next. */
  readonly intervalMs: number;
  /** How long a sample takes. */
  readonly durationMs: number;
}

export interface CgroupOptions {
  /** Whether containers get a limit of CPU time that is what their resources say. */
  readonly isQuotaEnabled: boolean;
  /** Whether the limit of memory is one of memory and swap together. */
  readonly isSwapLimited: boolean;
  /** Whether the processes and threads of containers are counted. */
  readonly isCounting: boolean;
  /** Whether containers on revocable CPUs weigh next to nothing. */
  readonly isRevocableLow: boolean;
  /** Undefined: the operator gives containers their network classes. */
  readonly netClasses: NetClassRange | undefined;
  /** Undefined: no events are counted. */
  readonly perf: PerfOptions | undefined;
  /** How long removing a cgroup may take. */
  readonly destroyMs: number;
}

export const DEFAULT_CGROUP_OPTIONS: CgroupOptions = {
  isQuotaEnabled: false,
  isSwapLimited: false,
  isCounting: false,
  isRevocableLow: true,
  netClasses: undefined,
  perf: undefined,
  destroyMs: 60_000,
};
