// Filters: what a framework refused. A filter says which leaf will not be offered which agent
// again, of how much, and until when; it hides every offer that is contained in what was refused.
//
// Filters are in lists by agent and leaf (filter-lists.ts) and in a heap by their ends
// (filter-heap.ts). What was refused is shared by all filters that refuse the same
// (refused-lists.ts). Where many filters are on one agent, one bit a leaf says that what is free
// now is hidden from it (hidden.ts), and a second one that the leaf has a filter there at all, so
// that adding one does not walk past all others.
import { CHECKED, tableCount } from '../../memory';
import { containsItems } from '../../rows';
import { SLOT_FILTERS } from '../../slots';
import { AGENT_DOUBLE_FILTERS, agentExists, agentFlags, setAgentFlags } from '../tables/agents';
import { LEAF_EXISTS, leafAt, leafFilters } from '../tables/frameworks';
import { wake } from '../tables/idle-agents';
import { checkHeap, enterHeap, filterCount, leaveHeap, nextToEnd } from './filter-heap';
import {
  checkFilterRecords,
  endOf,
  filterAt,
  filtersOn,
  firstFilterOf,
  firstFilterOn,
  isListed,
  linkFilter,
  unlinkFilter,
} from './filter-lists';
import { forgetSeen, freeHidden, hideRefused, isSeen } from './hidden';
import { bitsFree, FILTERED, HIDDEN, isHidden, setBit, testBit } from './leaf-bits';
import { forget, intern, REFUSED_HEAD } from './refused-lists';

/** From so many filters on an agent has bits. */
export const MANY_FILTERS: u32 = 8;

export function addFilter(leaf: u32, agent: u32, items: usize, count: u32, end: f64): void {
  if (CHECKED) {
    assert(agentExists(agent), 'a filter on no agent');
    assert((load<u32>(leafAt(leaf), 8) & LEAF_EXISTS) != 0, 'a filter of no leaf');
  }
  const refused = intern(items, count);
  const had = leafFilters(leaf) != 0 && hasFilter(agent, leaf);
  const filter = linkFilter(leaf, agent, refused, end);
  noteFiltered(agent, leaf);
  enterHeap(filter);
  if (had) {
    setAgentFlags(agent, agentFlags(agent) | AGENT_DOUBLE_FILTERS);
  }
  hideRefused(agent, leaf, refused);
}

/**
 * Sets the bit of a leaf whose filter is in the agent's list; the bits begin with those of the
 * whole list.
 */
function noteFiltered(agent: u32, leaf: u32): void {
  const count = filtersOn(agent);
  if (count > MANY_FILTERS) {
    setBit(agent, FILTERED, leaf, true);
  } else if (count == MANY_FILTERS) {
    for (let filter = firstFilterOn(agent); filter != 0; ) {
      setBit(agent, FILTERED, load<u32>(filterAt(filter - 1)), true);
      filter = load<u32>(filterAt(filter - 1), 16);
    }
  }
}

/** True when the leaf has a filter on the agent. */
function hasFilter(agent: u32, leaf: u32): bool {
  if (filtersOn(agent) >= MANY_FILTERS) {
    return testBit(agent, FILTERED, leaf);
  }
  return isListed(agent, leaf);
}

function removeFilter(filter: u32): void {
  const at = filterAt(filter);
  const leaf = load<u32>(at);
  const agent = load<u32>(at, 4);
  leaveHeap(filter);
  unlinkFilter(filter);
  forget(load<usize>(at, 8));
  const left = filtersOn(agent);
  const doubled = (agentFlags(agent) & AGENT_DOUBLE_FILTERS) != 0;
  if (left < MANY_FILTERS) {
    bitsFree(agent, FILTERED);
  } else if (!doubled || !isListed(agent, leaf)) {
    setBit(agent, FILTERED, leaf, false);
  }
  if (left == 0) {
    setAgentFlags(agent, agentFlags(agent) & ~AGENT_DOUBLE_FILTERS);
    freeHidden(agent);
  } else if (doubled) {
    // Another filter of the leaf may still hide it: the bits are made anew.
    forgetSeen(agent);
  } else {
    setBit(agent, HIDDEN, leaf, false);
  }
  wake(agent);
}

export function dropFiltersOfAgent(agent: u32): void {
  while (firstFilterOn(agent) != 0) {
    removeFilter(firstFilterOn(agent) - 1);
  }
}

export function dropFiltersOfLeaf(leaf: u32): void {
  while (firstFilterOf(leaf) != 0) {
    removeFilter(firstFilterOf(leaf) - 1);
  }
}

/** Ends every filter whose time is up to `until`. */
export function expireFilters(until: f64): void {
  while (filterCount() != 0) {
    const first = nextToEnd();
    if (endOf(first) > until) {
      break;
    }
    removeFilter(first);
  }
}

/** False when surely no refusal of the leaf hides the whole free part of a plain agent. */
export function mayBeHidden(agent: u32, leaf: u32): bool {
  if (filtersOn(agent) < MANY_FILTERS) {
    return hasFilter(agent, leaf);
  }
  return isHidden(agent, leaf) || !isSeen(agent);
}

/** True when a refusal of the leaf on the agent contains the items. */
export function isRefused(agent: u32, leaf: u32, items: usize, count: u32): bool {
  for (let filter = firstFilterOn(agent); filter != 0; ) {
    const record = filterAt(filter - 1);
    if (load<u32>(record) == leaf) {
      const refused = load<usize>(record, 8);
      if (containsItems(refused + REFUSED_HEAD, load<u32>(refused, 4), items, count)) {
        return true;
      }
    }
    filter = load<u32>(record, 16);
  }
  return false;
}

/** The latest end of a refusal of the leaf on the agent; 0 when there is none. */
export function refusedUntil(agent: u32, leaf: u32): f64 {
  let latest: f64 = 0;
  for (let filter = firstFilterOn(agent); filter != 0; ) {
    const record = filterAt(filter - 1);
    if (load<u32>(record) == leaf) {
      latest = max<f64>(latest, load<f64>(record, 32));
    }
    filter = load<u32>(record, 16);
  }
  return latest;
}

// --- For the debug build ---

/** Asserts that the heap is in order, and that every filter is in it. */
export function checkFilters(): void {
  checkHeap();
  checkFilterRecords(filterCount());
}

/**
 * Asserts that the filters of an agent are linked and have their bits; answers how many they are.
 */
export function checkFiltersOfAgent(agent: u32): u32 {
  let count: u32 = 0;
  let before: u32 = 0;
  for (let filter = firstFilterOn(agent); filter != 0; ) {
    const at = filterAt(filter - 1);
    assert(load<u32>(at, 4) == agent && load<u32>(at, 20) == before, 'a filter of another agent');
    if (filtersOn(agent) >= MANY_FILTERS) {
      assert(testBit(agent, FILTERED, load<u32>(at)), 'a filter without a bit');
    }
    assert(++count <= tableCount(SLOT_FILTERS), 'filters without an end');
    before = filter;
    filter = load<u32>(at, 16);
  }
  assert(count == filtersOn(agent), 'filters of an agent that are not counted');
  return count;
}
