// Several ways to authenticate in one realm: the first that knows the request decides, and where
// none does, all challenges are told, as by Mesos.
import {
  type Authenticated,
  type Authenticator,
  NO_CREDENTIALS,
  type Peer,
} from './authentication.ts';

export class CombinedAuthenticator implements Authenticator {
  readonly #parts: readonly Authenticator[];

  constructor(parts: readonly Authenticator[]) {
    this.#parts = parts;
  }

  authenticate(authorization: string | undefined, peer?: Peer): Authenticated {
    const refusals: Exclude<Authenticated, { principal: unknown }>[] = [];
    for (const part of this.#parts) {
      const result = part.authenticate(authorization, peer);
      if ('principal' in result) {
        return result;
      }
      refusals.push(result);
    }
    const tried = refusals.filter(({ why }) => why !== NO_CREDENTIALS);
    return {
      challenge: refusals.map(({ challenge }) => challenge).join(','),
      why: tried.length === 0 ? NO_CREDENTIALS : tried.map(({ why }) => why).join(', '),
      claimed: refusals.find(({ claimed }) => claimed !== undefined)?.claimed,
      waitMs: refusals.find(({ waitMs }) => waitMs !== undefined)?.waitMs,
    };
  }
}
