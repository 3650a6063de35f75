// Everything a master can ask of the world. Effects are carried out in the order of the list.
import type { InsightQuestion } from '../core/interface.ts';
import type { MessageToAgent } from '../model/agent-messages.ts';
import type {
  MasterResponse,
  MasterEvent as OperatorEvent,
  SchedulerEvent,
} from '../model/generated/messages.ts';
import type { RequestId, StreamId } from '../model/ids.ts';
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

/** Responds to a request with a message, in the form that it has asked for. */
export interface Respond {
  readonly type: 'respond';
  readonly request: RequestId;
  readonly response: MasterResponse;
}

/**
 * Answers a question about a copy of the allocator, elsewhere than in the master's loop; a
 * `computed` event answers. The bytes of the copy are the performer's.
 */
export interface Compute {
  readonly type: 'compute';
  readonly computation: number;
  readonly saved: Uint8Array<ArrayBuffer>;
  readonly question: InsightQuestion;
}

/** Nobody waits for what is computed. A `computed` event comes all the same, and then the next. */
export interface GiveUpComputing {
  readonly type: 'giveUpComputing';
  readonly computation: number;
}

/** The master cannot go on, and takes no further event; the process ends with this reason. */
export interface Abort {
  readonly type: 'abort';
  readonly reason: string;
}

export type MasterEffect =
  | Reply
  | Respond
  | Compute
  | GiveUpComputing
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
