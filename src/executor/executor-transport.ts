// How an executor reaches its agent. The state machine of an executor does not know whether it runs
// in the agent's process or beside it.
import type { ExecutorCall, ExecutorEvent } from '../model/generated/messages.ts';

export interface ExecutorTransport {
  /**
   * Calls arrive in the order in which they were made. SUBSCRIBE comes first and opens the events.
   */
  call(call: ExecutorCall): void;
  /** No call is sent and no event is taken from now on. */
  close(): void;
}

/** Makes the transport whose events are given to `events`. */
export type ConnectExecutor = (events: (event: ExecutorEvent) => void) => ExecutorTransport;
