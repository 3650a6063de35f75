// Asks a connected agent to register again, because it has a task or operation that the master's
// state lacks.
import type { StatusUpdate } from '../../model/generated/messages.ts';
import { type FrameworkId, frameworkId, type TaskId, taskId } from '../../model/ids.ts';
import { isTerminal } from '../../model/task-state.ts';
import { BoundedMap } from '../bounded-map.ts';
import { log } from '../outbox.ts';
import type { Agent, MasterState } from '../state.ts';

/** Of those beyond it, the first are not known any more. */
const MAX_UNCOUNTED = 256;

const uncountedKey = (owner: FrameworkId, task: TaskId) => `${owner} ${task}`;

/**
 * An update of a task that the master does not count. Unless the task has ended, the agent is asked
 * to register again, which tells all that it runs.
 */
export function uncountedUpdate(state: MasterState, agent: Agent, update: StatusUpdate): void {
  const owner = frameworkId(update.framework_id.value);
  const key = uncountedKey(owner, taskId(update.status.task_id.value));
  if (isTerminal(update.latest_state ?? update.status.state)) {
    agent.uncounted?.delete(key);
  } else if (agent.connected && state.frameworks.registered.has(owner)) {
    agent.uncounted ??= new BoundedMap(MAX_UNCOUNTED);
    agent.uncounted.set(key, true);
    requestReregistrationSparingly(state, agent);
  }
}

/** Whether the agent runs a task that is not counted. */
export const runsUncounted = (agent: Agent, owner: FrameworkId, task: TaskId): boolean =>
  agent.uncounted?.has(uncountedKey(owner, task)) === true;

/** Asks for what could not be asked for in the pause after the last request. */
export function requestOverdueReregistration(state: MasterState, agent: Agent): void {
  if (agent.connected && agent.uncounted !== undefined && agent.uncounted.size > 0) {
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
