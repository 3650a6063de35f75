// The timers of an agent: what each is for, and after the slash the id that it belongs to.
export type AgentTimer =
  /** The next try to register, and the end of the time in which the master has to ping. */
  | 'registration'
  | 'ping'
  /** A further registration, to correct what the master counts. */
  | 'correction'
  /** Changes of the checkpoint that nothing waits for. */
  | 'checkpoint'
  /** Executors that have not subscribed in time: new ones, and those of the last run. */
  | 'executor-registration'
  | 'executor-reregistration'
  /** By container: the end of a shutdown's grace period. */
  | `executor-shutdown/${string}`
  /** By interval in milliseconds: updates to be sent once more, all of one interval together. */
  | `update-retry/${number}`
  /** Frameworks whose updates have taken their turn for long enough. */
  | 'update-turn'
  /** By operation: its status, to be sent once more. */
  | `operation/${string}`;
