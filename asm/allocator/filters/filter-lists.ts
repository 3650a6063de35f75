// The lists of filters: every filter is in that of its agent and in that of its leaf.
//
//   filter:  leaf u32 | agent u32 | refused u32 | place in the heap u32 |
//            next, previous of agent u32 | next, previous of leaf u32 | end f64
//            (links are numbers plus one, as are the heads in the records of agent and leaf; a free
//            record has the next free one where a filter has the next of its agent)
import { CHECKED, checkFreeNumbers, slot, tableBase, tableCount, tablePush } from '../../memory';
import { SLOT_FILTER_FREE, SLOT_FILTERS } from '../../slots';
import { agentAt } from '../tables/agents';
import { leafAt, leafFilters } from '../tables/frameworks';

const FILTER_SIZE: usize = 40;

// @ts-ignore: decorator
@inline
export function filterAt(filter: u32): usize {
  if (CHECKED) {
    assert(filter < tableCount(SLOT_FILTERS), 'no such filter');
  }
  return tableBase(SLOT_FILTERS) + <usize>filter * FILTER_SIZE;
}
// @ts-ignore: decorator
@inline
export function endOf(filter: u32): f64 {
  return load<f64>(filterAt(filter), 32);
}
/** The first filter in the list of an agent, plus one. */
// @ts-ignore: decorator
@inline
export function firstFilterOn(agent: u32): u32 {
  return load<u32>(agentAt(agent), 24);
}
/** How many filters are in the list of an agent. */
// @ts-ignore: decorator
@inline
export function filtersOn(agent: u32): u32 {
  return load<u32>(agentAt(agent), 28);
}
/** The first filter in the list of a leaf, plus one. */
// @ts-ignore: decorator
@inline
export function firstFilterOf(leaf: u32): u32 {
  return load<u32>(leafAt(leaf), 28);
}

/** The filter after one in the list of its leaf; both plus one. */
// @ts-ignore: decorator
@inline
export function nextFilterOf(filter: u32): u32 {
  return load<u32>(filterAt(filter - 1), 24);
}

/** A new filter at the head of both of its lists. */
export function linkFilter(leaf: u32, agent: u32, refused: usize, end: f64): u32 {
  let filter: u32;
  const head = load<u32>(slot(SLOT_FILTER_FREE));
  if (head != 0) {
    filter = head - 1;
    store<u32>(slot(SLOT_FILTER_FREE), load<u32>(filterAt(filter), 16));
  } else {
    filter = tablePush(SLOT_FILTERS, FILTER_SIZE);
  }
  const at = filterAt(filter);
  store<u32>(at, leaf);
  store<u32>(at, agent, 4);
  store<usize>(at, refused, 8);
  const agentRecord = agentAt(agent);
  const firstOfAgent = load<u32>(agentRecord, 24);
  store<u32>(at, firstOfAgent, 16);
  store<u32>(at, 0, 20);
  if (firstOfAgent != 0) {
    store<u32>(filterAt(firstOfAgent - 1), filter + 1, 20);
  }
  store<u32>(agentRecord, filter + 1, 24);
  store<u32>(agentRecord, load<u32>(agentRecord, 28) + 1, 28);
  const leafRecord = leafAt(leaf);
  const firstOfLeaf = load<u32>(leafRecord, 28);
  store<u32>(at, firstOfLeaf, 24);
  store<u32>(at, 0, 28);
  if (firstOfLeaf != 0) {
    store<u32>(filterAt(firstOfLeaf - 1), filter + 1, 28);
  }
  store<u32>(leafRecord, filter + 1, 28);
  store<u32>(leafRecord, load<u32>(leafRecord, 32) + 1, 32);
  store<f64>(at, end, 32);
  return filter;
}

/** Takes a filter out of both lists; its number is free. */
export function unlinkFilter(filter: u32): void {
  const at = filterAt(filter);
  const leaf = load<u32>(at);
  const agent = load<u32>(at, 4);
  if (CHECKED) {
    assert(filtersOn(agent) != 0 && leafFilters(leaf) != 0, 'a filter that no list counts');
  }
  const nextOfAgent = load<u32>(at, 16);
  const previousOfAgent = load<u32>(at, 20);
  if (previousOfAgent == 0) {
    store<u32>(agentAt(agent), nextOfAgent, 24);
  } else {
    store<u32>(filterAt(previousOfAgent - 1), nextOfAgent, 16);
  }
  if (nextOfAgent != 0) {
    store<u32>(filterAt(nextOfAgent - 1), previousOfAgent, 20);
  }
  const nextOfLeaf = load<u32>(at, 24);
  const previousOfLeaf = load<u32>(at, 28);
  if (previousOfLeaf == 0) {
    store<u32>(leafAt(leaf), nextOfLeaf, 28);
  } else {
    store<u32>(filterAt(previousOfLeaf - 1), nextOfLeaf, 24);
  }
  if (nextOfLeaf != 0) {
    store<u32>(filterAt(nextOfLeaf - 1), previousOfLeaf, 28);
  }
  store<u32>(agentAt(agent), filtersOn(agent) - 1, 28);
  store<u32>(leafAt(leaf), leafFilters(leaf) - 1, 32);
  store<u32>(at, load<u32>(slot(SLOT_FILTER_FREE)), 16);
  store<u32>(slot(SLOT_FILTER_FREE), filter + 1);
}

/** True when the leaf has a filter on the agent; the shorter of the two lists is searched. */
export function isListed(agent: u32, leaf: u32): bool {
  if (filtersOn(agent) <= leafFilters(leaf)) {
    for (let filter = firstFilterOn(agent); filter != 0; ) {
      const record = filterAt(filter - 1);
      if (load<u32>(record) == leaf) {
        return true;
      }
      filter = load<u32>(record, 16);
    }
    return false;
  }
  for (let filter = firstFilterOf(leaf); filter != 0; ) {
    const record = filterAt(filter - 1);
    if (load<u32>(record, 4) == agent) {
      return true;
    }
    filter = load<u32>(record, 24);
  }
  return false;
}

// --- For the debug build ---

/** Asserts that every record of the table is one of `count` filters or free. */
export function checkFilterRecords(count: u32): void {
  const free = checkFreeNumbers(SLOT_FILTERS, FILTER_SIZE, SLOT_FILTER_FREE, 16);
  assert(count + free == tableCount(SLOT_FILTERS), 'filters that are lost');
}

/** Asserts that the filters of a leaf are linked; answers how many they are. */
export function checkFiltersOfLeaf(leaf: u32): u32 {
  let count: u32 = 0;
  let before: u32 = 0;
  for (let filter = firstFilterOf(leaf); filter != 0; ) {
    const at = filterAt(filter - 1);
    assert(load<u32>(at) == leaf && load<u32>(at, 28) == before, 'a filter of another leaf');
    assert(++count <= tableCount(SLOT_FILTERS), 'filters without an end');
    before = filter;
    filter = load<u32>(at, 24);
  }
  assert(count == leafFilters(leaf), 'filters of a leaf that are not counted');
  return count;
}
