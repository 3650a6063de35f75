// The word of a master to an agent about who asks it: a token that is good for a minute, for one
// agent, signed with the key that the two have since the agent authenticated.
import type { Principal } from '../../security/principal.ts';
import { signToken, verifyToken } from '../server/json-web-token.ts';

const TOKEN_SECONDS = 60;

/** The scheme of the Authorization header that has a token. */
export const SCHEME = 'Relayed ';

/**
 * The header of every request that comes by a master: whose the connection is says nothing then
 * about who asks, as the connection is the master's.
 */
export const RELAYED_HEADER = 'mesoscale-relayed';

/** The two between which a token is good, and when. */
export interface Between {
  readonly key: Uint8Array;
  /** The id of the agent. */
  readonly agent: string;
  readonly nowMs: number;
}

/** The value of the Authorization header that says to the agent who asks. */
export function vouch(principal: Principal, { agent, key, nowMs }: Between): string {
  const exp = Math.floor(nowMs / 1_000) + TOKEN_SECONDS;
  const says = { aud: agent, exp, principal: JSON.stringify(principal) };
  return SCHEME + signToken(says, key);
}

/** Who asks, as the token has it, or why it is not believed. */
export function believe(
  token: string,
  { agent, key, nowMs }: Between,
): { readonly principal: Principal } | { readonly error: string } {
  const verified = verifyToken(token, key, nowMs);
  if ('error' in verified) {
    return verified;
  }
  const { aud, exp, principal } = verified.claims;
  if (aud !== agent) {
    return { error: 'it is for another agent' };
  }
  // Who has the key makes no token without an end, or for later.
  const seconds = Number(exp) - nowMs / 1_000;
  if (principal === undefined || !(seconds >= 0 && seconds <= TOKEN_SECONDS)) {
    return { error: `it is not one of the next ${TOKEN_SECONDS} seconds` };
  }
  return { principal: JSON.parse(principal) as Principal };
}
