// Routes ordinary requests to endpoints, with fastify. The rules for paths are Mesos's: the
// delegate's process prefix (`/master`) is optional, a trailing slash and further segments do not
// matter (the longest registered path answers), and every method is accepted. A request reaches its
// endpoint after the firewall and the authentication of its realm.
import type { IncomingMessage, ServerResponse } from 'node:http';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Query } from '../../master/views.ts';
import { plainIp } from '../../model/origin.ts';
import type { Principal } from '../../security/principal.ts';
import type { RequestDurations } from '../metrics/request-durations.ts';
import { MAX_CALL_BYTES } from '../transport/limits.ts';
import type { Auditor } from './auditor.ts';
import type { Realm } from './authentication.ts';
import { RECORDIO_TYPE } from './content-negotiation.ts';
import {
  endpointDisabled,
  internalServerError,
  jsonpName,
  malformedRequest,
  notFound,
} from './error-responses.ts';
import type { Firewall } from './firewall.ts';
import { type IdentifyOptions, identify } from './identify.ts';
import { LargeBodies } from './large-bodies.ts';
import { sendResponse } from './reply.ts';
import { readBody, refuseUnread } from './request-body.ts';
import { headerOf } from './request-headers.ts';
import type { HttpResponse } from './response.ts';
import type { Underway } from './underway.ts';

/** A request, as endpoints see it. */
export interface EndpointRequest {
  readonly method: string;
  /** The IP address that it comes from; empty at a Unix socket. */
  readonly origin: string;
  /** The path of the endpoint without process prefix, by which it is authorized. */
  readonly endpoint: string;
  /** The path as sent, without the query. */
  readonly path: string;
  /** Path and query as sent. */
  readonly url: string;
  readonly query: Query;
  /** Empty where the body is a stream. */
  readonly body: Uint8Array;
  /** The body as it arrives; only for a body of RecordIO. */
  readonly stream: IncomingMessage | undefined;
  readonly principal: Principal | undefined;
  /** Its head, as node:http has read it. */
  readonly head: IncomingMessage;
  header(name: string): string | undefined;
  /** Whether the client has disconnected. */
  isGone(): boolean;
  /** Calls back, once, when the connection is closed before the response is sent. */
  onGone(gone: () => void): void;
  /** Gives the response to the endpoint, which writes it itself. */
  hijack(): ServerResponse;
}

/** Undefined where the endpoint writes the response itself. */
export type Handled = HttpResponse | undefined | Promise<HttpResponse | undefined>;

export interface Endpoint {
  /** The path without process prefix, such as `/state`. */
  readonly path: string;
  /** Undefined: no authentication. It may depend on the method. */
  readonly realm?: Realm | ((method: string) => Realm) | undefined;
  /**
   * A `delegate` endpoint answers with and without the process prefix, others only at their path.
   */
  readonly delegate: boolean;
  /** If true, only the path itself matches, with or without a trailing slash. */
  readonly exact?: boolean | undefined;
  readonly handle: (request: EndpointRequest) => Handled;
}

export interface RouterOptions extends IdentifyOptions {
  /** The process prefix of the delegate, such as `/master` or `/slave(1)`. */
  readonly prefix: string;
  readonly endpoints: readonly Endpoint[];
  /** Requests to closed endpoints get a 403. */
  readonly firewall: Firewall;
  /** Is told of requests that are refused here. */
  readonly auditor?: Auditor | undefined;
  readonly onError: (error: Error, path: string) => void;
  /** Keeps the answers that take their time, so that they can be refused. */
  readonly underway?: Underway | undefined;
  /** Is told how long each answer took to be made. */
  readonly durations?: RequestDurations | undefined;
}

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal | undefined;
  }
}

function noSchemas(): never {
  throw new Error('routes have no schemas');
}

/** Resolves when all routes are registered. */
export async function createRouter(
  options: RouterOptions,
): Promise<(request: IncomingMessage, response: ServerResponse) => void> {
  let handler: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  const { createServer } = await import('node:http');
  const app = fastify({
    exposeHeadRoutes: false,
    // No route has a schema. Without compilers for them, Fastify loads 114 files fewer.
    schemaController: {
      compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas },
    },
    forceCloseConnections: false,
    routerOptions: {
      ignoreDuplicateSlashes: true,
      maxParamLength: 4_096,
      querystringParser: (text) => parseQuery(text) as Record<string, string>,
    },
    serverFactory: (inner) => {
      handler = inner;
      return createServer();
    },
  });
  app.decorateRequest('principal', undefined);
  acceptAnyBody(app);
  app.addHook('onRequest', (request, reply, done) => {
    if (pathOf(request.url).includes('/..')) {
      sendResponse(request, reply, notFound());
    } else {
      done();
    }
  });
  for (const endpoint of options.endpoints) {
    addEndpoint(app, options, endpoint);
  }
  app.setNotFoundHandler((request, reply) => sendResponse(request, reply, notFound()));
  app.setErrorHandler((error, request, reply) => {
    if (error instanceof BodyRefusedError) {
      reply.hijack();
      refuseUnread(request.raw, reply.raw, error.answer);
      return;
    }
    if (isCutOff(error, reply)) {
      reply.hijack();
      return;
    }
    options.onError(error as Error, request.url);
    sendResponse(request, reply, internalServerError('500 Internal Server Error.'));
  });
  await app.ready();
  const route = handler;
  if (!route) {
    throw new Error('fastify made no handler');
  }
  return (request, response) => {
    // Fastify has rules of its own for media types. Endpoints follow Mesos's, and read the
    // original.
    request.headers['content-type'] = ANY_TYPE;
    route(request, response);
  };
}

function addEndpoint(app: FastifyInstance, options: RouterOptions, endpoint: Endpoint): void {
  const paths = endpoint.delegate
    ? [endpoint.path, `${options.prefix}${endpoint.path}`]
    : [endpoint.path];
  const urls = paths.flatMap((path) =>
    path === '/' ? [path] : [path, `${path}/`, ...(endpoint.exact ? [] : [`${path}/*`])],
  );
  // Firewall and authentication are hooks in the scope of all endpoints: no route, and no other
  // spelling of its path, can be without them.
  void app.register(async (scope) => {
    if (options.firewall.closes(endpoint)) {
      scope.addHook('onRequest', (request, reply) => {
        sendResponse(request, reply, endpointDisabled(pathOf(request.url)));
      });
    }
    if (endpoint.realm) {
      scope.addHook('onRequest', authenticationHook(options, endpoint.path, endpoint.realm));
    }
    for (const url of urls) {
      scope.route({
        method: [...app.supportedMethods],
        url,
        handler: (request, reply) => answer(endpoint, request, reply, options),
      });
    }
  });
}

function authenticationHook(
  options: RouterOptions,
  call: string,
  realmOf: NonNullable<Endpoint['realm']>,
) {
  const { auditor } = options;
  return (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    const { raw, method, query } = request;
    const who = identify(options, raw, {
      realm: typeof realmOf === 'function' ? realmOf(method) : realmOf,
      kind: (query as Query).jsonp === undefined ? 'plain' : 'script',
    });
    if ('refusal' in who) {
      const { why, claimed } = who;
      auditor?.disbelieve({ call, why: `authentication: ${why}`, claimed }, originOf(request));
      sendResponse(request, reply, who.refusal);
      return;
    }
    request.principal = who.principal;
    done();
  };
}

async function answer(
  endpoint: Endpoint,
  request: FastifyRequest,
  reply: FastifyReply,
  { underway, durations, onError }: Pick<RouterOptions, 'underway' | 'durations' | 'onError'>,
): Promise<FastifyReply | undefined> {
  if (!FUNCTION.test((request.query as Query).jsonp ?? '')) {
    await sendResponse(request, reply, jsonpName);
    return reply;
  }
  const begunMs = performance.now();
  try {
    const handled = endpoint.handle(endpointRequest(endpoint, request, reply));
    const result =
      handled instanceof Promise ? await (underway?.orRefusal(handled) ?? handled) : handled;
    if (result) {
      durations?.add(endpoint.path, result.status, performance.now() - begunMs);
      await sendResponse(request, reply, result);
    }
  } catch (error) {
    if (!reply.sent) {
      durations?.add(endpoint.path, 500, performance.now() - begunMs);
      throw error;
    }
    // An endpoint has begun to answer by itself, and nobody else ends that.
    if (!isCutOff(error, reply)) {
      onError(error as Error, request.url);
    }
    reply.raw.destroy();
  }
  return reply;
}

function endpointRequest(
  endpoint: Endpoint,
  request: FastifyRequest,
  reply: FastifyReply,
): EndpointRequest {
  const { body } = request;
  return {
    method: request.method,
    origin: originOf(request),
    endpoint: endpoint.path,
    path: pathOf(request.url),
    url: request.url,
    query: request.query as Query,
    body: body instanceof Uint8Array ? body : EMPTY,
    stream: body !== undefined && !(body instanceof Uint8Array) ? request.raw : undefined,
    principal: request.principal,
    head: request.raw,
    header: (name) => headerOf(request.raw, name),
    isGone: () => reply.raw.destroyed,
    onGone: (gone) => {
      const closed = () => {
        if (!reply.raw.writableFinished) {
          gone();
        }
      };
      if (reply.raw.closed) {
        closed();
      } else {
        reply.raw.once('close', closed);
      }
    },
    hijack: () => {
      reply.hijack();
      return reply.raw;
    },
  };
}

/**
 * Whether the response failed only because its connection is closed, by the client or for what the
 * client sent: the stream of the body then ends with this code. Any other error is ours.
 */
const isCutOff = (error: unknown, { raw }: FastifyReply): boolean =>
  raw.destroyed && (error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE';

const EMPTY = new Uint8Array(0);

/** What would be more than a name would be a script of this origin that anybody can write. */
const FUNCTION = /^[\w$.[\]]{0,256}$/;

/** The Content-Type that fastify sees for every request. */
const ANY_TYPE = 'application/octet-stream';

/** The body cannot be read; the response says why. */
class BodyRefusedError extends Error {
  readonly code = 'MESOSCALE_BODY_REFUSED';
  readonly answer: HttpResponse;

  constructor(answer: HttpResponse) {
    super(`The body was refused with status ${answer.status}`);
    this.answer = answer;
  }
}

/**
 * Accepts any body as bytes, or as a stream of records: endpoints judge the content type
 * themselves.
 */
function acceptAnyBody(app: FastifyInstance): void {
  const large = new LargeBodies();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async (request: FastifyRequest) => {
    const { raw } = request;
    if (headerOf(raw, 'content-type') === RECORDIO_TYPE) {
      return raw;
    }
    const body = await readBody(raw, { limitBytes: MAX_CALL_BYTES });
    if (!(body instanceof Uint8Array)) {
      throw new BodyRefusedError(body);
    }
    const cutOff = () => raw.socket.destroy();
    if (await large.mayRead({ bytes: body.length, ip: originOf(request), cutOff })) {
      return body;
    }
    throw new BodyRefusedError(malformedRequest);
  });
}

/** Of several values for a name the first counts. */
export function parseQuery(text: string): Query {
  const query: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(text)) {
    query[name] ??= value;
  }
  return query;
}

const originOf = ({ raw }: FastifyRequest) => plainIp(raw.socket.remoteAddress ?? '');

const pathOf = (url: string) => {
  const mark = url.indexOf('?');
  return mark < 0 ? url : url.slice(0, mark);
};
