// The face of the matcher: which task goes on which offer. It is for frameworks and tools, the
// master does not use it. The search itself is in asm/matcher.ts; this file holds the types.
import type { Attribute, DomainInfo, Resource } from '../model/generated/messages.ts';

/** What constraints ask about an agent; a message Offer or AgentInfo fits this shape. */
export interface MatchPlace {
  readonly hostname: string;
  readonly attributes?: readonly Attribute[] | undefined;
  readonly domain?: DomainInfo | undefined;
}

/** One offer as the matcher needs it; a message Offer fits this shape. */
export interface MatchOffer extends MatchPlace {
  readonly resources?: readonly Resource[] | undefined;
}

/**
 * Where a task may stand. `attribute` names an attribute, or is one of '@hostname', '@region' and
 * '@zone' (those of the fault domain). `group` is what a constraint counts together where that is
 * not the task's own group: then only the tasks that have a constraint of that group on the
 * attribute are counted.
 */
export type PlacementConstraint =
  | { readonly type: 'equals'; readonly attribute: string; readonly value: string }
  | { readonly type: 'unlike'; readonly attribute: string; readonly pattern: string }
  | { readonly type: 'matches'; readonly attribute: string; readonly pattern: string }
  /** No two tasks of one group share a value of the attribute. */
  | { readonly type: 'unique'; readonly attribute: string; readonly group?: string }
  /**
   * Tasks of one group are spread evenly over the values of the attribute, as far as there is room.
   */
  | { readonly type: 'groupBy'; readonly attribute: string; readonly group?: string }
  /** At most `count` tasks of one group on each value of the attribute. */
  | {
      readonly type: 'maxPer';
      readonly attribute: string;
      readonly count: number;
      readonly group?: string;
    };

export interface TaskDemand {
  /** Scalar amounts by resource name, e.g. cpus, mem, gpus. */
  readonly amounts: Readonly<Record<string, number>>;
  /** Resources taken from any range of the named resource: how many numbers (e.g. ports: 2). */
  readonly counts?: Readonly<Record<string, number>> | undefined;
  /** Exact numbers of a ranges resource, e.g. ports: [8080]. */
  readonly numbers?: Readonly<Record<string, readonly number[]>> | undefined;
  /** Items of a set resource. */
  readonly items?: Readonly<Record<string, readonly string[]>> | undefined;
  /** What unique, groupBy and maxPer count together; tasks without a group share one. */
  readonly group?: string | undefined;
  readonly constraints?: readonly PlacementConstraint[] | undefined;
}

export type Fitness =
  /** The offer that is used most after the placement. */
  | { readonly type: 'binPack' }
  /** The offer that is used least. */
  | { readonly type: 'spread' }
  /** The greatest weighted sum of used fractions by resource name (negative weights spread). */
  | { readonly type: 'weighted'; readonly weights: Readonly<Record<string, number>> };

/** A task that has its place already: unique, groupBy and maxPer count it there. */
export interface RunningTask extends Pick<TaskDemand, 'group' | 'constraints'> {
  readonly place: MatchPlace;
}

export interface MatchRequest {
  /** Placed in this order. */
  readonly tasks: readonly TaskDemand[];
  readonly offers: readonly MatchOffer[];
  readonly running?: readonly RunningTask[] | undefined;
  readonly fitness: Fitness;
}

/** Indexes into the request. `resources` is what the task takes out of its offer, as messages. */
export interface Placement {
  readonly task: number;
  readonly offer: number;
  readonly resources: Resource[];
}

export type UnplacedReason =
  | 'no offers'
  /** Every offer fails an attribute constraint. */
  | 'constraints'
  /**
   * Some offer passes the constraints, but none is (still) big enough: `resource` names the
   * shortest.
   */
  | 'too large'
  /** Only unique, groupBy or maxPer stand in the way. */
  | 'group'
  | 'invalid demand';

export interface Unplaced {
  readonly task: number;
  readonly reason: UnplacedReason;
  /** The resource name or attribute that decided, where there is one. */
  readonly detail?: string | undefined;
}

export interface MatchResult {
  readonly placed: Placement[];
  readonly unplaced: Unplaced[];
}

export interface Matcher {
  match(request: MatchRequest): MatchResult;
}
