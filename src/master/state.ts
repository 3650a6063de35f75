// All that a master knows. Each folder changes its own part (agents/ the agents, …); every file may
// read all of it.
import type { ResourceAlgebra, SchedulerCore } from '../core/interface.ts';
import type { AgentCapabilities, FrameworkCapabilities } from '../model/capabilities.ts';
import type {
  AgentInfo,
  DrainInfo,
  ExecutorInfo,
  FrameworkInfo,
  InverseOffer,
  InverseOfferStatus,
  KillPolicy,
  MachineInfo,
  MasterInfo,
  OfferConstraints,
  Operation,
  Resource,
  ResourceProviderInfo,
  Schedule,
  Task,
  UUID,
} from '../model/generated/messages.ts';
import type { AgentId, ExecutorId, FrameworkId, OfferId, StreamId, TaskId } from '../model/ids.ts';
import type { Leader } from '../model/leading-master.ts';
import type { Random } from '../model/random.ts';
import type { Recurrence } from '../model/recurrence.ts';
import type { AuditEntry } from '../security/audit.ts';
import type { Action } from '../security/authorizer.ts';
import type { Principal } from '../security/principal.ts';
import type { LostAgent } from './agents/lost.ts';
import type { RefusedAgent } from './agents/refused.ts';
import type { AgentRoom } from './agents/room.ts';
import type { UnreachableDecision } from './agents/unreachable.ts';
import type { Asking } from './asking.ts';
import type { Authentication } from './authentication/authentication.ts';
import type { BoundedList, BoundedMap, Weight } from './bounded-map.ts';
import type { MasterEffect } from './effects.ts';
import type { FrameworkConnection } from './frameworks/connection.ts';
import type { FrameworkSums } from './frameworks/framework-sums.ts';
import type { Throttle } from './frameworks/rate-limits.ts';
import type { FrameworkCounters, MasterCounters } from './metrics/counters.ts';
import type { ClusterHistory } from './metrics/history.ts';
import type { MinimumCapabilities } from './minimum-capabilities.ts';
import type { GuardedAllocator } from './offers/guarded-allocator.ts';
import type { Grant } from './offers/offers.ts';
import type { Insights } from './operators/insight.ts';
import type { SharesQuestions } from './operators/shares-calls.ts';
import type { Snapshot } from './operators/subscribers.ts';
import type { Telling } from './operators/telling.ts';
import type { MasterOptions } from './options.ts';
import type { RecentMap } from './recent-map.ts';
import type { Waiting } from './registrar.ts';

/** An outstanding offer. Its resources carry their allocation role. */
export interface OutstandingOffer {
  readonly id: OfferId;
  readonly framework: Framework;
  readonly agent: Agent;
  readonly role: string;
  readonly resources: Resource[];
  readonly madeMs: number;
}

export interface OutstandingInverseOffer {
  readonly id: OfferId;
  readonly madeMs: number;
  readonly framework: Framework;
  readonly agent: Agent;
  readonly message: InverseOffer;
}

/** A resource provider that lives on an agent. */
export interface ResourceProvider {
  readonly info: ResourceProviderInfo;
  total: readonly Resource[];
  resourceVersion: UUID;
}

/** How a task is to end. */
export interface AskedKill {
  readonly kill_policy?: KillPolicy | undefined;
  /** Who asked for it, in words, where that was not the framework. */
  readonly by?: string | undefined;
}

/** An agent that is registered; it may be disconnected. */
export interface Agent {
  readonly id: AgentId;
  info: AgentInfo;
  /** `slave(1)@10.0.0.1:5051` */
  pid: string;
  /** `10.0.0.1:5051`, where the link goes; many agents may share it. */
  address: string;
  ip: string;
  version: string;
  capabilities: AgentCapabilities;
  registeredMs: number;
  reregisteredMs?: number | undefined;
  connected: boolean;
  /** Gets offers: connected, and not deactivated by an operator. */
  active: boolean;
  /** What it has now, operations applied; without allocation. */
  total: readonly Resource[];
  resourceVersion: UUID | undefined;
  readonly tasks: Map<FrameworkId, Map<TaskId, Task>>;
  /** Sizes of these tasks. */
  readonly taskSizes: Map<Task, TaskSize>;
  readonly executors: Map<FrameworkId, Map<ExecutorId, ExecutorInfo>>;
  /**
   * Size of its tasks, executors and operations when they came, and of the frameworks they are of,
   * about.
   */
  bytes: number;
  /** Size of the statuses that its tasks' records keep, about. */
  statusBytes: number;
  /** Size of the description of each framework that has something on the agent. */
  readonly frameworkBytes: Map<FrameworkId, number>;
  readonly offers: Set<OutstandingOffer>;
  // What few agents have is made when it is needed.
  inverseOffers?: Set<OutstandingInverseOffer> | undefined;
  /**
   * How frameworks have answered inverse offers, since the last change of the agent's maintenance.
   */
  inverseAnswers?: Map<FrameworkId, InverseOfferStatus> | undefined;
  operations?: Map<string, Operation> | undefined;
  /** Size of each of these when it came. */
  operationBytes?: Map<string, number> | undefined;
  /** True when the agent has listed its operations since its registration. */
  hasListed?: boolean | undefined;
  /** The acknowledged final statuses of operations that the agent may still list, by operation. */
  acknowledgedOperations?: BoundedMap<string, UUID> | undefined;
  /** Operations that may or may not be in the agent's latest list. */
  doubtfulOperations?: Set<string> | undefined;
  resourceProviders?: Map<string, ResourceProvider> | undefined;
  /**
   * Tasks whose kill was asked for; sent again when the agent comes back without having heard it.
   */
  killed?: Map<FrameworkId, Map<TaskId, AskedKill>> | undefined;
  estimatedDrainStartMs?: number | undefined;
  /** True when the agent has been asked to register again, and has not yet. */
  reregistrationRequested?: boolean | undefined;
  /**
   * When the agent may be asked the next time because of what only it reports, and the pause after
   * that.
   */
  recall?: { readonly nextMs: number; readonly pauseMs: number } | undefined;
  /** Tasks that it has told of since its registration, and that are not counted. */
  uncounted?: BoundedMap<string, true> | undefined;
  /** Number of the process that pings it. */
  readonly observer: number;
  missedPings: number;
  awaitsPong: boolean;
}

/** In bytes, about; found once, and changed with each status. */
export interface TaskSize {
  /** Without its statuses. */
  readonly own: number;
  statuses: number;
}

export type FrameworkState = 'connected' | 'disconnected' | 'recovered';

export interface Framework {
  readonly id: FrameworkId;
  info: FrameworkInfo;
  /** What all its messages to agents carry as framework id. */
  readonly idMessage: { value: string };
  roles: Set<string>;
  /** How many roles the framework's roles are with their ancestors. */
  treeSize: number;
  suppressedRoles: Set<string>;
  capabilities: FrameworkCapabilities;
  constraints: OfferConstraints | undefined;
  /** IP address of the agent that told of the framework, before it subscribed to this master. */
  toldBy?: string | undefined;
  /**
   * True while nobody but the framework itself has said that its id is its own
   * (frameworks/owners.ts).
   */
  isClaim?: boolean | undefined;
  /** Size of its info and constraints, about. */
  bytes: number;
  principal: Principal | undefined;
  state: FrameworkState;
  active: boolean;
  /** Undefined while its scheduler is away. */
  connection: FrameworkConnection | undefined;
  registeredMs: number;
  reregisteredMs: number;
  unregisteredMs: number;
  readonly tasks: Map<TaskId, Task>;
  readonly unreachableTasks: BoundedMap<TaskId, Task>;
  readonly completedTasks: BoundedList<Task>;
  /** Uuids of the last updates of tasks whose end it has acknowledged lately. */
  readonly acknowledgedEnds: RecentMap<TaskId, Uint8Array>;
  readonly executors: Map<AgentId, Map<ExecutorId, ExecutorInfo>>;
  readonly offers: Set<OutstandingOffer>;
  readonly inverseOffers: Set<OutstandingInverseOffer>;
  readonly operations: Map<string, Operation>;
  /** From the framework's own operation ids to the master's. */
  readonly operationUuids: Map<string, string>;
  readonly counters: FrameworkCounters;
}

/** A machine that maintenance knows of, by `hostname|ip`. */
export interface Machine {
  info: MachineInfo;
}

export interface QuotaAmounts {
  readonly guarantees: Readonly<Record<string, number>>;
  readonly limits: Readonly<Record<string, number>>;
}

/** A reader of the operator API's event stream. */
export interface Subscriber {
  readonly stream: StreamId;
  readonly principal: Principal | undefined;
  /** Whether it is told what Mesos does not tell. */
  readonly updates: boolean;
  /** The IP address that it reads from. */
  readonly origin: string | undefined;
  /** What its events have left out since the audit log was told of that, by action. */
  readonly denied: Map<Action, AuditEntry>;
}

export interface AgentTable {
  readonly registered: Map<AgentId, Agent>;
  readonly byPid: Map<string, Agent>;
  readonly byAddress: Map<string, Set<Agent>>;
  /** Agents of the registry that have not registered since this master started. */
  readonly recovered: Map<AgentId, AgentInfo>;
  /** Since when, in nanoseconds. */
  readonly unreachable: Map<AgentId, bigint>;
  readonly gone: Map<AgentId, bigint>;
  /** What this master has seen of those that are unreachable or gone. */
  readonly lost: BoundedMap<AgentId, LostAgent>;
  readonly removed: BoundedMap<AgentId, true>;
  /** By process id: that want to register, and may not. */
  readonly refused: BoundedMap<string, RefusedAgent>;
  /** Whether a timer is set to tell of these. */
  isTellingRefused: boolean;
  /** Agents that wait for their turn to be marked unreachable. */
  readonly unreachableDecisions: Map<AgentId, UnreachableDecision>;
  readonly draining: Map<AgentId, DrainInfo>;
  readonly deactivated: Set<AgentId>;
  /**
   * Tasks that are unreachable with their agent, and forgotten when it registers again without
   * them.
   */
  readonly unreachableTasks: Map<AgentId, Map<FrameworkId, TaskId[]>>;
  /** The room that agents take, in number and bytes. */
  readonly room: AgentRoom;
  /** How many agents the registry held at the start. */
  recoveredCount: number;
}

export interface FrameworkTable {
  readonly registered: Map<FrameworkId, Framework>;
  readonly byStream: Map<StreamId, Framework>;
  readonly completed: BoundedMap<FrameworkId, Framework>;
  /** Of those that are registered. */
  readonly sums: FrameworkSums;
  /** What all histories of completed and unreachable tasks may take together. */
  readonly taskHistory: Weight<Task>;
}

/** What the master needs of the scheduler core. */
export type MasterCore = Pick<
  SchedulerCore,
  'algebra' | 'allocator' | 'sharedTraps' | 'lastSharedTrap'
>;

/** How the scheduler core has failed so far. */
export interface CoreFailures {
  /** Traps of the instance that sums are made in, as far as they have been counted. */
  sharedTraps: number;
  /** Traps of all instances. */
  readonly recurrence: Recurrence;
}

export interface MasterState {
  readonly options: MasterOptions;
  readonly info: MasterInfo;
  readonly core: MasterCore;
  readonly coreFailures: CoreFailures;
  readonly algebra: ResourceAlgebra;
  readonly allocator: GuardedAllocator;
  readonly random: Random;
  /** Time of the event being handled. */
  nowMs: number;
  /** Which master leads, as far as this one knows. */
  leader: Leader;
  electedMs: number;
  /** When the log was last told of agents that ask a master which does not lead. */
  sentAwayMs: number;
  /** When the registry was read: a pause of runs is counted from then. */
  registryReadMs: number;
  recovered: boolean;
  /** The call or message being taken. */
  asking: Asking | undefined;
  /** Why the master ends itself; undefined while it goes on. */
  failure: string | undefined;
  /** Effects of the step being taken. */
  effects: MasterEffect[];
  readonly authentication: Authentication;
  readonly agents: AgentTable;
  readonly frameworks: FrameworkTable;
  readonly offers: Map<OfferId, OutstandingOffer>;
  /** Grants of the allocator that have not been offered yet. */
  readonly grants: Grant[];
  readonly inverseOffers: Map<OfferId, OutstandingInverseOffer>;
  readonly machines: Map<string, Machine>;
  schedules: Schedule[];
  /** Host names that are offered; null: all. */
  whitelist: readonly string[] | null;
  readonly weights: Map<string, number>;
  readonly quotas: Map<string, QuotaAmounts>;
  /** The only roles allowed, if --roles was given: those, and `*`. */
  readonly roleWhitelist: ReadonlySet<string> | undefined;
  readonly subscribers: Map<StreamId, Subscriber>;
  /** What the last of them was shown first, while nothing has happened since. */
  snapshot: Snapshot | undefined;
  /** Of tasks that streams have not been told of yet; the one whose turn it is first. */
  readonly tellings: Telling[];
  /** Names of resources that the core has met. */
  readonly resourceNames: Set<string>;
  /** What the registry asks of masters. */
  readonly minimumCapabilities: MinimumCapabilities;
  /**
   * Changes and calls that wait for the registry; which agents are being admitted, removed or
   * drained follows from them.
   */
  readonly waiting: Waiting;
  /** Calls of frameworks that wait for their turn. */
  readonly throttle: Throttle;
  nextFramework: number;
  nextAgent: number;
  nextOffer: number;
  nextObserver: number;
  nextWrite: number;
  /** True while a timer is set for a run of the allocator over what events have changed. */
  runScheduled: boolean;
  /** When that run was asked for. */
  runAskedMs: number;
  /** When the next agent may be marked unreachable, with --agent_removal_rate_limit. */
  nextUnreachableMs: number;
  readonly counters: MasterCounters;
  readonly history: ClusterHistory;
  readonly insights: Insights;
  readonly shares: SharesQuestions;
}
