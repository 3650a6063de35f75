// Links: the connection to an agent's address, whose loss comes as a `linkLost` event. Agents at
// one address share a link.
import type { Agent, MasterState } from '../state.ts';

/** Asks for a connection to the agent's address, whose loss will be reported once. */
export function linkAgent(state: MasterState, agent: Agent): void {
  const { byAddress } = state.agents;
  const others = byAddress.get(agent.address);
  if (others === undefined) {
    byAddress.set(agent.address, new Set([agent]));
  } else {
    others.add(agent);
  }
  state.effects.push({ type: 'link', address: agent.address });
}

export function unlinkAgent(state: MasterState, agent: Agent): void {
  const others = state.agents.byAddress.get(agent.address);
  others?.delete(agent);
  if (others?.size === 0) {
    state.agents.byAddress.delete(agent.address);
  }
}
