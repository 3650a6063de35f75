// The messages between the SQLite registry and its writer thread: plain values only.
import type { RowChange, Rows } from './registry-rows.ts';

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
