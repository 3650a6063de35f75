// Who asks an agent by way of the master, as the agent is told.
import type { AgentPlace } from '../../master/views.ts';
import type { Principal } from '../../security/principal.ts';
import { vouch } from './relay-token.ts';

export interface Asker {
  /** The Authorization header of a request that leaves now. */
  readonly authorization: string | undefined;
  /** Whether that is the master's word, and not the client's. */
  readonly isVouched: boolean;
}

/** What is known of who asks. */
export interface Client {
  readonly principal: Principal | undefined;
  /** What the client has sent itself. */
  readonly authorization: string | undefined;
}

export function askerOf(
  { principal, authorization }: Client,
  { key }: AgentPlace,
  at: { readonly agent: string; readonly nowMs: number },
): Asker {
  if (principal === undefined) {
    return { authorization, isVouched: false };
  }
  // What the master took for the client's secret is nothing for an agent, whoever that may be.
  return principal.value === undefined || key === undefined
    ? { authorization: undefined, isVouched: false }
    : { authorization: vouch(principal, { key, ...at }), isVouched: true };
}

/** Why an agent that answers 401 does not know who asks; undefined where the client said it. */
export function unknownAsker(
  agent: string,
  { authorization, isVouched }: Asker,
): string | undefined {
  if (isVouched) {
    return (
      `Agent ${agent} does not take this master's word for who asks. Their clocks may differ by a ` +
      'minute or more, or one of them has another secret by now.'
    );
  }
  return authorization === undefined
    ? `Agent ${agent} wants to know who asks, and this master cannot say it: it can where who asks ` +
        'has signed in here, and the agent has a --credential with which it has authenticated.'
    : undefined;
}
