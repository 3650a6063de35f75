// Agents that become unreachable: the decision, its turn and what follows. An agent is unreachable
// when it answers no pings (pings.ts), or does not register again in time: after its connection was
// lost, or after the master was started (recovery.ts). With --agent_removal_rate_limit each
// decision waits for its turn, whatever its cause, so that a network that fails does not end the
// tasks of a whole cluster at once; an agent that shows itself before its turn stays as it was. In
// its turn the change is stored, and then the agent is taken out of the master's state and its
// frameworks told.
import type { AgentInfo } from '../../model/generated/messages.ts';
import { type AgentId, agentId } from '../../model/ids.ts';
import type { ContinuationOf } from '../continuation.ts';
import { publishAgentLost } from '../operators/subscribers.ts';
import { clearTimer, log, nowNs, setTimer } from '../outbox.ts';
import { store } from '../registrar.ts';
import type { MasterState } from '../state.ts';
import type { MasterTimer } from '../timers.ts';
import { rememberLost } from './lost.ts';
import { isChanging, loseAgent, tellOfLostAgent } from './removal.ts';

/**
 * pings: the agent answers none. disconnected: it did not register again after its connection was
 * lost. recovery: it did not register again after a restart of the master.
 */
type UnreachableCause = 'pings' | 'disconnected' | 'recovery';

/** The decision that an agent is unreachable. */
export interface UnreachableDecision {
  readonly info: AgentInfo;
  readonly cause: UnreachableCause;
  /** What its frameworks are told. */
  readonly message: string;
}

const turnTimer = (id: AgentId): MasterTimer => `unreachable/${id}`;

/** The agent is unreachable, and is marked so at once or in its turn. */
export function decideUnreachable(state: MasterState, decision: UnreachableDecision): void {
  const { info, cause, message } = decision;
  const id = agentId(info.id?.value ?? '');
  if (state.agents.unreachableDecisions.has(id)) {
    return;
  }
  count(state, cause, 'scheduled');
  const interval = state.options.agentRemovalIntervalMs;
  if (interval === undefined) {
    carryOut(state, decision);
    return;
  }
  const at = Math.max(state.nowMs, state.nextUnreachableMs);
  state.nextUnreachableMs = at + interval;
  state.agents.unreachableDecisions.set(id, decision);
  log(state, 'info', `Scheduling removal of agent ${id} (${info.hostname}): ${message}`);
  setTimer(state, turnTimer(id), at - state.nowMs);
}

/** The turn of an agent that waited to be marked unreachable has come. */
export function unreachableDue(state: MasterState, id: AgentId): void {
  const decision = state.agents.unreachableDecisions.get(id);
  state.agents.unreachableDecisions.delete(id);
  if (decision !== undefined) {
    carryOut(state, decision);
  }
}

/** A disconnected agent had this long to register again. */
export function reregistrationTimedOut(state: MasterState, id: AgentId): void {
  const agent = state.agents.registered.get(id);
  if (agent === undefined || agent.connected) {
    return;
  }
  const seconds = state.options.agentReregisterTimeoutMs / 1000;
  const message = `agent did not reregister within ${seconds}secs after disconnecting`;
  decideUnreachable(state, { info: agent.info, cause: 'disconnected', message });
}

/** The agent has shown itself: a decision for one of these causes no longer holds. */
export function cancelUnreachable(
  state: MasterState,
  id: AgentId,
  causes: readonly UnreachableCause[],
): void {
  const decision = state.agents.unreachableDecisions.get(id);
  if (decision !== undefined && causes.includes(decision.cause)) {
    forgetDecision(state, id);
    count(state, decision.cause, 'canceled');
  }
}

/** The agent has been removed or marked gone: nothing is left to mark unreachable. */
export function forgetDecision(state: MasterState, id: AgentId): void {
  if (state.agents.unreachableDecisions.delete(id)) {
    clearTimer(state, turnTimer(id));
  }
}

function carryOut(state: MasterState, { info, cause, message }: UnreachableDecision): void {
  count(state, cause, 'completed');
  markUnreachable(state, info, { duringRecovery: cause === 'recovery', message });
}

function count(
  state: MasterState,
  cause: UnreachableCause,
  what: 'scheduled' | 'completed' | 'canceled',
): void {
  const { values } = state.counters;
  values[`slave_unreachable_${what}`]++;
  if (cause === 'pings') {
    values[`slave_shutdowns_${what}`]++;
  }
}

/** Stores that the agent is unreachable, unless another change of it is on its way. */
function markUnreachable(
  state: MasterState,
  info: AgentInfo,
  options: { readonly duringRecovery: boolean; readonly message: string },
): void {
  const id = agentId(info.id?.value ?? '');
  const { agents } = state;
  const isThere = options.duringRecovery ? agents.recovered.has(id) : agents.registered.has(id);
  if (!isThere || isChanging(state, id) || agents.gone.has(id)) {
    return;
  }
  const sinceNs = nowNs(state);
  log(state, 'info', `Marking agent ${id} (${info.hostname}) unreachable: ${options.message}`);
  store(state, [{ type: 'markUnreachable', id, sinceNs }], {
    type: 'agentUnreachable',
    id,
    sinceNs,
    ...options,
  });
}

/** The registry holds that the agent is unreachable. */
export function agentUnreachable(
  state: MasterState,
  { id, sinceNs, duringRecovery, message }: ContinuationOf<'agentUnreachable'>,
): void {
  const { agents } = state;
  agents.unreachable.set(id, sinceNs);
  state.counters.values.slave_removals++;
  state.counters.values['slave_removals/reason_unhealthy']++;
  if (duringRecovery) {
    rememberLost(state, id, { info: agents.recovered.get(id), message });
    agents.recovered.delete(id);
    agents.room.leave(id);
    state.counters.values.recovery_slave_removals++;
    tellOfLostAgent(state, id);
    publishAgentLost(state, id);
    return;
  }
  const agent = agents.registered.get(id);
  if (agent !== undefined) {
    loseAgent(state, agent, { unreachableSinceNs: sinceNs, message });
  }
}
