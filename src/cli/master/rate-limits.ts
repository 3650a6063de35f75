// Reads --rate_limits, in the form of Mesos's message RateLimits.
import type { RateLimit, RateLimits } from '../../model/rate-limits.ts';
import { types } from '../../wire/types.ts';
import { FlagError } from '../flags/faults.ts';
import { messageOf } from '../flags/written.ts';

/** Undefined without the flag. Throws FlagError. */
export function rateLimitsOf(value: unknown): RateLimits | undefined {
  if (value === undefined) {
    return undefined;
  }
  const message = messageOf('rate_limits', types.RateLimits, value);
  const byPrincipal = new Map<string, RateLimit | undefined>();
  for (const { principal, qps, capacity } of message.limits ?? []) {
    if (byPrincipal.has(principal)) {
      throw new FlagError(`--rate_limits has the principal '${principal}' twice`);
    }
    byPrincipal.set(principal, limitOf('qps', qps, capacity));
  }
  const { aggregate_default_qps: qps, aggregate_default_capacity: capacity } = message;
  return { byPrincipal, others: limitOf('aggregate_default_qps', qps, capacity) };
}

/** A capacity without a rate has no meaning, as in Mesos: nothing would wait. */
function limitOf(
  name: string,
  qps: number | undefined,
  capacity: number | undefined,
): RateLimit | undefined {
  if (qps === undefined) {
    return undefined;
  }
  if (!(qps > 0 && Number.isFinite(qps))) {
    throw new FlagError(`--rate_limits: ${name} must be a positive number, got ${qps}`);
  }
  return { qps, capacity };
}
