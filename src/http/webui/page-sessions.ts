// Sessions at the master: which requests have one, and the endpoint by which the page begins and
// ends it.
import type { IncomingMessage } from 'node:http';
import { plainIp } from '../../model/origin.ts';
import type { Principal } from '../../security/principal.ts';
import type { Auditor } from '../server/auditor.ts';
import {
  type AskedOfSession,
  type Authentication,
  authenticate,
  type OfSession,
  peerOf,
  type Realm,
  type SessionReader,
} from '../server/authentication.ts';
import {
  anonymousPrincipal,
  badRequest,
  foreignRequest,
  methodNotAllowed,
  tooManyGuesses,
  unauthorized,
} from '../server/error-responses.ts';
import {
  foreignRead,
  foreignSessionSocket,
  foreignWrite,
  isOfPage,
  isWrite,
} from '../server/own-requests.ts';
import { jsonResponse } from '../server/reply.ts';
import { headerOf } from '../server/request-headers.ts';
import type { HttpResponse } from '../server/response.ts';
import type { Endpoint, EndpointRequest } from '../server/router.ts';
import { verifiedSubject } from '../transport/tls-peer.ts';
import { cookiesOf, setCookie } from './cookies.ts';
import {
  type Believed,
  LongPrincipalError,
  SESSION_MS,
  Sessions,
  type SessionsOptions,
} from './sessions.ts';

export interface PageSessionsOptions extends SessionsOptions {
  readonly authentication: Authentication;
  readonly auditor: Auditor | undefined;
  /** The port that the master listens on. */
  readonly port: () => number;
}

const PATH = '/webui/session';
/**
 * Those in which sessions count: operators', and not frameworks'. Who may change something may
 * begin one; where that is open, who may read.
 */
const REALMS: readonly Realm[] = ['mesos-master-readwrite', 'mesos-master-readonly'];

/** Browsers ask for names and secrets by themselves where the scheme is one they know. */
const CHALLENGE = 'Session realm="mesos-master-readwrite"';

export class PageSessions implements SessionReader {
  readonly #options: PageSessionsOptions;
  readonly #sessions: Sessions;

  constructor(options: PageSessionsOptions) {
    this.#options = options;
    this.#sessions = new Sessions(options);
  }

  read(request: IncomingMessage, { realm, kind }: AskedOfSession): OfSession | undefined {
    if (!REALMS.includes(realm)) {
      return undefined;
    }
    const believed = this.#believe(request);
    if (believed === undefined || 'why' in believed) {
      return believed;
    }
    const foreign =
      kind === 'socket'
        ? foreignSessionSocket(request)
        : isWrite(request)
          ? foreignWrite(request)
          : foreignRead(request, kind === 'script');
    return foreign === undefined ? { principal: believed.principal } : { foreign };
  }

  challengeFor(request: IncomingMessage): string | undefined {
    return isOfPage(request) ? CHALLENGE : undefined;
  }

  endpoint(): Endpoint {
    return { path: PATH, delegate: false, exact: true, handle: (request) => this.#answer(request) };
  }

  #believe(request: IncomingMessage): Believed | undefined {
    const [token, ...more] = cookiesOf(request, this.#options.port());
    if (token === undefined) {
      return undefined;
    }
    // A browser sends one; another one that it has for a path of its own was put there by somebody.
    return more.length > 0
      ? { why: 'several sessions' }
      : this.#sessions.believe(token, originOf(request));
  }

  #answer(request: EndpointRequest): HttpResponse {
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        return this.#tell(request.head);
      case 'POST':
      case 'DELETE': {
        const foreign = foreignWrite(request.head);
        if (foreign !== undefined) {
          this.#disbelieve(request, foreign);
          return foreignRequest(foreign);
        }
        return request.method === 'POST' ? this.#begin(request) : this.#end(request.head);
      }
      default:
        return methodNotAllowed(['GET', 'HEAD', 'POST', 'DELETE'], request.method);
    }
  }

  /** Who one is, and whether one has to say it. */
  #tell(head: IncomingMessage): HttpResponse {
    const session = this.#believe(head);
    if (session !== undefined && 'principal' in session) {
      const { principal, expiresMs } = session;
      return answerOf(principal, {
        ...{ authentication: 'required', expires_ms: expiresMs },
        ...certificateOf(head),
      });
    }
    const realm = this.#realm;
    const result = authenticate(
      this.#options.authentication,
      realm,
      headerOf(head, 'authorization'),
      peerOf(head.socket),
    );
    const authentication = realm === undefined ? 'none' : 'required';
    return answerOf('challenge' in result ? undefined : result.principal, {
      authentication,
      ...certificateOf(head),
    });
  }

  #begin(request: EndpointRequest): HttpResponse {
    const { head } = request;
    const realm = this.#realm;
    if (realm === undefined) {
      return answerOf(undefined, { authentication: 'none' });
    }
    const { authentication, port } = this.#options;
    const authorization = request.header('authorization');
    const result = authenticate(authentication, realm, authorization, peerOf(head.socket));
    if ('challenge' in result) {
      this.#disbelieve(request, result.why, result.claimed);
      const { waitMs } = result;
      return waitMs === undefined ? unauthorized(CHALLENGE) : tooManyGuesses(waitMs);
    }
    const { principal } = result;
    if (principal?.value === undefined) {
      this.#disbelieve(request, 'a principal without a name');
      return anonymousPrincipal;
    }
    try {
      const { token, expiresMs } = this.#sessions.begin(principal, request.origin);
      const cookie = setCookie(head, port(), { token, maxAgeMs: SESSION_MS });
      return answerOf(principal, { authentication: 'required', expires_ms: expiresMs }, cookie);
    } catch (error) {
      if (error instanceof LongPrincipalError) {
        return badRequest(error.message);
      }
      throw error;
    }
  }

  #end(head: IncomingMessage): HttpResponse {
    const { port } = this.#options;
    for (const token of cookiesOf(head, port())) {
      this.#sessions.end(token, originOf(head));
    }
    return answerOf(
      undefined,
      { authentication: this.#realm === undefined ? 'none' : 'required' },
      setCookie(head, port(), { token: '', maxAgeMs: 0 }),
    );
  }

  get #realm(): Realm | undefined {
    return REALMS.find((realm) => this.#options.authentication[realm] !== undefined);
  }

  #disbelieve({ origin }: EndpointRequest, why: string, claimed?: string): void {
    const told = { call: PATH, why: `authentication: ${why}`, claimed };
    this.#options.auditor?.disbelieve(told, origin);
  }
}

interface Told {
  readonly authentication: 'none' | 'required';
  readonly expires_ms?: number;
  readonly certificate?: true;
}

/** Whether the browser has shown a certificate: programs that do the same need one, too. */
const certificateOf = ({ socket }: IncomingMessage): Pick<Told, 'certificate'> =>
  verifiedSubject(socket) === undefined ? {} : { certificate: true };

function answerOf(principal: Principal | undefined, told: Told, cookie?: string): HttpResponse {
  const { value } = principal ?? {};
  const answer = jsonResponse(
    { ...(value === undefined ? {} : { principal: value }), ...told },
    undefined,
  );
  const headers = { 'Cache-Control': 'no-store', ...(cookie ? { 'Set-Cookie': cookie } : {}) };
  return { ...answer, headers };
}

const originOf = ({ socket }: IncomingMessage) => plainIp(socket.remoteAddress ?? '');
