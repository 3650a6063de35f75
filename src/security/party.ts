// By whom requests are counted where there is room for some only: what somebody holds under many
// addresses is his own, where he says who he is.
import { networkOf } from '../model/origin.ts';
import type { Principal } from './principal.ts';

/** A principal, or a network where there is none. */
export const partyOf = (principal: Principal | undefined, origin: string): string =>
  principal === undefined
    ? networkOf(origin)
    : `principal '${principal.value ?? JSON.stringify(principal.claims)}'`;
