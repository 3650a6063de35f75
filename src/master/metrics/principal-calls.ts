// Calls of frameworks by the principals of their infos. As in Apache Mesos, the counters of a
// principal begin with its first framework and go with its last one: until then they never fall.
import type { Framework, MasterState } from '../state.ts';
import type { PrincipalCalls } from './counters.ts';

const NONE: PrincipalCalls = { received: 0, processed: 0 };

/** Of all principals that registered frameworks have. */
export function callsByPrincipal({
  frameworks,
  counters,
}: MasterState): ReadonlyMap<string, PrincipalCalls> {
  const sums = new Map<string, PrincipalCalls>();
  for (const framework of frameworks.registered.values()) {
    const { principal } = framework.info;
    if (principal !== undefined) {
      const before = sums.get(principal) ?? counters.callsOfGone.get(principal);
      sums.set(principal, together(before, callsOf(framework)));
    }
  }
  return sums;
}

/** To be called when the framework is registered no more. */
export function keepCalls({ frameworks, counters }: MasterState, framework: Framework): void {
  const { principal } = framework.info;
  if (principal === undefined) {
    return;
  }
  const { callsOfGone } = counters;
  for (const { info } of frameworks.registered.values()) {
    if (info.principal === principal) {
      callsOfGone.set(principal, together(callsOfGone.get(principal), callsOf(framework)));
      return;
    }
  }
  callsOfGone.delete(principal);
}

/** Without --rate_limits a call is processed as it arrives. */
function callsOf({ counters }: Framework): PrincipalCalls {
  const processed = counters.calls.reduce((total, value) => total + value, 0);
  return { received: processed + counters.unprocessedCalls, processed };
}

export const together = (one: PrincipalCalls = NONE, other: PrincipalCalls): PrincipalCalls => ({
  received: one.received + other.received,
  processed: one.processed + other.processed,
});
