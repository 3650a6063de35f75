// POST /api/v1/executor of an agent: checks an executor's call before the state machine gets it,
// and returns the response or the event stream.
import { randomUUID } from 'node:crypto';
import type { AgentEvent } from '../../agent/events.ts';
import {
  type ExecutorCall,
  ExecutorCall_Type,
  type ExecutorEvent,
  ExecutorEvent_Type,
} from '../../model/generated/messages.ts';
import { streamId } from '../../model/ids.ts';
import { nestedContainerOf } from '../../model/updated-container.ts';
import type { IoTurn } from '../../runtime/io-turn.ts';
import type { EventSink, PendingRequests, StreamRegistry } from '../../runtime/pending-requests.ts';
import { types } from '../../wire/types.ts';
import { type CallKind, readCall } from '../server/call-codec.ts';
import { executorCallFault } from '../server/call-validation.ts';
import { type Codec, negotiate } from '../server/content-negotiation.ts';
import { callAccept, methodNotAllowed } from '../server/error-responses.ts';
import { EventStream } from '../server/event-stream.ts';
import type { HttpResponse } from '../server/response.ts';
import { replyResponse, writeResponse } from '../server/response-text.ts';
import type { EndpointRequest } from '../server/router.ts';
import type { ContainerStatusOf } from './containers.ts';

/**
 * The interval of HEARTBEAT events to executors, which only keep connections from being dropped.
 */
const HEARTBEAT_MS = 30 * 60_000;

const HEARTBEAT: ExecutorEvent = { type: ExecutorEvent_Type.HEARTBEAT };

/** The receiver of one executor's events. */
export type ExecutorStream = EventSink<ExecutorEvent>;

export interface ExecutorApiOptions {
  readonly dispatch: (event: AgentEvent) => void;
  readonly nowMs: () => number;
  readonly turn: IoTurn;
  readonly requests: PendingRequests<ExecutorStream>;
  readonly streams: StreamRegistry<ExecutorStream>;
  readonly containerStatusOf: ContainerStatusOf;
}

export class ExecutorApi {
  readonly #options: ExecutorApiOptions;

  constructor(options: ExecutorApiOptions) {
    this.#options = options;
  }

  handle(request: EndpointRequest): HttpResponse | undefined {
    if (request.method !== 'POST') {
      return methodNotAllowed(['POST'], request.method);
    }
    const checked = check(request);
    if ('status' in checked) {
      return checked;
    }
    this.#dispatch(checked.call, checked.codec, request);
    return undefined;
  }

  #dispatch(call: ExecutorCall, codec: Codec, incoming: EndpointRequest): void {
    const { dispatch, requests, streams, nowMs, turn } = this.#options;
    const { principal, origin } = incoming;
    const response = incoming.hijack();
    const request = requests.add({
      reply: (status, text) => writeResponse(response, replyResponse(status, text)),
      open: (stream) =>
        withHeartbeats(
          new EventStream<ExecutorEvent>({
            response,
            type: types.ExecutorEvent,
            codec,
            turn,
            heartbeat: { event: HEARTBEAT, everyMs: HEARTBEAT_MS },
            onLost: () => streams.lost(stream),
          }),
        ),
    });
    const asked = { nowMs: nowMs(), request, origin, principal, call };
    if (call.type === ExecutorCall_Type.SUBSCRIBE) {
      const stream = streamId(randomUUID());
      dispatch({ type: 'executorSubscribe', ...asked, stream });
    } else {
      const nested = nestedContainerOf(call);
      const containerStatus = nested && this.#options.containerStatusOf(nested);
      dispatch({ type: 'executorCall', ...asked, containerStatus });
    }
  }
}

const EXECUTOR_CALL: CallKind<ExecutorCall> = {
  type: types.ExecutorCall,
  name: 'Executor::Call',
  fault: executorCallFault,
};

function check(
  request: EndpointRequest,
): { readonly call: ExecutorCall; readonly codec: Codec } | HttpResponse {
  const read = readCall(EXECUTOR_CALL, request.header('content-type'), request);
  if ('refusal' in read) {
    return read.refusal;
  }
  const { call } = read;
  const codec = negotiate(request.header('accept'));
  if (codec !== undefined) {
    return { call, codec };
  }
  return call.type === ExecutorCall_Type.SUBSCRIBE ? callAccept : { call, codec: 'json' };
}

/** Starts the heartbeats with SUBSCRIBED. */
function withHeartbeats(events: EventStream<ExecutorEvent>): ExecutorStream {
  return {
    send: (event) => {
      events.send(event);
      if (event.type === ExecutorEvent_Type.SUBSCRIBED) {
        events.startHeartbeats();
      }
    },
    close: () => events.close(),
  };
}
