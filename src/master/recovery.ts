// The start of a master: what it takes from the registry, and what becomes of agents in it that do
// not come back.

import { type MasterInfo, MasterInfo_Capability_Type } from '../model/generated/messages.ts';
import { type AgentId, agentId } from '../model/ids.ts';
import { heldSize } from '../model/message-size.ts';
import type { RegistrySnapshot } from '../model/registry.ts';
import { toReservationLists } from '../model/resource-format.ts';
import { amountOf } from '../model/resource-validation.ts';
import { machineKey } from './agents/machines.ts';
import { forgetUnreachableTasks } from './agents/readmission.ts';
import { decideUnreachable } from './agents/unreachable.ts';
import type { ContinuationOf } from './continuation.ts';
import { leads } from './leadership.ts';
import { startHistory } from './metrics/history.ts';
import { missingCapabilities } from './minimum-capabilities.ts';
import { startBatches } from './offers/offers.ts';
import { claimNames } from './offers/resource-names.ts';
import { publishAgentLost } from './operators/subscribers.ts';
import type { MasterOptions } from './options.ts';
import { giveUp, log, setTimer } from './outbox.ts';
import { isStoring, store } from './registrar.ts';
import { recordOf } from './roles/quantities.ts';
import { quotaAmounts } from './roles/quota.ts';
import type { MasterState } from './state.ts';
import { MAX_AGENTS_BYTES } from './validation/agent-bounds.ts';

const RECOVERY_TIMER = 'recovery';
const REGISTRY_GC_TIMER = 'registry-gc';

/** An address as Mesos has it in MasterInfo.ip: the bytes of the address as they lie in memory. */
function ipNumber(ip: string): number {
  const [a = 0, b = 0, c = 0, d = 0] = ip.split('.').map(Number);
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
}

export function masterInfo(options: MasterOptions): MasterInfo {
  const { id, ip, port, hostname, version, domain } = options;
  const info: MasterInfo = {
    id,
    ip: ipNumber(ip),
    port,
    pid: `master@${ip}:${port}`,
    hostname,
    version: version.version,
    address: { hostname, ip, port },
    capabilities: [
      { type: MasterInfo_Capability_Type.AGENT_UPDATE },
      { type: MasterInfo_Capability_Type.AGENT_DRAINING },
      { type: MasterInfo_Capability_Type.QUOTA_V2 },
    ],
  };
  return domain === undefined ? info : { ...info, domain };
}

/** The registry has been read. No request is answered before the registry names this master. */
export function recover(state: MasterState, registry: RegistrySnapshot): void {
  if (!leads(state) || state.recovered || isStoring(state, 'masterElected')) {
    return;
  }
  const missing = missingCapabilities(registry, state.info);
  if (missing.length > 0) {
    giveUp(
      state,
      `The registry needs a master with the capabilities ${missing.join(', ')}, which this one has not: ` +
        'a later version wrote it. Start that version again, and undo there what needs them',
    );
    return;
  }
  state.minimumCapabilities.read(registry);
  state.registryReadMs = state.nowMs;
  state.counters.fetchMs = Math.max(0, state.nowMs - state.options.startTimeMs);
  rememberAgents(state, registry);
  rememberSettings(state, registry);
  store(state, [{ type: 'electMaster', master: state.info }], {
    type: 'masterElected',
    recoveredAgents: registry.agents.length,
  });
}

export function masterElected(
  state: MasterState,
  { recoveredAgents }: ContinuationOf<'masterElected'>,
): void {
  state.recovered = true;
  state.electedMs = state.nowMs;
  log(state, 'info', `Recovered ${recoveredAgents} agents from the registry`);
  startBatches(state);
  startHistory(state);
  setTimer(state, RECOVERY_TIMER, state.options.agentReregisterTimeoutMs);
  setTimer(state, REGISTRY_GC_TIMER, state.options.registryGcIntervalMs);
}

function rememberAgents(state: MasterState, registry: RegistrySnapshot): void {
  const { agents } = state;
  for (const info of registry.agents) {
    const id = agentId(info.id?.value ?? '');
    agents.recovered.set(id, { ...info, resources: toReservationLists(info.resources) });
    const bytes = heldSize(info, MAX_AGENTS_BYTES);
    agents.room.take(id, undefined, bytes, amountOf([info.resources]));
  }
  agents.recoveredCount = registry.agents.length;
  for (const { id, sinceNs } of registry.unreachable) {
    agents.unreachable.set(id, sinceNs);
  }
  for (const { id, sinceNs } of registry.gone) {
    agents.gone.set(id, sinceNs);
  }
  for (const { id, drain, deactivated } of registry.duties ?? []) {
    if (drain !== undefined) {
      agents.draining.set(id, drain);
    }
    if (deactivated) {
      agents.deactivated.add(id);
    }
  }
}

function rememberSettings(state: MasterState, registry: RegistrySnapshot): void {
  state.schedules = [...(registry.schedules ?? [])];
  for (const info of registry.machines ?? []) {
    state.machines.set(machineKey(info.id), { info });
  }
  const quotas = recordOf<ReturnType<typeof quotaAmounts>>([]);
  for (const config of registry.quotas ?? []) {
    const amounts = quotaAmounts(config);
    state.quotas.set(config.role, amounts);
    quotas[config.role] = amounts;
    claimNames(state, [...Object.keys(amounts.guarantees), ...Object.keys(amounts.limits)]);
  }
  state.allocator.recoverQuotas(registry.agents.length, quotas);
  for (const [role, weight] of Object.entries(state.options.weights)) {
    state.weights.set(role, weight);
  }
  if (registry.weights !== undefined && registry.weights.length > 0) {
    // Stored weights replace those of --weights, which counts until some are stored.
    state.weights.clear();
    for (const { role, weight } of registry.weights) {
      state.weights.set(role ?? '*', weight);
    }
  }
  if (state.weights.size > 0) {
    state.allocator.updateWeights(recordOf(state.weights));
  }
}

/**
 * Agents of the registry that have not come back are unreachable. When too many have not, the cause
 * is likely elsewhere, and the master gives up.
 */
export function recoveryTimedOut(state: MasterState): void {
  const { recovered, recoveredCount } = state.agents;
  if (recovered.size === 0) {
    return;
  }
  const part = recovered.size / recoveredCount;
  const limit = state.options.recoveryAgentRemovalLimit;
  if (part > limit) {
    giveUp(
      state,
      `Post-recovery agent removal limit exceeded! ${recovered.size} agents` +
        ` (${(part * 100).toFixed(1)}%) did not reregister within` +
        ` ${state.options.agentReregisterTimeoutMs / 1000}secs; the limit is ${limit * 100}%`,
    );
    return;
  }
  const timeout = state.options.agentReregisterTimeoutMs / 1000;
  for (const info of [...recovered.values()]) {
    decideUnreachable(state, {
      info,
      cause: 'recovery',
      message: `did not reregister within ${timeout}secs after master failover`,
    });
  }
}

/**
 * Forgets agents that have been unreachable or gone for too long, and the oldest where there are
 * too many.
 */
export function collectGarbage(state: MasterState): void {
  setTimer(state, REGISTRY_GC_TIMER, state.options.registryGcIntervalMs);
  const unreachable = outdated(state, state.agents.unreachable);
  const gone = outdated(state, state.agents.gone);
  if (unreachable.length + gone.length === 0 || isStoring(state, 'agentsForgotten')) {
    return;
  }
  store(state, [{ type: 'forget', ids: [...unreachable, ...gone] }], {
    type: 'agentsForgotten',
    unreachable,
    gone,
  });
}

export function agentsForgotten(
  state: MasterState,
  { unreachable, gone }: ContinuationOf<'agentsForgotten'>,
): void {
  for (const id of unreachable) {
    if (state.agents.unreachable.delete(id)) {
      forgetUnreachableTasks(state, id);
      forgetLost(state, id);
    }
  }
  for (const id of gone) {
    if (state.agents.gone.delete(id)) {
      forgetLost(state, id);
    }
  }
}

function forgetLost(state: MasterState, id: AgentId): void {
  state.agents.lost.delete(id);
  publishAgentLost(state, id);
}

function outdated(state: MasterState, since: ReadonlyMap<AgentId, bigint>): AgentId[] {
  const { registryMaxAgentCount, registryMaxAgentAgeMs } = state.options;
  const excess = since.size - registryMaxAgentCount;
  const oldest = BigInt(Math.round(state.nowMs - registryMaxAgentAgeMs)) * 1_000_000n;
  const ids: AgentId[] = [];
  for (const [id, sinceNs] of since) {
    if (ids.length < excess || sinceNs < oldest) {
      ids.push(id);
    }
  }
  return ids;
}
