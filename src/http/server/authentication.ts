// Finds the principal of a request by its Authorization header. Each realm has one authenticator; a
// realm without one accepts every request, without a principal.
import { isUtf8 } from 'node:buffer';
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Principal } from '../../security/principal.ts';
import type { Credentials } from './credentials.ts';

/** Endpoints are grouped in realms, whose names clients see in challenges. */
export type Realm =
  | 'mesos-master-readonly'
  | 'mesos-master-readwrite'
  | 'mesos-master-scheduler'
  | 'mesos-agent-readonly'
  | 'mesos-agent-readwrite'
  | 'mesos-agent-executor'
  | 'mesos-agent-resource-provider';

export type Authenticated =
  | { readonly principal: Principal | undefined }
  | {
      readonly challenge: string;
      /** Why the request is not believed, and who it says that it is of; for the audit log. */
      readonly why: string;
      readonly claimed?: string | undefined;
      /** Nothing was compared: so many wrong secrets came before that the next has to wait. */
      readonly waitMs?: number | undefined;
    };

/** What the session of a request comes to. */
export type OfSession =
  | { readonly principal: Principal }
  /** It is over, or of somebody else: as if there were none. */
  | { readonly why: string }
  /** It is good, and the request may not use it: its browser has sent it for another site. */
  | { readonly foreign: string };

export interface AskedOfSession {
  readonly realm: Realm;
  /** A script is an answer that every site can run (`?jsonp=`); a socket, a WebSocket. */
  readonly kind: 'plain' | 'script' | 'socket';
}

/** Knows those who have a session of the operators' page. */
export interface SessionReader {
  /** Undefined for a request without a session, and in realms where none counts. */
  read(request: IncomingMessage, asked: AskedOfSession): OfSession | undefined;
  /** The challenge for the page, which asks for names and secrets itself; undefined for others. */
  challengeFor(request: IncomingMessage): string | undefined;
}

/** A request that does not even try to say whose it is. */
export const NO_CREDENTIALS = 'no credentials';

/** Where a request comes from. */
export interface Peer {
  /** Undefined where it is a master's, by which a request of somebody else comes. */
  readonly connection: Duplex | undefined;
  /** The IP address of its other end; empty at a Unix socket. */
  readonly address: string;
}

export const peerOf = (connection: Duplex, isRelayed = false): Peer => ({
  connection: isRelayed ? undefined : connection,
  address: (connection as Partial<Socket>).remoteAddress ?? '',
});

/** Decides by the Authorization header, or by the certificate that the connection has shown. */
export interface Authenticator {
  authenticate(authorization: string | undefined, peer?: Peer): Authenticated;
}

/** The authenticators, by realm. */
export type Authentication = Readonly<Partial<Record<Realm, Authenticator>>>;

const WITHOUT_PRINCIPAL: Authenticated = { principal: undefined };

export function authenticate(
  authentication: Authentication,
  realm: Realm | undefined,
  authorization: string | undefined,
  peer: Peer,
): Authenticated {
  const authenticator = realm && authentication[realm];
  return authenticator ? authenticator.authenticate(authorization, peer) : WITHOUT_PRINCIPAL;
}

/** HTTP basic authentication by credentials. */
export class BasicAuthenticator implements Authenticator {
  readonly #challenge: string;
  readonly #credentials: Credentials;
  /** Headers that are right, and whose: a scheduler sends the same one with every call. */
  readonly #known = new Map<string, string>();
  /** The generation of credentials that these are good for. */
  #generation = 0;

  constructor(realm: Realm, credentials: Credentials) {
    this.#challenge = `Basic realm="${realm}"`;
    this.#credentials = credentials;
  }

  authenticate(authorization: string | undefined, peer: Peer = NOWHERE): Authenticated {
    if (!authorization?.startsWith('Basic ')) {
      return this.#refused(
        authorization === undefined ? NO_CREDENTIALS : 'another scheme than Basic',
      );
    }
    const { generation, guesses } = this.#credentials;
    if (generation !== this.#generation) {
      this.#known.clear();
      this.#generation = generation;
    }
    // Who guesses is not told that he has found what others use.
    const known = this.#known.get(authorization);
    const given = known === undefined ? givenBy(authorization) : { value: known, secret: '' };
    if (typeof given === 'string') {
      return this.#refused(given);
    }
    const { value, secret } = given;
    const expected = this.#credentials.secretOf(value);
    const { address, connection } = peer;
    const whose = expected === undefined ? '' : value;
    const waitMs = guesses.waitMs(address, whose, connection);
    if (waitMs > 0) {
      return { ...this.#refused(TOO_MANY, value), waitMs };
    }
    // Digests have equal lengths, so the time of comparing them says nothing about the secret; nor
    // does it say whether there is one.
    const isSame = known !== undefined || timingSafeEqual(digest(expected ?? ''), digest(secret));
    if (expected === undefined || !isSame) {
      guesses.wrong(authorization, address, whose, connection);
      return this.#refused(expected === undefined ? 'no such principal' : 'another secret', value);
    }
    guesses.right(value, connection);
    if (known === undefined) {
      if (this.#known.size >= MAX_KNOWN) {
        this.#known.clear();
      }
      this.#known.set(authorization, value);
    }
    return { principal: { value } };
  }

  #refused(why: string, claimed?: string): Extract<Authenticated, { challenge: string }> {
    return { challenge: this.#challenge, why, claimed };
  }
}

const NOWHERE: Peer = { connection: undefined, address: '' };
const TOO_MANY = 'too many wrong secrets';

/** Or why it says nothing. */
function givenBy(header: string): { readonly value: string; readonly secret: string } | string {
  const bytes = Buffer.from(header.slice('Basic '.length), 'base64');
  if (!isUtf8(bytes)) {
    // As a text it would be the same as many others.
    return 'a secret that is not UTF-8';
  }
  const text = bytes.toString();
  const colon = text.indexOf(':');
  // Without a colon, what is there may be the secret.
  return colon < 0
    ? 'no principal'
    : { value: text.slice(0, colon), secret: text.slice(colon + 1) };
}

/** The most headers that are remembered: one secret has any number of spellings in base64. */
const MAX_KNOWN = 1_024;

const digest = (secret: string) => createHash('sha256').update(secret).digest();
