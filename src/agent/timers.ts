// The timers of an agent. After the slash stands the id that a timer belongs to.
export type AgentTimer =
  /** The next try to register, and the end of the time in which the master has to ping. */
  | 'registration'
  | 'ping'
  /** The end of an attempt to authenticate. */
  | 'authentication'
  /** A further registration, to correct what the master counts. */
  | 'correction'
  /** Changes of the checkpoint that no effect waits for. */
  | 'checkpoint'
  /** Executors that have not subscribed in time: new ones, and those of the last run. */
  | 'executor-registration'
  | 'executor-reregistration'
  /** By container: the end of a shutdown's grace period. */
  | `executor-shutdown/${string}`
  /** By interval in milliseconds: status updates that are to be sent again after that interval. */
  | `update-retry/${number}`
  /**
   * Status updates that have been on their way for long enough, and make room for others of their
   * framework.
   */
  | 'update-turn'
  /** By operation: its status is to be sent again. */
  | `operation/${string}`;
