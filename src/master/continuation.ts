// What the master goes on with once the registry holds a change: data, not closures, so that a
// master's state can be saved, compared and forked while writes are on their way. Agents are named
// by id, for they may have changed or gone before the registry answers. src/master/stored.ts says
// what each one does.
import type {
  DrainInfo,
  MachineID,
  MachineInfo,
  QuotaConfig,
  RegisterAgentMessage,
  ReregisterAgentMessage,
  Schedule,
} from '../model/generated/messages.ts';
import type { AgentId, RequestId } from '../model/ids.ts';
import type { QuotaAmounts } from './state.ts';

/**
 * Settings that an operator's call changes. They are written one after the other; the call is
 * answered when the registry holds its change.
 */
type SettingContinuation =
  | Of<'weightsUpdated', { weights: readonly RoleWeight[]; request: RequestId }>
  | Of<'quotasUpdated', { configs: readonly QuotaConfig[]; request: RequestId }>
  /** SET_QUOTA, the old call. */
  | Of<'quotaSet', { role: string; amounts: QuotaAmounts; request: RequestId }>
  | Of<'quotaRemoved', { role: string; request: RequestId }>
  | Of<
      'scheduleUpdated',
      { schedules: readonly Schedule[]; machines: readonly MachineInfo[]; request: RequestId }
    >
  | Of<'maintenanceStarted', { machines: readonly MachineID[]; request: RequestId }>
  | Of<'maintenanceStopped', { machines: readonly MachineID[]; request: RequestId }>
  | Of<'drainStarted', { id: AgentId; drain: DrainInfo; request: RequestId }>
  | Of<'agentDrained', { id: AgentId; drain: DrainInfo }>
  | Of<'agentDeactivated', { id: AgentId; request: RequestId }>
  | Of<'agentReactivated', { id: AgentId; request: RequestId }>;

type AgentContinuation =
  | Of<'agentAdmitted', { id: AgentId; pid: string; message: RegisterAgentMessage }>
  /** The registry no longer has an agent that had waited too long to be admitted. */
  | Of<'admissionTakenBack', { id: AgentId }>
  | Of<'agentReregistered', { id: AgentId; pid: string; message: ReregisterAgentMessage }>
  | Of<
      'agentUnreachable',
      { id: AgentId; sinceNs: bigint; duringRecovery: boolean; message: string }
    >
  | Of<
      'agentRemoved',
      { id: AgentId; cause: string; reason: 'registered' | 'unregistered' | undefined }
    >
  /** `request` is absent where a drain that marks its agent gone has come to its end. */
  | Of<'agentGone', { id: AgentId; sinceNs: bigint; request: RequestId | undefined }>
  | Of<'agentsForgotten', { unreachable: readonly AgentId[]; gone: readonly AgentId[] }>;

export type Continuation =
  | SettingContinuation
  | AgentContinuation
  | Of<'masterElected', { recoveredAgents: number }>;

export type { SettingContinuation };

/** The continuation of that type. */
export type ContinuationOf<Type extends Continuation['type']> = Extract<
  Continuation,
  { type: Type }
>;

interface RoleWeight {
  readonly role: string;
  readonly weight: number;
}

type Of<Type extends string, Data> = { readonly type: Type } & Readonly<Data>;
