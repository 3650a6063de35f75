// Authentication by a JSON web token, as executors have one: its claims are the principal, which
// has no name. Challenges and texts are Mesos's.
import {
  type Authenticated,
  type Authenticator,
  NO_CREDENTIALS,
  type Realm,
} from './authentication.ts';
import type { TokenKeys } from './token-keys.ts';

export interface JwtOptions {
  readonly keys: TokenKeys;
  readonly nowMs: () => number;
}

/** Characters of a client's text in a challenge. */
const MAX_SHOWN = 50;

export class JwtAuthenticator implements Authenticator {
  readonly #realm: Realm;
  readonly #options: JwtOptions;

  constructor(realm: Realm, options: JwtOptions) {
    this.#realm = realm;
    this.#options = options;
  }

  authenticate(authorization: string | undefined): Authenticated {
    if (authorization === undefined) {
      return this.#challenge();
    }
    const [scheme = '', token = '', ...more] = authorization.split(' ', 3);
    if (token === '' || more.length > 0) {
      return this.#challenge("Malformed 'Authorization' header");
    }
    if (scheme !== 'Bearer') {
      const shown = scheme.slice(0, MAX_SHOWN).replace(/[^\w-]/g, '?');
      return this.#challenge(`Scheme '${shown}' unsupported`);
    }
    const { keys, nowMs } = this.#options;
    const verified = keys.verify(token, nowMs());
    if ('error' in verified) {
      return this.#challenge(`Invalid JWT: ${verified.error}`);
    }
    const { claims } = verified;
    return Object.keys(claims).length === 0
      ? this.#challenge('JWT claims missing')
      : { principal: { claims } };
  }

  /** A request that tries nothing is told no error (RFC 6750, section 3.1). */
  #challenge(description?: string): Authenticated {
    const challenge = `Bearer realm="${this.#realm}"`;
    return description === undefined
      ? { challenge, why: NO_CREDENTIALS }
      : {
          challenge: `${challenge}, error="invalid_token", error_description="${description}"`,
          why: description,
        };
  }
}
