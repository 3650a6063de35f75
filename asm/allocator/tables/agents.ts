// Agents: what each has, what of it is free, and who holds what.
//
//   agent ── entries: one a kind, in the order of its total, with what is held of it
//         └─ holdings: one a (framework, role) that has anything there
//
// An agent whose kinds are all plain (unreserved, not revocable, not shared) may take the fast path
// of a run. One with several scalar kinds of one name keeps, beside its entries, what is held in
// the order in which Apache Mesos would keep it: that order decides what quotas chop first.
//
// Agent: flags u32 | denies u32 | entries u32 | entry count u32 | spare holding u32 |
//        first holding u32 | first filter + 1 u32 | filters u32 |
//        hidden bits u32 | hidden words u32 | seen items u32 |
//        seen count u32 | excluded bits u32 | excluded words u32 | last offer + 1 u32 | run u32 |
//        held capacity u32 | filtered bits u32 | filtered words u32 | unused u32 | place f64 |
//        held list u32 | held count u32 | sequence u32 | first inverse record + 1 u32 |
//        entry capacity u32 |
//        unused, to 128 bytes: two cache lines, of which the fast path needs the first only
import {
  AGENT_ACTIVE,
  AGENT_FLAT_ROLES,
  AGENT_REMOTE,
  AGENT_SINGLE_ROLE,
  AGENT_WHITELISTED,
  BAD_HANDLE,
  MAX_AGENTS,
  OK,
  OPTION_FILTER_GPU,
  TOO_MANY,
} from '../../constants';
import { CHECKED, slot, tableBase, tableCount, tablePush } from '../../memory';
import { SLOT_AGENT_FREE, SLOT_AGENTS, SLOT_OPTIONS } from '../../slots';
import { wake } from './idle-agents';
import { IS_HIERARCHICAL, IS_MULTI_ROLE, LACKS_GPU, LACKS_REGION } from './traits';

// @ts-ignore: decorator
@inline
export const AGENT_SIZE: usize = 128;

export const AGENT_PRESENT: u32 = 256;

export const AGENT_GPU: u32 = 512;

/** Has reserved, revocable or shared kinds. */
export const AGENT_COMPLEX: u32 = 1024;

/** Has several scalar kinds of one name. */
export const AGENT_ORDERED: u32 = 2048;

export const AGENT_HAS_SHARED: u32 = 4096;

export const AGENT_MAINTENANCE: u32 = 8192;

/** Some leaf has more than one filter here. */
export const AGENT_DOUBLE_FILTERS: u32 = 16384;

const HOST_FLAGS: u32 = 255;

// @ts-ignore: decorator
@inline
export function agentAt(agent: u32): usize {
  if (CHECKED) {
    assert(agent < tableCount(SLOT_AGENTS), 'no such agent');
  }
  return tableBase(SLOT_AGENTS) + <usize>agent * AGENT_SIZE;
}

// @ts-ignore: decorator
@inline
export function agentFlags(agent: u32): u32 {
  return load<u32>(agentAt(agent));
}

// @ts-ignore: decorator
@inline
export function setAgentFlags(agent: u32, flags: u32): void {
  store<u32>(agentAt(agent), flags);
}

export function agentExists(agent: u32): bool {
  return agent < tableCount(SLOT_AGENTS) && (agentFlags(agent) & AGENT_PRESENT) != 0;
}

/** Bits of the traits of a framework that keep the agent from it. */
export function updateDenies(agent: u32): void {
  const flags = agentFlags(agent);
  let denies: u32 = 0;
  if ((flags & AGENT_GPU) != 0 && (load<u32>(slot(SLOT_OPTIONS)) & OPTION_FILTER_GPU) != 0) {
    denies |= LACKS_GPU;
  }
  if ((flags & AGENT_REMOTE) != 0) {
    denies |= LACKS_REGION;
  }
  if ((flags & AGENT_SINGLE_ROLE) != 0) {
    denies |= IS_MULTI_ROLE;
  }
  if ((flags & AGENT_FLAT_ROLES) != 0) {
    denies |= IS_HIERARCHICAL;
  }
  store<u32>(agentAt(agent), denies, 4);
}

// --- Coming and going ---
export function makeAgent(flags: u32, place: f64): i32 {
  const head = load<u32>(slot(SLOT_AGENT_FREE));
  let agent: u32;
  if (head != 0) {
    agent = head - 1;
    store<u32>(slot(SLOT_AGENT_FREE), load<u32>(agentAt(agent), 4));
    memory.fill(agentAt(agent), 0, AGENT_SIZE);
  } else {
    if (tableCount(SLOT_AGENTS) >= <u32>MAX_AGENTS) {
      return -TOO_MANY;
    }
    agent = tablePush(SLOT_AGENTS, AGENT_SIZE);
  }
  setAgentFlags(agent, (flags & HOST_FLAGS) | AGENT_PRESENT);
  store<f64>(agentAt(agent), place, 80);
  return <i32>agent;
}

export function setHostFlags(agent: u32, flags: u32): i32 {
  if (!agentExists(agent)) {
    return BAD_HANDLE;
  }
  setAgentFlags(agent, (agentFlags(agent) & ~HOST_FLAGS) | (flags & HOST_FLAGS));
  updateDenies(agent);
  wake(agent);
  return OK;
}

// @ts-ignore: decorator
@inline
export function mayBeOffered(flags: u32): bool {
  return (flags & (AGENT_ACTIVE | AGENT_WHITELISTED)) == (AGENT_ACTIVE | AGENT_WHITELISTED);
}
