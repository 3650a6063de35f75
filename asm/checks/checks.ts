// What must hold of the whole state between two calls. Each table asserts its own form beside its
// layout; here stands what they have to agree about. Only in the debug build: nothing of this is in
// the shipped module.
import { checkFilters } from '../allocator/filters/filters';
import { agentExists } from '../allocator/tables/agents';
import { nameCount } from '../kinds';
import { checkArena, tableCount } from '../memory';
import { SLOT_AGENTS, SLOT_ROLES } from '../slots';
import { checkAgent, checkAgentsTogether, checkAtRest } from './agents';
import { checkLeaves, checkRoles } from './competition';
import { checkKinds, checkSets } from './lists';
import { checkSums } from './sums';

/** Traps, with the place in the source, where something does not hold. */
export function checkState(): void {
  checkArena();
  checkKinds();
  checkSets();
  if (tableCount(SLOT_ROLES) == 0) {
    return;
  }
  checkAtRest();
  for (let agent: u32 = 0; agent < tableCount(SLOT_AGENTS); agent++) {
    if (agentExists(agent)) {
      checkAgent(agent);
    }
  }
  checkFilters();
  checkAgentsTogether();
  checkLeaves();
  checkRoles();
  for (let name: u32 = 0; name < nameCount(); name++) {
    checkSums(name);
  }
}
