// The messages between the SQLite registry and its writer thread: plain values only.

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

export type Request =
  | { readonly type: 'read' }
  /** One transaction. When the answer comes, all of it is on the disk, or nothing. */
  | { readonly type: 'write'; readonly changes: readonly RowChange[] }
  | { readonly type: 'close' };

export type Answer =
  /** `doubt` says why changes may be missing that nothing tells of. */
  | { readonly type: 'opened'; readonly doubt: string | undefined }
  | { readonly type: 'rows'; readonly rows: Rows }
  | { readonly type: 'written' }
  /** Nothing was written, for want of room; the same request can be repeated. */
  | { readonly type: 'full'; readonly message: string }
  | { readonly type: 'closed' }
  | { readonly type: 'failed'; readonly message: string }
  /** Sent once, and no answer: the file has been deleted or replaced. */
  | { readonly type: 'lost'; readonly message: string };
