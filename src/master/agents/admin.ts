// What operators do to agents: drain them, take them out of offers, bring them back.
import {
  type DrainConfig,
  type DrainInfo,
  DrainState,
  type MasterCall_DrainAgent,
} from '../../model/generated/messages.ts';
import { type AgentId, agentId, type RequestId } from '../../model/ids.ts';
import type { Principal } from '../../security/principal.ts';
import type { ContinuationOf } from '../continuation.ts';
import { publishAgentUpdated } from '../operators/subscribers.ts';
import { mayDo, reply } from '../outbox.ts';
import { isStoring, storeSetting } from '../registrar.ts';
import type { Agent, MasterState } from '../state.ts';
import { deactivateAgent } from './disconnection.ts';
import { drainIfIdle, isDraining, sendDrain } from './draining.ts';
import { markGone } from './gone.ts';
import { agentMachineKey, machineKey } from './machines.ts';

const isKnown = ({ agents }: MasterState, id: AgentId) =>
  agents.recovered.has(id) || agents.registered.has(id) || agents.unreachable.has(id);

interface Refusal {
  readonly status: number;
  readonly text?: string;
}

/**
 * Why a duty cannot be stored for the agent: it is unknown, or about to be removed or marked gone,
 * after which the duty would stay in the registry for good.
 */
function knownError(state: MasterState, id: AgentId): Refusal | undefined {
  if (!isKnown(state, id)) {
    return { status: 400, text: 'Unknown agent' };
  }
  if (isStoring(state, 'agentGone', id)) {
    return { status: 409, text: 'Agent is currently being marked gone' };
  }
  return isStoring(state, 'agentRemoved', id)
    ? { status: 409, text: 'Agent is currently being removed' }
    : undefined;
}

export function drainAgent(
  state: MasterState,
  call: MasterCall_DrainAgent,
  principal: Principal | undefined,
  request: RequestId,
): void {
  const id = agentId(call.agent_id.value);
  const goesAway = call.mark_gone === true;
  const agent = state.agents.registered.get(id);
  const isAllowed =
    mayDo(state, principal, 'DRAIN_AGENT', { agent: id }) &&
    (!goesAway || mayDo(state, principal, 'MARK_AGENT_GONE', { agent: id }));
  if (!isAllowed) {
    reply(state, request, 403);
    return;
  }
  const impossible = agent === undefined ? undefined : drainError(state, agent);
  if (impossible !== undefined) {
    reply(state, request, 400, impossible);
    return;
  }
  const unknown = knownError(state, id);
  if (unknown !== undefined) {
    reply(state, request, unknown.status, unknown.text);
    return;
  }
  const drain: DrainInfo = { state: DrainState.DRAINING, config: drainConfig(call) };
  const change = { type: 'setDuty' as const, id, drain, deactivated: true };
  storeSetting(state, change, { type: 'drainStarted', id, drain, request });
}

export function drainStarted(
  state: MasterState,
  { id, drain, request }: ContinuationOf<'drainStarted'>,
): void {
  state.agents.draining.set(id, drain);
  state.agents.deactivated.add(id);
  const agent = state.agents.registered.get(id);
  if (agent !== undefined) {
    deactivateAgent(state, agent);
    sendDrain(state, agent);
    agent.estimatedDrainStartMs = state.nowMs;
    publishAgentUpdated(state, agent);
    drainIfIdle(state, agent);
  }
  reply(state, request, 200);
}

function drainError(state: MasterState, agent: Agent): string | undefined {
  const key = agentMachineKey(agent.info.hostname, agent.ip);
  for (const { machine_ids } of state.schedules[0]?.windows ?? []) {
    if ((machine_ids ?? []).some((id) => machineKey(id) === key)) {
      return (
        `Agent ${agent.id} is part of a maintenance schedule under Machine` +
        ` ${agent.info.hostname} (${agent.ip})`
      );
    }
  }
  return agent.capabilities.draining ? undefined : `Agent ${agent.id} is not capable of draining`;
}

function drainConfig(call: MasterCall_DrainAgent): DrainConfig {
  const config: DrainConfig = { mark_gone: call.mark_gone === true };
  if (call.max_grace_period !== undefined) {
    const { seconds = 0, nanos = 0 } = call.max_grace_period;
    config.max_grace_period = { nanoseconds: BigInt(seconds) * 1_000_000_000n + BigInt(nanos) };
  }
  return config;
}

export function deactivate(
  state: MasterState,
  id: AgentId,
  principal: Principal | undefined,
  request: RequestId,
): void {
  if (!mayDo(state, principal, 'DEACTIVATE_AGENT', { agent: id })) {
    reply(state, request, 403);
    return;
  }
  const impossible = knownError(state, id);
  if (impossible !== undefined) {
    reply(state, request, impossible.status, impossible.text);
    return;
  }
  const drain = state.agents.draining.get(id);
  const change = { type: 'setDuty' as const, id, drain, deactivated: true };
  storeSetting(state, change, { type: 'agentDeactivated', id, request });
}

export function agentDeactivated(
  state: MasterState,
  { id, request }: ContinuationOf<'agentDeactivated'>,
): void {
  state.agents.deactivated.add(id);
  const agent = state.agents.registered.get(id);
  if (agent !== undefined) {
    deactivateAgent(state, agent);
    publishAgentUpdated(state, agent);
  }
  reply(state, request, 200);
}

export function reactivate(
  state: MasterState,
  id: AgentId,
  principal: Principal | undefined,
  request: RequestId,
): void {
  const refusal: Refusal | undefined = !mayDo(state, principal, 'REACTIVATE_AGENT', { agent: id })
    ? { status: 403 }
    : !state.agents.deactivated.has(id)
      ? { status: 400, text: 'Agent is not deactivated' }
      : isDraining(state, id)
        ? { status: 400, text: 'Agent is still in the DRAINING state' }
        : knownError(state, id);
  if (refusal !== undefined) {
    reply(state, request, refusal.status, refusal.text);
    return;
  }
  const change = { type: 'setDuty' as const, id, deactivated: false };
  storeSetting(state, change, { type: 'agentReactivated', id, request });
}

export function agentReactivated(
  state: MasterState,
  { id, request }: ContinuationOf<'agentReactivated'>,
): void {
  state.agents.draining.delete(id);
  state.agents.deactivated.delete(id);
  const agent = state.agents.registered.get(id);
  if (agent === undefined) {
    reply(state, request, 409, 'Agent removed while processing the call');
    return;
  }
  if (agent.connected) {
    agent.active = true;
    state.allocator.activateAgent(id);
  }
  agent.estimatedDrainStartMs = undefined;
  publishAgentUpdated(state, agent);
  reply(state, request, 200);
}

export function markAgentGone(
  state: MasterState,
  id: AgentId,
  principal: Principal | undefined,
  request: RequestId,
): void {
  const { agents } = state;
  if (!mayDo(state, principal, 'MARK_AGENT_GONE', { agent: id })) {
    reply(state, request, 403);
    return;
  }
  if (agents.gone.has(id)) {
    reply(state, request, 200);
    return;
  }
  const busy = isStoring(state, 'agentGone', id)
    ? 'is already being transitioned to gone'
    : isStoring(state, 'agentRemoved', id)
      ? 'is being transitioned to removed'
      : isStoring(state, 'agentUnreachable', id)
        ? 'is being transitioned to unreachable'
        : undefined;
  if (busy !== undefined) {
    reply(state, request, 503, `Agent '${id}' ${busy}`);
    return;
  }
  if (!isKnown(state, id)) {
    reply(state, request, 404, `Agent '${id}' not found`);
    return;
  }
  markGone(state, id, request);
}
