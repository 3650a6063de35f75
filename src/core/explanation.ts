// What the module's explain() answered.
import type { ExplainReason, Explanation } from './interface.ts';
import type { CoreModule } from './module.ts';

/** By their codes. */
const REASONS: readonly ExplainReason[] = [
  'offered',
  'unknown',
  'agent inactive',
  'not whitelisted',
  'framework inactive',
  'suppressed',
  'not subscribed',
  'offer constraint',
  'nothing free',
  'too small',
  'capability',
  'quota limit',
  'quota headroom',
  'refused',
  'share order',
];

/** The code in words, with the number that the module left in its buffer. */
export function explanation(module: CoreModule, code: number): Explanation {
  const reason = REASONS[code] ?? 'unknown';
  module.locate();
  const value = module.f64[module.io >> 1] as number;
  if (reason === 'refused') return { reason, untilMs: value };
  return reason === 'share order' ? { reason, ahead: value } : { reason };
}
