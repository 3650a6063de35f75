// Asks a connected agent to register again, because it has a task or operation that the master's
// state lacks.
import type { StatusUpdate } from '../../model/generated/messages.ts';
import { frameworkId } from '../../model/ids.ts';
import { isTerminal } from '../../model/task-state.ts';
import { log } from '../outbox.ts';
import type { Agent, MasterState } from '../state.ts';

/**
 * An update of a task that the master does not count. Unless the task has ended, the agent is asked
 * to register again, which tells all that it runs.
 */
export function uncountedUpdate(state: MasterState, agent: Agent, update: StatusUpdate): void {
  const isOver = isTerminal(update.latest_state ?? update.status.state);
  const owner = frameworkId(update.framework_id.value);
  if (!isOver && agent.connected && state.frameworks.registered.has(owner)) {
    requestReregistrationSparingly(state, agent);
  }
}

const FIRST_PAUSE_MS = 5_000;
const MAX_PAUSE_MS = 600_000;

/**
 * Asks an agent to register again because of something that only the agent reports. An executor can
 * report tasks that never were, and does so again after each registration: so the pauses between
 * such requests grow.
 */
export function requestReregistrationSparingly(state: MasterState, agent: Agent): void {
  const { nowMs } = state;
  const before = agent.recall ?? { nextMs: nowMs, pauseMs: FIRST_PAUSE_MS };
  if (nowMs < before.nextMs || agent.reregistrationRequested === true) {
    return;
  }
  const isQuiet = nowMs >= before.nextMs + MAX_PAUSE_MS;
  const pauseMs = isQuiet ? FIRST_PAUSE_MS : before.pauseMs;
  agent.recall = { nextMs: nowMs + pauseMs, pauseMs: Math.min(pauseMs * 2, MAX_PAUSE_MS) };
  requestReregistration(state, agent);
}

/**
 * Asks an agent to register again by a ping that calls it disconnected, which agents of Apache
 * Mesos understand too. It is asked once until it registers: if the ping is lost, then with the
 * connection, after which the agent registers anyway.
 */
export function requestReregistration(state: MasterState, agent: Agent): void {
  if (agent.reregistrationRequested !== true) {
    agent.reregistrationRequested = true;
    log(
      state,
      'info',
      `Agent ${agent.id} shall register again: it has something else than is counted`,
    );
    state.effects.push({
      type: 'sendToAgent',
      to: agent.pid,
      from: `slave-observer(${agent.observer})`,
      message: { name: 'PingAgentMessage', body: { connected: false } },
    });
  }
}
