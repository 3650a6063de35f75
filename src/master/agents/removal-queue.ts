// Agents that are to be marked unreachable. With --agent_removal_rate_limit each waits for its
// turn, whatever the cause, so that a network that fails cannot take a whole cluster's tasks at
// once. An agent that registers or answers a ping before its turn is not removed.
import type { AgentInfo } from '../../model/generated/messages.ts';
import { type AgentId, agentId } from '../../model/ids.ts';
import { clearTimer, log, setTimer } from '../outbox.ts';
import type { MasterState } from '../state.ts';
import type { MasterTimer } from '../timers.ts';
import { markUnreachable } from './removal.ts';

/**
 * pings: it answers none. disconnected: it did not register again. recovery: nor after a restart of
 * the master.
 */
type RemovalCause = 'pings' | 'disconnected' | 'recovery';

export interface Removal {
  readonly info: AgentInfo;
  readonly cause: RemovalCause;
  /** What its frameworks are told. */
  readonly message: string;
}

const removalTimer = (id: AgentId): MasterTimer => `unreachable/${id}`;

/** At once, or in its turn. */
export function remove(state: MasterState, removal: Removal): void {
  const { info, cause, message } = removal;
  const id = agentId(info.id?.value ?? '');
  if (state.agents.removals.has(id)) {
    return;
  }
  count(state, cause, 'scheduled');
  const interval = state.options.agentRemovalIntervalMs;
  if (interval === undefined) {
    complete(state, removal);
    return;
  }
  const at = Math.max(state.nowMs, state.nextRemovalMs);
  state.nextRemovalMs = at + interval;
  state.agents.removals.set(id, removal);
  log(state, 'info', `Scheduling removal of agent ${id} (${info.hostname}): ${message}`);
  setTimer(state, removalTimer(id), at - state.nowMs);
}

export function removalDue(state: MasterState, id: AgentId): void {
  const removal = state.agents.removals.get(id);
  state.agents.removals.delete(id);
  if (removal !== undefined) {
    complete(state, removal);
  }
}

export function reregistrationTimedOut(state: MasterState, id: AgentId): void {
  const agent = state.agents.registered.get(id);
  if (agent === undefined || agent.connected) {
    return;
  }
  const seconds = state.options.agentReregisterTimeoutMs / 1000;
  const message = `agent did not reregister within ${seconds}secs after disconnecting`;
  remove(state, { info: agent.info, cause: 'disconnected', message });
}

/** The agent shows that what it was to be removed for is over; `causes` are those that end so. */
export function cancelRemoval(
  state: MasterState,
  id: AgentId,
  causes: readonly RemovalCause[],
): void {
  const removal = state.agents.removals.get(id);
  if (removal !== undefined && causes.includes(removal.cause)) {
    forgetRemoval(state, id);
    count(state, removal.cause, 'canceled');
  }
}

/** The agent has gone in some other way. */
export function forgetRemoval(state: MasterState, id: AgentId): void {
  if (state.agents.removals.delete(id)) {
    clearTimer(state, removalTimer(id));
  }
}

function complete(state: MasterState, { info, cause, message }: Removal): void {
  count(state, cause, 'completed');
  markUnreachable(state, info, { duringRecovery: cause === 'recovery', message });
}

function count(
  state: MasterState,
  cause: RemovalCause,
  what: 'scheduled' | 'completed' | 'canceled',
): void {
  const { values } = state.counters;
  values[`slave_unreachable_${what}`]++;
  if (cause === 'pings') {
    values[`slave_shutdowns_${what}`]++;
  }
}
