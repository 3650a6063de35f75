// What a run and a visit know while they last. None of it outlives a call: everything that lasts is in
// memory.

export abstract class Run {
  /** Some role has limits. */
  static limited: bool = false;
  /** Some guarantee is not met, so that headroom is held back. */
  static headroomNeeded: bool = false;
  /** The headroom leaves plain agents nothing for anyone. */
  static noneForPlain: bool = false;
  static clusterMinimum: usize = 0;
  /** Some leaf in the competition has a minimum of its own. */
  static ownMinimumsExist: bool = false;
  static randomRoles: bool = false;
  static randomFrameworks: bool = false;
  static number: u32 = 0;
  /** Nothing of it will last: explain() looks what a run would do. */
  static trial: bool = false;
  /** The role that everything goes to, where only one takes part; else 0. */
  static soleRole: u32 = 0;
  static soleGroup: usize = 0;
  /** Short visits that gave something to the sole role and are not counted for it yet. */
  static given: u64 = 0;
}

export abstract class Visit {
  static agent: u32 = 0;
  /** What is free on the agent: a row. */
  static free: usize = 0;
  /** Neither reserved, nor revocable, nor shared kinds: the same for every role and framework. */
  static plain: bool = false;
  static denies: u32 = 0;
  /** There are so many filters that bits tell who is hidden. */
  static hasBits: bool = false;
  /** The bits may be those of another state of the agent, see hide(). */
  static bitsDue: bool = false;
  static filters: u32 = 0;
  static exclusions: bool = false;
  static guaranteeStage: bool = false;
  /** What weigh() found to offer, and whether quota or headroom took part in it. */
  static offer: usize = 0;
  static shrunk: bool = false;
  /** Somebody got nothing because of quota or headroom, which may be otherwise in the next run. */
  static soft: bool = false;
  /** Something was offered, be it a further part of an earlier offer. */
  static gave: bool = false;
  /** The cluster's minimum is met by what is there for the role at hand. */
  static minimumMet: bool = false;
}

export const HARD: i32 = 0;

/** Refused because of quota or headroom, which may be otherwise in the next run. */
export const SOFT: i32 = 1;

export const OFFERED: i32 = 2;
