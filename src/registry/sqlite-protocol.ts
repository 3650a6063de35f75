// What the registry and its writer thread say to each other. Only plain values cross.

/** One row operation. Agents travel as the bytes of their AgentInfo. */
export type RowChange =
  | { readonly op: 'putMaster'; readonly bytes: Uint8Array }
  | { readonly op: 'putAgent'; readonly id: string; readonly bytes: Uint8Array }
  | { readonly op: 'deleteAgent'; readonly id: string }
  | { readonly op: 'putUnreachable'; readonly id: string; readonly sinceNs: bigint }
  | { readonly op: 'putGone'; readonly id: string; readonly sinceNs: bigint }
  | { readonly op: 'forget'; readonly id: string };

export interface Rows {
  readonly agents: readonly Uint8Array[];
  readonly unreachable: readonly { readonly id: string; readonly sinceNs: bigint }[];
  readonly gone: readonly { readonly id: string; readonly sinceNs: bigint }[];
}

export type Request =
  | { readonly type: 'read' }
  /** One transaction: when it is answered, all of it is on the disk, or none. */
  | { readonly type: 'write'; readonly changes: readonly RowChange[] }
  | { readonly type: 'close' };

export type Answer =
  | { readonly type: 'opened' }
  | { readonly type: 'rows'; readonly rows: Rows }
  | { readonly type: 'written' }
  | { readonly type: 'closed' }
  | { readonly type: 'failed'; readonly message: string };
