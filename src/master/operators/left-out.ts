// What streams of the operator API leave out because their principals may not see it, for the audit
// log.
import { WatchedReads } from '../../security/audit.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import { setTimer } from '../outbox.ts';
import type { MasterState, Subscriber } from '../state.ts';
import type { MasterTimer } from '../timers.ts';
import type { Viewer } from '../views.ts';

export const auditTimer = (stream: Subscriber['stream']): MasterTimer => `operator-audit/${stream}`;

/** How long the audit log is not told of what a stream leaves out, to be told of it at once. */
const AUDIT_DELAY_MS = 1_000;

/** What a subscriber sees of something. */
export function seenBy<Seen>(
  state: MasterState,
  subscriber: Subscriber,
  look: (viewer: Viewer) => Seen,
): Seen {
  const { stream, principal, denied } = subscriber;
  const toldBefore = denied.size;
  const seen = look({ principal, authorizer: authorizerOf(state, subscriber) });
  if (toldBefore === 0 && denied.size > 0) {
    setTimer(state, auditTimer(stream), AUDIT_DELAY_MS);
  }
  return seen;
}

/** What is left out of a stream is no decision about the call that the event came of. */
const authorizerOf = ({ options }: MasterState, { denied }: Subscriber): Authorizer =>
  options.isAudited
    ? new WatchedReads(options.authorizer, 'SUBSCRIBE', denied)
    : options.authorizer;
