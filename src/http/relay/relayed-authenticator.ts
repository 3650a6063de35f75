// An agent's authentication of those whom its master relays: by the master's word. All others
// authenticate as ever.
import type { KnownBy } from '../../agent/views.ts';
import type {
  Authenticated,
  Authentication,
  Authenticator,
  Peer,
  Realm,
} from '../server/authentication.ts';
import { believe, SCHEME } from './relay-token.ts';

export interface RelayedOptions {
  readonly knownBy: () => KnownBy | undefined;
  readonly nowMs: () => number;
}

/** Those in which operators ask; executors do not come by masters. */
const REALMS: readonly Realm[] = ['mesos-agent-readonly', 'mesos-agent-readwrite'];

/** The same authentication, and in operators' realms the master's word. */
export function withRelayed(
  authentication: Authentication,
  options: RelayedOptions,
): Authentication {
  const all: Partial<Record<Realm, Authenticator>> = { ...authentication };
  for (const realm of REALMS) {
    const others = authentication[realm];
    if (others !== undefined) {
      all[realm] = new RelayedAuthenticator(others, options);
    }
  }
  return all;
}

class RelayedAuthenticator implements Authenticator {
  readonly #others: Authenticator;
  readonly #options: RelayedOptions;

  constructor(others: Authenticator, options: RelayedOptions) {
    this.#others = others;
    this.#options = options;
  }

  authenticate(authorization: string | undefined, peer?: Peer): Authenticated {
    if (authorization?.startsWith(SCHEME) !== true) {
      return this.#others.authenticate(authorization, peer);
    }
    const judged = this.#judge(authorization.slice(SCHEME.length));
    if ('principal' in judged) {
      return judged;
    }
    // What is told to those who come without anything: masters alone know of this way.
    const refusal = this.#others.authenticate(undefined);
    const challenge = 'challenge' in refusal ? refusal.challenge : '';
    return { challenge, why: `the word of a master: ${judged.error}` };
  }

  #judge(token: string): ReturnType<typeof believe> {
    const { knownBy, nowMs } = this.#options;
    const known = knownBy();
    return known === undefined
      ? { error: 'this agent has not authenticated with its master' }
      : believe(token, { agent: known.id, key: known.key, nowMs: nowMs() });
  }
}
