// The agent that an operator names, as it is reached.
import { type AgentValues, ReachedAgent } from '../connection/agents.ts';
import { Cluster } from '../connection/cluster.ts';
import { agentMeant } from '../connection/things.ts';

/** Rejects with CommandError. */
export async function reachedAgent(text: string, values: AgentValues): Promise<ReachedAgent> {
  const cluster = await Cluster.of(values);
  return new ReachedAgent(cluster, await agentMeant(cluster, text), values);
}
