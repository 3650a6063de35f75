// The recovery of the allocator, which is lost when the scheduler core traps or refuses what it is
// told: a new allocator is told all that the master knows. This happens when the master's state is
// whole again: at the end of the step, or at a question whose answer the step needs to go on.
//
// Offers stay. What only the allocator knew is lost: the filters of offers and inverse offers, and
// the counts of allocations, which order equal shares. So frameworks may see inverse offers
// rescinded and made again, and offers of resources that they have refused.
import {
  type AllocatorOptions,
  CoreError,
  type CoreTrap,
  type Holding,
  type LiveAllocator,
} from '../../core/interface.ts';
import { withoutAllocation } from '../../model/resource-format.ts';
import { agentTerms } from '../agents/agents.ts';
import { holdingsOn } from '../agents/holdings.ts';
import { machineOf } from '../agents/machines.ts';
import { frameworkTerms } from '../frameworks/frameworks.ts';
import type { MasterOptions } from '../options.ts';
import { log } from '../outbox.ts';
import { recordOf } from '../roles/quantities.ts';
import type { Agent, MasterCore, MasterState } from '../state.ts';
import { endInverseOffer } from './rescind.ts';

export function createAllocator(core: MasterCore, options: MasterOptions): LiveAllocator {
  return core.allocator(allocatorOptions(options));
}

function allocatorOptions(options: MasterOptions): AllocatorOptions {
  const domain = options.domain?.fault_domain;
  return {
    seed: options.allocatorSeed,
    allocationIntervalMs: options.allocationIntervalMs,
    minAllocatable: options.minAllocatable,
    fairnessExcluded: options.fairnessExcluded,
    filterGpuResources: options.filterGpuResources,
    region: domain?.region.name,
    zone: domain?.zone.name,
    roleSorter: options.roleSorter,
    frameworkSorter: options.frameworkSorter,
    agentRecoveryFactor: options.allocatorAgentRecoveryFactor,
    recoveryTimeoutMs: options.allocatorRecoveryTimeoutMs,
    regexMaxMemoryBytes: options.constraintRegexMaxMemoryBytes,
    regexMaxProgramSize: options.constraintRegexMaxProgramSize,
  };
}

/**
 * At the end of a step: what is lost is made anew. Throws a trap that comes back, and what the new
 * one refuses.
 */
export function mend(state: MasterState): void {
  const { core, coreFailures } = state;
  while (coreFailures.sharedTraps < core.sharedTraps) {
    coreFailures.sharedTraps++;
    if (core.lastSharedTrap !== undefined) {
      remember(state, core.lastSharedTrap);
      log(state, 'error', `${core.lastSharedTrap.message}; the sum was made again`);
    }
  }
  const { loss } = state.allocator;
  if (loss !== undefined) {
    remember(state, loss);
    rebuild(state);
    const { agents, frameworks } = state;
    log(
      state,
      'error',
      `${loss instanceof CoreError ? 'The scheduler core refused: ' : ''}${loss.message}; a new allocator has the master's ${agents.registered.size} agents and` +
        ` ${frameworks.registered.size} frameworks`,
    );
  }
}

/**
 * Asks the allocator what a step cannot go on without. Only where the master's own state is whole:
 * if the allocator is lost, it is made anew from that, and asked again.
 */
export function ask<T extends object>(
  state: MasterState,
  question: (allocator: LiveAllocator) => T,
): T {
  const answer = state.allocator.attempt(question);
  if (answer !== undefined) {
    return answer;
  }
  mend(state);
  const second = state.allocator.attempt(question);
  if (second === undefined) {
    throw state.allocator.loss;
  }
  return second;
}

/**
 * Counts the loss, and throws it when traps recur. A refusal is not counted there: a call that the
 * core refuses changes nothing, so that the core is whole.
 */
function remember(state: MasterState, loss: CoreTrap | CoreError): void {
  state.counters.coreRebuilds++;
  if (!(loss instanceof CoreError) && state.coreFailures.recurrence.add(state.nowMs)) {
    throw loss;
  }
}

function rebuild(state: MasterState): void {
  // A new allocator cannot be told which of them are out, and makes them again.
  for (const inverseOffer of [...state.inverseOffers.values()]) {
    endInverseOffer(state, inverseOffer, { rescind: true });
  }
  const allocator = createAllocator(state.core, state.options);
  tellSettings(state, allocator);
  for (const framework of state.frameworks.registered.values()) {
    const { id, active } = framework;
    allocator.addFramework({ id, ...frameworkTerms(framework), active, used: [] });
  }
  const grants = Map.groupBy(state.grants, ({ agent }) => agent);
  for (const agent of state.agents.registered.values()) {
    allocator.addAgent({
      id: agent.id,
      ...agentTerms(agent),
      used: holdingsOn(state, agent),
      offered: offeredOn(state, agent, grants.get(agent) ?? []),
      unavailability: machineOf(state, agent)?.info.unavailability,
    });
    if (!agent.active) {
      allocator.deactivateAgent(agent.id);
    }
  }
  state.allocator.replace(allocator);
}

/** Settings come first: what a role weighs is looked at when it is first needed. */
function tellSettings(state: MasterState, allocator: LiveAllocator): void {
  const quotas = recordOf(state.quotas);
  if (state.allocator.paused || !state.recovered) {
    allocator.setTime(state.registryReadMs);
    allocator.recoverQuotas(state.agents.recoveredCount, quotas);
  } else {
    for (const [role, quota] of state.quotas) {
      allocator.updateQuota(role, quota);
    }
  }
  allocator.setTime(state.nowMs);
  allocator.updateWeights(recordOf(state.weights));
  allocator.updateWhitelist(state.whitelist);
}

/** Resources of the agent that are on offer, or granted and about to be offered. */
function offeredOn(state: MasterState, agent: Agent, grants: MasterState['grants']): Holding[] {
  const offered = [...agent.offers, ...grants];
  return offered
    .filter(({ framework }) => state.frameworks.registered.get(framework.id) === framework)
    .map(({ framework, role, resources }) => ({
      frameworkId: framework.id,
      agentId: agent.id,
      role,
      resources: resources.map(withoutAllocation),
    }));
}
