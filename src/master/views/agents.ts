// Agents, as the operator API shows them.
import type { AgentCapabilities } from '../../model/capabilities.ts';
import type {
  AgentInfo,
  AgentInfo_Capability,
  MasterResponse_GetAgents_Agent,
  Resource,
} from '../../model/generated/messages.ts';
import { agentId } from '../../model/ids.ts';
import { toEndpointFormat } from '../../model/resource-format.ts';
import { shownProvider } from '../../model/role-sight.ts';
import { timeOf } from '../../model/time-info.ts';
import type { Agent, MasterState } from '../state.ts';
import type { AgentPlace, Viewer } from '../views.ts';
import { type HeldSum, offeredOfAgent, usedByAgent } from './usage.ts';
import { roleSightOf, seesProviders, seesResource } from './visibility.ts';

const shown = (resources: readonly Resource[], viewer: Viewer): Resource[] =>
  resources.filter((it) => seesResource(viewer, it)).map(toEndpointFormat);

/** What agents have in all, as endpoints show it: who subscribes is told of that of each agent. */
const shownTotals = new WeakMap<readonly Resource[], Resource[]>();

function shownTotal({ total }: Agent, viewer: Viewer): Resource[] {
  if (!total.every((it) => seesResource(viewer, it))) {
    return shown(total, viewer);
  }
  const all = shownTotals.get(total) ?? total.map(toEndpointFormat);
  shownTotals.set(total, all);
  return all;
}

const shownHeld = (held: HeldSum, viewer: Viewer): Resource[] =>
  held.sum.every((it) => seesResource(viewer, it)) ? held.shown : shown(held.sum, viewer);

/** By what agents of a release share: who subscribes is told of those of each agent. */
const shownTypes = new WeakMap<AgentCapabilities, AgentInfo_Capability[]>();

function shownCapabilities({ capabilities }: Agent): AgentInfo_Capability[] {
  const known = shownTypes.get(capabilities) ?? capabilities.types.map((type) => ({ type }));
  shownTypes.set(capabilities, known);
  return known;
}

/** Whether what is allocated and offered is said, which takes adding up what its tasks hold. */
export interface HeldOptions {
  readonly withHeld: boolean;
}

/** An agent of the event stream. */
export const streamedAgentView = (state: MasterState, agent: Agent, viewer: Viewer) =>
  view(state, agent, withoutCheckpoint(visibleInfo(agent.info, viewer)), viewer);

/** As it is between offers: what is allocated and offered changes with each of them. */
export const updatedAgentView = (state: MasterState, agent: Agent, viewer: Viewer) =>
  view(state, agent, withoutCheckpoint(visibleInfo(agent.info, viewer)), viewer, {
    withHeld: false,
  });

/** An agent of the read calls, which also say `checkpoint`. */
export const agentView = (
  state: MasterState,
  agent: Agent,
  viewer: Viewer,
  options: HeldOptions = { withHeld: true },
) => view(state, agent, withCheckpoint(visibleInfo(agent.info, viewer)), viewer, options);

/** An agent of the registry that has not registered with this master yet. */
export const recoveredAgentView = (info: AgentInfo, viewer: Viewer) =>
  withCheckpoint(visibleInfo(info, viewer));

function view(
  state: MasterState,
  agent: Agent,
  agent_info: AgentInfo,
  viewer: Viewer,
  { withHeld }: HeldOptions = { withHeld: true },
): MasterResponse_GetAgents_Agent {
  const view: MasterResponse_GetAgents_Agent = {
    agent_info,
    active: agent.active,
    deactivated: state.agents.deactivated.has(agent.id),
    version: agent.version,
    pid: agent.pid,
    registered_time: timeOf(agent.registeredMs),
    capabilities: shownCapabilities(agent),
  };
  if (agent.reregisteredMs !== undefined) {
    view.reregistered_time = timeOf(agent.reregisteredMs);
  }
  const total = shownTotal(agent, viewer);
  const allocated = withHeld ? shownHeld(usedByAgent(state, agent), viewer) : [];
  const offered = withHeld ? shownHeld(offeredOfAgent(state, agent), viewer) : [];
  if (total.length > 0) {
    view.total_resources = total;
  }
  if (allocated.length > 0) {
    view.allocated_resources = allocated;
  }
  if (offered.length > 0) {
    view.offered_resources = offered;
  }
  if (agent.resourceProviders !== undefined && seesProviders(viewer)) {
    view.resource_providers = [...agent.resourceProviders.values()].map((it) => ({
      resource_provider_info: shownProvider(it.info, roleSightOf(viewer)),
      total_resources: shown(it.total, viewer),
    }));
  }
  const drain = state.agents.draining.get(agent.id);
  if (drain !== undefined) {
    view.drain_info = drain;
    if (agent.estimatedDrainStartMs !== undefined) {
      // In whole seconds, as Mesos has it.
      view.estimated_drain_start_time = timeOf(
        Math.floor(agent.estimatedDrainStartMs / 1000) * 1000,
      );
    }
  }
  return view;
}

function withoutCheckpoint(info: AgentInfo): AgentInfo {
  if (info.checkpoint === undefined) {
    return info;
  }
  const { checkpoint: _, ...rest } = info;
  return rest;
}

const withCheckpoint = (info: AgentInfo): AgentInfo =>
  info.checkpoint === undefined ? { ...info, checkpoint: true } : info;

function visibleInfo(info: AgentInfo, viewer: Viewer): AgentInfo {
  const { resources = [] } = info;
  const sees = (it: Resource) => seesResource(viewer, it);
  return resources.every(sees) ? info : { ...info, resources: resources.filter(sees) };
}

export function agentPlace(state: MasterState, id: string): AgentPlace | undefined {
  const agent = state.agents.registered.get(agentId(id));
  if (agent?.connected !== true) {
    return undefined;
  }
  const { address, pid } = agent;
  const proof = state.authentication.processes.proofOf(pid);
  return { address, key: proof && state.options.verifier.sharedKey(proof) };
}
