// The question that calls and launches pass before they touch state. The audit log has the answer.
import type { RequestId } from '../model/ids.ts';
import { auditEntry } from '../security/audit.ts';
import type { Action, AuthorizationObject } from '../security/authorizer.ts';
import type { Principal } from '../security/principal.ts';
import { emitAtOnce } from './outbox.ts';
import type { AgentState } from './state.ts';

interface Asking {
  readonly principal: Principal | undefined;
  readonly call: string;
  /** The request that brought the call, or the pid that sent it. */
  readonly request?: RequestId | undefined;
  readonly from?: string | undefined;
  /** Only a refusal is told: the call changes nothing. */
  readonly isRead?: boolean | undefined;
}

export function mayDo(
  agent: AgentState,
  { principal, call, request, from, isRead = false }: Asking,
  action: Action,
  object: AuthorizationObject,
): boolean {
  const { authorizer, isAudited } = agent.options;
  const allowed = authorizer.authorize(principal, action, object);
  if (isAudited && !(allowed && isRead)) {
    const entry = auditEntry(authorizer, { principal, call }, action, { object, allowed });
    emitAtOnce(agent, { type: 'audit', entry, request, from });
  }
  return allowed;
}
