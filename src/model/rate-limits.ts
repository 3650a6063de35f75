// How many calls of frameworks a master takes, as --rate_limits says.

export interface RateLimit {
  /** Calls a second. */
  readonly qps: number;
  /** How many calls may wait; absent: as many as there is memory for. */
  readonly capacity?: number | undefined;
}

export interface RateLimits {
  /** Undefined for a principal without a limit. */
  readonly byPrincipal: ReadonlyMap<string, RateLimit | undefined>;
  /** The one limit of all other frameworks together. */
  readonly others?: RateLimit | undefined;
}
