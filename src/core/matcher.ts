// The interface of the matcher, which places tasks on offers. Frameworks and tools use it; the
// master does not. The search itself is in asm/matcher/matcher.ts.
import type { Attribute, DomainInfo, Resource } from '../model/generated/messages.ts';

/** What constraints read of an agent; the messages Offer and AgentInfo fit this shape. */
export interface MatchPlace {
  readonly hostname: string;
  readonly attributes?: readonly Attribute[] | undefined;
  readonly domain?: DomainInfo | undefined;
}

/** What the matcher reads of an offer; the message Offer fits this shape. */
export interface MatchOffer extends MatchPlace {
  readonly resources?: readonly Resource[] | undefined;
}

/**
 * A constraint on the agents that a task may run on. `attribute` is the name of an attribute, or
 * one of '@hostname', '@region' and '@zone' (the agent's fault domain). `group` names the tasks
 * that are counted together, by default the task's own group. With it, exactly those tasks are
 * counted that have a constraint of that group on the attribute.
 */
export type PlacementConstraint =
  | { readonly type: 'equals'; readonly attribute: string; readonly value: string }
  | { readonly type: 'unlike'; readonly attribute: string; readonly pattern: string }
  | { readonly type: 'matches'; readonly attribute: string; readonly pattern: string }
  /** No two tasks of one group share a value of the attribute. */
  | { readonly type: 'unique'; readonly attribute: string; readonly group?: string }
  /**
   * The tasks of a group are spread evenly over the values of the attribute, as far as there is
   * room.
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
  /** How many numbers of a ranges resource, whichever they are (e.g. ports: 2). */
  readonly counts?: Readonly<Record<string, number>> | undefined;
  /** Exact numbers of a ranges resource, e.g. ports: [8080]. */
  readonly numbers?: Readonly<Record<string, readonly number[]>> | undefined;
  /** Items of a set resource. */
  readonly items?: Readonly<Record<string, readonly string[]>> | undefined;
  /** The group that unique, groupBy and maxPer count; all tasks without a group are in one. */
  readonly group?: string | undefined;
  readonly constraints?: readonly PlacementConstraint[] | undefined;
}

export type Fitness =
  /** Prefers the offer that is most used after the placement. */
  | { readonly type: 'binPack' }
  /** Prefers the offer that is least used after the placement. */
  | { readonly type: 'spread' }
  /**
   * Prefers the offer with the greatest weighted sum of used fractions, by resource name; negative
   * weights spread.
   */
  | { readonly type: 'weighted'; readonly weights: Readonly<Record<string, number>> };

/** A task that is placed already: unique, groupBy and maxPer count it. */
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

/**
 * `task` and `offer` are indexes into the request; `resources` are what the task takes of its
 * offer.
 */
export interface Placement {
  readonly task: number;
  readonly offer: number;
  readonly resources: Resource[];
}

export type UnplacedReason =
  | 'no offers'
  /** No offer passes all attribute constraints. */
  | 'constraints'
  /**
   * Offers pass the constraints, but none is big enough, or none any more; `resource` is the
   * scarcest.
   */
  | 'too large'
  /** Only unique, groupBy or maxPer prevent the placement. */
  | 'group'
  | 'invalid demand';

export interface Unplaced {
  readonly task: number;
  readonly reason: UnplacedReason;
  /** The name of the resource or attribute that decided, where there is one. */
  readonly detail?: string | undefined;
}

export interface MatchResult {
  readonly placed: Placement[];
  readonly unplaced: Unplaced[];
}

export interface Matcher {
  match(request: MatchRequest): MatchResult;
}
