// Who has sent a request: by its Authorization header, its session, or its connection; or how it is
// refused.
import type { IncomingMessage } from 'node:http';
import type { Principal } from '../../security/principal.ts';
import { RELAYED_HEADER } from '../relay/relay-token.ts';
import {
  type AskedOfSession,
  type Authentication,
  authenticate,
  peerOf,
  type SessionReader,
} from './authentication.ts';
import {
  anonymousPrincipal,
  foreignRequest,
  tooManyGuesses,
  unauthorized,
} from './error-responses.ts';
import { headerOf } from './request-headers.ts';
import type { HttpResponse } from './response.ts';

export interface IdentifyOptions {
  readonly authentication: Authentication;
  /** Of requests without Authorization that bring a session. */
  readonly sessions?: SessionReader | undefined;
  /** If true, principals with claims but without a name are refused (as by the master). */
  readonly namedPrincipalsOnly?: boolean | undefined;
}

export type Identified =
  | { readonly principal: Principal | undefined }
  | {
      readonly refusal: HttpResponse;
      /** For the audit log. */
      readonly why: string;
      readonly claimed?: string | undefined;
    };

export function identify(
  { authentication, sessions, namedPrincipalsOnly }: IdentifyOptions,
  request: IncomingMessage,
  asked: AskedOfSession,
): Identified {
  const { realm } = asked;
  const authorization = headerOf(request, 'authorization');
  // Where nobody has to say who he is, sessions say it no more than headers do.
  const session =
    authorization === undefined && authentication[realm] !== undefined
      ? sessions?.read(request, asked)
      : undefined;
  if (session !== undefined && 'foreign' in session) {
    return { refusal: foreignRequest(session.foreign), why: session.foreign };
  }
  const known = session !== undefined && 'principal' in session ? session : undefined;
  const result =
    known ?? authenticate(authentication, realm, authorization, peerOfRequest(request));
  if ('challenge' in result) {
    const challenge = sessions?.challengeFor(request) ?? result.challenge;
    const { claimed, waitMs } = result;
    const why = session === undefined || 'principal' in session ? result.why : session.why;
    return {
      refusal: waitMs === undefined ? unauthorized(challenge) : tooManyGuesses(waitMs),
      why,
      claimed,
    };
  }
  const { principal } = result;
  return namedPrincipalsOnly && principal && principal.value === undefined
    ? { refusal: anonymousPrincipal, why: 'a principal without a name' }
    : { principal };
}

/** Whose a connection is says nothing of a request that comes by a master. */
const peerOfRequest = (request: IncomingMessage) =>
  peerOf(request.socket, headerOf(request, RELAYED_HEADER) !== undefined);
