// Asks a connected agent to register again, because it has a task or operation that the master's
// state lacks.
import type { StatusUpdate } from '../../model/generated/messages.ts';
import { frameworkId } from '../../model/ids.ts';
import { isTerminal } from '../../model/task-state.ts';
import { log } from '../outbox.ts';
import type { Agent, MasterState } from '../state.ts';

/** An update of a task that is not counted: if it lives, the agent shall tell all it has. */
export function uncountedUpdate(state: MasterState, agent: Agent, update: StatusUpdate): void {
  const isOver = isTerminal(update.latest_state ?? update.status.state);
  const owner = frameworkId(update.framework_id.value);
  if (!isOver && agent.connected && state.frameworks.registered.has(owner)) {
    askSparingly(state, agent);
  }
}

const FIRST_PAUSE_MS = 5_000;
const MAX_PAUSE_MS = 600_000;

/**
 * For what only the agent's word speaks for: an executor can report tasks that there never were,
 * and each registration would bring those reports again. So the pauses between such calls grow.
 */
export function askSparingly(state: MasterState, agent: Agent): void {
  const { nowMs } = state;
  const before = agent.recall ?? { nextMs: nowMs, pauseMs: FIRST_PAUSE_MS };
  if (nowMs < before.nextMs || agent.isAskedAgain === true) {
    return;
  }
  const isQuiet = nowMs >= before.nextMs + MAX_PAUSE_MS;
  const pauseMs = isQuiet ? FIRST_PAUSE_MS : before.pauseMs;
  agent.recall = { nextMs: nowMs + pauseMs, pauseMs: Math.min(pauseMs * 2, MAX_PAUSE_MS) };
  askAgain(state, agent);
}

/**
 * An agent, be it one of Apache Mesos, registers again when a ping calls it disconnected. It is
 * asked once until it does: where that is lost with the connection, it registers again all the
 * same.
 */
export function askAgain(state: MasterState, agent: Agent): void {
  if (agent.isAskedAgain !== true) {
    agent.isAskedAgain = true;
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
