// What the master must still know after a crash, and the changes it makes to that.
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

/** An agent that operators drain, or have taken out of offers. */
export interface AgentDuty {
  readonly id: AgentId;
  readonly drain?: DrainInfo | undefined;
  readonly deactivated: boolean;
}

/** The registry as it is read at start. What operators have never set is absent. */
export interface RegistrySnapshot {
  readonly agents: readonly AgentInfo[];
  readonly unreachable: readonly UnreachableAgent[];
  readonly gone: readonly UnreachableAgent[];
  readonly weights?: readonly WeightInfo[] | undefined;
  readonly quotas?: readonly QuotaConfig[] | undefined;
  readonly schedules?: readonly Schedule[] | undefined;
  readonly machines?: readonly MachineInfo[] | undefined;
  readonly duties?: readonly AgentDuty[] | undefined;
  /** What a master must know to go on with this registry: names of MasterInfo.Capability.Type. */
  readonly minimumCapabilities?: readonly string[] | undefined;
}

/** One durable change. A list of them is stored all or none. */
export type RegistryChange =
  | { readonly type: 'electMaster'; readonly master: MasterInfo }
  | { readonly type: 'admitAgent'; readonly agent: AgentInfo }
  | { readonly type: 'updateAgent'; readonly agent: AgentInfo }
  | { readonly type: 'removeAgent'; readonly id: AgentId }
  | { readonly type: 'markUnreachable'; readonly id: AgentId; readonly sinceNs: bigint }
  | { readonly type: 'markReachable'; readonly agent: AgentInfo }
  | { readonly type: 'markGone'; readonly id: AgentId; readonly sinceNs: bigint }
  | { readonly type: 'forget'; readonly ids: readonly AgentId[] }
  /** The whole of it, instead of what was there. */
  | { readonly type: 'setWeights'; readonly weights: readonly WeightInfo[] }
  | { readonly type: 'setQuotas'; readonly quotas: readonly QuotaConfig[] }
  | {
      readonly type: 'setMaintenance';
      readonly schedules: readonly Schedule[];
      readonly machines: readonly MachineInfo[];
    }
  | { readonly type: 'setMinimumCapabilities'; readonly names: readonly string[] }
  /** Neither draining nor deactivated: forget the duty. It ends with the agent, too. */
  | ({ readonly type: 'setDuty' } & AgentDuty);
