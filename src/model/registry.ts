// What the master must still know after a crash, and how it changes.
import type {
  AgentInfo,
  DrainInfo,
  MachineInfo,
  MasterInfo,
  QuotaConfig,
  Schedule,
  WeightInfo,
} from './generated/messages.ts';
import type { AgentId } from './ids.ts';

export interface UnreachableAgent {
  readonly id: AgentId;
  /** Nanoseconds since 1970, as TimeInfo. */
  readonly sinceNs: bigint;
}

/** What operators have asked of an agent: to drain, or to get no offers. */
export interface AgentDuty {
  readonly id: AgentId;
  readonly drain?: DrainInfo | undefined;
  readonly deactivated: boolean;
}

/** The registry as it is read at start. A setting that operators have never made is absent. */
export interface RegistrySnapshot {
  readonly agents: readonly AgentInfo[];
  readonly unreachable: readonly UnreachableAgent[];
  readonly gone: readonly UnreachableAgent[];
  readonly weights?: readonly WeightInfo[] | undefined;
  readonly quotas?: readonly QuotaConfig[] | undefined;
  readonly schedules?: readonly Schedule[] | undefined;
  readonly machines?: readonly MachineInfo[] | undefined;
  readonly duties?: readonly AgentDuty[] | undefined;
  /** Names of MasterInfo.Capability.Type that a master must have to use this registry. */
  readonly minimumCapabilities?: readonly string[] | undefined;
}

/** One durable change. A list of changes is stored as a whole or not at all. */
export type RegistryChange =
  | { readonly type: 'electMaster'; readonly master: MasterInfo }
  | { readonly type: 'admitAgent'; readonly agent: AgentInfo }
  | { readonly type: 'updateAgent'; readonly agent: AgentInfo }
  | { readonly type: 'removeAgent'; readonly id: AgentId }
  | { readonly type: 'markUnreachable'; readonly id: AgentId; readonly sinceNs: bigint }
  | { readonly type: 'markReachable'; readonly agent: AgentInfo }
  | { readonly type: 'markGone'; readonly id: AgentId; readonly sinceNs: bigint }
  | { readonly type: 'forget'; readonly ids: readonly AgentId[] }
  /** All weights, in place of the earlier ones. */
  | { readonly type: 'setWeights'; readonly weights: readonly WeightInfo[] }
  | { readonly type: 'setQuotas'; readonly quotas: readonly QuotaConfig[] }
  | {
      readonly type: 'setMaintenance';
      readonly schedules: readonly Schedule[];
      readonly machines: readonly MachineInfo[];
    }
  | { readonly type: 'setMinimumCapabilities'; readonly names: readonly string[] }
  /** A duty without drain and deactivation is deleted. Removing the agent deletes it as well. */
  | ({ readonly type: 'setDuty' } & AgentDuty);
