// Draining: an agent that is to be emptied, and what happens when it is.
import { type DrainInfo, DrainState } from '../../model/generated/messages.ts';
import type { AgentId } from '../../model/ids.ts';
import type { ContinuationOf } from '../continuation.ts';
import { publishAgentUpdated } from '../operators/subscribers.ts';
import { sendToAgent } from '../outbox.ts';
import { isStoring, storeSetting } from '../registrar.ts';
import type { Agent, MasterState } from '../state.ts';
import { markGone } from './gone.ts';

/** Tells the agent to drain if an operator has asked for it; true if the agent was told. */
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
  const { draining, deactivated } = state.agents;
  const drain = draining.get(agent.id);
  if (
    drain?.state !== DrainState.DRAINING ||
    agent.tasks.size > 0 ||
    (agent.operations?.size ?? 0) > 0 ||
    isStoring(state, 'agentGone', agent.id) ||
    isStoring(state, 'agentDrained', agent.id)
  ) {
    return;
  }
  if (drain.config.mark_gone === true) {
    markGone(state, agent.id, undefined);
    return;
  }
  const drained: DrainInfo = { ...drain, state: DrainState.DRAINED };
  const duty = { id: agent.id, drain: drained, deactivated: deactivated.has(agent.id) };
  storeSetting(
    state,
    { type: 'setDuty', ...duty },
    { type: 'agentDrained', id: agent.id, drain: drained },
  );
}

export function agentDrained(
  state: MasterState,
  { id, drain }: ContinuationOf<'agentDrained'>,
): void {
  const { draining, registered } = state.agents;
  if (draining.has(id)) {
    draining.set(id, drain);
    const agent = registered.get(id);
    if (agent !== undefined) {
      publishAgentUpdated(state, agent);
    }
  }
}

export const isDraining = (state: MasterState, id: AgentId) =>
  state.agents.draining.get(id)?.state === DrainState.DRAINING;

/** Goes on with the drain of an agent that registers again. */
export function continueDrain(state: MasterState, agent: Agent): void {
  if (sendDrain(state, agent) && !agent.capabilities.resourceProvider) {
    drainIfIdle(state, agent);
  }
}
