// The agents that a verb is about: those that are named, or those whose rows of `agent list` are
// like a filter.
import type { MasterResponse_GetAgents_Agent as Agent } from '../../../model/generated/messages.ts';
import { counted } from '../../counted.ts';
import { FlagError } from '../../flags/faults.ts';
import { quantitiesOf } from '../amounts.ts';
import type { Cluster } from '../connection/cluster.ts';
import { agentId, agentNamed, knownAgentsOf } from '../connection/things.ts';
import { CommandError, EXIT } from '../outcome.ts';
import { chosenRows } from '../output/chosen-rows.ts';
import { printable } from '../output/printable.ts';
import { agentListing, stateOf } from './list.ts';

/** Each is a call of its own. */
const MOST_AT_ONCE = 1000;
const MOST_TOLD = 5;

export interface Chosen {
  readonly agents: readonly Agent[];
  /** `agent ID (HOST)`, or how many, with the first of them. */
  readonly who: string;
}

/** Each once. Rejects with FlagError or CommandError. */
export async function chosenAgents(
  cluster: Cluster,
  words: readonly string[],
  { filter = [] }: { readonly filter?: readonly string[] | undefined },
): Promise<Chosen> {
  if (words.length === 0 && filter.length === 0) {
    throw new FlagError('expected AGENT…, or --filter for all that are alike');
  }
  if (words.length > 0 && filter.length > 0) {
    throw new FlagError('expected AGENT… or --filter, got both');
  }
  const all = await knownAgentsOf(cluster);
  const agents =
    words.length > 0
      ? [...new Set(words.map((word) => agentNamed(all, word)))]
      : chosenRows(agentListing(all, await quantitiesOf(), Date.now()), { filter });
  const [first] = agents;
  if (first === undefined) {
    throw new CommandError(EXIT.notFound, `none of ${counted(all.length, 'agent')} is like that`);
  }
  if (agents.length > MOST_AT_ONCE) {
    throw new CommandError(
      EXIT.failed,
      `${agents.length} agents are like that: ${MOST_AT_ONCE} at once are taken`,
    );
  }
  return { agents, who: nameOfAll(agents) };
}

/** To take these out of service changes nothing, and each is told of. */
export function withoutDrained({ agents, who }: Chosen): Chosen {
  const drained = agents.filter((agent) => stateOf(agent) === 'drained');
  if (drained.length === 0) {
    return { agents, who };
  }
  for (const agent of drained) {
    const text = `${agentName(agent)} is drained already; mesoscale agent undrain puts it back`;
    process.stdout.write(`${printable(text)}\n`);
  }
  const left = agents.filter((agent) => !drained.includes(agent));
  return { agents: left, who: nameOfAll(left) };
}

/** `3 agents (a, b, c)`. */
function hostsText(agents: readonly Agent[]): string {
  const hosts = agents.slice(0, MOST_TOLD).map(({ agent_info }) => agent_info.hostname);
  const more = agents.length > MOST_TOLD ? ', …' : '';
  return `${counted(agents.length, 'agent')} (${hosts.join(', ')}${more})`;
}

const nameOfAll = (agents: readonly Agent[]): string =>
  agents.length === 1 ? agents.map(agentName).join('') : hostsText(agents);

/** `agent ID (HOST)`. */
export const agentName = (agent: Agent): string =>
  `agent ${agentId(agent)} (${agent.agent_info.hostname})`;
