// The properties of a framework in the simulated world.

/** Seconds of a failover timeout that never passes. */
export const FOR_EVER = 1_000_000;

export interface FrameworkPlan {
  readonly name: string;
  readonly roles: readonly string[];
  readonly checkpoint: boolean;
  readonly partitionAware: boolean;
  readonly killingState: boolean;
  readonly failoverSeconds: number;
  readonly ownExecutors: boolean;
  readonly tasks: number;
  /** Whether it never goes for good. */
  readonly isAnchor: boolean;
}
