// Requests to agents that come by the master, for browsers that reach no agent: each is made anew,
// of what is known to matter, and its answer goes back as it comes, no faster than the client takes
// it. The agent decides what the principal may do, and knows by the master's word who that is.
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { AgentPlace } from '../../master/views.ts';
import { parseAddress } from '../../model/address.ts';
import { partyOf } from '../../security/party.ts';
import { answerHead, whenConnected } from '../client/answer-head.ts';
import { KeptConnections } from '../client/kept-connections.ts';
import type { Realm } from '../server/authentication.ts';
import {
  badGateway,
  forbidden,
  notFound,
  packedStream,
  serviceUnavailable,
} from '../server/error-responses.ts';
import { encodingOf, refuseUnread } from '../server/request-body.ts';
import type { HttpResponse } from '../server/response.ts';
import type { Endpoint, EndpointRequest } from '../server/router.ts';
import type { Dialer } from '../transport/dialer.ts';
import { LINGER_MS } from '../transport/refusal.ts';
import { type Asker, askerOf, unknownAsker } from './asker.ts';
import { firstRecord } from './first-record.ts';
import type { Patience } from './patience.ts';
import { GIVEN_WAY, type RelayPlace, type RelayRoom } from './relay-room.ts';
import { type RelayTarget, relayTarget } from './relay-target.ts';
import { RELAYED_HEADER } from './relay-token.ts';

export interface RelayOptions {
  readonly dialer: Dialer;
  readonly room: RelayRoom;
  readonly agentPlace: (id: string) => AgentPlace | undefined;
  readonly nowMs: () => number;
  readonly unavailable: (url: string) => HttpResponse | undefined;
  readonly patience: Patience;
}

/** The fields of requests and answers that are taken over, those of a connection not among them. */
const REQUEST_FIELDS = [
  ...['accept', 'accept-encoding', 'content-type', 'message-accept', 'message-content-type'],
];
const ANSWER_FIELDS = [
  ...['allow', 'content-disposition', 'content-encoding', 'content-length', 'content-type'],
  ...['message-content-type', 'www-authenticate'],
];

/** An answer may be what a task has written: it is shown by no browser as a page of this origin. */
const SAFE = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
} as const;

export class Relay {
  readonly #options: RelayOptions;
  readonly #connections: KeptConnections;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#connections = new KeptConnections(options.dialer);
  }

  endpoint(): Endpoint {
    const realm = (method: string): Realm =>
      method === 'GET' || method === 'HEAD' ? 'mesos-master-readonly' : 'mesos-master-readwrite';
    return { path: '/agent', delegate: true, realm, handle: (request) => this.#handle(request) };
  }

  #handle(request: EndpointRequest): HttpResponse | Promise<HttpResponse | undefined> {
    const unavailable = this.#options.unavailable(request.url);
    if (unavailable) {
      return unavailable;
    }
    const target = relayTarget(request);
    if ('status' in target) {
      return target;
    }
    const place = this.#options.agentPlace(target.agent);
    if (place === undefined) {
      return notFound(`No agent ${target.agent} is registered and connected.`);
    }
    if (request.stream !== undefined && encodingOf(request.stream) !== 'identity') {
      return packedStream;
    }
    const taken = this.#options.room.take(partyOf(request.principal, request.origin), target.agent);
    return 'full' in taken
      ? serviceUnavailable(`${taken.full}.`)
      : this.#relay(request, target, { ...place, taken }).finally(() => taken.over());
  }

  /** Ends when the answer has been sent, or either side has gone. */
  async #relay(
    request: EndpointRequest,
    target: RelayTarget,
    place: AgentPlace & { readonly taken: RelayPlace },
  ): Promise<HttpResponse | undefined> {
    const { principal } = request;
    const client = { principal, authorization: request.header('authorization') };
    const { agent } = target;
    const asker = askerOf(client, place, { agent, nowMs: this.#options.nowMs() });
    const asked = this.#ask(request, target, place, asker);
    request.onGone(() => asked.destroy());
    const { answerMs } = this.#options.patience;
    let refusal: HttpResponse | undefined;
    place.taken.giveWay = () => {
      refusal = serviceUnavailable(`${GIVEN_WAY}.`);
      asked.destroy(new Error(GIVEN_WAY));
    };
    if (request.stream !== undefined) {
      void firstRecord(request.stream, answerMs).then((fault) => {
        if (fault !== undefined) {
          refusal = fault;
          asked.destroy(new Error('the body of the request is refused'));
        }
      });
    }
    let answer: IncomingMessage;
    try {
      answer = await answered(asked, { isRead: request.method !== 'POST', answerMs });
    } catch (error) {
      const why = `Agent ${agent} does not answer: ${(error as Error).message}.`;
      return this.#refuse(request, refusal ?? badGateway(why));
    }
    const unknown = answer.statusCode === 401 ? unknownAsker(agent, asker) : undefined;
    if (unknown !== undefined) {
      asked.destroy();
      return this.#refuse(request, forbidden(unknown));
    }
    await this.#sendBack(request, answer, target);
    asked.destroy();
    return undefined;
  }

  #ask(
    request: EndpointRequest,
    { path }: RelayTarget,
    place: AgentPlace,
    { authorization }: Asker,
  ): ClientRequest {
    const { body, stream, method } = request;
    const { host, port } = parseAddress(place.address) ?? { host: '', port: 0 };
    const headers: Record<string, string | number> = { [RELAYED_HEADER]: 1 };
    for (const name of REQUEST_FIELDS) {
      const value = request.header(name);
      if (value !== undefined) {
        headers[name] = value;
      }
    }
    if (authorization !== undefined) {
      headers.authorization = authorization;
    }
    if (stream === undefined && method === 'POST') {
      headers['content-length'] = body.length;
    }
    const asked = httpRequest({
      ...{ host, port, path, method, headers },
      agent: this.#connections,
      timeout: this.#options.patience.silenceMs,
    });
    asked.on('timeout', () => asked.destroy(new Error('it was silent for too long')));
    // Other errors are seen where the answer is awaited, or read.
    asked.on('error', () => undefined);
    if (stream === undefined) {
      asked.end(body);
    } else {
      this.#upload(stream, asked, request);
    }
    return asked;
  }

  /** The client may be in the midst of a body. */
  #refuse(request: EndpointRequest, refusal: HttpResponse): HttpResponse | undefined {
    const { stream } = request;
    if (stream === undefined || stream.complete || request.isGone()) {
      return refusal;
    }
    refuseUnread(stream, request.hijack(), refusal);
    return undefined;
  }

  /** The body goes on while the agent takes it; what comes afterwards is discarded. */
  #upload(stream: IncomingMessage, asked: ClientRequest, request: EndpointRequest): void {
    const pace = this.#pace(request);
    stream.pipe(pace).pipe(asked);
    stream.once('close', () => {
      if (!stream.complete) {
        asked.destroy();
      }
    });
    asked.once('close', () => {
      stream.unpipe(pace);
      stream.resume();
    });
  }

  async #sendBack(
    request: EndpointRequest,
    answer: IncomingMessage,
    { path }: RelayTarget,
  ): Promise<void> {
    const response = request.hijack();
    const { stream } = request;
    const headers: Record<string, string> = { ...SAFE };
    // Who reads a length there waits for a body, or takes the next answer for it.
    const isBodiless = answer.statusCode === 204 || answer.statusCode === 304;
    if (/^\/files\/(?:download|archive)\?/.test(path)) {
      headers['content-disposition'] = 'attachment';
    }
    for (const name of ANSWER_FIELDS) {
      const value = answer.headers[name];
      if (typeof value === 'string' && !(isBodiless && name === 'content-length')) {
        headers[name] = value;
      }
    }
    const isUnread = stream !== undefined && !stream.complete;
    if (isUnread) {
      headers.connection = 'close';
    }
    response.writeHead(answer.statusCode ?? 502, headers);
    response.flushHeaders();
    try {
      await pipeline(answer, this.#pace(request), response, { end: false });
    } catch {
      // The client sees that something is missing.
      response.destroy();
      return;
    }
    if (stream !== undefined && isUnread) {
      await ended(stream, LINGER_MS);
    }
    response.end();
  }

  /** Lets bytes pass as there is room for those of all relays. */
  #pace({ principal, origin }: EndpointRequest): Transform {
    const { room } = this.#options;
    const party = partyOf(principal, origin);
    return new Transform({
      transform(chunk: Buffer, _encoding, passed) {
        room.pass(party, chunk.length, () => passed(null, chunk));
      },
    });
  }
}

/** The head of the answer. An agent is given some time to be reached, and for a read to answer. */
function answered(
  asked: ClientRequest,
  { isRead, answerMs }: { readonly isRead: boolean; readonly answerMs: number },
): Promise<IncomingMessage> {
  const late = () => asked.destroy(new Error(`it took more than ${answerMs / 1_000} seconds`));
  const timer = setTimeout(late, answerMs).unref();
  const inTime = () => clearTimeout(timer);
  asked.once('close', inTime);
  asked.once('response', inTime);
  if (!isRead) {
    whenConnected(asked, inTime);
  }
  return answerHead(asked);
}

/** Waits until the stream has ended, and not longer than that. */
function ended(stream: IncomingMessage, mostMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, mostMs).unref();
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    stream.once('end', done).once('close', done);
  });
}
