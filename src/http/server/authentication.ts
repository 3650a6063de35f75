// Finds the principal of a request by its Authorization header. Each realm has one authenticator;
// in a realm without one every request is taken, without a principal.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Principal } from '../../security/principal.ts';

/** Endpoints are grouped in realms, under the names that clients see in challenges. */
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
  | { readonly challenge: string };

/** Decides by the Authorization header. */
export interface Authenticator {
  authenticate(authorization: string | undefined): Authenticated;
}

/** The authenticators of the realms that need one. */
export type Authentication = Readonly<Partial<Record<Realm, Authenticator>>>;

export interface Credential {
  readonly principal: string;
  readonly secret: string;
}

const NOBODY: Authenticated = { principal: undefined };

export function authenticate(
  authentication: Authentication,
  realm: Realm | undefined,
  authorization: string | undefined,
): Authenticated {
  const authenticator = realm && authentication[realm];
  return authenticator ? authenticator.authenticate(authorization) : NOBODY;
}

/** HTTP basic authentication against a list of credentials. */
export class BasicAuthenticator implements Authenticator {
  readonly #challenge: Authenticated;
  readonly #digests = new Map<string, Buffer>();
  /** Headers that were right before: a scheduler sends the same one with every call. */
  readonly #known = new Map<string, Authenticated>();

  constructor(realm: Realm, credentials: readonly Credential[]) {
    this.#challenge = { challenge: `Basic realm="${realm}"` };
    for (const { principal, secret } of credentials) {
      this.#digests.set(principal, digest(secret));
    }
  }

  authenticate(authorization: string | undefined): Authenticated {
    if (!authorization?.startsWith('Basic ')) {
      return this.#challenge;
    }
    const known = this.#known.get(authorization);
    if (known) {
      return known;
    }
    const text = Buffer.from(authorization.slice('Basic '.length), 'base64').toString();
    const colon = text.indexOf(':');
    const value = text.slice(0, colon);
    const expected = colon < 0 ? undefined : this.#digests.get(value);
    // Digests have one length, so comparing them tells nothing about the secret by its timing.
    if (!expected || !timingSafeEqual(expected, digest(text.slice(colon + 1)))) {
      return this.#challenge;
    }
    const authenticated: Authenticated = { principal: { value } };
    if (this.#known.size >= MAX_KNOWN) {
      this.#known.clear();
    }
    this.#known.set(authorization, authenticated);
    return authenticated;
  }
}

/** Different headers that are remembered; there are spellings of one without end. */
const MAX_KNOWN = 1_024;

const digest = (secret: string) => createHash('sha256').update(secret).digest();

export interface BasicFlags {
  readonly readonly: boolean;
  readonly readwrite: boolean;
  readonly credentials: readonly Credential[];
}

/** What --authenticate_http_readonly, _readwrite and _frameworks of a master ask for. */
export function masterAuthentication(
  flags: BasicFlags & { readonly frameworks: boolean },
): Authentication {
  return basic(
    {
      'mesos-master-readonly': flags.readonly,
      'mesos-master-readwrite': flags.readwrite,
      'mesos-master-scheduler': flags.frameworks,
    },
    flags.credentials,
  );
}

/** What --authenticate_http_readonly and _readwrite of an agent ask for. */
export function agentAuthentication(flags: BasicFlags): Authentication {
  return basic(
    {
      'mesos-agent-readonly': flags.readonly,
      'mesos-agent-readwrite': flags.readwrite,
    },
    flags.credentials,
  );
}

function basic(
  realms: Partial<Record<Realm, boolean>>,
  credentials: readonly Credential[],
): Authentication {
  const authentication: Partial<Record<Realm, Authenticator>> = {};
  for (const [realm, wanted] of Object.entries(realms) as [Realm, boolean][]) {
    if (wanted) {
      authentication[realm] = new BasicAuthenticator(realm, credentials);
    }
  }
  return authentication;
}
