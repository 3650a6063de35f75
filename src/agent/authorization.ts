// The question that calls and launches pass before they touch state, and who was not believed. The
// audit log has the answers.
import { auditEntry, type Disbelief, disbelief } from '../security/audit.ts';
import type { Action, AuthorizationObject } from '../security/authorizer.ts';
import type { Principal } from '../security/principal.ts';
import type { MasterMessage } from './events.ts';
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

/** Tells the audit log of a caller or sender that is not who it says. */
export function tellDisbelief(
  agent: AgentState,
  origin: string | undefined,
  told: Disbelief,
): void {
  if (agent.options.isAudited) {
    emitAtOnce(agent, { type: 'auditDisbelief', disbelief: disbelief(told), origin });
  }
}

/** Tells it of a message that comes from elsewhere than from the master that the agent follows. */
export const tellOtherMaster = (agent: AgentState, { from, message }: MasterMessage) =>
  tellDisbelief(agent, from, {
    claimed: from,
    call: message.name,
    why: `sender: the master is ${agent.master ?? 'not known'}`,
  });
