// Draining: an agent that is to be emptied, and what happens when it is.
import { type DrainInfo, DrainState } from '../../model/generated/messages.ts';
import type { AgentId } from '../../model/ids.ts';
import { sendToAgent } from '../outbox.ts';
import { storeSetting } from '../registrar.ts';
import type { Agent, MasterState } from '../state.ts';
import { markGone } from './gone.ts';

/** Tells the agent to drain if it is to; true if it was told. */
export function sendDrain(state: MasterState, agent: Agent): boolean {
  const drain = state.agents.draining.get(agent.id);
  if (drain === undefined) {
    return false;
  }
  sendToAgent(state, agent, 'DrainAgentMessage', { config: drain.config });
  return true;
}

/** A draining agent that runs nothing any more is drained, or gone if that was asked for. */
export function drainIfIdle(state: MasterState, agent: Agent | undefined): void {
  if (agent === undefined) {
    return;
  }
  const { draining, markingGone, markingDrained, deactivated } = state.agents;
  const drain = draining.get(agent.id);
  if (
    drain?.state !== DrainState.DRAINING ||
    agent.tasks.size > 0 ||
    (agent.operations?.size ?? 0) > 0 ||
    markingGone.has(agent.id) ||
    markingDrained.has(agent.id)
  ) {
    return;
  }
  if (drain.config.mark_gone === true) {
    markGone(state, agent.id, () => {});
    return;
  }
  const drained: DrainInfo = { ...drain, state: DrainState.DRAINED };
  const duty = { id: agent.id, drain: drained, deactivated: deactivated.has(agent.id) };
  markingDrained.add(agent.id);
  storeSetting(state, { type: 'setDuty', ...duty }, () => {
    markingDrained.delete(agent.id);
    if (draining.has(agent.id)) {
      draining.set(agent.id, drained);
    }
  });
}

export const isDraining = (state: MasterState, id: AgentId) =>
  state.agents.draining.get(id)?.state === DrainState.DRAINING;
