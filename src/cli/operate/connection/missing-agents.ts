// Agents that are not there, beside those that are: unreachable, marked gone, or refused.
import type {
  MasterResponse_GetAgents_Agent as Agent,
  MasterResponse_GetAgents as GetAgents,
  MasterResponse_GetAgents_LostAgent as LostAgent,
  MasterResponse_GetAgents_RefusedAgent as RefusedAgent,
  TimeInfo,
} from '../../../model/generated/messages.ts';
import { jsonValue } from '../../../wire/json.ts';
import { types } from '../../../wire/types.ts';

/** An agent, or what is known of one that is not there. */
export interface PerhapsMissing extends Agent {
  readonly missing?: {
    readonly state: 'unreachable' | 'gone' | 'refused';
    readonly since: TimeInfo;
    readonly why: string | undefined;
    /** As the master tells of it. */
    readonly told: { readonly lost: LostAgent } | { readonly refused: RefusedAgent };
  };
}

/** In the master's order, the refused ones last. */
export const missingAgents = ({
  lost_agents = [],
  refused_agents = [],
}: GetAgents): readonly PerhapsMissing[] => [
  ...lost_agents.map(lostAgent),
  ...refused_agents.map(refusedAgent),
];

const NOT_THERE = { active: false, version: '' };

function lostAgent(lost: LostAgent): PerhapsMissing {
  const { agent_id: id, gone, since_time: since, hostname = '', port, message: why } = lost;
  return {
    agent_info: { id, hostname, ...(port !== undefined && { port }) },
    ...NOT_THERE,
    missing: { state: gone ? 'gone' : 'unreachable', since, why, told: { lost } },
  };
}

/** It has no id, as it was never admitted. */
function refusedAgent(refused: RefusedAgent): PerhapsMissing {
  const { pid, hostname, last_time: since, message: why } = refused;
  return {
    agent_info: { hostname },
    pid,
    ...NOT_THERE,
    missing: { state: 'refused', since, why, told: { refused } },
  };
}

/** As the master tells of it; `lost` or `refused` is there of one that is not. */
export function agentJson({ missing, ...agent }: PerhapsMissing): object {
  const json = jsonValue(types.MasterResponse_GetAgents_Agent, agent) as object;
  if (missing === undefined) {
    return json;
  }
  const told =
    'lost' in missing.told
      ? { lost: jsonValue(types.MasterResponse_GetAgents_LostAgent, missing.told.lost) }
      : { refused: jsonValue(types.MasterResponse_GetAgents_RefusedAgent, missing.told.refused) };
  return { ...json, ...told };
}
