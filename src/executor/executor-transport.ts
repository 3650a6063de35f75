// How an executor reaches its agent. The executor's state machine does not know whether it runs in
// the agent's process or outside.
import type { ExecutorCall, ExecutorEvent } from '../model/generated/messages.ts';

export interface ExecutorTransport {
  /**
   * Sends a call. Calls arrive in the order in which they are made. SUBSCRIBE comes first and opens
   * the stream of events.
   */
  call(call: ExecutorCall): void;
  /** Sends no more calls, and takes no more events. */
  close(): void;
}

/** Creates the transport; `events` gets its events. */
export type ConnectExecutor = (events: (event: ExecutorEvent) => void) => ExecutorTransport;
