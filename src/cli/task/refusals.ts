// What an agent answers to a call that its access control lists do not allow says nothing of what
// is missing; here that is added, for the person who has given the command.
import type { OperatorClient } from '../../http/client/operator-client.ts';
import { CallRefusedError } from '../../http/client/scheduler-client.ts';
import type { Credential } from '../../http/server/credentials.ts';
import { enumNames } from '../../model/enum-names.ts';
import { type AgentCall, AgentCall_Type } from '../../model/generated/messages.ts';
import { aclFields } from '../../security/acl-kinds.ts';

export const FORBIDDEN = 403;
const nameOf = enumNames(AgentCall_Type);

export interface Asker {
  /** The agent that is asked, `host:port`. */
  readonly agent: string;
  readonly credential: Credential | undefined;
}

/** What `answer` resolves with; a 403 rejects with what the principal needs for the call. */
export async function allowed<T>(
  { agent, credential }: Asker,
  type: AgentCall_Type,
  answer: Promise<T>,
): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof CallRefusedError && error.status === FORBIDDEN) {
      const { status, message } = error;
      throw new CallRefusedError(status, missing({ agent, credential }, type, message));
    }
    throw error;
  }
}

/** As `allowed`, of a call whose answer is a message. */
export const allowedCall = (
  client: OperatorClient,
  asker: Asker,
  call: AgentCall & { readonly type: AgentCall_Type },
) => allowed(asker, call.type, client.agent(call));

export function missing({ agent, credential }: Asker, type: AgentCall_Type, said: string): string {
  const action = nameOf(type) ?? '';
  const who = credential === undefined ? 'who has no --principal' : `'${credential.principal}'`;
  const lists = (aclFields[action] ?? []).join(' and ');
  const text = said.replace(/\.$/, '');
  return (
    `The agent at ${agent} does not allow ${action} to ${who} (${text}): ` +
    `its --acls decide, by ${lists}; its --audit_log tells which rule did`
  );
}
