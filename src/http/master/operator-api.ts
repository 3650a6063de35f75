// POST /api/v1 of a master. Views answer calls that read; the state machine answers writes and
// SUBSCRIBE.
import type { MasterEvent } from '../../master/events.ts';
import type { MasterViews } from '../../master/views.ts';
import {
  type MasterCall,
  MasterCall_Type,
  type MasterResponse,
  MasterResponse_Type,
} from '../../model/generated/messages.ts';
import { operatorCallError } from '../../model/operator-call.ts';
import type { IoTurn } from '../../runtime/io-turn.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import { writeJson } from '../../wire/json.ts';
import { types } from '../../wire/types.ts';
import { type Auditor, readAuthorizer } from '../server/auditor.ts';
import { type CallKind, readCall } from '../server/call-codec.ts';
import { masterCallName } from '../server/call-validation.ts';
import { type Codec, negotiate } from '../server/content-negotiation.ts';
import { callAccept, methodNotAllowed, notImplemented } from '../server/error-responses.ts';
import { type Caller, processCall } from '../server/process-calls.ts';
import type { ProcessEndpoints } from '../server/process-endpoints.ts';
import { largeMessageResponse } from '../server/reply.ts';
import type { HttpResponse } from '../server/response.ts';
import { replyResponse, writeResponse } from '../server/response-text.ts';
import type { EndpointRequest } from '../server/router.ts';
import { SharedResponses } from '../server/shared-responses.ts';
import { type MasterRequests, OperatorStream } from './streams.ts';

export interface MasterOperatorOptions extends MasterRequests {
  readonly dispatch: (event: MasterEvent) => void;
  readonly nowMs: () => number;
  readonly turn: IoTurn;
  readonly views: MasterViews;
  readonly authorizer: Authorizer;
  readonly auditor: Auditor | undefined;
  readonly process: ProcessEndpoints;
  readonly unavailable: (url: string) => HttpResponse | undefined;
}

/** Between writes to a stream: people watch these, and each write costs as much as ten events. */
const APART_MS = 20;

/** Who asks, and from where. */
type Asker = Pick<Caller, 'principal' | 'origin'> & Partial<Pick<EndpointRequest, 'onGone'>>;

/** Calls whose answer takes the master a while, and is not worth it when nobody waits for it. */
const COMPUTED: ReadonlySet<MasterCall['type']> = new Set([
  MasterCall_Type.EXPLAIN,
  MasterCall_Type.PLAN,
  MasterCall_Type.GET_SHARES,
]);

export class MasterOperatorApi {
  readonly #options: MasterOperatorOptions;
  /** Long responses that are being written; all requests for the same share one. */
  readonly #reads = new SharedResponses<HttpResponse | Promise<HttpResponse>>();

  constructor(options: MasterOperatorOptions) {
    this.#options = options;
  }

  async handle(request: EndpointRequest): Promise<HttpResponse | undefined> {
    const unavailable = this.#options.unavailable(request.url);
    if (unavailable) {
      return unavailable;
    }
    if (request.method !== 'POST') {
      return methodNotAllowed(['POST'], request.method);
    }
    const checked = check(request);
    if ('status' in checked) {
      return checked;
    }
    const { call, codec } = checked;
    if (call.type === MasterCall_Type.SUBSCRIBE) {
      this.#subscribe(call, codec, request);
      return undefined;
    }
    return this.#answer(call, codec, request);
  }

  /** Has the state machine answer a call that changes something, or that it has computed. */
  ask(
    call: MasterCall,
    { principal, origin, onGone }: Asker,
    codec: Codec = 'json',
  ): Promise<HttpResponse> {
    return new Promise((resolve) => {
      const { dispatch, requests, nowMs } = this.#options;
      let isAnswered = false;
      const answer = (response: HttpResponse | Promise<HttpResponse>) => {
        isAnswered = true;
        resolve(response);
      };
      const request = requests.add({
        reply: (status, text) => answer(replyResponse(status, text)),
        respond: (message) => answer(largeMessageResponse(types.MasterResponse, codec, message)),
      });
      if (COMPUTED.has(call.type)) {
        // Of what is answered the id may be another request's by now.
        onGone?.(() => {
          if (!isAnswered) {
            dispatch({ type: 'askerGone', nowMs: nowMs(), request });
          }
        });
      }
      dispatch({ type: 'operatorCall', nowMs: nowMs(), request, origin, principal, call });
    });
  }

  async #answer(call: MasterCall, codec: Codec, caller: EndpointRequest): Promise<HttpResponse> {
    if (call.type === MasterCall_Type.UNKNOWN) {
      return notImplemented;
    }
    const name = masterCallName(call);
    const own = await processCall(this.#options.process, name, call, caller);
    if (own) {
      if ('answer' in own) {
        return own.answer;
      }
      const type = MasterResponse_Type[name as keyof typeof MasterResponse_Type];
      return largeMessageResponse(types.MasterResponse, codec, { type, ...own.response });
    }
    const { views, authorizer: everybodys, auditor } = this.#options;
    const { principal, origin } = caller;
    const authorizer = readAuthorizer(everybodys, auditor, name, origin);
    const reader = JSON.stringify([principal ?? null, ...(auditor ? [origin] : [])]);
    const key = `${codec} ${reader} ${writeJson(types.MasterCall, call)}`;
    const answer = this.#reads.get(key, () => {
      const response: MasterResponse | undefined = views.read(call, { principal, authorizer });
      return response && largeMessageResponse(types.MasterResponse, codec, response);
    });
    return answer ?? this.ask(call, caller, codec);
  }

  #subscribe(call: MasterCall, codec: Codec, request: EndpointRequest): void {
    const { dispatch, requests, streams, nowMs, turn } = this.#options;
    const { principal, origin } = request;
    const response = request.hijack();
    const id = requests.add({
      reply: (status, text) => writeResponse(response, replyResponse(status, text)),
      open: (stream) =>
        new OperatorStream({
          response,
          type: types.MasterEvent,
          codec,
          turn,
          apartMs: APART_MS,
          onLost: () => streams.lost(stream),
        }),
    });
    dispatch({ type: 'operatorCall', nowMs: nowMs(), request: id, origin, principal, call });
  }
}

const MASTER_CALL: CallKind<MasterCall> = {
  type: types.MasterCall,
  name: 'master::Call',
  fault: operatorCallError,
};

function check(
  request: EndpointRequest,
): { readonly call: MasterCall; readonly codec: Codec } | HttpResponse {
  const read = readCall(MASTER_CALL, request.header('content-type'), request);
  if ('refusal' in read) {
    return read.refusal;
  }
  const codec = negotiate(request.header('accept'));
  return codec === undefined ? callAccept : { call: read.call, codec };
}
