// Which authenticators there are, and those of each realm as flags ask for them.
import {
  type Authentication,
  type Authenticator,
  BasicAuthenticator,
  type Realm,
} from './authentication.ts';
import { CertificateAuthenticator } from './certificate-authenticator.ts';
import { CombinedAuthenticator } from './combined-authenticator.ts';
import type { Credentials } from './credentials.ts';
import { JwtAuthenticator, type JwtOptions } from './jwt-authenticator.ts';

/** How clients of a realm authenticate. */
export type AuthenticatorName = 'basic' | 'jwt' | 'certificate';

export interface AuthenticatorOptions {
  /** In this order; the first that knows a request decides. */
  readonly names: readonly AuthenticatorName[];
  readonly credentials: Credentials;
  /** Of tokens; needed where `names` has jwt. */
  readonly jwt?: JwtOptions | undefined;
}

/** The authenticators of those realms that are wanted. */
export function authenticationOf(
  realms: Partial<Record<Realm, boolean>>,
  options: AuthenticatorOptions,
): Authentication {
  const authentication: Partial<Record<Realm, Authenticator>> = {};
  for (const [realm, isWanted] of Object.entries(realms) as [Realm, boolean][]) {
    if (isWanted) {
      authentication[realm] = authenticatorOf(realm, options);
    }
  }
  return authentication;
}

function authenticatorOf(
  realm: Realm,
  { names, credentials, jwt }: AuthenticatorOptions,
): Authenticator {
  const all = names.flatMap((name): Authenticator[] => {
    switch (name) {
      case 'basic':
        return [new BasicAuthenticator(realm, credentials)];
      case 'certificate':
        return [new CertificateAuthenticator(realm)];
      case 'jwt':
        return jwt === undefined ? [] : [new JwtAuthenticator(realm, jwt)];
      default:
        return name satisfies never;
    }
  });
  const [only] = all;
  return only !== undefined && all.length === 1 ? only : new CombinedAuthenticator(all);
}
