// Deeds that take what an agent has free: where the master finds too little, it is said what there
// is and what of it is used.
import { CallRefusedError } from '../../http/client/scheduler-client.ts';
import type { MasterResponse_GetAgents_Agent as Agent } from '../../model/generated/messages.ts';
import { reservationRole, toReservationLists } from '../../model/resource-format.ts';
import { agentName } from './agent/chosen-agents.ts';
import type { Cluster } from './connection/cluster.ts';
import { type Deed, type DeedValues, perform } from './deeds.ts';
import { CommandError, EXIT } from './outcome.ts';
import { bareText } from './resource-words.ts';

const CONFLICT = 409;

interface From {
  readonly agent: Agent;
  /** Of what is reserved for this role; `*`: of what is nobody's. */
  readonly role: string;
}

/** As `perform`. */
export async function performOn(
  cluster: Cluster,
  { agent, role }: From,
  deed: Deed,
  values: DeedValues,
): Promise<void> {
  try {
    await perform(cluster, deed, values);
  } catch (error) {
    if (!(error instanceof CallRefusedError) || error.status !== CONFLICT) {
      throw error;
    }
    const of = (resources = agent.total_resources) =>
      bareText(toReservationLists(resources).filter((each) => reservationRole(each) === role));
    const whose = role === '*' ? 'that nobody has reserved' : `reserved for role ${role}`;
    throw new CommandError(
      EXIT.failed,
      `not so much is free: ${agentName(agent)} has ${of() || 'nothing'} ${whose}, of which tasks use ${of(agent.allocated_resources ?? []) || 'nothing'} (${error.message.trim()})`,
    );
  }
}
