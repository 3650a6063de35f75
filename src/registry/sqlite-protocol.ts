// The messages between the SQLite registry and its writer thread: plain values only.
import type { RowChange, Rows } from './registry-rows.ts';

/** Raised with every change of the tables; a file of a newer version is refused. */
export const SCHEMA_VERSION = 2;

export type SqliteChange =
  | RowChange
  /** Takes all rows away. */
  | { readonly op: 'clear' };

export type Request =
  | { readonly type: 'read' }
  /** One transaction. When the answer comes, all of it is on the disk, or nothing. */
  | { readonly type: 'write'; readonly changes: readonly SqliteChange[] }
  | { readonly type: 'close' };

export type Answer =
  /** `doubt` says why changes may be missing that nothing tells of. */
  | { readonly type: 'opened'; readonly doubt: string | undefined }
  | { readonly type: 'rows'; readonly rows: Rows }
  | { readonly type: 'written' }
  /** Nothing was written, for want of room; the same request can be repeated. */
  | { readonly type: 'full'; readonly message: string }
  | { readonly type: 'closed' }
  /** `damage` has a message for each thing that is not as it was written. */
  | {
      readonly type: 'failed';
      readonly message: string;
      readonly damage?: readonly string[] | undefined;
    }
  /** Sent once, and no answer: the file has been deleted or replaced. */
  | { readonly type: 'lost'; readonly message: string };
