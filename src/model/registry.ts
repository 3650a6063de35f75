// What the master must still know after a crash, and the changes it makes to that.
import type { AgentInfo, MasterInfo } from './generated/messages.ts';
import type { AgentId } from './ids.ts';

export interface UnreachableAgent {
  readonly id: AgentId;
  /** Nanoseconds since 1970, as TimeInfo. */
  readonly sinceNs: bigint;
}

/** The registry as it is read at start. */
export interface RegistrySnapshot {
  readonly agents: readonly AgentInfo[];
  readonly unreachable: readonly UnreachableAgent[];
  readonly gone: readonly UnreachableAgent[];
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
  | { readonly type: 'forget'; readonly ids: readonly AgentId[] };
