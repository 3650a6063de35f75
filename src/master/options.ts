// What a master is told once, at its start. The command line turns flags into this; nothing in the
// master knows a flag's spelling.
import type { Quantities } from '../core/interface.ts';
import type { DomainInfo, VersionInfo } from '../model/generated/messages.ts';
import type { RateLimits } from '../model/rate-limits.ts';
import type { Authorizer } from '../security/authorizer.ts';
import type { Verifier } from '../security/cram-md5.ts';
import type { MessageJson } from '../wire/v0-json/writing.ts';

/** The identity of this master. */
export interface MasterIdentity {
  /** A UUID, new at each start: the prefix of all ids that this master gives out. */
  readonly id: string;
  /** What agents and frameworks connect to: an IPv4 address. */
  readonly ip: string;
  readonly port: number;
  readonly hostname: string;
  readonly version: VersionInfo;
  readonly startTimeMs: number;
  /**
   * Seed of every random choice of this master (uuids of operations, shuffles of the allocator).
   */
  readonly seed: number;
  readonly domain?: DomainInfo | undefined;
  readonly cluster?: string | undefined;
  readonly logDir?: string | undefined;
  readonly externalLogFile?: string | undefined;
  /**
   * Milliseconds of a monotonic clock, for metrics only. Without it runs are counted as taking no
   * time.
   */
  readonly stopwatch?: (() => number) | undefined;
  /** All flags as text, as /flags, /state and GET_FLAGS show them. */
  readonly flags: Readonly<Record<string, string>>;
}

export interface AllocationOptions {
  readonly allocationIntervalMs: number;
  readonly minAllocatable: readonly Quantities[];
  readonly fairnessExcluded: readonly string[];
  readonly filterGpuResources: boolean;
  readonly roleSorter: 'drf' | 'random';
  readonly frameworkSorter: 'drf' | 'random';
  /** 0: agents in the order in which they were added, no shuffle. */
  readonly allocatorSeed: number;
  /** Where there are quotas: the share of known agents that must be back before offers are made. */
  readonly allocatorAgentRecoveryFactor: number;
  /** The longest time that offers wait for that. */
  readonly allocatorRecoveryTimeoutMs: number;
  readonly constraintRegexMaxMemoryBytes: number;
  readonly constraintRegexMaxProgramSize: number;
  /** Absent: an offer stands until it is answered or rescinded. */
  readonly offerTimeoutMs?: number | undefined;
}

export interface AgentOptions {
  readonly agentPingTimeoutMs: number;
  readonly maxAgentPingTimeouts: number;
  readonly agentReregisterTimeoutMs: number;
  /** At most one agent is marked unreachable in so many milliseconds, whatever the cause. */
  readonly agentRemovalIntervalMs?: number | undefined;
  /** Part of the recovered agents (0 to 1) that may be missing; beyond it the master gives up. */
  readonly recoveryAgentRemovalLimit: number;
  readonly requireAgentDomain: boolean;
  /** No more is offered of an agent with so many executors; absent: they are not counted. */
  readonly maxExecutorsPerAgent?: number | undefined;
  readonly registryGcIntervalMs: number;
  readonly registryMaxAgentAgeMs: number;
  readonly registryMaxAgentCount: number;
  /** What the registry can hold of an AgentInfo, in bytes, about; absent: whatever is taken. */
  readonly registryAgentBytes?: number | undefined;
  /** The same of all weights, all quotas, or all of maintenance. */
  readonly registrySettingBytes?: number | undefined;
  /** Host names that are offered; absent: all. Changed later by a `whitelist` event. */
  readonly whitelist?: readonly string[] | undefined;
}

export interface FrameworkOptions {
  readonly maxCompletedFrameworks: number;
  readonly maxCompletedTasksPerFramework: number;
  readonly maxUnreachableTasksPerFramework: number;
  /** The only roles a framework may have (--roles); absent: any. */
  readonly roles?: readonly string[] | undefined;
  /** Seeds of the weights, until weights are stored. */
  readonly weights: Readonly<Record<string, number>>;
  /** Absent: calls are taken as they come. */
  readonly rateLimits?: RateLimits | undefined;
  readonly rootSubmissions: boolean;
  /** Names of the user with uid 0. */
  readonly rootUsers: readonly string[];
  readonly publishPerFrameworkMetrics: boolean;
  readonly heartbeatIntervalMs: number;
  /**
   * Memory that the registrations of all agents may take together, about; absent: MAX_AGENTS_BYTES.
   */
  readonly maxAgentsBytes?: number | undefined;
  readonly maxOperatorStreams: number;
}

export interface MasterOptions
  extends MasterIdentity,
    AllocationOptions,
    AgentOptions,
    FrameworkOptions {
  readonly authorizer: Authorizer;
  /** Whether decisions are told by `audit` effects; absent: they are not. */
  readonly isAudited?: boolean | undefined;
  /** Judges agents that authenticate. */
  readonly verifier: Verifier;
  /** Whether agents that have not authenticated are refused. */
  readonly authenticateAgents: boolean;
  /** How long the authentication of a process may take. */
  readonly authenticationTimeoutMs: number;
  readonly jsonOf: MessageJson;
}
