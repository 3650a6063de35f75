// POST /api/v1/scheduler: checks a scheduler's call before the state machine gets it, and returns
// the response or the event stream.

import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { MasterEvent } from '../../master/events.ts';
import {
  type MasterResponse,
  type SchedulerCall,
  SchedulerCall_Type,
} from '../../model/generated/messages.ts';
import { streamId } from '../../model/ids.ts';
import { schedulerCallError } from '../../model/scheduler-call.ts';
import type { IoTurn } from '../../runtime/io-turn.ts';
import type { PendingRequest } from '../../runtime/pending-requests.ts';
import type { Principal } from '../../security/principal.ts';
import { types } from '../../wire/types.ts';
import { type CallKind, type Decoded, readCall, readCallAs } from '../server/call-codec.ts';
import { type Codec, codecOf, negotiate } from '../server/content-negotiation.ts';
import { callAccept, methodNotAllowed, subscribeWithStreamId } from '../server/error-responses.ts';
import type { HttpResponse } from '../server/response.ts';
import { replyResponse, writeResponse } from '../server/response-text.ts';
import type { EndpointRequest } from '../server/router.ts';
import type { AcceptedCall, CallReceiver } from '../transport/connection.ts';
import type { RequestHead } from '../transport/request-reader.ts';
import { type MasterRequests, type MasterStream, SchedulerStream } from './streams.ts';

export interface SchedulerApiOptions extends MasterRequests {
  readonly dispatch: (event: MasterEvent) => void;
  /** Dispatches a call that may begin new work: it waits until earlier work is done. */
  readonly dispatchNewWork: (make: () => MasterEvent) => void;
  readonly nowMs: () => number;
  readonly turn: IoTurn;
  /** Why calls are refused now: this master does not lead, or is not ready. */
  readonly unavailable: (url: string) => HttpResponse | undefined;
  /** The principal of a request; undefined where the request must be challenged. */
  readonly identify: (
    authorization: string | undefined,
    connection: Duplex,
  ) => { readonly principal: Principal | undefined } | undefined;
  /** Told of each call but SUBSCRIBE: from its arrival until it has been carried out. */
  readonly answered: (status: number, tookMs: number) => void;
}

interface CheckedCall {
  readonly call: SchedulerCall;
  /** The codec of the event stream. */
  readonly codec: Codec;
}

/** Who sends a call, of which only the body is still to come. */
interface KnownCaller {
  readonly principal: Principal | undefined;
  readonly codec: Codec;
  readonly origin: string | undefined;
}

const PATHS: ReadonlySet<string> = new Set(['/api/v1/scheduler', '/master/api/v1/scheduler']);

export class SchedulerApi implements CallReceiver {
  readonly #options: SchedulerApiOptions;

  constructor(options: SchedulerApiOptions) {
    this.#options = options;
  }

  /** Handles requests that came through node:http. */
  handle(request: EndpointRequest): HttpResponse | undefined {
    const unavailable = this.#options.unavailable(request.url);
    if (unavailable) {
      return unavailable;
    }
    if (request.method !== 'POST') {
      return methodNotAllowed(['POST'], request.method);
    }
    const stream = request.header('mesos-stream-id');
    const read = readCall(CALL, request.header('content-type'), request);
    const checked = check(read, request.header('accept'), stream);
    if ('status' in checked) {
      return checked;
    }
    const response = request.hijack();
    this.#dispatch(checked.call, stream, request, {
      reply: (status, text) => writeResponse(response, replyResponse(status, text)),
      open: (id) =>
        new SchedulerStream({
          response,
          type: types.SchedulerEvent,
          codec: checked.codec,
          turn: this.#options.turn,
          headers: { 'Mesos-Stream-Id': id },
          onLost: () => this.#options.streams.lost(id),
        }),
    });
    return undefined;
  }

  /** Accepts a call of a subscribed scheduler, to be read without node:http. */
  accepts(
    head: RequestHead,
    origin: string | undefined,
    connection: Duplex,
  ): AcceptedCall | undefined {
    if (head.streamId === undefined || !PATHS.has(head.path) || head.contentType === undefined) {
      return undefined;
    }
    const codec = codecOf(head.contentType);
    if (codec === undefined || this.#options.unavailable(head.path) !== undefined) {
      return undefined;
    }
    const identity = this.#options.identify(head.authorization, connection);
    if (identity === undefined) {
      return undefined;
    }
    const { principal } = identity;
    const caller = { principal, codec, origin };
    return { take: (body, answer) => this.#take(head, caller, body, answer) };
  }

  #take(
    head: RequestHead,
    caller: KnownCaller,
    body: Uint8Array,
    answer: (answer: HttpResponse) => void,
  ): void {
    const { principal, codec } = caller;
    const read = readCallAs(CALL, codec, body, principal);
    const checked = check(read, head.accept, head.streamId);
    if ('status' in checked) {
      answer(checked);
      return;
    }
    this.#dispatch(checked.call, head.streamId, caller, {
      reply: (status, text) => answer(replyResponse(status, text)),
    });
  }

  #dispatch(
    call: SchedulerCall,
    stream: string | undefined,
    { principal, origin }: Pick<KnownCaller, 'principal' | 'origin'>,
    pending: PendingRequest<MasterStream, MasterResponse>,
  ): void {
    const { dispatch, requests, nowMs, answered } = this.#options;
    if (call.type === SchedulerCall_Type.SUBSCRIBE) {
      const request = requests.add(pending);
      dispatch({
        type: 'schedulerSubscribe',
        nowMs: nowMs(),
        request,
        origin,
        stream: streamId(randomUUID()),
        principal,
        call,
      });
      return;
    }
    const begunMs = performance.now();
    const request = requests.add({
      ...pending,
      reply: (status, text) => {
        answered(status, performance.now() - begunMs);
        pending.reply(status, text);
      },
    });
    const event = {
      type: 'schedulerCall',
      nowMs: nowMs(),
      request,
      origin,
      stream: stream === undefined ? undefined : streamId(stream),
      principal,
      call,
    } as const;
    // An acknowledgement ends work, so it may overtake; all other calls keep their order.
    if (call.type === SchedulerCall_Type.ACKNOWLEDGE) {
      dispatch(event);
    } else {
      this.#asNewWork(event);
    }
  }

  /** Calls other than acknowledgements are few: only they need a function each. */
  #asNewWork(event: Extract<MasterEvent, { type: 'schedulerCall' }>): void {
    const { dispatchNewWork, nowMs } = this.#options;
    dispatchNewWork(() => ({ ...event, nowMs: nowMs() }));
  }
}

const CALL: CallKind<SchedulerCall> = {
  type: types.SchedulerCall,
  name: 'scheduler::Call',
  fault: schedulerCallError,
};

function check(
  read: Decoded<SchedulerCall>,
  accept: string | undefined,
  stream: string | undefined,
): CheckedCall | HttpResponse {
  if ('refusal' in read) {
    return read.refusal;
  }
  const { call } = read;
  const subscribes = call.type === SchedulerCall_Type.SUBSCRIBE;
  if (!subscribes && call.type !== SchedulerCall_Type.RECONCILE_OPERATIONS) {
    return { call, codec: 'json' };
  }
  const codec = negotiate(accept);
  if (codec === undefined) {
    return callAccept;
  }
  return subscribes && stream !== undefined ? subscribeWithStreamId : { call, codec };
}
