// The event streams of a master's clients. Each is marked with the kind of its events.
import type {
  MasterResponse,
  MasterEvent as OperatorEvent,
  SchedulerEvent,
} from '../../model/generated/messages.ts';
import type { PendingRequests, StreamRegistry } from '../../runtime/pending-requests.ts';
import { EventStream } from '../server/event-stream.ts';

export class SchedulerStream extends EventStream<SchedulerEvent> {
  readonly reader = 'scheduler';
}

export class OperatorStream extends EventStream<OperatorEvent> {
  readonly reader = 'operator';
}

export type MasterStream = SchedulerStream | OperatorStream;

/**
 * What a master's APIs share: requests that the state machine has not answered yet, and open
 * streams.
 */
export interface MasterRequests {
  readonly requests: PendingRequests<MasterStream, MasterResponse>;
  readonly streams: StreamRegistry<MasterStream>;
}
