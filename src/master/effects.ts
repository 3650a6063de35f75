// Everything a master can ask of the world. Effects are carried out in the order of the list.
import type { MessageToAgent } from '../model/agent-messages.ts';
import type { MasterEvent as OperatorEvent, SchedulerEvent } from '../model/generated/messages.ts';
import type { StreamId } from '../model/ids.ts';
import type {
  ClearTimer,
  CloseStream,
  Link,
  Log,
  OpenStream,
  Reply,
  SetTimer,
} from '../model/process-effects.ts';
import type { RegistryChange } from '../model/registry.ts';
import type { Audit, AuditDisbelief } from '../security/audit.ts';
import type { FrameworkConnection } from './frameworks/connection.ts';
import type { MasterTimer } from './timers.ts';

/** To a framework's scheduler, in the form that its connection takes. */
export interface SendToFramework {
  readonly type: 'sendToFramework';
  readonly to: FrameworkConnection;
  readonly event: SchedulerEvent;
}

/** To a subscriber of the operator API. */
export interface SendToOperator {
  readonly type: 'sendToOperator';
  readonly stream: StreamId;
  readonly event: OperatorEvent;
}

export interface SendToAgent {
  readonly type: 'sendToAgent';
  /** Pid of the agent. */
  readonly to: string;
  /** Id of the sending process, where that is not `master`. */
  readonly from?: string;
  readonly message: MessageToAgent;
}

/**
 * Reads the registry, and keeps the masters that led before from changing it; a `recovered` event
 * answers.
 */
export interface ReadRegistry {
  readonly type: 'readRegistry';
}

/**
 * Stores changes durably; a `stored` event answers, or `leadershipLost` when another master leads.
 */
export interface Store {
  readonly type: 'store';
  readonly transaction: number;
  readonly changes: readonly RegistryChange[];
}

/** The master cannot go on, and takes no further event; the process ends with this reason. */
export interface Abort {
  readonly type: 'abort';
  readonly reason: string;
}

export type MasterEffect =
  | Reply
  | OpenStream
  | SendToFramework
  | SendToOperator
  | CloseStream
  | SendToAgent
  | Link
  | ReadRegistry
  | Store
  | SetTimer<MasterTimer>
  | ClearTimer<MasterTimer>
  | Log
  | Audit
  | AuditDisbelief
  | Abort;
