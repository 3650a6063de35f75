// Traps of the scheduler core. The ledger and sums go on in a new instance with the state they had;
// the agent logs the trap, and ends itself when the core traps again and again.
import type { CoreTrap } from '../core/interface.ts';
import { giveUp, log } from './outbox.ts';
import type { AgentState } from './state.ts';

/** Logs the traps of a step, at its end; ends the agent when they recur. */
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

/** Ends the agent: the same trap came back in the new instance, and the step is half done. */
export function giveUpOn(agent: AgentState, trap: CoreTrap): void {
  giveUp(agent, `The agent cannot go on without its scheduler core. ${trap.message}`);
}
