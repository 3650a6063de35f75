// Watching agents: each is pinged at a steady pace, and given up after so many pings without a
// pong.

import type { AgentId } from '../../model/ids.ts';
import { clearTimer, setTimer } from '../outbox.ts';
import { isStoring } from '../registrar.ts';
import type { Agent, MasterState } from '../state.ts';
import type { MasterTimer } from '../timers.ts';
import { cancelRemoval, forgetRemoval, remove } from './removal-queue.ts';

const pingTimer = (agent: Agent): MasterTimer => `ping/${agent.id}`;

export function startPings(state: MasterState, agent: Agent): void {
  ping(state, agent);
}

export function stopPings(state: MasterState, agent: Agent): void {
  clearTimer(state, pingTimer(agent));
  forgetRemoval(state, agent.id);
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
      remove(state, { info: agent.info, cause: 'pings', message: 'health check timed out' });
    }
  }
  ping(state, agent);
}

/** A pong from the agent's pid; which observer it answers makes no difference. */
export function pong(state: MasterState, pid: string): void {
  const agent = state.agents.byPid.get(pid);
  if (agent === undefined) {
    return;
  }
  agent.awaitsPong = false;
  cancelRemoval(state, agent.id, ['pings']);
  agent.missedPings = 0;
}
