// Ordinary requests to the endpoint they mean, on fastify. The path rules are Mesos's: a process
// prefix (`/master`) is optional for the delegate, a trailing slash and further segments do not
// matter (the longest registered prefix answers), every method reaches the endpoint. Before an
// endpoint sees a request it has passed the firewall and the authentication of its realm.
import type { IncomingMessage, ServerResponse } from 'node:http';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Query } from '../../master/views.ts';
import type { Principal } from '../../security/principal.ts';
import { MAX_CALL_BYTES } from '../transport/limits.ts';
import { type Authentication, authenticate, type Realm } from './authentication.ts';
import { RECORDIO_TYPE } from './content-negotiation.ts';
import {
  anonymousPrincipal,
  endpointDisabled,
  internalServerError,
  notFound,
  unauthorized,
} from './error-responses.ts';
import type { Firewall } from './firewall.ts';
import { sendResponse } from './reply.ts';
import { readBody, refuseUnread } from './request-body.ts';
import { headerOf } from './request-headers.ts';
import type { HttpResponse } from './response.ts';

/** What an endpoint gets to see. */
export interface EndpointRequest {
  readonly method: string;
  /** The path of the endpoint that answers, without process prefix: what it is authorized by. */
  readonly endpoint: string;
  /** The path without the query, as sent. */
  readonly path: string;
  /** Path and query, as sent. */
  readonly url: string;
  readonly query: Query;
  /** Empty where the body is a stream. */
  readonly body: Uint8Array;
  /** Only for a body of RecordIO: the body as it arrives. */
  readonly stream: IncomingMessage | undefined;
  readonly principal: Principal | undefined;
  header(name: string): string | undefined;
  /** Whether the client has gone, and with it the reader of the response. */
  isGone(): boolean;
  /** Leaves writing the response to the endpoint. */
  hijack(): ServerResponse;
}

/** Undefined: the endpoint writes the response itself. */
export type Handled = HttpResponse | undefined | Promise<HttpResponse | undefined>;

export interface Endpoint {
  /** Without process prefix, such as `/state`. */
  readonly path: string;
  /** Absent: no authentication. */
  readonly realm?: Realm | undefined;
  /** `delegate` endpoints answer with and without the process prefix, others at the path alone. */
  readonly delegate: boolean;
  /** Only the path itself, with or without a slash behind it: no further segments. */
  readonly exact?: boolean | undefined;
  readonly handle: (request: EndpointRequest) => Handled;
}

export interface RouterOptions {
  /** The process prefix of the delegate, such as `/master` or `/slave(1)`. */
  readonly prefix: string;
  readonly endpoints: readonly Endpoint[];
  readonly authentication: Authentication;
  /** What it closes is answered with 403. */
  readonly firewall: Firewall;
  /** Principals that carry claims but no name are refused (the master). */
  readonly namedPrincipalsOnly?: boolean | undefined;
  readonly onError: (error: Error, path: string) => void;
}

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal | undefined;
  }
}

/** Answers when every route is in place. */
export async function createRouter(
  options: RouterOptions,
): Promise<(request: IncomingMessage, response: ServerResponse) => void> {
  let handler: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  const { createServer } = await import('node:http');
  const app = fastify({
    exposeHeadRoutes: false,
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
    options.onError(error as Error, request.url);
    sendResponse(request, reply, internalServerError('500 Internal Server Error.'));
  });
  await app.ready();
  const route = handler;
  if (!route) {
    throw new Error('fastify made no handler');
  }
  return (request, response) => {
    // Fastify has rules for media types, and Mesos's endpoints have others: they look at what was
    // sent.
    request.headers['content-type'] = ANY_TYPE;
    route(request, response);
  };
}

function addEndpoint(app: FastifyInstance, options: RouterOptions, endpoint: Endpoint): void {
  const paths = endpoint.delegate
    ? [endpoint.path, `${options.prefix}${endpoint.path}`]
    : [endpoint.path];
  const urls = paths.flatMap((path) => [
    path,
    `${path}/`,
    ...(endpoint.exact ? [] : [`${path}/*`]),
  ]);
  // Firewall and authentication are hooks of the endpoint's own scope: no route, and no other
  // spelling of a path that leads to it, can be without them.
  void app.register(async (scope) => {
    if (options.firewall.closes(endpoint)) {
      scope.addHook('onRequest', (request, reply) => {
        sendResponse(request, reply, endpointDisabled(pathOf(request.url)));
      });
    }
    if (endpoint.realm) {
      scope.addHook('onRequest', authenticationHook(options, endpoint.realm));
    }
    for (const url of urls) {
      scope.route({
        method: [...app.supportedMethods],
        url,
        handler: (request, reply) => answer(endpoint, request, reply),
      });
    }
  });
}

function authenticationHook(options: RouterOptions, realm: Realm) {
  return (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    const result = authenticate(
      options.authentication,
      realm,
      headerOf(request.raw, 'authorization'),
    );
    if ('challenge' in result) {
      sendResponse(request, reply, unauthorized(result.challenge));
      return;
    }
    const { principal } = result;
    if (options.namedPrincipalsOnly && principal && principal.value === undefined) {
      sendResponse(request, reply, anonymousPrincipal);
      return;
    }
    request.principal = principal;
    done();
  };
}

async function answer(
  endpoint: Endpoint,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  const { body } = request;
  const handled = endpoint.handle({
    method: request.method,
    endpoint: endpoint.path,
    path: pathOf(request.url),
    url: request.url,
    query: request.query as Query,
    body: body instanceof Uint8Array ? body : EMPTY,
    stream: body !== undefined && !(body instanceof Uint8Array) ? request.raw : undefined,
    principal: request.principal,
    header: (name) => headerOf(request.raw, name),
    isGone: () => reply.raw.destroyed,
    hijack: () => {
      reply.hijack();
      return reply.raw;
    },
  });
  const result = handled instanceof Promise ? await handled : handled;
  if (result) {
    await sendResponse(request, reply, result);
  }
  return reply;
}

const EMPTY = new Uint8Array(0);

/** What fastify sees of every Content-Type. */
const ANY_TYPE = 'application/octet-stream';

/** The body cannot be had; the answer says why. */
class BodyRefusedError extends Error {
  readonly code = 'MESOSCALE_BODY_REFUSED';
  readonly answer: HttpResponse;

  constructor(answer: HttpResponse) {
    super(`The body was refused with status ${answer.status}`);
    this.answer = answer;
  }
}

/** Endpoints judge content types themselves; here every body is bytes, or a stream of records. */
function acceptAnyBody(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async (request: FastifyRequest) => {
    const { raw } = request;
    if (headerOf(raw, 'content-type') === RECORDIO_TYPE) {
      return raw;
    }
    const body = await readBody(raw, { limitBytes: MAX_CALL_BYTES });
    if (body instanceof Uint8Array) {
      return body;
    }
    throw new BodyRefusedError(body);
  });
}

/** The first value of each name counts. */
export function parseQuery(text: string): Query {
  const query: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(text)) {
    query[name] ??= value;
  }
  return query;
}

const pathOf = (url: string) => {
  const mark = url.indexOf('?');
  return mark < 0 ? url : url.slice(0, mark);
};
