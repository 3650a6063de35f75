// Pings: each agent is sent one at a steady pace, and is unreachable after so many without a pong.
import type { AgentId } from '../../model/ids.ts';
import { clearTimer, setTimer } from '../outbox.ts';
import { isStoring } from '../registrar.ts';
import type { Agent, MasterState } from '../state.ts';
import type { MasterTimer } from '../timers.ts';
import { requestOverdueReregistration } from './request-reregistration.ts';
import { cancelUnreachable, decideUnreachable, forgetDecision } from './unreachable.ts';

const pingTimer = (agent: Agent): MasterTimer => `ping/${agent.id}`;

export function startPings(state: MasterState, agent: Agent): void {
  ping(state, agent);
}

export function stopPings(state: MasterState, agent: Agent): void {
  clearTimer(state, pingTimer(agent));
  forgetDecision(state, agent.id);
}

function ping(state: MasterState, agent: Agent): void {
  agent.awaitsPong = true;
  state.effects.push({
    type: 'sendToAgent',
    to: agent.pid,
    from: `slave-observer(${agent.observer})`,
    message: { name: 'PingAgentMessage', body: { connected: agent.connected } },
  });
  setTimer(state, pingTimer(agent), state.options.agentPingTimeoutMs);
}

export function pingDue(state: MasterState, id: AgentId): void {
  const agent = state.agents.registered.get(id);
  if (agent === undefined) {
    return;
  }
  if (agent.awaitsPong) {
    agent.missedPings++;
    const isLost = agent.missedPings >= state.options.maxAgentPingTimeouts;
    if (isLost && !isStoring(state, 'agentUnreachable', id)) {
      const message = 'health check timed out';
      decideUnreachable(state, { info: agent.info, cause: 'pings', message });
    }
  }
  ping(state, agent);
  requestOverdueReregistration(state, agent);
}

/** A pong from an agent's pid. The observer that it answers is not looked at. */
export function pong(state: MasterState, pid: string): void {
  const agent = state.agents.byPid.get(pid);
  if (agent === undefined) {
    return;
  }
  agent.awaitsPong = false;
  cancelUnreachable(state, agent.id, ['pings']);
  agent.missedPings = 0;
}
