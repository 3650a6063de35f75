// What the agent does when the scheduler core traps. The ledger and sums go on in a new instance,
// with what they had; the agent logs it, and ends itself when the core traps again and again.
import type { CoreTrap } from '../core/interface.ts';
import { giveUp, log } from './outbox.ts';
import type { AgentState } from './state.ts';

/** At the end of a step. */
export function noteTraps(agent: AgentState): void {
  const { core, coreFailures } = agent;
  while (coreFailures.traps < core.sharedTraps && core.lastSharedTrap !== undefined) {
    coreFailures.traps++;
    log(agent, 'error', `${core.lastSharedTrap.message}; its books are in a new instance`);
    if (coreFailures.recurrence.add(agent.nowMs)) {
      giveUpOn(agent, core.lastSharedTrap);
    }
  }
}

/** A trap that came back at once has ended the step half done. */
export function giveUpOn(agent: AgentState, trap: CoreTrap): void {
  giveUp(agent, `The agent cannot go on without its scheduler core. ${trap.message}`);
}
