// Everything a master can ask of the world. Effects are carried out in the order of the list.
import type { MessageToAgent } from '../model/agent-messages.ts';
import type { MasterEvent as OperatorEvent, SchedulerEvent } from '../model/generated/messages.ts';
import type { RequestId, StreamId } from '../model/ids.ts';
import type { RegistryChange } from '../model/registry.ts';

/** Answers a request. Without a body the answer is empty; a text body is text/plain. */
export interface Reply {
  readonly type: 'reply';
  readonly request: RequestId;
  readonly status: number;
  readonly text?: string;
}

/** Answers a SUBSCRIBE with 200 and keeps the answer open as the event stream. */
export interface OpenStream {
  readonly type: 'openStream';
  readonly request: RequestId;
  readonly stream: StreamId;
}

export interface SendToScheduler {
  readonly type: 'sendToScheduler';
  readonly stream: StreamId;
  readonly event: SchedulerEvent;
}

/** To a subscriber of the operator API. */
export interface SendToOperator {
  readonly type: 'sendToOperator';
  readonly stream: StreamId;
  readonly event: OperatorEvent;
}

/** Ends a stream after what was sent on it. */
export interface CloseStream {
  readonly type: 'closeStream';
  readonly stream: StreamId;
}

export interface SendToAgent {
  readonly type: 'sendToAgent';
  /** Pid of the agent. */
  readonly to: string;
  /** Id of the sending process, `master` unless it is an observer. */
  readonly from?: string;
  readonly message: MessageToAgent;
}

/** Keeps a connection open to an address and reports once (`linkLost`) when it breaks. */
export interface Link {
  readonly type: 'link';
  readonly address: string;
}

/** Stores changes durably; a `stored` event answers. */
export interface Store {
  readonly type: 'store';
  readonly transaction: number;
  readonly changes: readonly RegistryChange[];
}

/** A timer of the same name is replaced. It fires once. */
export interface SetTimer {
  readonly type: 'setTimer';
  readonly timer: string;
  readonly delayMs: number;
}

export interface ClearTimer {
  readonly type: 'clearTimer';
  readonly timer: string;
}

export interface Log {
  readonly type: 'log';
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly text: string;
}

/** The master cannot go on, and takes no further event; the process ends with this reason. */
export interface Abort {
  readonly type: 'abort';
  readonly reason: string;
}

export type MasterEffect =
  | Reply
  | OpenStream
  | SendToScheduler
  | SendToOperator
  | CloseStream
  | SendToAgent
  | Link
  | Store
  | SetTimer
  | ClearTimer
  | Log
  | Abort;
