// The event streams of a master's clients. Each says whose events it takes.
import type {
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

/** What the APIs of a master share: requests that wait for its state machine, and open streams. */
export interface MasterRequests {
  readonly requests: PendingRequests<MasterStream>;
  readonly streams: StreamRegistry<MasterStream>;
}
