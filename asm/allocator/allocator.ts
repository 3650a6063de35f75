// The exports of the allocator. Lists come in through the exchange buffer; numbers of roles, frameworks
// and agents are those that the add calls gave out.
import {
  BAD_AMOUNT,
  BAD_ARGUMENT,
  BAD_HANDLE,
  BAD_STATE,
  NOT_CONTAINED,
  OK,
} from '../constants';
import { nameCount } from '../kinds';
import { slot, tableBase, tableCount } from '../memory';
import {
  ioReserve,
  readItems,
  readStatus,
  rowAddAll,
  rowClear,
  rowContains,
  rowCount,
  rowEqual,
  rowItems,
  rowSubtractAll,
  scratch,
  writeItems,
} from '../rows';
import {
  SLOT_AVAILABLE_HEADROOM,
  SLOT_CLUSTER_MIN,
  SLOT_GPU_NAME,
  SLOT_GUARANTEE_LEFT,
  SLOT_HEADROOM_LEFT,
  SLOT_INVERSE_OFFERS,
  SLOT_IO,
  SLOT_LIMIT_LEFT,
  SLOT_NOW,
  SLOT_OFFERS,
  SLOT_OPTIONS,
  SLOT_ORDER,
  SLOT_PENDING_ALL,
  SLOT_REQUIRED_HEADROOM,
  SLOT_REVOCABLE_FREE,
  SLOT_SHUFFLED,
  SLOT_TOTALS,
} from '../slots';
import { newVector, valueOf } from '../vectors';
import { convertRow } from '../algebra';
import {
  AGENT_MAINTENANCE,
  agentAt,
  agentExists,
  agentFlags,
  collectFree,
  collectTotal,
  dropHolding,
  findHolding,
  firstHolding,
  holdingCount,
  holdingFramework,
  holdingHas,
  holdingItems,
  holdingLeaf,
  holdingRole,
  makeAgent,
  nextHolding,
  replaceTotal,
  setHostFlags,
  unmakeAgent,
  usedRow,
  wake,
  wakeAll,
} from './agents';
import { book, countHolding, countUsed, rebook, take, unbook } from './books';
import { clearOffers, runCandidates } from './cycle';
import {
  addFilter,
  dropExclusions,
  dropFiltersOfAgent,
  dropFiltersOfLeaf,
  expireFilters,
  filterCount,
  forgetSeen,
  freeBits,
  leafExclusions,
  setExcluded,
} from './filters';
import {
  FRAMEWORK_ACTIVE,
  FRAMEWORK_KNOWN,
  LEAF_SUBSCRIBED,
  LEAF_SUPPRESSED,
  activateLeaf,
  clearMinimum,
  deactivateLeaf,
  dropLeaf,
  findLeaf,
  firstLeafOf,
  frameworkExists,
  frameworkFlags,
  frameworkKnown,
  freeMinimum,
  leafAt,
  leafFlags,
  leafRole,
  newLeaf,
  readMinimum,
  setCapabilities,
  setFrameworkFlags,
  setLeafFlags,
} from './frameworks';
import { seedGenerator } from './generator';
import { totalsChanged } from './groups';
import {
  answer,
  dropInverseFiltersOfAgent,
  dropInverseOfFramework,
  makeInverseOffers,
  setMaintenanceFlag,
} from './maintenance';
import {
  anyoneMayBeOffered,
  askForAgent,
  askForAll,
  clearPending,
  enterOrder,
  forgetPending,
  gatherCandidates,
  leaveOrder,
} from './order';
import {
  consumedOf,
  heldPlainOf,
  heldReservedOf,
  makeRoot,
  reservedOf,
  roleExists,
  usedPlainOf,
  weighNodes,
} from './roles';

// @ts-ignore: decorator
@inline function io(): usize {
  return load<usize>(slot(SLOT_IO));
}

/** The list in the buffer as scratch row 0; false with the reason in readStatus(). */
function readList(count: u32): usize {
  rowClear(scratch(0));
  return readItems(io(), count, scratch(0));
}

// --- Setting up ---

/** Once, before anything else of the allocator. `gpuName` is the number of the name gpus plus one. */
export function setUp(options: u32, seedLow: u32, seedHigh: u32, gpuName: u32): i32 {
  const seed = (<u64>seedHigh << 32) | <u64>seedLow;
  if (load<u32>(slot(SLOT_TOTALS)) != 0) return BAD_STATE;
  // Vector 0 is never used, so that 0 can mean none.
  newVector();
  store<u32>(slot(SLOT_TOTALS), newVector());
  store<u32>(slot(SLOT_REVOCABLE_FREE), newVector());
  store<u32>(slot(SLOT_AVAILABLE_HEADROOM), newVector());
  store<u32>(slot(SLOT_REQUIRED_HEADROOM), newVector());
  store<u32>(slot(SLOT_LIMIT_LEFT), newVector());
  store<u32>(slot(SLOT_HEADROOM_LEFT), newVector());
  store<u32>(slot(SLOT_GUARANTEE_LEFT), newVector());
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
  if (minimum == 0) return BAD_AMOUNT;
  freeMinimum(load<usize>(slot(SLOT_CLUSTER_MIN)));
  store<usize>(slot(SLOT_CLUSTER_MIN), minimum);
  wakeAll();
  return OK;
}

/** Milliseconds; ends filters whose time has come (those that end with a batch: see runOffers). */
export function setNow(now: f64): i32 {
  if (!(now >= 0) || now == Infinity) return BAD_AMOUNT;
  store<f64>(slot(SLOT_NOW), now);
  return OK;
}

// --- Frameworks ---

/** Subscribes a framework to a role; `active` lets it take part at once. */
export function subscribe(framework: u32, role: u32, active: u32, suppressed: u32): i32 {
  if (!frameworkKnown(framework) || !roleExists(role)) return BAD_HANDLE;
  let found = findLeaf(framework, role);
  if (found == 0) found = newLeaf(framework, role) + 1;
  const leaf = found - 1;
  let flags = leafFlags(leaf) | LEAF_SUBSCRIBED;
  if (suppressed != 0) flags |= LEAF_SUPPRESSED;
  setLeafFlags(leaf, flags);
  if (active != 0) {
    activateLeaf(leaf);
    wakeAll();
  }
  return OK;
}

/** Forgets a leaf that is no longer subscribed, if nothing is held through it. */
function tryDrop(leaf: u32): void {
  if ((leafFlags(leaf) & LEAF_SUBSCRIBED) != 0) return;
  if (load<u32>(leafAt(leaf), 48) != 0) return;
  deactivateLeaf(leaf);
  dropFiltersOfLeaf(leaf);
  dropExclusionsOfLeaf(leaf);
  dropLeaf(leaf);
}

function dropExclusionsOfLeaf(leaf: u32): void {
  const count = tableCount(SLOT_ORDER);
  for (let i: u32 = 0; i < count && leafExclusions(leaf) != 0; i++) {
    setExcluded(load<u32>(tableBase(SLOT_ORDER) + (<usize>i << 2)), leaf, false);
  }
}

export function unsubscribe(framework: u32, role: u32): i32 {
  if (!frameworkKnown(framework) || !roleExists(role)) return BAD_HANDLE;
  const found = findLeaf(framework, role);
  if (found == 0) return BAD_ARGUMENT;
  const leaf = found - 1;
  deactivateLeaf(leaf);
  dropFiltersOfLeaf(leaf);
  dropExclusionsOfLeaf(leaf);
  clearMinimum(leaf);
  setLeafFlags(leaf, leafFlags(leaf) & ~(LEAF_SUBSCRIBED | LEAF_SUPPRESSED));
  tryDrop(leaf);
  return OK;
}

export function suppressRole(framework: u32, role: u32): i32 {
  if (!frameworkKnown(framework) || !roleExists(role)) return BAD_HANDLE;
  const found = findLeaf(framework, role);
  if (found == 0) return BAD_ARGUMENT;
  deactivateLeaf(found - 1);
  setLeafFlags(found - 1, leafFlags(found - 1) | LEAF_SUPPRESSED);
  return OK;
}

export function reviveRole(framework: u32, role: u32): i32 {
  if (!frameworkKnown(framework) || !roleExists(role)) return BAD_HANDLE;
  const found = findLeaf(framework, role);
  if (found == 0) return BAD_ARGUMENT;
  dropFiltersOfLeaf(found - 1);
  setLeafFlags(found - 1, leafFlags(found - 1) & ~LEAF_SUPPRESSED);
  activateLeaf(found - 1);
  wakeAll();
  return OK;
}

export function dropInverseFilters(framework: u32): i32 {
  if (!frameworkKnown(framework)) return BAD_HANDLE;
  dropInverseOfFramework(framework, false);
  return OK;
}

export function changeCapabilities(framework: u32, capabilities: u32): i32 {
  if (!frameworkKnown(framework)) return BAD_HANDLE;
  setCapabilities(framework, capabilities);
  // What hides an agent depends on what a framework can take.
  const count = tableCount(SLOT_ORDER);
  for (let i: u32 = 0; i < count; i++) forgetSeen(load<u32>(tableBase(SLOT_ORDER) + (<usize>i << 2)));
  wakeAll();
  return OK;
}

export function clearLeafMinimum(framework: u32, role: u32): i32 {
  if (!frameworkKnown(framework) || !roleExists(role)) return BAD_HANDLE;
  const found = findLeaf(framework, role);
  if (found == 0) return BAD_ARGUMENT;
  clearMinimum(found - 1);
  wakeAll();
  return OK;
}

export function setFrameworkActive(framework: u32, active: u32): i32 {
  if (!frameworkKnown(framework)) return BAD_HANDLE;
  const flags = frameworkFlags(framework);
  setFrameworkFlags(framework, active != 0 ? flags | FRAMEWORK_ACTIVE : flags & ~FRAMEWORK_ACTIVE);
  for (let next = firstLeafOf(framework); next != 0; next = load<u32>(leafAt(next - 1), 36)) {
    const leaf = next - 1;
    const own = leafFlags(leaf);
    if ((own & LEAF_SUBSCRIBED) == 0) continue;
    if (active == 0) {
      deactivateLeaf(leaf);
      dropFiltersOfLeaf(leaf);
    } else if ((own & LEAF_SUPPRESSED) == 0) {
      activateLeaf(leaf);
    }
  }
  if (active != 0) wakeAll();
  else dropInverseOfFramework(framework, false);
  return OK;
}

/** Everything the framework holds becomes free, and it is forgotten; its number stays. */
export function removeFramework(framework: u32): i32 {
  if (!frameworkKnown(framework)) return BAD_HANDLE;
  const count = tableCount(SLOT_ORDER);
  for (let i: u32 = 0; i < count; i++) {
    const agent = load<u32>(tableBase(SLOT_ORDER) + (<usize>i << 2));
    for (let at = firstHolding(agent); at != 0; ) {
      const next = nextHolding(at);
      if (holdingFramework(at) == framework) releaseHolding(agent, at);
      at = next;
    }
  }
  while (firstLeafOf(framework) != 0) {
    const leaf = firstLeafOf(framework) - 1;
    deactivateLeaf(leaf);
    dropFiltersOfLeaf(leaf);
    dropExclusionsOfLeaf(leaf);
    dropLeaf(leaf);
  }
  dropInverseOfFramework(framework, true);
  setFrameworkFlags(framework, frameworkFlags(framework) & ~(FRAMEWORK_KNOWN | FRAMEWORK_ACTIVE));
  return OK;
}

/** Takes back all of a holding, used or not. */
function releaseHolding(agent: u32, holding: usize): void {
  const used = usedRow(holding);
  if (holdingLeaf(holding) != 0) {
    countUsed(holdingRole(holding), rowItems(used), rowCount(used), -1);
  }
  const row = scratch(3);
  rowClear(row);
  rowAddAll(row, holdingItems(holding), holdingCount(holding));
  unbook(agent, holding, row);
  unlinkHolding(agent, holding);
  wake(agent);
}

/** Removes an empty holding, and its leaf if only the holding kept it. */
function unlinkHolding(agent: u32, holding: usize): void {
  const leaf = holdingLeaf(holding);
  dropHolding(agent, holding);
  if (leaf == 0) return;
  const at = leafAt(leaf - 1);
  store<u32>(at, load<u32>(at, 48) - 1, 48);
  tryDrop(leaf - 1);
}

/**
 * A framework that was just introduced holds this already: what its tasks use on an agent that came
 * before it. Without effect when the agent's books have nothing of it.
 */
export function countEarlier(framework: u32, agent: u32, role: u32): i32 {
  if (!frameworkKnown(framework) || !agentExists(agent) || !roleExists(role)) return BAD_HANDLE;
  const holding = findHolding(agent, framework, role);
  if (holding == 0 || holdingLeaf(holding) != 0) return OK;
  const found = findLeaf(framework, role);
  const leaf = found == 0 ? newLeaf(framework, role) : found - 1;
  countHolding(agent, holding, leaf);
  const used = usedRow(holding);
  countUsed(role, rowItems(used), rowCount(used), 1);
  return OK;
}

// --- Agents ---

/** A new agent with the list in the buffer; answers its number, or minus a status. */
export function addAgent(flags: u32, place: f64, count: u32): i32 {
  if (place != place) return -BAD_ARGUMENT;
  if (readList(count) == 0) return -readStatus();
  const agent = makeAgent(flags, place);
  if (agent < 0) return agent;
  replaceTotal(agent, scratch(0));
  enterOrder(agent);
  wake(agent);
  return agent;
}

/** The framework's tasks use the list in the buffer on the agent; `framework` may be unknown so far. */
export function addUsed(agent: u32, framework: u32, role: u32, count: u32): i32 {
  if (!agentExists(agent) || !frameworkExists(framework) || !roleExists(role)) return BAD_HANDLE;
  if (readList(count) == 0) return readStatus();
  const row = scratch(0);
  if (rowCount(row) == 0) return OK;
  let holding: usize;
  if (frameworkKnown(framework)) {
    const found = findLeaf(framework, role);
    const leaf = found == 0 ? newLeaf(framework, role) : found - 1;
    holding = book(agent, leaf, rowItems(row), rowCount(row));
    countUsed(role, rowItems(row), rowCount(row), 1);
  } else {
    holding = take(agent, framework, role, 0, rowItems(row), rowCount(row));
  }
  rowAddAll(usedRow(holding), rowItems(row), rowCount(row));
  return OK;
}

export function removeAgent(agent: u32): i32 {
  if (!agentExists(agent)) return BAD_HANDLE;
  while (firstHolding(agent) != 0) releaseHolding(agent, firstHolding(agent));
  dropFiltersOfAgent(agent);
  freeBits(agent);
  dropExclusions(agent);
  setMaintenanceFlag(agent, false);
  forgetPending(agent);
  leaveOrder(agent);
  unmakeAgent(agent);
  return OK;
}

/** Replaces the total by the list in the buffer; answers 1 if it changed, or minus a status. */
export function setTotal(agent: u32, count: u32): i32 {
  if (!agentExists(agent)) return -BAD_HANDLE;
  if (readList(count) == 0) return -readStatus();
  if (rowEqual(scratch(0), collectTotal(agent))) return 0;
  replaceTotal(agent, scratch(0));
  forgetSeen(agent);
  wake(agent);
  return 1;
}

/** Adds the list in the buffer to the total. */
export function growTotal(agent: u32, count: u32): i32 {
  if (!agentExists(agent)) return -BAD_HANDLE;
  if (readList(count) == 0) return -readStatus();
  const row = scratch(2);
  rowClear(row);
  const total = collectTotal(agent);
  rowAddAll(row, rowItems(total), rowCount(total));
  rowAddAll(row, rowItems(scratch(0)), rowCount(scratch(0)));
  if (rowEqual(row, total)) return 0;
  replaceTotal(agent, row);
  forgetSeen(agent);
  wake(agent);
  return 1;
}

export function changeAgentFlags(agent: u32, flags: u32): i32 {
  return setHostFlags(agent, flags);
}

/** All refusals on the agent are void (its attributes changed). */
export function dropAgentFilters(agent: u32): i32 {
  if (!agentExists(agent)) return BAD_HANDLE;
  dropFiltersOfAgent(agent);
  dropInverseFiltersOfAgent(agent);
  return OK;
}

/** Maintenance is scheduled (1) or not (0); earlier inverse offers and their filters are void. */
export function setMaintenance(agent: u32, on: u32): i32 {
  if (!agentExists(agent)) return BAD_HANDLE;
  setMaintenanceFlag(agent, on != 0);
  return OK;
}

/** An inverse offer was answered or taken back; `end` is when its filter ends, below 0 for none. */
export function answerInverse(framework: u32, agent: u32, end: f64): i32 {
  if (!frameworkKnown(framework) || !agentExists(agent) || end != end) return BAD_HANDLE;
  if ((agentFlags(agent) & AGENT_MAINTENANCE) == 0) return OK;
  answer(framework, agent, end);
  return OK;
}

/** An offer constraint of the framework's role keeps it from the agent, or does no longer. */
export function exclude(framework: u32, role: u32, agent: u32, excluded: u32): i32 {
  if (!frameworkKnown(framework) || !roleExists(role) || !agentExists(agent)) return BAD_HANDLE;
  const found = findLeaf(framework, role);
  if (found == 0) return BAD_ARGUMENT;
  setExcluded(agent, found - 1, excluded != 0);
  return OK;
}

/** Lifts every exclusion of the framework's role. */
export function clearExclusions(framework: u32, role: u32): i32 {
  if (!frameworkKnown(framework) || !roleExists(role)) return BAD_HANDLE;
  const found = findLeaf(framework, role);
  if (found != 0) dropExclusionsOfLeaf(found - 1);
  return OK;
}

// --- What is held ---

/** Tasks were launched on offered resources: the list in the buffer is used from now on. */
export function launch(framework: u32, agent: u32, role: u32, count: u32): i32 {
  if (!frameworkExists(framework) || !agentExists(agent) || !roleExists(role)) return BAD_HANDLE;
  if (readList(count) == 0) return readStatus();
  const row = scratch(0);
  if (rowCount(row) == 0) return OK;
  const holding = findHolding(agent, framework, role);
  if (holding == 0) return NOT_CONTAINED;
  const offered = scratch(1);
  rowClear(offered);
  rowAddAll(offered, holdingItems(holding), holdingCount(holding));
  rowSubtractAll(offered, rowItems(usedRow(holding)), rowCount(usedRow(holding)));
  if (!rowContains(offered, row)) return NOT_CONTAINED;
  rowAddAll(usedRow(holding), rowItems(row), rowCount(row));
  if (holdingLeaf(holding) != 0) countUsed(role, rowItems(row), rowCount(row), 1);
  return OK;
}

/**
 * The list in the buffer comes back: from tasks (`used`) or from an offer. A filter hides it from the
 * framework's role until `end`; below 0 means no filter.
 */
export function recover(
  framework: u32,
  agent: u32,
  role: u32,
  count: u32,
  used: u32,
  end: f64,
): i32 {
  if (!frameworkExists(framework) || !agentExists(agent) || !roleExists(role)) return BAD_HANDLE;
  if (end != end) return BAD_AMOUNT;
  if (readList(count) == 0) return readStatus();
  const row = scratch(0);
  if (rowCount(row) == 0) return OK;
  const holding = findHolding(agent, framework, role);
  if (holding == 0 || !holdingHas(holding, row, false)) return NOT_CONTAINED;
  if (used != 0) {
    if (!holdingHas(holding, row, true)) return NOT_CONTAINED;
    rowSubtractAll(usedRow(holding), rowItems(row), rowCount(row));
    if (holdingLeaf(holding) != 0) countUsed(role, rowItems(row), rowCount(row), -1);
  }
  // As in Mesos, what an unknown framework holds stays held until it or the agent is known to go.
  if (!frameworkKnown(framework)) return OK;
  unbook(agent, holding, row);
  const leaf = holdingLeaf(holding);
  if (holdingCount(holding) == 0) unlinkHolding(agent, holding);
  wake(agent);
  if (end >= 0) {
    const still = findLeaf(framework, role);
    if (still != 0 && still == leaf) {
      addFilter(leaf - 1, agent, rowItems(row), rowCount(row), end);
    }
  }
  return OK;
}

/**
 * The operations of an accepted offer: the buffer holds what was offered (`count` items), then the
 * conversions, then `extra` items: further copies of shared volumes for the tasks. Answers how many items of
 * the new offered resources are in the buffer, or minus a status.
 */
export function convertOffered(
  framework: u32,
  agent: u32,
  role: u32,
  count: u32,
  conversions: u32,
  conversionBytes: u32,
  extra: u32,
): i32 {
  if (!frameworkKnown(framework) || !agentExists(agent) || !roleExists(role)) return -BAD_HANDLE;
  const at = readList(count);
  if (at == 0) return -readStatus();
  const offered = scratch(0);
  const holding = findHolding(agent, framework, role);
  if (holding == 0 || holdingLeaf(holding) == 0 || !holdingHas(holding, offered, false)) {
    return -NOT_CONTAINED;
  }
  const converted = scratch(2);
  rowClear(converted);
  rowAddAll(converted, rowItems(offered), rowCount(offered));
  let status = convertRow(converted, at, conversions, true);
  if (status != OK) return -status;
  rowClear(scratch(1));
  if (readItems(at + conversionBytes, extra, scratch(1)) == 0) return -readStatus();
  const total = scratch(5);
  collectTotal(agent);
  status = convertRow(total, at, conversions, false);
  if (status != OK) return -status;
  rowAddAll(converted, rowItems(scratch(1)), rowCount(scratch(1)));
  const leaf = holdingLeaf(holding) - 1;
  unbook(agent, holding, offered);
  rebook(agent, leaf, rowItems(converted), rowCount(converted));
  const now = findHolding(agent, framework, role);
  if (now != 0 && holdingCount(now) == 0) unlinkHolding(agent, now);
  updateTotal(agent, total);
  wake(agent);
  writeItems(rowItems(converted), rowCount(converted), 0);
  return <i32>rowCount(converted);
}

function updateTotal(agent: u32, total: usize): void {
  const copy = scratch(3);
  rowClear(copy);
  rowAddAll(copy, rowItems(total), rowCount(total));
  if (rowEqual(copy, collectTotal(agent))) return;
  replaceTotal(agent, copy);
  forgetSeen(agent);
}

/** An operation on what nobody holds: conversions in the buffer. */
export function convertFree(agent: u32, conversions: u32): i32 {
  if (!agentExists(agent)) return BAD_HANDLE;
  const have = scratch(2);
  rowClear(have);
  const found = collectFree(agent);
  rowAddAll(have, rowItems(found), rowCount(found));
  let status = convertRow(have, io(), conversions, true);
  if (status != OK) return status;
  collectTotal(agent);
  status = convertRow(scratch(5), io(), conversions, false);
  if (status != OK) return status;
  updateTotal(agent, scratch(5));
  wake(agent);
  return OK;
}

// --- Reading ---

/** Writes an agent's total to the buffer; answers how many items, or minus a status. */
export function readTotal(agent: u32): i32 {
  if (!agentExists(agent)) return -BAD_HANDLE;
  const row = collectTotal(agent);
  writeItems(rowItems(row), rowCount(row), 0);
  return <i32>rowCount(row);
}

/** Writes what nobody holds of an agent to the buffer. */
export function readFree(agent: u32): i32 {
  if (!agentExists(agent)) return -BAD_HANDLE;
  const row = collectFree(agent);
  writeItems(rowItems(row), rowCount(row), 0);
  return <i32>rowCount(row);
}

/** Writes five f64 a name: reserved, held reserved, held plain, used plain, consumed of the last run. */
export function readRole(role: u32): i32 {
  if (!roleExists(role)) return -BAD_HANDLE;
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
  if (agent == 0xffffffff) {
    askForAll();
    return OK;
  }
  if (!agentExists(agent)) return BAD_HANDLE;
  askForAgent(agent);
  return OK;
}

/** Drops what was asked for without a run. */
export function dropRequests(): void {
  clearPending();
}

/**
 * A run: over all agents (`batch`) or over those that asked for it. `until` is up to when filters have ended.
 * Answers how many offers were made.
 */
export function runOffers(batch: u32, until: f64): i32 {
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
  return load<u32>(leafAt(leaf));
}

export function leafRoleOf(leaf: u32): u32 {
  return leafRole(leaf);
}
