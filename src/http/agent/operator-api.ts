// POST /api/v1 of an agent. Views answer calls that read; the state machine answers calls that
// change something. A call that is a stream of records names the records' type in
// Message-Content-Type.
import type { AgentEvent } from '../../agent/events.ts';
import type { AgentViews, Viewer } from '../../agent/views.ts';
import { containerIdOf } from '../../model/container-id.ts';
import {
  type AgentCall,
  type AgentCall_GetContainers,
  AgentCall_Type,
  AgentResponse_Type,
} from '../../model/generated/messages.ts';
import { launchOf } from '../../model/launched-container.ts';
import type { PendingRequest, PendingRequests } from '../../runtime/pending-requests.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import { writeJson } from '../../wire/json.ts';
import { types } from '../../wire/types.ts';
import { type Auditor, readAuthorizer } from '../server/auditor.ts';
import { decodeCall, messageResponse } from '../server/call-codec.ts';
import { agentCallFault, agentCallName } from '../server/call-validation.ts';
import {
  acceptsMediaType,
  type Codec,
  codecOf,
  JSON_TYPE,
  negotiate,
  PROTOBUF_TYPE,
  RECORDIO_TYPE,
} from '../server/content-negotiation.ts';
import {
  agentAccept,
  agentContentType,
  bodyEnded,
  contentTypeMissing,
  invalidCall,
  messageAcceptUnexpected,
  messageAcceptUnknown,
  messageContentTypeMissing,
  messageContentTypeUnexpected,
  messageContentTypeUnknown,
  methodNotAllowed,
  notImplemented,
  streamingRequestExpected,
  streamingRequestUnsupported,
  streamingResponseUnsupported,
} from '../server/error-responses.ts';
import { type Caller, processCall } from '../server/process-calls.ts';
import type { ProcessEndpoints } from '../server/process-endpoints.ts';
import { largeMessageResponse } from '../server/reply.ts';
import { refuseUnread } from '../server/request-body.ts';
import { RequestRecords } from '../server/request-records.ts';
import type { HttpResponse } from '../server/response.ts';
import { replyResponse } from '../server/response-text.ts';
import type { EndpointRequest } from '../server/router.ts';
import { SharedResponses } from '../server/shared-responses.ts';
import { sendOutput, takeInput } from './attachments.ts';
import {
  type ContainerUsage,
  containerMessage,
  listContainers,
  listOthers,
  type OtherContainers,
  type UserOf,
} from './containers.ts';
import type { ExecutorStream } from './executor-api.ts';

export interface AgentOperatorOptions {
  readonly dispatch: (event: AgentEvent) => void;
  readonly nowMs: () => number;
  readonly requests: PendingRequests<ExecutorStream>;
  readonly views: AgentViews;
  readonly authorizer: Authorizer;
  readonly auditor: Auditor | undefined;
  readonly process: ProcessEndpoints;
  readonly unavailable: () => HttpResponse | undefined;
  readonly usage: ContainerUsage | undefined;
  /** The interval of heartbeats on the output of containers. */
  readonly heartbeatMs: number;
  readonly others: OtherContainers;
  readonly userOf: UserOf;
}

/** How a request is written, and how its response has to be written. */
interface Media {
  readonly streamingRequest: boolean;
  readonly request: Codec;
  readonly streamingResponse: boolean;
  readonly answer: Codec;
}

/** The longest record of a body that goes on: pieces of a process's input. */
const MAX_RECORD_BYTES = 4 * 1024 * 1024;

/** Calls whose body or answer goes on as a stream. */
const ATTACHING: ReadonlySet<number> = new Set([
  AgentCall_Type.ATTACH_CONTAINER_INPUT,
  AgentCall_Type.ATTACH_CONTAINER_OUTPUT,
  AgentCall_Type.LAUNCH_NESTED_CONTAINER_SESSION,
]);
type Asking = Caller & Pick<EndpointRequest, 'onGone'>;

/** Calls that may be answered with a stream of records. */
const STREAMED: ReadonlySet<number> = new Set([
  AgentCall_Type.ATTACH_CONTAINER_OUTPUT,
  AgentCall_Type.LAUNCH_NESTED_CONTAINER_SESSION,
]);

export class AgentOperatorApi {
  readonly #options: AgentOperatorOptions;
  /** Long responses that are being written; all requests for the same share one. */
  readonly #reads = new SharedResponses<HttpResponse | Promise<HttpResponse>>();

  constructor(options: AgentOperatorOptions) {
    this.#options = options;
  }

  async handle(request: EndpointRequest): Promise<HttpResponse | undefined> {
    const unavailable = this.#options.unavailable();
    if (unavailable) {
      return unavailable;
    }
    if (request.method !== 'POST') {
      return methodNotAllowed(['POST'], request.method);
    }
    const media = mediaOf(request);
    if ('status' in media) {
      return media;
    }
    const { stream } = request;
    if (!media.streamingRequest || stream === undefined) {
      return media.streamingRequest ? bodyEnded : this.#take(request.body, media, request);
    }
    const records = new RequestRecords(stream, { limitBytes: MAX_RECORD_BYTES });
    const first = await records.next();
    const answer =
      first instanceof Uint8Array
        ? await this.#take(first, media, request, records)
        : typeof first === 'string'
          ? bodyEnded
          : first;
    if (answer === undefined || stream.complete) {
      return answer;
    }
    refuseUnread(stream, request.hijack(), answer);
    return undefined;
  }

  /** `records` are those that follow the body, which is the first. */
  async #take(
    body: Uint8Array,
    media: Media,
    request: EndpointRequest,
    records?: RequestRecords,
  ): Promise<HttpResponse | undefined> {
    const decoded = decodeCall(types.AgentCall, media.request, body, true);
    if ('refusal' in decoded) {
      return decoded.refusal;
    }
    const { call } = decoded;
    const fault = agentCallFault(call);
    if (fault !== undefined) {
      return invalidCall('agent::Call', fault);
    }
    const wrong = mismatch(call, media);
    if (wrong !== undefined) {
      return wrong;
    }
    return ATTACHING.has(call.type ?? 0)
      ? this.#attach(call, media, request, records)
      : this.#answer(call, media.answer, request);
  }

  async #answer(call: AgentCall, codec: Codec, caller: Asking): Promise<HttpResponse> {
    const { principal, origin } = caller;
    if (call.type === AgentCall_Type.UNKNOWN) {
      return notImplemented;
    }
    const name = agentCallName(call);
    const own = await processCall(this.#options.process, name, call, caller);
    if (own) {
      if ('answer' in own) {
        return own.answer;
      }
      const type = AgentResponse_Type[name as keyof typeof AgentResponse_Type];
      return largeMessageResponse(types.AgentResponse, codec, { type, ...own.response });
    }
    const { views, authorizer: everybodys, auditor } = this.#options;
    const authorizer = readAuthorizer(everybodys, auditor, name, origin);
    if (call.type === AgentCall_Type.GET_CONTAINERS) {
      const containers = await this.#containers(call.get_containers ?? {}, {
        principal,
        authorizer,
      });
      return messageResponse(types.AgentResponse, codec, {
        type: AgentResponse_Type.GET_CONTAINERS,
        // Without containers the list is absent, as in Mesos.
        ...(containers.length > 0 ? { get_containers: { containers } } : {}),
      });
    }
    const reader = JSON.stringify([principal ?? null, ...(auditor ? [origin] : [])]);
    const key = `${codec} ${reader} ${writeJson(types.AgentCall, call)}`;
    const answer = this.#reads.get(key, () => {
      const response = views.read(call, { principal, authorizer });
      return response && largeMessageResponse(types.AgentResponse, codec, response);
    });
    return answer ?? this.#ask(call, codec, caller);
  }

  /** Undefined where the answer is a stream. */
  #attach(
    call: AgentCall,
    media: Media,
    request: EndpointRequest,
    records: RequestRecords | undefined,
  ): Promise<HttpResponse | undefined> {
    const { heartbeatMs } = this.#options;
    return new Promise((resolve) =>
      this.#dispatch(call, request, {
        reply: (status, text) => resolve(replyResponse(status, text)),
        sendOutput: (output) => {
          const { answer: codec, streamingResponse: isDeclared } = media;
          void sendOutput(output, request.hijack(), { codec, isDeclared, heartbeatMs });
          resolve(undefined);
        },
        takeInput: (input) =>
          resolve(records === undefined ? bodyEnded : takeInput(input, records, media.request)),
      }),
    );
  }

  async #containers(show: AgentCall_GetContainers, viewer: Viewer) {
    const { views, usage, others } = this.#options;
    const executors = await listContainers(views, viewer, usage);
    const below = await listOthers(executors, viewer, { others, usage, show });
    return [...executors.map(containerMessage), ...below];
  }

  #ask(call: AgentCall, codec: Codec, asking: Asking): Promise<HttpResponse> {
    return new Promise((resolve) =>
      this.#dispatch(call, asking, {
        reply: (status, text) => resolve(replyResponse(status, text)),
        respond: (response) => resolve(messageResponse(types.AgentResponse, codec, response)),
        onGone: (gone) => asking.onGone(gone),
      }),
    );
  }

  #dispatch(
    call: AgentCall,
    { principal, origin }: Pick<Caller, 'principal' | 'origin'>,
    pending: PendingRequest<ExecutorStream>,
  ): void {
    const { dispatch, requests, nowMs } = this.#options;
    const request = requests.add(pending);
    const userAbove = this.#userAbove(call);
    dispatch({ type: 'operatorCall', nowMs: nowMs(), request, origin, principal, call, userAbove });
  }

  #userAbove(call: AgentCall): string | undefined {
    const parent = launchOf(call)?.container_id.parent;
    return parent && this.#options.userOf(containerIdOf(parent));
  }
}

/** The checks are in Mesos's order. */
function mediaOf(request: EndpointRequest): Media | HttpResponse {
  const contentType = request.header('content-type');
  if (contentType === undefined) {
    return contentTypeMissing;
  }
  const streamingRequest = contentType === RECORDIO_TYPE;
  const messageType = request.header('message-content-type');
  if (!streamingRequest && codecOf(contentType) === undefined) {
    return agentContentType;
  }
  if (streamingRequest && messageType === undefined) {
    return messageContentTypeMissing;
  }
  if (!streamingRequest && messageType !== undefined) {
    return messageContentTypeUnexpected;
  }
  const requestCodec = codecOf(streamingRequest ? (messageType ?? '') : contentType);
  if (requestCodec === undefined) {
    return messageContentTypeUnknown;
  }
  const answer = answerMediaOf(request);
  return 'status' in answer ? answer : { streamingRequest, request: requestCodec, ...answer };
}

function answerMediaOf(
  request: EndpointRequest,
): Pick<Media, 'streamingResponse' | 'answer'> | HttpResponse {
  const accept = request.header('accept');
  const plain = negotiate(accept);
  const messageAccept = request.header('message-accept');
  if (plain !== undefined) {
    return messageAccept === undefined
      ? { streamingResponse: false, answer: plain }
      : messageAcceptUnexpected;
  }
  if (!acceptsMediaType(accept, RECORDIO_TYPE)) {
    return agentAccept;
  }
  if (acceptsMediaType(messageAccept, JSON_TYPE)) {
    return { streamingResponse: true, answer: 'json' };
  }
  return acceptsMediaType(messageAccept, PROTOBUF_TYPE)
    ? { streamingResponse: true, answer: 'protobuf' }
    : messageAcceptUnknown;
}

/** Why the call cannot be sent, or answered, in the media types of the request. */
function mismatch(call: AgentCall, media: Media): HttpResponse | undefined {
  const attaches = call.type === AgentCall_Type.ATTACH_CONTAINER_INPUT;
  if (media.streamingRequest && !attaches) {
    return streamingRequestUnsupported(agentCallName(call));
  }
  if (!media.streamingRequest && attaches) {
    return streamingRequestExpected(agentCallName(call));
  }
  return media.streamingResponse && !STREAMED.has(call.type ?? 0)
    ? streamingResponseUnsupported(agentCallName(call))
    : undefined;
}
