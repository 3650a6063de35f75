// Agents, as the operator API shows them.
import type {
  AgentInfo,
  MasterResponse_GetAgents_Agent,
  Resource,
} from '../../model/generated/messages.ts';
import { isReserved, reservationRole, toEndpointFormat } from '../../model/resource-format.ts';
import type { Agent, MasterState } from '../state.ts';
import type { Viewer } from '../views.ts';
import { offeredOfAgent, usedByAgent } from './usage.ts';
import { seesRole } from './who.ts';

const timeOf = (ms: number) => ({ nanoseconds: BigInt(Math.round(ms)) * 1_000_000n });

const shown = (resources: readonly Resource[], viewer: Viewer | undefined) => {
  const visible =
    viewer === undefined
      ? resources
      : resources.filter((it) => !isReserved(it) || seesRole(viewer, reservationRole(it)));
  return visible.map(toEndpointFormat);
};

/** An agent of the event stream; with a viewer, of the read calls, which also say `checkpoint`. */
export function agentView(
  state: MasterState,
  agent: Agent,
  viewer?: Viewer,
): MasterResponse_GetAgents_Agent {
  const view: MasterResponse_GetAgents_Agent = {
    agent_info: viewer === undefined ? withoutCheckpoint(agent.info) : withCheckpoint(agent.info),
    active: agent.active,
    deactivated: state.agents.deactivated.has(agent.id),
    version: agent.version,
    pid: agent.pid,
    registered_time: timeOf(agent.registeredMs),
    capabilities: agent.capabilities.types.map((type) => ({ type })),
  };
  if (agent.reregisteredMs !== undefined) view.reregistered_time = timeOf(agent.reregisteredMs);
  const total = shown(agent.total, viewer);
  const allocated = shown(usedByAgent(state, agent), viewer);
  const offered = shown(offeredOfAgent(state, agent), viewer);
  if (total.length > 0) view.total_resources = total;
  if (allocated.length > 0) view.allocated_resources = allocated;
  if (offered.length > 0) view.offered_resources = offered;
  if (agent.resourceProviders !== undefined) {
    view.resource_providers = [...agent.resourceProviders.values()].map((it) => ({
      resource_provider_info: it.info,
      total_resources: shown(it.total, viewer),
    }));
  }
  const drain = state.agents.draining.get(agent.id);
  if (drain !== undefined) {
    view.drain_info = drain;
    if (agent.estimatedDrainStartMs !== undefined) {
      view.estimated_drain_start_time = timeOf(agent.estimatedDrainStartMs);
    }
  }
  return view;
}

function withoutCheckpoint(info: AgentInfo): AgentInfo {
  const { checkpoint: _, ...rest } = info;
  return rest;
}

const withCheckpoint = (info: AgentInfo): AgentInfo => ({
  ...info,
  checkpoint: info.checkpoint ?? true,
});

export const recoveredAgentView = withCheckpoint;
