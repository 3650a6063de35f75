// The timers of a master. After the slash stands the id of the agent, framework, stream or offer.
export type MasterTimer =
  /** A run of the allocator over what events have changed, and the offers of its outcome. */
  | 'allocate'
  | 'offers'
  /** A run over all agents, every --allocation_interval. */
  | 'allocation-batch'
  /** The next point of the cluster's history. */
  | 'history'
  /** Agents of the registry that do not come back after a start of the master. */
  | 'recovery'
  | 'registry-gc'
  /** By agent: the next ping, the turn to be marked unreachable, the time to register again. */
  | `ping/${string}`
  | `unreachable/${string}`
  | `reregister/${string}`
  /** By framework: the next heartbeat, the end of its failover timeout. */
  | `heartbeat/${string}`
  | `failover/${string}`
  /** By limit of --rate_limits: the turn of the next call that waits. */
  | `rate-limit/${string}`
  /** By process: an authentication that has not come to its end. */
  | `authentication/${string}`
  /** The next tasks of those that streams are told of when they have begun. */
  | 'operator-telling'
  /** The next answer to GET_SHARES. */
  | 'shares'
  /** Streams are told of agents that were refused. */
  | 'refused-agents'
  /** By stream. */
  | `operator-heartbeat/${string}`
  | `operator-audit/${string}`
  /** By offer: the end of --offer_timeout. */
  | `offer/${string}`;
