// The answer of the module's explain(), a code and a number in the buffer, as an Explanation.
import {
  EXPLAIN_AGENT_INACTIVE,
  EXPLAIN_CAPABILITY,
  EXPLAIN_CONSTRAINT,
  EXPLAIN_FRAMEWORK_INACTIVE,
  EXPLAIN_HEADROOM,
  EXPLAIN_NOT_SUBSCRIBED,
  EXPLAIN_NOT_WHITELISTED,
  EXPLAIN_NOTHING_FREE,
  EXPLAIN_OFFERED,
  EXPLAIN_QUOTA_LIMIT,
  EXPLAIN_REFUSED,
  EXPLAIN_SHARE_ORDER,
  EXPLAIN_SUPPRESSED,
  EXPLAIN_TOO_SMALL,
  EXPLAIN_UNKNOWN,
} from './constants.ts';
import type { ExchangeBuffer } from './exchange-buffer.ts';
import type { ExplainReason, Explanation } from './interface.ts';

const REASONS: Readonly<Record<number, ExplainReason>> = {
  [EXPLAIN_OFFERED]: 'offered',
  [EXPLAIN_UNKNOWN]: 'unknown',
  [EXPLAIN_AGENT_INACTIVE]: 'agent inactive',
  [EXPLAIN_NOT_WHITELISTED]: 'not whitelisted',
  [EXPLAIN_FRAMEWORK_INACTIVE]: 'framework inactive',
  [EXPLAIN_SUPPRESSED]: 'suppressed',
  [EXPLAIN_NOT_SUBSCRIBED]: 'not subscribed',
  [EXPLAIN_CONSTRAINT]: 'offer constraint',
  [EXPLAIN_NOTHING_FREE]: 'nothing free',
  [EXPLAIN_TOO_SMALL]: 'too small',
  [EXPLAIN_CAPABILITY]: 'capability',
  [EXPLAIN_QUOTA_LIMIT]: 'quota limit',
  [EXPLAIN_HEADROOM]: 'quota headroom',
  [EXPLAIN_REFUSED]: 'refused',
  [EXPLAIN_SHARE_ORDER]: 'share order',
};

/** The explanation for a code, and the number or offer that the module left in its buffer. */
export function explanation(buffer: ExchangeBuffer, code: number): Explanation {
  const { module } = buffer;
  const reason = REASONS[code] ?? 'unknown';
  module.locate();
  const value = module.f64[module.io >> 1] as number;
  if (reason === 'offered') {
    return { reason, offer: buffer.readAt(module.io + 2, value) };
  }
  if (reason === 'refused') {
    return { reason, untilMs: value };
  }
  return reason === 'share order' ? { reason, ahead: value } : { reason };
}
