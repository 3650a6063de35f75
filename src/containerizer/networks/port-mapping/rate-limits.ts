// How fast a container may send and receive, in bytes a second: a rate that all containers have,
// or one for each of their CPUs.

/** What the operator says of one direction. */
export interface RateOptions {
  readonly perContainerBytes?: number | undefined;
  /** `auto`: what the link can do, shared by all CPUs of the agent. */
  readonly perCpuBytes?: number | 'auto' | undefined;
  /** Bounds of what is computed. */
  readonly minimumBytes?: number | undefined;
  readonly maximumBytes?: number | undefined;
  /** What it may reach for a while, where that is more than its rate. */
  readonly ceilBytes?: number | undefined;
  /** How many bytes at that rate. */
  readonly burstBytes?: number | undefined;
}

/** As `RateOptions`, with a number for `auto`. */
export type Rates = RateOptions & { readonly perCpuBytes?: number | undefined };

export interface RateLimit {
  readonly rateBytes: number;
  readonly ceilBytes?: number | undefined;
  readonly burstBytes?: number | undefined;
}

/** As in Mesos, for both directions. */
const DEFAULT_MINIMUM_BYTES = 125_000;

/** Undefined: there is no limit. As in Mesos, parts of a CPU do not count. */
export function rateLimit(rates: Rates, cpus: number): RateLimit | undefined {
  const { perContainerBytes, perCpuBytes, ceilBytes, burstBytes } = rates;
  const computed =
    perContainerBytes ?? (perCpuBytes === undefined ? undefined : perCpuBytes * Math.trunc(cpus));
  if (computed === undefined) {
    return undefined;
  }
  const rateBytes = Math.min(
    Math.max(rates.minimumBytes ?? DEFAULT_MINIMUM_BYTES, computed),
    rates.maximumBytes ?? Number.POSITIVE_INFINITY,
  );
  return ceilBytes === undefined || ceilBytes <= rateBytes
    ? { rateBytes }
    : { rateBytes, ceilBytes, burstBytes };
}

export const isSameLimit = (one: RateLimit | undefined, other: RateLimit | undefined) =>
  one?.rateBytes === other?.rateBytes &&
  one?.ceilBytes === other?.ceilBytes &&
  one?.burstBytes === other?.burstBytes;
