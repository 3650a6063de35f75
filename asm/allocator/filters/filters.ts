// Filters: which leaf will not be offered which agent again, of how much, and until when. A filter
// hides every offer that is contained in what was refused.
//
//   filter:  leaf u32 | agent u32 | refused u32 | place in the heap u32 |
//            next, previous of agent u32 | next, previous of leaf u32 | end f64
//            (links are numbers plus one)
//
// What was refused is shared by all filters that refuse the same (refusals.ts).
//
// Ends are ordered by a heap. Where many filters stand on one agent, one bit a leaf says that what
// is free now is hidden from it; the bits are made anew when what is free has changed. A second bit
// a leaf says that it has a filter there at all, so that adding one does not walk past all others.
import { RESERVED } from '../../constants';
import { equalSets, release, retain } from '../../intervals';
import { kindFlags, kindRole } from '../../kinds';
import {
  alloc,
  CHECKED,
  checkFreeNumbers,
  free,
  slot,
  tableBase,
  tableCount,
  tablePush,
} from '../../memory';
import {
  containsItems,
  ITEM_SIZE,
  itemAmount,
  itemKind,
  itemSet,
  rowCount,
  rowItems,
} from '../../rows';
import { SLOT_FILTER_FREE, SLOT_FILTERS, SLOT_HEAP } from '../../slots';
import {
  AGENT_COMPLEX,
  AGENT_DOUBLE_FILTERS,
  agentAt,
  agentFlags,
  setAgentFlags,
} from '../tables/agents';
import { ENTRY_SIZE, entriesOf, entryCount, freeAmount, freeSetOf } from '../tables/entries';
import { leafAt, leafFilters, leafRole, leafStrip } from '../tables/frameworks';
import { wake } from '../tables/idle-agents';
import { isWithin } from '../tables/roles';
import {
  bitsFree,
  bitsReserve,
  FILTERED,
  HIDDEN,
  hiddenWords,
  isHidden,
  setBit,
  testBit,
} from './leaf-bits';
import { forget, intern, REFUSED_HEAD } from './refusals';

// @ts-ignore: decorator
@inline
export const FILTER_SIZE: usize = 40;
/** From so many filters on an agent has bits. */
export const MANY_FILTERS: u32 = 8;

// @ts-ignore: decorator
@inline
function filterAt(filter: u32): usize {
  if (CHECKED) {
    assert(filter < tableCount(SLOT_FILTERS), 'no such filter');
  }
  return tableBase(SLOT_FILTERS) + <usize>filter * FILTER_SIZE;
}

// --- The heap of ends ---

// @ts-ignore: decorator
@inline
function heapAt(index: u32): usize {
  if (CHECKED) {
    assert(index < tableCount(SLOT_HEAP), 'no such place in the heap');
  }
  return tableBase(SLOT_HEAP) + ((<usize>index) << 2);
}
// @ts-ignore: decorator
@inline
function endOf(filter: u32): f64 {
  return load<f64>(filterAt(filter), 32);
}

function place(index: u32, filter: u32): void {
  store<u32>(heapAt(index), filter);
  store<u32>(filterAt(filter), index, 12);
}

function up(index: u32, filter: u32): void {
  const end = endOf(filter);
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const other = load<u32>(heapAt(parent));
    if (endOf(other) <= end) {
      break;
    }
    place(index, other);
    index = parent;
  }
  place(index, filter);
}

function down(index: u32, filter: u32): void {
  const count = tableCount(SLOT_HEAP);
  const end = endOf(filter);
  for (;;) {
    let child = index * 2 + 1;
    if (child >= count) {
      break;
    }
    if (
      child + 1 < count &&
      endOf(load<u32>(heapAt(child + 1))) < endOf(load<u32>(heapAt(child)))
    ) {
      child++;
    }
    const other = load<u32>(heapAt(child));
    if (endOf(other) >= end) {
      break;
    }
    place(index, other);
    index = child;
  }
  place(index, filter);
}

function leaveHeap(filter: u32): void {
  const index = load<u32>(filterAt(filter), 12);
  if (CHECKED) {
    assert(load<u32>(heapAt(index)) == filter, 'a filter that the heap does not have');
  }
  const last = tableCount(SLOT_HEAP) - 1;
  const moved = load<u32>(heapAt(last));
  store<u32>(slot(SLOT_HEAP + 1), last);
  if (moved == filter) {
    return;
  }
  if (index > 0 && endOf(load<u32>(heapAt((index - 1) >> 1))) > endOf(moved)) {
    up(index, moved);
  } else {
    down(index, moved);
  }
}

// --- What the hidden bits are of ---

// @ts-ignore: decorator
@inline
export function filtersOn(agent: u32): u32 {
  return load<u32>(agentAt(agent), 28);
}

function freeSeen(agent: u32): void {
  const at = agentAt(agent);
  const items = load<usize>(at, 40);
  const count = load<u32>(at, 44);
  for (let i: u32 = 0; i < count; i++) {
    release(itemSet(items + <usize>i * ITEM_SIZE));
  }
  if (count != 0) {
    free(items, <usize>count * ITEM_SIZE);
  }
  store<usize>(at, 0, 40);
  store<u32>(at, 0, 44);
}

/** True when the items that may be offered to the leaf are all part of what was refused. */
function covers(refused: usize, free: usize, count: u32, leaf: u32, plain: bool): bool {
  const items = refused + REFUSED_HEAD;
  const refusedCount = load<u32>(refused, 4);
  if (plain) {
    return containsItems(items, refusedCount, free, count);
  }
  const role = leafRole(leaf);
  const strip = leafStrip(leaf);
  for (let i: u32 = 0; i < count; i++) {
    const item = free + <usize>i * ITEM_SIZE;
    const flags = kindFlags(itemKind(item));
    if ((flags & strip) != 0) {
      continue;
    }
    if ((flags & RESERVED) != 0 && !isWithin(role, kindRole(itemKind(item)))) {
      continue;
    }
    if (!containsItems(items, refusedCount, item, 1)) {
      return false;
    }
  }
  return true;
}

/**
 * Makes the hidden bits of an agent right for what is free on it (a row). Afterwards a set bit
 * means hidden, and a clear one that nothing hides all that may be offered to the leaf.
 */
export function hide(agent: u32, row: usize): void {
  const at = agentAt(agent);
  const items = rowItems(row);
  const count = rowCount(row);
  const seen = load<usize>(at, 40);
  if (load<u32>(at, 44) == count && count != 0) {
    let same = true;
    for (let i: u32 = 0; i < count && same; i++) {
      const a = items + <usize>i * ITEM_SIZE;
      const b = seen + <usize>i * ITEM_SIZE;
      same =
        itemKind(a) == itemKind(b) &&
        itemAmount(a) == itemAmount(b) &&
        equalSets(itemSet(a), itemSet(b));
    }
    if (same) {
      return;
    }
  }
  freeSeen(agent);
  const copy = alloc(<usize>count * ITEM_SIZE);
  memory.copy(copy, items, <usize>count * ITEM_SIZE);
  for (let i: u32 = 0; i < count; i++) {
    retain(itemSet(copy + <usize>i * ITEM_SIZE));
  }
  store<usize>(agentAt(agent), copy, 40);
  store<u32>(agentAt(agent), count, 44);
  const bits = bitsReserve(agent, HIDDEN);
  memory.fill(bits, 0, (<usize>hiddenWords(agent)) << 2);
  const plain = (agentFlags(agent) & AGENT_COMPLEX) == 0;
  // Many refuse the same, in one role and with the same abilities: they share the answer.
  let known: usize = 0;
  let knownRole: u32 = 0;
  let knownStrip: u32 = 0;
  let answer = false;
  for (let filter = load<u32>(agentAt(agent), 24); filter != 0; ) {
    const record = filterAt(filter - 1);
    const leaf = load<u32>(record);
    const refused = load<usize>(record, 8);
    const role = plain ? 0 : leafRole(leaf);
    const strip = plain ? 0 : leafStrip(leaf);
    if (refused != known || role != knownRole || strip != knownStrip) {
      answer = covers(refused, items, count, leaf, plain);
      known = refused;
      knownRole = role;
      knownStrip = strip;
    }
    if (answer) {
      const to = bits + ((<usize>(leaf >> 5)) << 2);
      store<u32>(to, load<u32>(to) | (1 << (leaf & 31)));
    }
    filter = load<u32>(record, 16);
  }
}

/** False when surely no refusal of the leaf hides the whole free part of a plain agent. */
export function mayBeHidden(agent: u32, leaf: u32): bool {
  if (filtersOn(agent) < MANY_FILTERS) {
    return hasFilter(agent, leaf);
  }
  return isHidden(agent, leaf) || !isSeen(agent);
}

/** True when the hidden bits are those of what is free now; for plain agents. */
export function isSeen(agent: u32): bool {
  let item = load<usize>(agentAt(agent), 40);
  const end = item + <usize>load<u32>(agentAt(agent), 44) * ITEM_SIZE;
  const entries = entriesOf(agent);
  const last = entries + <usize>entryCount(agent) * ENTRY_SIZE;
  for (let entry = entries; entry < last; entry += ENTRY_SIZE) {
    const amount = freeAmount(entry);
    if (amount <= 0) {
      continue;
    }
    if (item == end || itemKind(item) != load<u32>(entry) || itemAmount(item) != amount) {
      return false;
    }
    if (!equalSets(itemSet(item), freeSetOf(entry))) {
      return false;
    }
    item += ITEM_SIZE;
  }
  return item == end;
}

/** True when a refusal of the leaf on the agent contains the items. */
export function isRefused(agent: u32, leaf: u32, items: usize, count: u32): bool {
  for (let filter = load<u32>(agentAt(agent), 24); filter != 0; ) {
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
  for (let filter = load<u32>(agentAt(agent), 24); filter != 0; ) {
    const record = filterAt(filter - 1);
    if (load<u32>(record) == leaf) {
      latest = max<f64>(latest, load<f64>(record, 32));
    }
    filter = load<u32>(record, 16);
  }
  return latest;
}

// --- Adding and removing ---

export function addFilter(leaf: u32, agent: u32, items: usize, count: u32, end: f64): void {
  const refused = intern(items, count);
  const had = leafFilters(leaf) != 0 && hasFilter(agent, leaf);
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
  noteFiltered(agent, leaf);
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
  const index = tablePush(SLOT_HEAP, 4);
  up(index, filter);
  if (had) {
    setAgentFlags(agent, agentFlags(agent) | AGENT_DOUBLE_FILTERS);
  }
  // Bits that were made for some state of the agent stay right for it.
  if (load<u32>(agentAt(agent), 44) == 0) {
    return;
  }
  const plain = (agentFlags(agent) & AGENT_COMPLEX) == 0;
  const seen = load<usize>(agentAt(agent), 40);
  const seenCount = load<u32>(agentAt(agent), 44);
  if (covers(refused, seen, seenCount, leaf, plain)) {
    setBit(agent, HIDDEN, leaf, true);
  }
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
    for (let filter = load<u32>(agentAt(agent), 24); filter != 0; ) {
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

/** The same, from the shorter of the two lists. */
function isListed(agent: u32, leaf: u32): bool {
  if (filtersOn(agent) <= leafFilters(leaf)) {
    for (let filter = load<u32>(agentAt(agent), 24); filter != 0; ) {
      const record = filterAt(filter - 1);
      if (load<u32>(record) == leaf) {
        return true;
      }
      filter = load<u32>(record, 16);
    }
    return false;
  }
  for (let filter = load<u32>(leafAt(leaf), 28); filter != 0; ) {
    const record = filterAt(filter - 1);
    if (load<u32>(record, 4) == agent) {
      return true;
    }
    filter = load<u32>(record, 24);
  }
  return false;
}

function removeFilter(filter: u32): void {
  const at = filterAt(filter);
  const leaf = load<u32>(at);
  const agent = load<u32>(at, 4);
  leaveHeap(filter);
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
  forget(load<usize>(at, 8));
  const left = filtersOn(agent) - 1;
  store<u32>(agentAt(agent), left, 28);
  store<u32>(leafAt(leaf), leafFilters(leaf) - 1, 32);
  store<u32>(at, load<u32>(slot(SLOT_FILTER_FREE)), 16);
  store<u32>(slot(SLOT_FILTER_FREE), filter + 1);
  const doubled = (agentFlags(agent) & AGENT_DOUBLE_FILTERS) != 0;
  if (left < MANY_FILTERS) {
    bitsFree(agent, FILTERED);
  } else if (!doubled || !isListed(agent, leaf)) {
    setBit(agent, FILTERED, leaf, false);
  }
  if (left == 0) {
    setAgentFlags(agent, agentFlags(agent) & ~AGENT_DOUBLE_FILTERS);
    bitsFree(agent, HIDDEN);
    freeSeen(agent);
  } else if (doubled) {
    // Another refusal of the leaf may still hide it: the bits are made anew.
    freeSeen(agent);
  } else {
    setBit(agent, HIDDEN, leaf, false);
  }
  wake(agent);
}

export function dropFiltersOfAgent(agent: u32): void {
  while (load<u32>(agentAt(agent), 24) != 0) {
    removeFilter(load<u32>(agentAt(agent), 24) - 1);
  }
}

export function dropFiltersOfLeaf(leaf: u32): void {
  while (load<u32>(leafAt(leaf), 28) != 0) {
    removeFilter(load<u32>(leafAt(leaf), 28) - 1);
  }
}

/** Ends every filter whose time is up to `until`. */
export function expireFilters(until: f64): void {
  while (tableCount(SLOT_HEAP) != 0) {
    const first = load<u32>(heapAt(0));
    if (endOf(first) > until) {
      break;
    }
    removeFilter(first);
  }
}

export function filterCount(): u32 {
  return tableCount(SLOT_HEAP);
}

/**
 * What hides the agent must be worked out again: its total, its kinds or a leaf's abilities
 * changed.
 */
export function forgetSeen(agent: u32): void {
  freeSeen(agent);
}

export function freeBits(agent: u32): void {
  bitsFree(agent, HIDDEN);
  freeSeen(agent);
}

// --- For the debug build ---

/**
 * Asserts that the heap is in order and has every filter once, and that lists and bits agree with
 * it.
 */
export function checkFilters(): void {
  const count = tableCount(SLOT_HEAP);
  for (let index: u32 = 0; index < count; index++) {
    const filter = load<u32>(heapAt(index));
    assert(load<u32>(filterAt(filter), 12) == index, 'a filter in another place of the heap');
    const parent = load<u32>(heapAt(index == 0 ? 0 : (index - 1) >> 1));
    assert(endOf(parent) <= endOf(filter), 'a heap out of order');
    const refused = load<usize>(filterAt(filter), 8);
    assert(load<u32>(refused) != 0, 'a refused list that nothing refers to');
  }
  const free = checkFreeNumbers(SLOT_FILTERS, FILTER_SIZE, SLOT_FILTER_FREE, 16);
  assert(count + free == tableCount(SLOT_FILTERS), 'filters that are lost');
}

/**
 * Asserts that the filters of an agent are linked and have their bits; answers how many they are.
 */
export function checkFiltersOfAgent(agent: u32): u32 {
  let count: u32 = 0;
  let before: u32 = 0;
  for (let filter = load<u32>(agentAt(agent), 24); filter != 0; ) {
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

/** Asserts that the filters of a leaf are linked; answers how many they are. */
export function checkFiltersOfLeaf(leaf: u32): u32 {
  let count: u32 = 0;
  let before: u32 = 0;
  for (let filter = load<u32>(leafAt(leaf), 28); filter != 0; ) {
    const at = filterAt(filter - 1);
    assert(load<u32>(at) == leaf && load<u32>(at, 28) == before, 'a filter of another leaf');
    assert(++count <= tableCount(SLOT_FILTERS), 'filters without an end');
    before = filter;
    filter = load<u32>(at, 24);
  }
  assert(count == leafFilters(leaf), 'filters of a leaf that are not counted');
  return count;
}
