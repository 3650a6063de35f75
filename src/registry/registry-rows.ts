// What durable engines store: rows of plain values, in which messages are bytes. Changes become
// changes of rows, and rows become what the registry holds; each engine has rows in its own form.
import { agentId } from '../model/ids.ts';
import type { RegistryChange, RegistrySnapshot } from '../model/registry.ts';
import { idOf, isIdle } from '../model/registry-content.ts';
import type { MessageType } from '../wire/message-type.ts';
import { decodeMessage, encodeMessage } from '../wire/protobuf.ts';
import { types } from '../wire/types.ts';

/** One row operation. Agents travel as the bytes of their AgentInfo. */
export type RowChange =
  /** Replaces a list, which is always written as a whole. */
  | { readonly op: 'putList'; readonly name: ListName; readonly messages: readonly Uint8Array[] }
  | { readonly op: 'putAgent'; readonly id: string; readonly bytes: Uint8Array }
  | { readonly op: 'deleteAgent'; readonly id: string }
  | { readonly op: 'putUnreachable'; readonly id: string; readonly sinceNs: bigint }
  | { readonly op: 'putGone'; readonly id: string; readonly sinceNs: bigint }
  | ({ readonly op: 'putDuty' } & DutyRow)
  | { readonly op: 'deleteDuty'; readonly id: string }
  | { readonly op: 'forget'; readonly id: string };

/** Lists that change rarely; `master` holds the last elected master. */
export type ListName =
  | 'master'
  | 'weights'
  | 'quotas'
  | 'schedules'
  | 'machines'
  | 'minimum_capabilities';

export interface DutyRow {
  readonly id: string;
  readonly drain: Uint8Array | null;
  readonly deactivated: boolean;
}

export interface SinceRow {
  readonly id: string;
  readonly sinceNs: bigint;
}

export interface Rows {
  readonly agents: readonly Uint8Array[];
  readonly unreachable: readonly SinceRow[];
  readonly gone: readonly SinceRow[];
  readonly duties: readonly DutyRow[];
  /** The lists; one that was never written is absent. */
  readonly lists: Readonly<Partial<Record<ListName, readonly Uint8Array[]>>>;
}

export function encodeChange(change: RegistryChange): RowChange[] {
  switch (change.type) {
    case 'electMaster':
      return [list('master', types.MasterInfo, [change.master])];
    case 'admitAgent':
    case 'updateAgent':
    case 'markReachable': {
      const bytes = encodeMessage(types.AgentInfo, change.agent);
      return [{ op: 'putAgent', id: idOf(change.agent), bytes }];
    }
    case 'removeAgent':
      return [{ op: 'deleteAgent', id: change.id }];
    case 'markUnreachable':
      return [{ op: 'putUnreachable', id: change.id, sinceNs: change.sinceNs }];
    case 'markGone':
      return [{ op: 'putGone', id: change.id, sinceNs: change.sinceNs }];
    case 'forget':
      return change.ids.map((id) => ({ op: 'forget', id }));
    case 'setWeights':
      return [list('weights', types.WeightInfo, change.weights)];
    case 'setQuotas':
      return [list('quotas', types.QuotaConfig, change.quotas)];
    case 'setMaintenance':
      return [
        list('schedules', types.Schedule, change.schedules),
        list('machines', types.MachineInfo, change.machines),
      ];
    case 'setDuty': {
      const { id, drain, deactivated } = change;
      if (isIdle(change)) {
        return [{ op: 'deleteDuty', id }];
      }
      const bytes = drain === undefined ? null : encodeMessage(types.DrainInfo, drain);
      return [{ op: 'putDuty', id, drain: bytes, deactivated }];
    }
    case 'setMinimumCapabilities': {
      const messages = change.names.map((name) => new TextEncoder().encode(name));
      return [{ op: 'putList', name: 'minimum_capabilities', messages }];
    }
    default:
      return change satisfies never;
  }
}

function list<T>(name: ListName, type: MessageType<T>, messages: readonly T[]): RowChange {
  return { op: 'putList', name, messages: messages.map((message) => encodeMessage(type, message)) };
}

export function decodeRows({ agents, unreachable, gone, duties, lists }: Rows): RegistrySnapshot {
  const since = ({ id, sinceNs }: SinceRow) => ({ id: agentId(id), sinceNs });
  const messages = <T>(type: MessageType<T>, list: readonly Uint8Array[] | undefined) =>
    list?.map((bytes) => decodeMessage(type, bytes));
  return {
    agents: agents.map((bytes) => decodeMessage(types.AgentInfo, bytes)),
    unreachable: unreachable.map(since),
    gone: gone.map(since),
    weights: messages(types.WeightInfo, lists.weights),
    quotas: messages(types.QuotaConfig, lists.quotas),
    schedules: messages(types.Schedule, lists.schedules),
    machines: messages(types.MachineInfo, lists.machines),
    minimumCapabilities: lists.minimum_capabilities?.map((name) => new TextDecoder().decode(name)),
    duties: duties.map(({ id, drain, deactivated }) => ({
      id: agentId(id),
      drain: drain === null ? undefined : decodeMessage(types.DrainInfo, drain),
      deactivated,
    })),
  };
}
