// What a run and the visit of an agent know while they last. These are Wasm globals: a copy of the
// memory does not have them, so nothing here outlives a call.

export abstract class Run {
  /** Some role has limits. */
  static limited: bool = false;
  /** Some guarantee is not met, so that headroom is held back. */
  static headroomNeeded: bool = false;
  /** The headroom that is held back leaves nothing of plain agents to any role. */
  static noneForPlain: bool = false;
  static clusterMinimum: usize = 0;
  /** Some leaf in the competition has a minimum of its own. */
  static ownMinimumsExist: bool = false;
  static randomRoles: bool = false;
  static randomFrameworks: bool = false;
  static number: u32 = 0;
  /** A trial: explain() tries what a run would do, and undoes it. */
  static trial: bool = false;
  /** The role that takes part, if only one does; else 0. */
  static singleRole: u32 = 0;
  static singleGroup: usize = 0;
  /** Offers of the fast path to the single role that are not counted for it yet. */
  static given: u64 = 0;
}

export abstract class Visit {
  static agent: u32 = 0;
  /** What is free on the agent: a row. */
  static free: usize = 0;
  /**
   * The agent has no reserved, revocable or shared kinds: what is free is the same for every leaf.
   */
  static plain: bool = false;
  static denies: u32 = 0;
  /** The agent has so many filters that its bits tell from which leaves they hide it. */
  static hasBits: bool = false;
  /** The hidden bits may be those of what was free before, see hide(). */
  static bitsDue: bool = false;
  static filters: u32 = 0;
  static exclusions: bool = false;
  static guaranteeStage: bool = false;
  /** What weigh() found to offer, and whether quota or headroom took part in it. */
  static offer: usize = 0;
  static shrunk: bool = false;
  /**
   * Quota or headroom kept something from a framework: the next run may offer it, so the agent is
   * not idle.
   */
  static heldBack: bool = false;
  /** Something was offered in this visit, be it a further part of an earlier offer. */
  static gave: bool = false;
  /** The cluster's minimum is met by what is there for the role at hand. */
  static minimumMet: bool = false;
}

// What became of a leaf in a visit.
export const NOT_OFFERED: i32 = 0;
/** Not offered because of quota or headroom: the next run may offer it. */
export const HELD_BACK: i32 = 1;
export const OFFERED: i32 = 2;
