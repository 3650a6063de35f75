// The scheduler core, as master and agent know it. Behind it are this folder, the host, and asm/,
// the module. Amounts cross this interface as messages; inside they are thousandths.
import type {
  AgentInfo_Capability_Type,
  Attribute,
  AttributeConstraint,
  FrameworkInfo_Capability_Type as FrameworkCapability,
  Offer_Operation,
  OfferConstraints,
  Resource,
  Unavailability,
} from '../model/generated/messages.ts';
import type { AgentId, FrameworkId } from '../model/ids.ts';
import type { Matcher } from './matcher.ts';
import type { CoreTrap } from './trap.ts';

export type {
  ExplainQuestion,
  InsightAnswer,
  InsightQuestion,
  PlanQuestion,
} from './insight-questions.ts';
export { CoreError } from './module.ts';
export { CoreTrap, TOO_MANY_TRAPS } from './trap.ts';

/** Scalar amounts by resource name, in the units of the name (cpus, megabytes). */
export type Quantities = Readonly<Record<string, number>>;

/** Sums and comparisons of resources: the one place where they happen (invariant 3). */
export interface ResourceAlgebra {
  add(left: readonly Resource[], right: readonly Resource[]): Resource[];
  /** What is left of `left`. Resources of `right` that `left` lacks are ignored. */
  subtract(left: readonly Resource[], right: readonly Resource[]): Resource[];
  /** Also false where `part` has amounts that are not valid. */
  contains(whole: readonly Resource[], part: readonly Resource[]): boolean;
  equal(left: readonly Resource[], right: readonly Resource[]): boolean;
  isEmpty(resources: readonly Resource[]): boolean;
  sum(buffer: Iterable<readonly Resource[]>): Resource[];
  /** Totals of scalar resources by name, over all reservations; shared volumes once. */
  quantities(resources: readonly Resource[]): Quantities;
  /** Applies a resource operation (RESERVE … SHRINK_VOLUME) to what one agent has. */
  apply(resources: readonly Resource[], operation: Offer_Operation): Applied;
  /**
   * Why the operation is impossible whatever the agent has: its two sides differ by more than
   * reservations and volumes.
   */
  operationError(operation: Offer_Operation): string | undefined;
  /** A mutable amount, out of which the resources of many tasks can be taken. */
  pool(initial: readonly Resource[]): ResourcePool;
}

export type Applied =
  | { readonly ok: true; readonly resources: Resource[] }
  | { readonly ok: false; readonly why: string };

export type Converted = { readonly ok: true } | { readonly ok: false; readonly why: string };

export interface ResourcePool {
  contains(resources: readonly Resource[]): boolean;
  /**
   * Takes the resources out, if the pool has all of them; otherwise changes nothing and returns
   * false.
   */
  take(resources: readonly Resource[]): boolean;
  put(resources: readonly Resource[]): void;
  /**
   * Replaces what the operation consumes by what it makes; otherwise says why not and changes
   * nothing.
   */
  convert(operation: Offer_Operation): Converted;
  isEmpty(): boolean;
  /** Takes back the last change. */
  undo(): void;
  /** How many different resources the pool has. */
  size(): number;
  resources(): Resource[];
  /** Frees the module's memory. The pool cannot be used any more. */
  free(): void;
}

/** The account of one agent: its total, and what each holder, an executor, uses of it. */
export interface Ledger {
  total(): Resource[];
  /** Replaces the total. What is used stays used, even if that is more than the new total. */
  setTotal(resources: readonly Resource[]): void;
  /** The total without what is used. A shared volume is always free. */
  free(): Resource[];
  used(): Resource[];
  /** Empty for a holder that uses nothing. */
  usedBy(holder: string): Resource[];
  /** Adds to what the holder uses; false, and no change, if not enough is free. */
  take(holder: string, resources: readonly Resource[]): boolean;
  /** Takes a part of what the holder uses; throws NOT_CONTAINED if it uses less. */
  give(holder: string, resources: readonly Resource[]): void;
  /** Takes all that the holder uses. */
  release(holder: string): void;
  /** Applies an operation to the total; refused if a resource in use would disappear. */
  apply(operation: Offer_Operation): Applied;
}

/** A ledger whose state can be copied and compared. */
export interface LiveLedger extends Ledger {
  /** A copy in the same instance; what happens to it leaves this one as it is. */
  fork(): LiveLedger;
  /** Whether both have the same total, and the same holders with the same resources. */
  isLike(other: LiveLedger): boolean;
}

export interface AllocatorOptions {
  /** Seed of the shuffles; 0 means no shuffle: agents in the order they were added. */
  readonly seed: number;
  /** How often the host calls `runBatch`; a refusal lasts at least that long. */
  readonly allocationIntervalMs: number;
  /**
   * The smallest offers worth making: an offer needs all amounts of one of these. An empty list
   * allows every offer.
   */
  readonly minAllocatable: readonly Quantities[];
  /** Names of resources that do not count for fair shares. */
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
   * How long the pause after an election lasts at most (10 minutes by default), and the fraction of
   * agents that ends it earlier (0.8).
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
  readonly capabilities: readonly FrameworkCapability[];
  /** Replaces the cluster's minimum, by role; an empty list allows every offer. */
  readonly minAllocatable: Readonly<Record<string, readonly Quantities[]>>;
  readonly constraints?: OfferConstraints | undefined;
}

/** An absent limit is no limit, while a limit of 0 is one. A guarantee of 0 is the same as none. */
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
 * The offers of one run, still in the module's memory: messages are made of them when asked for.
 * There is one entry for each framework, role and agent, in the order in which each first got
 * something.
 */
export interface OfferBatch {
  readonly count: number;
  frameworkId(index: number): FrameworkId;
  role(index: number): string;
  agentId(index: number): AgentId;
  /** The offered resources with allocation_info, as new objects at each call. */
  resources(index: number): Resource[];
  readonly inverseCount: number;
  inverseFrameworkId(index: number): FrameworkId;
  inverseAgentId(index: number): AgentId;
}

/**
 * Decides what each framework is offered. The caller has the clock, and calls `setTime` before
 * every call that depends on it. A batch of offers must be read before the next call of any method;
 * reading it later throws a `CoreError`.
 *
 * Any method may throw a `CoreTrap`. The allocator is lost then, and every later call throws the
 * same error. Its owner makes a new one with `SchedulerCore.allocator` and tells it all agents and
 * frameworks again.
 */
export interface Allocator {
  setTime(nowMs: number): void;

  /** Asks for a run over the agent, see `runPending`. */
  addAgent(agent: {
    readonly id: AgentId;
    /**
     * The agent's place in the order in which agents are visited when nothing is shuffled (seed 0);
     * agents with equal places are visited in the order they were added. By default, one more than
     * the highest place so far.
     */
    readonly place?: number | undefined;
    readonly facts: AgentFacts;
    readonly capabilities: readonly AgentInfo_Capability_Type[];
    readonly total: readonly Resource[];
    readonly used: readonly Holding[];
    /** Resources that are already offered, for an allocator that replaces a lost one. */
    readonly offered?: readonly Holding[] | undefined;
    readonly unavailability?: Unavailability | undefined;
  }): void;
  /** Fields that the change lacks stay as they are. */
  updateAgent(
    id: AgentId,
    change: {
      readonly facts?: AgentFacts;
      readonly capabilities?: readonly AgentInfo_Capability_Type[];
      readonly total?: readonly Resource[];
    },
  ): void;
  /** Adds the resources of a resource provider on the agent; asks for no run. */
  addResourceProvider(id: AgentId, total: readonly Resource[], used: readonly Holding[]): void;
  /** Removes the agent and everything that frameworks hold there. */
  removeAgent(id: AgentId): void;
  activateAgent(id: AgentId): void;
  /** The agent is not offered until `activateAgent`. */
  deactivateAgent(id: AgentId): void;
  /** Only agents with these host names are offered; null allows all. */
  updateWhitelist(hostnames: readonly string[] | null): void;

  /** Asks for a run over all agents, if the framework is active. */
  addFramework(
    framework: FrameworkTerms & {
      readonly id: FrameworkId;
      readonly active: boolean;
      readonly used: readonly Holding[];
    },
  ): void;
  /** Replaces the framework's terms. In roles that it leaves, it keeps what it holds. */
  updateFramework(id: FrameworkId, terms: FrameworkTerms): void;
  /** Removes the framework; everything it holds becomes free. */
  removeFramework(id: FrameworkId): void;
  activateFramework(id: FrameworkId): void;
  /**
   * The framework is offered nothing until `activateFramework`, and its refusals are forgotten; it
   * keeps what it holds.
   */
  deactivateFramework(id: FrameworkId): void;
  /** No roles means all roles of the framework. */
  suppress(id: FrameworkId, roles: readonly string[]): void;
  revive(id: FrameworkId, roles: readonly string[]): void;

  /** Replaces the quota of a top-level role; one without guarantees and limits removes it. */
  updateQuota(role: string, quota: Quota): void;
  /**
   * Tells a new leader's quotas, and how many agents it expects back. Without quotas nothing
   * happens. Otherwise runs are dropped (not postponed) until the fraction agentRecoveryFactor of
   * the agents are added or recoveryTimeoutMs have passed. Must be called before any agent is
   * added.
   */
  recoverQuotas(expectedAgents: number, quotas: Readonly<Record<string, Quota>>): void;
  /** True while runs are dropped after `recoverQuotas`; `setTime` may end it. */
  readonly paused: boolean;
  /** A role's share is divided by its weight. Roles that are not named keep their weights. */
  updateWeights(weights: Readonly<Record<string, number>>): void;

  updateUnavailability(id: AgentId, unavailability: Unavailability | undefined): void;
  answerInverseOffer(answer: {
    readonly frameworkId: FrameworkId;
    readonly agentId: AgentId;
    readonly status?: 'accept' | 'decline' | undefined;
    readonly refuseSeconds?: number | undefined;
  }): void;

  /** Offered resources become used resources: a task is launched on them. */
  launch(holding: Holding): void;
  /**
   * Applies the operations of one ACCEPT, one after another, to the offered resources. Returns the
   * offered resources afterwards, and the indexes of operations that did not fit. `extraShared` are
   * further copies of shared volumes that tasks of the ACCEPT use beyond those offered.
   */
  convert(
    offered: Holding,
    operations: readonly Offer_Operation[],
    extraShared?: readonly Resource[],
  ): { readonly offered: Resource[]; readonly total: Resource[]; readonly dropped: number[] };
  /** Applies an operator's operation to resources that no framework holds. */
  updateAvailable(id: AgentId, operation: Offer_Operation): Applied;
  /**
   * Takes resources back from a framework: offered ones, or used ones (`wasUsed`). The framework is
   * not offered them again for `refuseSeconds` (0: no refusal; negative or absent filters: Mesos's
   * rules). Nothing happens where the agent or framework is not known: it may have been removed
   * while the answer was on its way.
   */
  recover(
    returned: Holding & {
      readonly wasUsed: boolean;
      readonly refuseSeconds?: number | undefined;
    },
  ): void;

  /** The agent's total, in the allocator's account. */
  total(id: AgentId): Resource[];
  /** What no framework holds of the agent; a shared volume is always free. */
  free(id: AgentId): Resource[];
  /** Whether an event has asked for a run that has not happened yet. */
  readonly hasPending: boolean;
  /** A run over the agents that events have asked for since the last run. */
  runPending(): OfferBatch;
  /** The run of each allocation interval, over all agents. */
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

/** Why a framework's role is offered an agent now, or is not. */
export interface Explanation {
  /**
   * 'offered': a run over this agent alone would offer it now. A run over many agents may decide
   * otherwise: agents visited earlier change the shares, and a random sorter may draw another
   * order.
   */
  readonly reason: ExplainReason;
  /** For 'refused': when the last refusal ends, in the allocator's time. */
  readonly untilMs?: number | undefined;
  /** For 'share order': how many others are offered the agent first and leave too little of it. */
  readonly ahead?: number | undefined;
  /** For 'offered': what the offer would have. */
  readonly offer?: readonly Resource[] | undefined;
}

/** A constraint, and how many agents do not fit it. */
export interface FailedConstraint {
  readonly constraint: AttributeConstraint;
  readonly agents: number;
}

/** What a framework has in a role on an agent. */
export interface HeldOnAgent {
  readonly frameworkId: FrameworkId;
  readonly role: string;
  readonly offered: readonly Resource[];
  readonly used: readonly Resource[];
}

/**
 * Sums of a role and the roles below it, without what is revocable. Names without any are absent.
 */
export interface RoleSums {
  readonly reserved: Quantities;
  /** Of what is reserved for them, and of all else, what is offered or used. */
  readonly reservedHeld: Quantities;
  readonly plainHeld: Quantities;
  /** What counts against the quota, as of the last run or `explain`. */
  readonly consumed: Quantities;
}

/**
 * What a role has, with the roles below it. Names without any are absent. A shared volume counts
 * once for each framework, role and agent that has it, and once an agent where it is reserved.
 */
export interface RoleHoldings {
  /** What tasks and executors use. */
  readonly used: Quantities;
  /** What is on the table, or about to be. */
  readonly offered: Quantities;
  /** Both. */
  readonly held: Quantities;
  /** What agents have reserved for it. */
  readonly reserved: Quantities;
  /** What is used, and what of the reservations nobody uses. */
  readonly consumed: Quantities;
}

/** What a framework has in a role, of scalars. Names without any are absent. */
export interface LeafHoldings {
  /** What its tasks and executors use. */
  readonly used: Quantities;
  /** What is on the table for it, or about to be. */
  readonly offered: Quantities;
}

/** Who has what, by role. */
export interface Holders {
  /** Those roles that have anything, in no order. */
  readonly roles: ReadonlyMap<string, RoleHoldings>;
  /** Frameworks that use something, each with a role in which it does. */
  readonly users: readonly (readonly [FrameworkId, role: string])[];
  /** Roles that agents have something reserved for, of any type, and all above them. */
  readonly reservers: ReadonlySet<string>;
}

/** The greatest part of anything in the cluster that is held, whatever the weights are. */
export interface Share {
  /** 0 … 1, or more where agents have become smaller. */
  readonly part: number;
  /** The name of what it is a part of; undefined where nothing that counts is held. */
  readonly resource: string | undefined;
}

/** What a framework holds in a role, and which agents it refuses there. */
export interface LeafShare extends Share {
  /** Refusals in force. */
  readonly refusals: number;
  /** When the first and the last of them end, in the allocator's time. */
  readonly firstEndMs: number | undefined;
  readonly lastEndMs: number | undefined;
}

/** Sums over agents. The first five are without what is revocable; a shared volume counts once. */
export interface ClusterSums {
  readonly total: Quantities;
  readonly offered: Quantities;
  readonly used: Quantities;
  /** Offered or used. */
  readonly held: Quantities;
  readonly reserved: Quantities;
  readonly revocable: Quantities;
  readonly revocableUsed: Quantities;
}

/** An allocator whose state can be inspected, copied and saved. */
export interface LiveAllocator extends Allocator {
  /** Tries a run on the live state and takes it back, so that nothing changes. */
  explain(frameworkId: FrameworkId, role: string, agentId: AgentId): Explanation;
  /**
   * Why addFramework and updateFramework would refuse the constraints; undefined where they are
   * valid.
   */
  constraintsError(constraints: OfferConstraints | undefined): string | undefined;
  /** All agents, or those that are active. */
  agentIds(options?: { readonly onlyActive: boolean }): AgentId[];
  /** The frameworks that have subscribed, each with its roles. */
  frameworkRoles(): (readonly [FrameworkId, readonly string[]])[];
  /** Capabilities without which the framework cannot take the agent, or what is free of it. */
  lackedCapabilities(frameworkId: FrameworkId, agentId: AgentId): FrameworkCapability[];
  /**
   * The framework's offer constraints on the role that agents do not fit, with the number of these;
   * those that most of them fail first.
   */
  failedConstraints(
    frameworkId: FrameworkId,
    role: string,
    agentIds: readonly AgentId[],
  ): FailedConstraint[];
  /** Who holds what of the agent. */
  holdings(id: AgentId): HeldOnAgent[];
  /**
   * What a framework holds in a role, offered or used, on all agents; nothing where it has not
   * subscribed.
   */
  held(frameworkId: FrameworkId, role: string): Quantities;
  /** Undefined where the framework is not in the role. */
  leafShare(frameworkId: FrameworkId, role: string): LeafShare | undefined;
  /** Of a role with the roles below it. */
  roleShare(role: string): Share;
  /** Sums of a role; of one that is not known, none. */
  roleSums(role: string): RoleSums;
  /** By framework and role, from one pass over what is held of agents. */
  leafHoldings(): ReadonlyMap<FrameworkId, ReadonlyMap<string, LeafHoldings>>;
  /**
   * What all roles have and who uses something, from one pass over what is held of agents. Only
   * scalars, or with `counted` ranges and sets as well, by how many numbers or items they have.
   */
  holders(options: { readonly counted: boolean }): Holders;
  /** Sums over all agents, or over those that may be offered. */
  clusterSums(options?: { readonly onlyActive: boolean }): ClusterSums;
  /** The number of refusals in force, by role. */
  activeFilters(): Readonly<Record<string, number>>;
  /**
   * How many roles the allocator would know if these and all their ancestors were added. It has
   * room for 262,144.
   */
  rolesWith(roles: Iterable<string>): number;
  /** The whole state as bytes, for SchedulerCore.restore. */
  save(): Uint8Array<ArrayBuffer>;
  /** An independent copy, for experiments. */
  fork(): LiveAllocator;
  /** How many bytes of memory the state takes in the module. */
  readonly bytes: number;
}

/** The module and what is built on it: sums, and allocators. */
export interface SchedulerCore {
  readonly abiVersion: number;
  readonly algebra: ResourceAlgebra;
  readonly matcher: Matcher;
  /**
   * An allocator without agents and frameworks. Options left out are those of a Mesos master
   * without flags.
   */
  allocator(options?: Partial<AllocatorOptions>): LiveAllocator;
  /** An allocator with a state that `save` returned, in the same build of the module. */
  restore(saved: Uint8Array): LiveAllocator;
  ledger(total: readonly Resource[]): LiveLedger;
  /**
   * How often the instance that algebra, pools, ledgers and matcher share has trapped, and the last
   * trap. Each time a new instance replaced it, with all that was in it; only a call that trapped
   * again on the new one has thrown its `CoreTrap`.
   */
  readonly sharedTraps: number;
  readonly lastSharedTrap: CoreTrap | undefined;
}
