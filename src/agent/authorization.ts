// The question that calls and launches pass before they touch state. The audit log has the answer.
import { auditEntry } from '../security/audit.ts';
import type { Action, AuthorizationObject } from '../security/authorizer.ts';
import type { Principal } from '../security/principal.ts';
import { emitAtOnce } from './outbox.ts';
import type { AgentState } from './state.ts';

interface Asking {
  readonly principal: Principal | undefined;
  readonly call: string;
  /** Where it comes from: an IP address, or the pid of a message. */
  readonly origin?: string | undefined;
  /** Only a refusal is told: the call changes nothing. */
  readonly isRead?: boolean | undefined;
}

export function mayDo(
  agent: AgentState,
  { principal, call, origin, isRead = false }: Asking,
  action: Action,
  object: AuthorizationObject,
): boolean {
  const { authorizer, isAudited } = agent.options;
  const allowed = authorizer.authorize(principal, action, object);
  if (isAudited && !(allowed && isRead)) {
    const entry = auditEntry(authorizer, { principal, call }, action, { object, allowed });
    emitAtOnce(agent, { type: 'audit', entry, origin });
  }
  return allowed;
}
