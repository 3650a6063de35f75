// Authentication by the certificate that a client has shown when its connection was made: the
// subject is the principal. Mesos has no such authenticator.
import type { Duplex } from 'node:stream';
import { verifiedSubject } from '../transport/tls-peer.ts';
import {
  type Authenticated,
  type Authenticator,
  NO_CREDENTIALS,
  type Peer,
  type Realm,
} from './authentication.ts';

/** Characters of a principal: it is logged, and compared with lists. */
const MAX_LENGTH = 1_024;

export class CertificateAuthenticator implements Authenticator {
  readonly #challenge: Authenticated;
  /** To read a certificate takes longer than all else about a call. */
  readonly #known = new WeakMap<Duplex, Authenticated>();

  constructor(realm: Realm) {
    this.#challenge = { challenge: `Certificate realm="${realm}"`, why: NO_CREDENTIALS };
  }

  authenticate(_authorization: string | undefined, peer?: Peer): Authenticated {
    const connection = peer?.connection;
    if (connection === undefined) {
      return this.#challenge;
    }
    let result = this.#known.get(connection);
    if (result === undefined) {
      const value = principalOf(verifiedSubject(connection) ?? '');
      result = value === undefined ? this.#challenge : { principal: { value } };
      this.#known.set(connection, result);
    }
    return result;
  }
}

/**
 * The principal of a subject, which has a line for each part, its value escaped: the value of CN
 * where that is all there is, and otherwise the parts with commas between them. No two subjects
 * have the same.
 */
export function principalOf(subject: string): string | undefined {
  if (subject === '' || subject.length > MAX_LENGTH) {
    return undefined;
  }
  const name = /^CN=([^\n=]+)$/.exec(subject)?.[1];
  return name ?? subject.split('\n').join(',');
}
