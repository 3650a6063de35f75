// What the master and the agent know of the scheduler core. The module behind it is asm/, its host
// is the rest of this folder. Amounts cross this boundary as messages; inside they are thousandths.
import type {
  AgentInfo_Capability_Type,
  Attribute,
  FrameworkInfo_Capability_Type,
  Offer_Operation,
  OfferConstraints,
  Resource,
  Unavailability,
} from '../model/generated/messages.ts';
import type { AgentId, FrameworkId } from '../model/ids.ts';
import type { Matcher } from './matcher.ts';
import type { CoreTrap } from './trap.ts';

export { CoreError } from './module.ts';
export { CoreTrap, TOO_MANY_TRAPS } from './trap.ts';

/** Scalar amounts by resource name, in the units of the name (cpus, megabytes). */
export type Quantities = Readonly<Record<string, number>>;

/** Sums and comparisons of resources: the one place where they happen (invariant 3). */
export interface ResourceAlgebra {
  add(left: readonly Resource[], right: readonly Resource[]): Resource[];
  /** What `right` has and `left` lacks is dropped. */
  subtract(left: readonly Resource[], right: readonly Resource[]): Resource[];
  /** False, too, for a part with amounts that are none. */
  contains(whole: readonly Resource[], part: readonly Resource[]): boolean;
  equal(left: readonly Resource[], right: readonly Resource[]): boolean;
  isEmpty(resources: readonly Resource[]): boolean;
  sum(buffer: Iterable<readonly Resource[]>): Resource[];
  /** Totals of scalar resources by name, over all reservations; shared volumes once. */
  quantities(resources: readonly Resource[]): Quantities;
  /** Applies a resource operation (RESERVE … SHRINK_VOLUME) to what one agent has. */
  apply(resources: readonly Resource[], operation: Offer_Operation): Applied;
  /**
   * Why nothing could be converted so, whatever the agent has: something would be made up, or lost.
   */
  operationError(operation: Offer_Operation): string | undefined;
  /** A mutable amount, for taking many tasks out of one offer. */
  pool(initial: readonly Resource[]): ResourcePool;
}

export type Applied =
  | { readonly ok: true; readonly resources: Resource[] }
  | { readonly ok: false; readonly why: string };

export type Converted = { readonly ok: true } | { readonly ok: false; readonly why: string };

export interface ResourcePool {
  contains(resources: readonly Resource[]): boolean;
  /** Takes them out and answers true, or leaves everything as it was and answers false. */
  take(resources: readonly Resource[]): boolean;
  put(resources: readonly Resource[]): void;
  /**
   * Puts what the operation makes in the place of what it takes; or says why not, and nothing is
   * changed.
   */
  convert(operation: Offer_Operation): Converted;
  isEmpty(): boolean;
  /** Takes the last change back. */
  undo(): void;
  /** How many resources differ, of those in the pool. */
  size(): number;
  resources(): Resource[];
  /** Gives the memory back to the module. The pool cannot be used afterwards. */
  free(): void;
}

/** An agent's books: what it has, what it has handed out, and to whom (a holder is an executor). */
export interface Ledger {
  total(): Resource[];
  /** What is used stays used, and may be more than the new total. */
  setTotal(resources: readonly Resource[]): void;
  /** The total less what is used; shared volumes always are free. */
  free(): Resource[];
  used(): Resource[];
  /** Empty for a holder that has nothing. */
  usedBy(holder: string): Resource[];
  /** Adds to what the holder has; false (and no change) when the agent has not that much free. */
  take(holder: string, resources: readonly Resource[]): boolean;
  /** The holder gives back a part of what it has; NOT_CONTAINED if it has less. */
  give(holder: string, resources: readonly Resource[]): void;
  /** The holder gives back everything, if it has anything. */
  release(holder: string): void;
  /** Applies an operation to the total; refused if something in use would be gone. */
  apply(operation: Offer_Operation): Applied;
}

export interface AllocatorOptions {
  /** Seed of the shuffles; 0 means no shuffle: agents in the order they were added. */
  readonly seed: number;
  /** How often the host calls `runBatch`; a refusal lasts at least that long. */
  readonly allocationIntervalMs: number;
  /** The smallest offers worth making: all amounts of one of these. An empty list: any amount. */
  readonly minAllocatable: readonly Quantities[];
  /** Names of resources that do not count in fair shares. */
  readonly fairnessExcluded: readonly string[];
  /** Agents with GPUs are offered only to frameworks with the capability GPU_RESOURCES. */
  readonly filterGpuResources: boolean;
  readonly region?: string | undefined;
  readonly zone?: string | undefined;
  readonly roleSorter: 'drf' | 'random';
  readonly frameworkSorter: 'drf' | 'random';
  /** Memory and program size limits of offer constraints' regular expressions. */
  readonly regexMaxMemoryBytes: number;
  readonly regexMaxProgramSize: number;
  /**
   * How long an election's pause lasts at most (10 minutes), and which part of the agents ends it
   * (0.8).
   */
  readonly recoveryTimeoutMs?: number | undefined;
  readonly agentRecoveryFactor?: number | undefined;
}

export interface AgentFacts {
  readonly hostname: string;
  readonly attributes: readonly Attribute[];
  readonly region?: string | undefined;
  readonly zone?: string | undefined;
}

export interface FrameworkTerms {
  readonly roles: readonly string[];
  readonly suppressedRoles: readonly string[];
  readonly capabilities: readonly FrameworkInfo_Capability_Type[];
  /** Per role, instead of the cluster's minimum; an empty list accepts any amount. */
  readonly minAllocatable: Readonly<Record<string, readonly Quantities[]>>;
  readonly constraints?: OfferConstraints | undefined;
}

/**
 * A present limit of 0 is a limit; an absent one is none. A guarantee of 0 is the same as an absent
 * one.
 */
export interface Quota {
  readonly guarantees: Quantities;
  readonly limits: Quantities;
}

/** What a framework holds for a role on an agent. */
export interface Holding {
  readonly frameworkId: FrameworkId;
  readonly agentId: AgentId;
  readonly role: string;
  readonly resources: readonly Resource[];
}

/**
 * Offers of one run, still in the module's memory; messages are built when asked for. One entry per
 * framework, role and agent, in the order in which each first got something.
 */
export interface OfferBatch {
  readonly count: number;
  frameworkId(index: number): FrameworkId;
  role(index: number): string;
  agentId(index: number): AgentId;
  /** Resources with allocation_info set, new objects at each call. */
  resources(index: number): Resource[];
  readonly inverseCount: number;
  inverseFrameworkId(index: number): FrameworkId;
  inverseAgentId(index: number): AgentId;
}

/**
 * The decisions of the master. The clock is the caller's: `setTime` before anything that depends on
 * it. A batch of offers is read before the next call of any method; after that it throws a
 * `CoreError`.
 *
 * Any method may throw a `CoreTrap`. The allocator is lost then, and every call after that throws
 * the same: its owner asks `SchedulerCore.allocator` for a new one and tells it all it knows.
 */
export interface Allocator {
  setTime(nowMs: number): void;

  /** Asks for a run over it, see `runPending`. */
  addAgent(agent: {
    readonly id: AgentId;
    /**
     * Where the agent stands when nothing is shuffled (seed 0): lower places are visited first,
     * equal ones in the order they were added. Left out, it is one more than the highest place
     * given so far.
     */
    readonly place?: number | undefined;
    readonly facts: AgentFacts;
    readonly capabilities: readonly AgentInfo_Capability_Type[];
    readonly total: readonly Resource[];
    readonly used: readonly Holding[];
    /** What is on offer already, when an allocator takes the place of one that was lost. */
    readonly offered?: readonly Holding[] | undefined;
    readonly unavailability?: Unavailability | undefined;
  }): void;
  /** What is left out of the change stays as it is. */
  updateAgent(
    id: AgentId,
    change: {
      readonly facts?: AgentFacts;
      readonly capabilities?: readonly AgentInfo_Capability_Type[];
      readonly total?: readonly Resource[];
    },
  ): void;
  /** Resources of a resource provider that joined the agent; starts no run. */
  addResourceProvider(id: AgentId, total: readonly Resource[], used: readonly Holding[]): void;
  /** What frameworks hold there is gone with it. */
  removeAgent(id: AgentId): void;
  activateAgent(id: AgentId): void;
  /** It is not offered until it is active again. */
  deactivateAgent(id: AgentId): void;
  /** Only agents with these host names are offered; null lifts the restriction. */
  updateWhitelist(hostnames: readonly string[] | null): void;

  /** Asks for a run over all agents, if it is active. */
  addFramework(
    framework: FrameworkTerms & {
      readonly id: FrameworkId;
      readonly active: boolean;
      readonly used: readonly Holding[];
    },
  ): void;
  /** New terms in place of all earlier ones; what it holds in roles that it leaves, it keeps. */
  updateFramework(id: FrameworkId, terms: FrameworkTerms): void;
  /** Everything it holds becomes free. */
  removeFramework(id: FrameworkId): void;
  activateFramework(id: FrameworkId): void;
  /**
   * It is offered nothing until it is active again, and its refusals are forgotten; it keeps what
   * it has.
   */
  deactivateFramework(id: FrameworkId): void;
  /** No roles means all of the framework's roles. */
  suppress(id: FrameworkId, roles: readonly string[]): void;
  revive(id: FrameworkId, roles: readonly string[]): void;

  /** Of a top-level role, in place of what it had; empty guarantees and limits lift it. */
  updateQuota(role: string, quota: Quota): void;
  /**
   * What a new leader knows: quotas, and how many agents it expects back. With no quotas it does
   * nothing; otherwise runs are dropped (not put off) until agentRecoveryFactor of the agents are
   * added or recoveryTimeoutMs have passed. Only before any agent is added.
   */
  recoverQuotas(expectedAgents: number, quotas: Readonly<Record<string, Quota>>): void;
  /** True while runs are dropped after `recoverQuotas`; `setTime` may end it. */
  readonly paused: boolean;
  /** Shares are divided by the weight of their role; roles that are not named keep theirs. */
  updateWeights(weights: Readonly<Record<string, number>>): void;

  updateUnavailability(id: AgentId, unavailability: Unavailability | undefined): void;
  answerInverseOffer(answer: {
    readonly frameworkId: FrameworkId;
    readonly agentId: AgentId;
    readonly status?: 'accept' | 'decline' | undefined;
    readonly refuseSeconds?: number | undefined;
  }): void;

  /** Offered resources become used ones (a task was launched on them). */
  launch(holding: Holding): void;
  /**
   * Operations of one ACCEPT, applied one after another to what was offered; the new offered
   * resources come back, and the indexes of operations that did not fit. `extraShared` are further
   * copies of shared volumes that the tasks of the ACCEPT use beyond those offered.
   */
  convert(
    offered: Holding,
    operations: readonly Offer_Operation[],
    extraShared?: readonly Resource[],
  ): { readonly offered: Resource[]; readonly total: Resource[]; readonly dropped: number[] };
  /** An operator's operation on resources that no framework holds. */
  updateAvailable(id: AgentId, operation: Offer_Operation): Applied;
  /**
   * Gives resources back: offered ones, or used ones (`wasUsed`). With `refuseSeconds` the
   * framework is not offered them again for that long (0: at once; negative or absent filters:
   * Mesos's rules).
   */
  recover(
    returned: Holding & {
      readonly wasUsed: boolean;
      readonly refuseSeconds?: number | undefined;
    },
  ): void;

  /** What a framework or agent holds by the allocator's own books. */
  total(id: AgentId): Resource[];
  /** What no framework holds; shared volumes always count as free. */
  free(id: AgentId): Resource[];
  /** True when an event has asked for a run that was not done yet. */
  readonly hasPending: boolean;
  /** A run over the agents that events since the last run concern. */
  runPending(): OfferBatch;
  /** The run of every allocation interval, over all agents. */
  runBatch(): OfferBatch;
}

export type ExplainReason =
  | 'offered'
  | 'unknown'
  | 'agent inactive'
  | 'not whitelisted'
  | 'framework inactive'
  | 'suppressed'
  | 'not subscribed'
  | 'offer constraint'
  | 'nothing free'
  | 'too small'
  | 'capability'
  | 'quota limit'
  | 'quota headroom'
  | 'refused'
  | 'share order';

/** Why a framework's role is, or is not, offered an agent now. */
export interface Explanation {
  /**
   * 'offered': a run over this agent alone offers it now. In a run over many, those before it
   * change shares; and a random sorter may draw otherwise.
   */
  readonly reason: ExplainReason;
  /** For 'refused': when the last refusal ends, on the allocator's clock. */
  readonly untilMs?: number | undefined;
  /** For 'share order': how many others are offered it first, and leave too little. */
  readonly ahead?: number | undefined;
}

/** An allocator whose state can be looked into, copied and kept. */
export interface LiveAllocator extends Allocator {
  /** Computed from the live state, which it does not change: a run is tried and taken back. */
  explain(frameworkId: FrameworkId, role: string, agentId: AgentId): Explanation;
  /**
   * Why constraints would be refused by addFramework and updateFramework; undefined if they are
   * fine.
   */
  constraintsError(constraints: OfferConstraints | undefined): string | undefined;
  /** Refusals in force, by role. */
  activeFilters(): Readonly<Record<string, number>>;
  /**
   * How many roles it would know if it knew these, too, with all above them. It has room for
   * 262,144.
   */
  rolesWith(roles: Iterable<string>): number;
  /** The whole state as bytes, for SchedulerCore.restore. */
  save(): Uint8Array;
  /** A copy to try things on: what happens to it leaves this one as it is. */
  fork(): LiveAllocator;
  /** Bytes of memory that the state takes in the module. */
  readonly bytes: number;
}

/** One instance of the module and what is built on it. */
export interface SchedulerCore {
  readonly abiVersion: number;
  readonly algebra: ResourceAlgebra;
  readonly matcher: Matcher;
  /**
   * An allocator without agents and frameworks. Options left out are those of a Mesos master
   * without flags.
   */
  allocator(options?: Partial<AllocatorOptions>): LiveAllocator;
  /** An allocator with the state that `save` gave, by the same build of the module. */
  restore(saved: Uint8Array): LiveAllocator;
  ledger(total: readonly Resource[]): Ledger;
  /**
   * How often the instance of algebra, pools, ledgers and matcher has trapped, and the last time.
   * Each time it was replaced, with all that was in it; only a call that trapped twice has thrown
   * its `CoreTrap`.
   */
  readonly sharedTraps: number;
  readonly lastSharedTrap: CoreTrap | undefined;
}
