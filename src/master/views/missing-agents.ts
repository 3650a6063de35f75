// Agents that are not there: unreachable or gone, or refused when they wanted to register. Mesos
// shows them nowhere: who reads is told of them where it asks.
import type {
  MasterResponse_GetAgents,
  MasterResponse_GetAgents_LostAgent,
  MasterResponse_GetAgents_RefusedAgent,
} from '../../model/generated/messages.ts';
import type { AgentId } from '../../model/ids.ts';
import { timeOf } from '../../model/time-info.ts';
import type { MasterState } from '../state.ts';
import type { Viewer } from '../views.ts';

/** Of each kind, who begins to read is told of so many. */
const MAX_TOLD = 5_000;
/** Who has not tried for so long tries no more. */
const FORGOTTEN_AFTER_MS = 3_600_000;

/** Undefined where it is neither unreachable nor gone. */
export function lostAgentView(
  { agents }: MasterState,
  id: AgentId,
): MasterResponse_GetAgents_LostAgent | undefined {
  const goneNs = agents.gone.get(id);
  const sinceNs = goneNs ?? agents.unreachable.get(id);
  if (sinceNs === undefined) {
    return undefined;
  }
  const { hostname, port, message } = agents.lost.get(id) ?? {};
  return {
    agent_id: { value: id },
    gone: goneNs !== undefined,
    since_time: { nanoseconds: sinceNs },
    ...(hostname !== undefined && { hostname }),
    ...(message !== undefined && { message }),
    ...(port !== undefined && { port }),
  };
}

/** All that are not there, as the viewer may see them. */
export const missingAgentsView = (
  state: MasterState,
  { principal, authorizer }: Viewer,
): Omit<MasterResponse_GetAgents, 'agents' | 'recovered_agents'> => ({
  ...lostAgentsView(state),
  ...(state.agents.refused.size > 0 &&
    authorizer.authorize(principal, 'ACCESS_MESOS_LOG') && {
      refused_agents: refusedAgentsView(state),
    }),
});

/** The latest of each kind. */
function lostAgentsView(
  state: MasterState,
): Pick<MasterResponse_GetAgents, 'lost_agents' | 'more_lost_agents'> {
  const { unreachable, gone } = state.agents;
  const told = [...latest(unreachable), ...latest(gone)];
  const more = unreachable.size + gone.size - told.length;
  return {
    ...(told.length > 0 && { lost_agents: told.flatMap((id) => lostAgentView(state, id) ?? []) }),
    ...(more > 0 && { more_lost_agents: more }),
  };
}

/** They are set in the order in which they are lost. */
const latest = (since: ReadonlyMap<AgentId, bigint>): readonly AgentId[] =>
  [...since.keys()].slice(-MAX_TOLD);

/** The latest first. */
export function refusedAgentsView({
  agents,
  nowMs,
}: MasterState): MasterResponse_GetAgents_RefusedAgent[] {
  return [...agents.refused]
    .filter(([, { lastMs }]) => nowMs - lastMs < FORGOTTEN_AFTER_MS)
    .reverse()
    .map(([pid, { hostname, message, firstMs, lastMs, times }]) => ({
      ...{ pid, hostname, message, times },
      first_time: timeOf(firstMs),
      last_time: timeOf(lastMs),
    }));
}
