// The exports about the allocator as a whole: set-up, clock, runs, and reading. Roles, frameworks
// and agents are named by the numbers that the add calls have answered.
import { ALL_AGENTS, BAD_AMOUNT, BAD_HANDLE, BAD_STATE, OK } from '../../constants';
import { nameCount } from '../../kinds';
import { slot, tableBase, tableCount } from '../../memory';
import { ioReserve, rowCount, rowItems, writeItems } from '../../rows';
import {
  SLOT_AVAILABLE_HEADROOM,
  SLOT_CLUSTER_MIN,
  SLOT_GPU_NAME,
  SLOT_GUARANTEE_LEFT,
  SLOT_HEADROOM_LEFT,
  SLOT_INVERSE_OFFERS,
  SLOT_LEAVES,
  SLOT_LIMIT_LEFT,
  SLOT_NOW,
  SLOT_OFFERS,
  SLOT_OPTIONS,
  SLOT_PENDING_ALL,
  SLOT_REQUIRED_HEADROOM,
  SLOT_REVOCABLE_FREE,
  SLOT_SHUFFLED,
  SLOT_TALLY,
  SLOT_TOTALS,
} from '../../slots';
import { newVector, valueOf } from '../../vectors';
import { filterCount } from '../filters/filter-heap';
import { expireFilters } from '../filters/filters';
import { seedGenerator } from '../run/generator';
import { makeInverseOffers } from '../run/inverse-offers';
import { clearOffers } from '../run/offering';
import { runCandidates } from '../run/run';
import {
  anyoneMayBeOffered,
  askForAgent,
  askForAll,
  clearPending,
  gatherCandidates,
} from '../run/visit-order';
import { collectFree, collectTotal } from '../tables/agent-totals';
import { agentExists } from '../tables/agents';
import { freeMinimum, leafAt, leafRole, readMinimum } from '../tables/frameworks';
import { wakeAll } from '../tables/idle-agents';
import { weighNodes } from '../tables/role-competition';
import {
  consumedOf,
  heldPlainOf,
  heldReservedOf,
  makeRoot,
  reservedOf,
  roleExists,
  usedPlainOf,
} from '../tables/roles';
import { totalsChanged } from '../tables/shares';

// --- Setting up ---

/**
 * Makes the allocator: called once, before its other calls. `gpuName` is the number of the name
 * gpus plus one.
 */
export function setUp(options: u32, seedLow: u32, seedHigh: u32, gpuName: u32): i32 {
  const seed = ((<u64>seedHigh) << 32) | <u64>seedLow;
  if (load<u32>(slot(SLOT_TOTALS)) != 0) {
    return BAD_STATE;
  }
  // Vector 0 is never used, so that 0 can mean none.
  newVector();
  store<u32>(slot(SLOT_TOTALS), newVector());
  store<u32>(slot(SLOT_REVOCABLE_FREE), newVector());
  store<u32>(slot(SLOT_AVAILABLE_HEADROOM), newVector());
  store<u32>(slot(SLOT_REQUIRED_HEADROOM), newVector());
  store<u32>(slot(SLOT_LIMIT_LEFT), newVector());
  store<u32>(slot(SLOT_HEADROOM_LEFT), newVector());
  store<u32>(slot(SLOT_GUARANTEE_LEFT), newVector());
  store<u32>(slot(SLOT_TALLY), newVector());
  store<u32>(slot(SLOT_OPTIONS), options);
  store<u32>(slot(SLOT_GPU_NAME), gpuName);
  store<u32>(slot(SLOT_SHUFFLED), seed != 0 ? 1 : 0);
  seedGenerator(seed);
  makeRoot();
  totalsChanged();
  return OK;
}

export function setClusterMinimum(): i32 {
  const minimum = readMinimum(0);
  if (minimum == 0) {
    return BAD_AMOUNT;
  }
  freeMinimum(load<usize>(slot(SLOT_CLUSTER_MIN)));
  store<usize>(slot(SLOT_CLUSTER_MIN), minimum);
  wakeAll();
  return OK;
}

/**
 * Sets the time in milliseconds and ends the filters that have ended by then; runOffers ends those
 * that end with a batch.
 */
export function setNow(now: f64): i32 {
  if (!(now >= 0) || now == Infinity) {
    return BAD_AMOUNT;
  }
  store<f64>(slot(SLOT_NOW), now);
  return OK;
}

// --- Reading ---

/** Writes an agent's total to the buffer; answers how many items, or minus a status. */
export function readTotal(agent: u32): i32 {
  if (!agentExists(agent)) {
    return -BAD_HANDLE;
  }
  const row = collectTotal(agent);
  writeItems(rowItems(row), rowCount(row), 0);
  return <i32>rowCount(row);
}

/** Writes what is free of an agent to the buffer; answers how many items, or minus a status. */
export function readFree(agent: u32): i32 {
  if (!agentExists(agent)) {
    return -BAD_HANDLE;
  }
  const row = collectFree(agent);
  writeItems(rowItems(row), rowCount(row), 0);
  return <i32>rowCount(row);
}

/**
 * Writes five f64 a name: reserved, held reserved, held plain, used plain, consumed as of the last
 * run.
 */
export function readRole(role: u32): i32 {
  if (!roleExists(role)) {
    return -BAD_HANDLE;
  }
  const names = nameCount();
  const to = ioReserve(<usize>names * 40);
  for (let name: u32 = 0; name < names; name++) {
    const at = to + <usize>name * 40;
    store<f64>(at, valueOf(reservedOf(role), name));
    store<f64>(at, valueOf(heldReservedOf(role), name), 8);
    store<f64>(at, valueOf(heldPlainOf(role), name), 16);
    store<f64>(at, valueOf(usedPlainOf(role), name), 24);
    store<f64>(at, valueOf(consumedOf(role), name), 32);
  }
  return <i32>names;
}

export function countFilters(): u32 {
  return filterCount();
}

// --- Runs ---
export function requestRun(agent: u32): i32 {
  if (agent == ALL_AGENTS) {
    askForAll();
    return OK;
  }
  if (!agentExists(agent)) {
    return BAD_HANDLE;
  }
  askForAgent(agent);
  return OK;
}

/** Forgets the requested runs. */
export function dropRequests(): void {
  clearPending();
}

/**
 * A run over all agents (`batch`), or over the agents for which a run was requested. Filters that
 * end at `until` or before have ended. Answers how many offers were made.
 */
export function runOffers(batch: u32, until: f64): i32 {
  if (until != until) {
    return -BAD_AMOUNT;
  }
  clearOffers();
  expireFilters(until);
  const all = batch != 0 || load<u32>(slot(SLOT_PENDING_ALL)) != 0;
  if (anyoneMayBeOffered(all)) {
    weighNodes();
    gatherCandidates(all);
    runCandidates(load<u32>(slot(SLOT_SHUFFLED)) != 0);
  }
  makeInverseOffers(all);
  clearPending();
  return <i32>tableCount(SLOT_OFFERS);
}

/** Address of the offers: leaf u32 | agent u32 | items u32 | count u32 | - u32 | - u32. */
export function offersAt(): usize {
  return tableBase(SLOT_OFFERS);
}

/** Address of the inverse offers: framework u32 | agent u32. */
export function inverseOffersAt(): usize {
  return tableBase(SLOT_INVERSE_OFFERS);
}

export function inverseOfferCount(): u32 {
  return tableCount(SLOT_INVERSE_OFFERS);
}

/** The framework of a leaf, and its role: how the host reads an offer. */
export function leafFrameworkOf(leaf: u32): u32 {
  if (leaf >= tableCount(SLOT_LEAVES)) {
    return 0xffffffff;
  }
  return load<u32>(leafAt(leaf));
}

export function leafRoleOf(leaf: u32): u32 {
  if (leaf >= tableCount(SLOT_LEAVES)) {
    return 0xffffffff;
  }
  return leafRole(leaf);
}
