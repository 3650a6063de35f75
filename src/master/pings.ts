// Watching agents: each is pinged at a steady pace, and given up after so many pings without a pong.

import type { AgentId } from '../model/ids.ts';
import { markUnreachable } from './agent-removal.ts';
import { clearTimer, setTimer } from './outbox.ts';
import type { Agent, MasterState } from './state.ts';

const pingTimer = (agent: Agent) => `ping/${agent.id}`;
const removalTimer = (id: AgentId) => `unreachable/${id}`;

export function startPings(state: MasterState, agent: Agent): void {
  ping(state, agent);
}

export function stopPings(state: MasterState, agent: Agent): void {
  clearTimer(state, pingTimer(agent));
  clearTimer(state, removalTimer(agent.id));
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
    if (agent.missedPings === state.options.maxAgentPingTimeouts) {
      scheduleRemoval(state, agent);
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
  if (agent.missedPings >= state.options.maxAgentPingTimeouts) {
    clearTimer(state, removalTimer(agent.id));
    state.counters.values.slave_unreachable_canceled++;
    state.counters.values.slave_shutdowns_canceled++;
  }
  agent.missedPings = 0;
}

/** At once, or in its turn where removals are rate-limited. */
function scheduleRemoval(state: MasterState, agent: Agent): void {
  state.counters.values.slave_unreachable_scheduled++;
  state.counters.values.slave_shutdowns_scheduled++;
  const interval = state.options.agentRemovalIntervalMs;
  if (interval === undefined) {
    giveUp(state, agent);
    return;
  }
  const at = Math.max(state.nowMs, state.nextRemovalMs);
  state.nextRemovalMs = at + interval;
  setTimer(state, removalTimer(agent.id), at - state.nowMs);
}

export function removalDue(state: MasterState, id: AgentId): void {
  const agent = state.agents.registered.get(id);
  if (agent !== undefined && agent.missedPings >= state.options.maxAgentPingTimeouts) {
    giveUp(state, agent);
  }
}

function giveUp(state: MasterState, agent: Agent): void {
  state.counters.values.slave_unreachable_completed++;
  state.counters.values.slave_shutdowns_completed++;
  markUnreachable(state, agent.info, {
    duringRecovery: false,
    message: 'health check timed out',
  });
}
