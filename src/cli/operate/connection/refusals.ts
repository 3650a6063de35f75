// What an agent answers to a call that its access control lists do not allow says nothing of what
// is missing; here that is added, for the person who has given the command.
import type { Credential } from '../../../http/server/credentials.ts';
import { enumNames } from '../../../model/enum-names.ts';
import { AgentCall_Type } from '../../../model/generated/messages.ts';
import { aclFields } from '../../../security/acl-kinds.ts';

const nameOf = enumNames(AgentCall_Type);

export interface Asker {
  /** The agent that is asked, as errors name it. */
  readonly agent: string;
  readonly credential: Credential | undefined;
}

/** Where a call is not named as what it needs is. */
const NEEDS: Readonly<Partial<Record<AgentCall_Type, readonly string[]>>> = {
  [AgentCall_Type.LIST_FILES]: ['ACCESS_SANDBOX', 'ACCESS_MESOS_LOG'],
  [AgentCall_Type.READ_FILE]: ['ACCESS_SANDBOX', 'ACCESS_MESOS_LOG'],
};

/** Why the call was answered with `said`, a 403. */
export function missing({ agent, credential }: Asker, type: AgentCall_Type, said: string): string {
  const name = nameOf(type) ?? '';
  const who = credential === undefined ? 'who has no --principal' : `'${credential.principal}'`;
  const lists = (NEEDS[type] ?? [name]).flatMap((action) => aclFields[action] ?? []).join(' and ');
  const text = said.trim().replace(/\.$/, '');
  return (
    `${agent} does not allow ${name} to ${who} (${text}): ` +
    `its --acls decide, by ${lists}; its --audit_log tells which rule did`
  );
}
