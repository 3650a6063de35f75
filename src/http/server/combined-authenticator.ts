// Several ways to authenticate in one realm: the first that knows the request decides, and where
// none does, all challenges are told, as by Mesos.
import type { Duplex } from 'node:stream';
import type { Authenticated, Authenticator } from './authentication.ts';

export class CombinedAuthenticator implements Authenticator {
  readonly #parts: readonly Authenticator[];

  constructor(parts: readonly Authenticator[]) {
    this.#parts = parts;
  }

  authenticate(authorization: string | undefined, connection?: Duplex): Authenticated {
    const challenges: string[] = [];
    for (const part of this.#parts) {
      const result = part.authenticate(authorization, connection);
      if ('principal' in result) {
        return result;
      }
      challenges.push(result.challenge);
    }
    return { challenge: challenges.join(',') };
  }
}
