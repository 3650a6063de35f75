// The transport of executors that run in the agent's process. To the agent's state machine they are
// executors like any other: their requests and streams are among those that came by HTTP.
import { randomUUID } from 'node:crypto';
import type { AgentEvent } from '../agent/events.ts';
import type { ExecutorTransport } from '../executor/executor-transport.ts';
import {
  type ContainerStatus,
  type ExecutorCall,
  ExecutorCall_Type,
  type ExecutorEvent,
} from '../model/generated/messages.ts';
import { type ContainerId, type StreamId, streamId } from '../model/ids.ts';
import { nestedContainerOf } from '../model/updated-container.ts';
import type {
  EventSink,
  PendingRequest,
  PendingRequests,
  StreamRegistry,
} from '../runtime/pending-requests.ts';

/** What the driver shares with the agent's HTTP server. */
export interface ExecutorRequests {
  readonly requests: PendingRequests<EventSink<ExecutorEvent>>;
  readonly streams: StreamRegistry<EventSink<ExecutorEvent>>;
}

export interface InProcessOptions extends ExecutorRequests {
  readonly nowMs: () => number;
  readonly dispatch: (event: AgentEvent) => void;
  /** Called when the agent refuses a call. */
  readonly refused: (status: number, text: string | undefined) => void;
  readonly events: (event: ExecutorEvent) => void;
  /** What is told of a container that is nested in the executor's, unless that has ended. */
  readonly containerStatus: (container: ContainerId) => ContainerStatus | undefined;
}

export class InProcessTransport implements ExecutorTransport {
  readonly #options: InProcessOptions;
  #stream: StreamId | undefined;
  #isClosed = false;

  constructor(options: InProcessOptions) {
    this.#options = options;
  }

  call(call: ExecutorCall): void {
    if (this.#isClosed) {
      return;
    }
    const { requests, dispatch } = this.#options;
    const request = requests.add(this.#pending);
    const shared = { isBuiltin: true, nowMs: this.#options.nowMs(), request, call } as const;
    if (call.type === ExecutorCall_Type.SUBSCRIBE) {
      dispatch({ type: 'executorSubscribe', ...shared, stream: streamId(randomUUID()) });
    } else {
      const nested = nestedContainerOf(call);
      const containerStatus = nested && this.#options.containerStatus(nested);
      dispatch({ type: 'executorCall', ...shared, containerStatus });
    }
  }

  close(): void {
    this.#isClosed = true;
    if (this.#stream !== undefined) {
      this.#options.streams.forget(this.#stream);
    }
  }

  readonly #pending: PendingRequest<EventSink<ExecutorEvent>> = {
    reply: (status, text) => {
      if (status >= 400 && !this.#isClosed) {
        this.#options.refused(status, text);
      }
    },
    open: (id) => {
      if (this.#isClosed) {
        return undefined;
      }
      this.#stream = id;
      return {
        send: (event) => this.#options.events(event),
        // The agent closes the stream when it destroys the executor's container by other means.
        close: () => undefined,
      };
    },
  };
}
