// Refusals: which leaf will not be offered which agent again, of how much, and until when. A refusal
// hides every offer that is contained in what was refused.
//
//   filter:  leaf u32 | agent u32 | refused u32 | place in the heap u32 | next, previous of agent u32 |
//            next, previous of leaf u32 | end f64     (links are numbers plus one)
//
// What was refused is shared by all filters that refuse the same ("refused" rows, found by hash):
//   refs u32 | count u32 | hash u32 | next in chain u32 | items
//
// Ends are ordered by a heap. Where many filters stand on one agent, one bit a leaf says that what is
// free now is hidden from it; the bits are made anew when what is free has changed. A second bit a leaf says
// that it has a filter there at all, so that adding one does not walk past all others.
import { containsItems, ITEM_SIZE, itemAmount, itemKind, itemSet, rowCount, rowItems } from '../rows';
import { equalSets, hashSet, release, retain } from '../intervals';
import { kindFlags, kindRole } from '../kinds';
import { alloc, allocZeroed, free, resize, slot, tableBase, tableCount, tablePush } from '../memory';
import {
  SLOT_FILTERS,
  SLOT_FILTER_FREE,
  SLOT_HEAP,
  SLOT_LEAVES,
  SLOT_REFUSALS,
} from '../slots';
import { RESERVED } from '../constants';
import { AGENT_COMPLEX, AGENT_DOUBLE_FILTERS, agentAt, agentFlags, setAgentFlags } from './agents';
import { wake } from './quiet';
import { ENTRY_SIZE, entriesOf, entryCount, freeAmount, freeSetOf } from './entries';
import { leafAt, leafFilters, leafRole, leafStrip } from './frameworks';
import { isWithin } from './roles';

// @ts-ignore: decorator
@inline const FILTER_SIZE: usize = 40;
export const REFUSED_HEAD: usize = 16;
/** From so many filters on an agent has bits. */
export const MANY_FILTERS: u32 = 8;

// @ts-ignore: decorator
@inline function filterAt(filter: u32): usize {
  return tableBase(SLOT_FILTERS) + <usize>filter * FILTER_SIZE;
}

// --- Refused rows ---

function hashItems(items: usize, count: u32): u32 {
  // A sum, so that the order of items does not matter.
  let h: u32 = count;
  for (let i: u32 = 0; i < count; i++) {
    const item = items + <usize>i * ITEM_SIZE;
    const bits = reinterpret<u64>(itemAmount(item));
    let one = (itemKind(item) + 1) * 0x9e3779b1;
    one = (one ^ <u32>bits ^ <u32>(bits >> 32)) * 0x85ebca6b;
    one ^= hashSet(itemSet(item));
    h += (one ^ (one >> 13)) * 0xc2b2ae35;
  }
  return h ^ (h >> 16);
}

function sameItems(a: usize, b: usize, count: u32): bool {
  for (let i: u32 = 0; i < count; i++) {
    const item = a + <usize>i * ITEM_SIZE;
    let found = false;
    for (let j: u32 = 0; j < count; j++) {
      const other = b + <usize>j * ITEM_SIZE;
      if (itemKind(other) != itemKind(item)) continue;
      found = itemAmount(other) == itemAmount(item) && equalSets(itemSet(other), itemSet(item));
      break;
    }
    if (!found) return false;
  }
  return true;
}

// The hash: SLOT_REFUSALS: buckets address | bucket count | rows.

function bucketOf(hash: u32): usize {
  return load<usize>(slot(SLOT_REFUSALS)) + ((<usize>(hash & (load<u32>(slot(SLOT_REFUSALS + 1)) - 1))) << 2);
}

function growBuckets(): void {
  const have = load<u32>(slot(SLOT_REFUSALS + 1));
  const next: u32 = have == 0 ? 64 : have << 1;
  const from = load<usize>(slot(SLOT_REFUSALS));
  store<usize>(slot(SLOT_REFUSALS), allocZeroed(<usize>next << 2));
  store<u32>(slot(SLOT_REFUSALS + 1), next);
  for (let i: u32 = 0; i < have; i++) {
    let row = load<usize>(from + (<usize>i << 2));
    while (row != 0) {
      const after = load<usize>(row, 12);
      const bucket = bucketOf(load<u32>(row, 8));
      store<usize>(row, load<usize>(bucket), 12);
      store<usize>(bucket, row);
      row = after;
    }
  }
  if (have != 0) free(from, <usize>have << 2);
}

/** A reference to the refused row of these items. */
export function intern(items: usize, count: u32): usize {
  const rows = load<u32>(slot(SLOT_REFUSALS + 2));
  if (rows >= load<u32>(slot(SLOT_REFUSALS + 1))) growBuckets();
  const hash = hashItems(items, count);
  const bucket = bucketOf(hash);
  for (let row = load<usize>(bucket); row != 0; row = load<usize>(row, 12)) {
    if (load<u32>(row, 8) != hash || load<u32>(row, 4) != count) continue;
    if (!sameItems(items, row + REFUSED_HEAD, count)) continue;
    store<u32>(row, load<u32>(row) + 1);
    return row;
  }
  const row = alloc(REFUSED_HEAD + <usize>count * ITEM_SIZE);
  store<u32>(row, 1);
  store<u32>(row, count, 4);
  store<u32>(row, hash, 8);
  store<usize>(row, load<usize>(bucket), 12);
  store<usize>(bucket, row);
  memory.copy(row + REFUSED_HEAD, items, <usize>count * ITEM_SIZE);
  for (let i: u32 = 0; i < count; i++) retain(itemSet(row + REFUSED_HEAD + <usize>i * ITEM_SIZE));
  store<u32>(slot(SLOT_REFUSALS + 2), rows + 1);
  return row;
}

export function forget(row: usize): void {
  const refs = load<u32>(row) - 1;
  store<u32>(row, refs);
  if (refs != 0) return;
  let link = bucketOf(load<u32>(row, 8));
  while (load<usize>(link) != row) link = load<usize>(link) + 12;
  store<usize>(link, load<usize>(row, 12));
  const count = load<u32>(row, 4);
  for (let i: u32 = 0; i < count; i++) release(itemSet(row + REFUSED_HEAD + <usize>i * ITEM_SIZE));
  free(row, REFUSED_HEAD + <usize>count * ITEM_SIZE);
  store<u32>(slot(SLOT_REFUSALS + 2), load<u32>(slot(SLOT_REFUSALS + 2)) - 1);
}

// --- The heap of ends ---

// @ts-ignore: decorator
@inline function heapAt(index: u32): usize {
  return tableBase(SLOT_HEAP) + (<usize>index << 2);
}
// @ts-ignore: decorator
@inline function endOf(filter: u32): f64 {
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
    if (endOf(other) <= end) break;
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
    if (child >= count) break;
    if (child + 1 < count && endOf(load<u32>(heapAt(child + 1))) < endOf(load<u32>(heapAt(child)))) child++;
    const other = load<u32>(heapAt(child));
    if (endOf(other) >= end) break;
    place(index, other);
    index = child;
  }
  place(index, filter);
}

function leaveHeap(filter: u32): void {
  const index = load<u32>(filterAt(filter), 12);
  const last = tableCount(SLOT_HEAP) - 1;
  const moved = load<u32>(heapAt(last));
  store<u32>(slot(SLOT_HEAP + 1), last);
  if (moved == filter) return;
  if (index > 0 && endOf(load<u32>(heapAt((index - 1) >> 1))) > endOf(moved)) up(index, moved);
  else down(index, moved);
}

// --- Bits by leaf, per agent ---

function bitsReserve(agent: u32, offset: usize): usize {
  const at = agentAt(agent) + offset;
  const have = load<u32>(at, 4);
  const need = (tableCount(SLOT_LEAVES) + 31) >> 5;
  if (have < need) {
    const next = max<u32>(need + (need >> 2), 4);
    const bits = resize(load<usize>(at), <usize>have << 2, <usize>have << 2, <usize>next << 2);
    memory.fill(bits + (<usize>have << 2), 0, <usize>(next - have) << 2);
    store<usize>(at, bits);
    store<u32>(at, next, 4);
  }
  return load<usize>(at);
}

function bitsFree(agent: u32, offset: usize): void {
  const at = agentAt(agent) + offset;
  free(load<usize>(at), <usize>load<u32>(at, 4) << 2);
  store<usize>(at, 0);
  store<u32>(at, 0, 4);
}

function setBit(agent: u32, offset: usize, leaf: u32, on: bool): void {
  const at = agentAt(agent) + offset;
  const word = leaf >> 5;
  if (word >= load<u32>(at, 4)) {
    if (!on) return;
    bitsReserve(agent, offset);
  }
  const to = load<usize>(at) + (<usize>word << 2);
  const bit: u32 = 1 << (leaf & 31);
  store<u32>(to, on ? load<u32>(to) | bit : load<u32>(to) & ~bit);
}

function testBit(agent: u32, offset: usize, leaf: u32): bool {
  const at = agentAt(agent) + offset;
  const word = leaf >> 5;
  if (word >= load<u32>(at, 4)) return false;
  return (load<u32>(load<usize>(at) + (<usize>word << 2)) & (1 << (leaf & 31))) != 0;
}

const HIDDEN: usize = 32;
const EXCLUDED: usize = 48;
/** Leaves with a refusal on the agent, whatever was refused; kept from MANY_FILTERS on. */
const FILTERED: usize = 68;

// @ts-ignore: decorator
@inline export function isExcluded(agent: u32, leaf: u32): bool {
  return testBit(agent, EXCLUDED, leaf);
}
export function setExcluded(agent: u32, leaf: u32, excluded: bool): void {
  if (testBit(agent, EXCLUDED, leaf) == excluded) return;
  setBit(agent, EXCLUDED, leaf, excluded);
  store<u32>(leafAt(leaf), load<u32>(leafAt(leaf), 44) + (excluded ? 1 : -1), 44);
  if (!excluded) wake(agent);
}
export function leafExclusions(leaf: u32): u32 {
  return load<u32>(leafAt(leaf), 44);
}
/** Takes every exclusion of an agent back, before it goes. */
export function dropExclusions(agent: u32): void {
  const at = agentAt(agent) + EXCLUDED;
  const words = load<u32>(at, 4);
  for (let word: u32 = 0; word < words; word++) {
    let bits = load<u32>(load<usize>(at) + (<usize>word << 2));
    while (bits != 0) {
      const leaf = (word << 5) + <u32>ctz<u32>(bits);
      bits &= bits - 1;
      store<u32>(leafAt(leaf), load<u32>(leafAt(leaf), 44) - 1, 44);
    }
  }
  bitsFree(agent, EXCLUDED);
}
// @ts-ignore: decorator
@inline export function isHidden(agent: u32, leaf: u32): bool {
  return testBit(agent, HIDDEN, leaf);
}
// @ts-ignore: decorator
@inline export function hiddenBits(agent: u32): usize {
  return load<usize>(agentAt(agent), 32);
}
// @ts-ignore: decorator
@inline export function hiddenWords(agent: u32): u32 {
  return load<u32>(agentAt(agent), 36);
}
// @ts-ignore: decorator
@inline export function excludedBits(agent: u32): usize {
  return load<usize>(agentAt(agent), 48);
}
// @ts-ignore: decorator
@inline export function excludedWords(agent: u32): u32 {
  return load<u32>(agentAt(agent), 52);
}
// @ts-ignore: decorator
@inline export function filtersOn(agent: u32): u32 {
  return load<u32>(agentAt(agent), 28);
}

function freeSeen(agent: u32): void {
  const at = agentAt(agent);
  const items = load<usize>(at, 40);
  const count = load<u32>(at, 44);
  for (let i: u32 = 0; i < count; i++) release(itemSet(items + <usize>i * ITEM_SIZE));
  if (count != 0) free(items, <usize>count * ITEM_SIZE);
  store<usize>(at, 0, 40);
  store<u32>(at, 0, 44);
}

/** True when the items that may be offered to the leaf are all part of what was refused. */
function covers(refused: usize, free: usize, count: u32, leaf: u32, plain: bool): bool {
  const items = refused + REFUSED_HEAD;
  const refusedCount = load<u32>(refused, 4);
  if (plain) return containsItems(items, refusedCount, free, count);
  const role = leafRole(leaf);
  const strip = leafStrip(leaf);
  for (let i: u32 = 0; i < count; i++) {
    const item = free + <usize>i * ITEM_SIZE;
    const flags = kindFlags(itemKind(item));
    if ((flags & strip) != 0) continue;
    if ((flags & RESERVED) != 0 && !isWithin(role, kindRole(itemKind(item)))) continue;
    if (!containsItems(items, refusedCount, item, 1)) return false;
  }
  return true;
}

/**
 * Makes the hidden bits of an agent right for what is free on it (a row). Afterwards a set bit means
 * hidden, and a clear one that nothing hides all that may be offered to the leaf.
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
    if (same) return;
  }
  freeSeen(agent);
  const copy = alloc(<usize>count * ITEM_SIZE);
  memory.copy(copy, items, <usize>count * ITEM_SIZE);
  for (let i: u32 = 0; i < count; i++) retain(itemSet(copy + <usize>i * ITEM_SIZE));
  store<usize>(agentAt(agent), copy, 40);
  store<u32>(agentAt(agent), count, 44);
  const bits = bitsReserve(agent, HIDDEN);
  memory.fill(bits, 0, <usize>hiddenWords(agent) << 2);
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
      const to = bits + (<usize>(leaf >> 5) << 2);
      store<u32>(to, load<u32>(to) | (1 << (leaf & 31)));
    }
    filter = load<u32>(record, 16);
  }
}

/** False when surely no refusal of the leaf hides the whole free part of a plain agent. */
export function mayBeHidden(agent: u32, leaf: u32): bool {
  if (filtersOn(agent) < MANY_FILTERS) return hasFilter(agent, leaf);
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
    if (amount <= 0) continue;
    if (item == end || itemKind(item) != load<u32>(entry) || itemAmount(item) != amount) return false;
    if (!equalSets(itemSet(item), freeSetOf(entry))) return false;
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
      if (containsItems(refused + REFUSED_HEAD, load<u32>(refused, 4), items, count)) return true;
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
    if (load<u32>(record) == leaf) latest = max<f64>(latest, load<f64>(record, 32));
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
  if (firstOfAgent != 0) store<u32>(filterAt(firstOfAgent - 1), filter + 1, 20);
  store<u32>(agentRecord, filter + 1, 24);
  store<u32>(agentRecord, load<u32>(agentRecord, 28) + 1, 28);
  noteFiltered(agent, leaf);
  const leafRecord = leafAt(leaf);
  const firstOfLeaf = load<u32>(leafRecord, 28);
  store<u32>(at, firstOfLeaf, 24);
  store<u32>(at, 0, 28);
  if (firstOfLeaf != 0) store<u32>(filterAt(firstOfLeaf - 1), filter + 1, 28);
  store<u32>(leafRecord, filter + 1, 28);
  store<u32>(leafRecord, load<u32>(leafRecord, 32) + 1, 32);
  store<f64>(at, end, 32);
  const index = tablePush(SLOT_HEAP, 4);
  up(index, filter);
  if (had) setAgentFlags(agent, agentFlags(agent) | AGENT_DOUBLE_FILTERS);
  // Bits that were made for some state of the agent stay right for it.
  if (load<u32>(agentAt(agent), 44) == 0) return;
  const plain = (agentFlags(agent) & AGENT_COMPLEX) == 0;
  const seen = load<usize>(agentAt(agent), 40);
  const seenCount = load<u32>(agentAt(agent), 44);
  if (covers(refused, seen, seenCount, leaf, plain)) setBit(agent, HIDDEN, leaf, true);
}

/** Sets the bit of a leaf whose filter is in the agent's list; the bits begin with those of the whole list. */
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
  if (filtersOn(agent) >= MANY_FILTERS) return testBit(agent, FILTERED, leaf);
  return isListed(agent, leaf);
}

/** The same, from the shorter of the two lists. */
function isListed(agent: u32, leaf: u32): bool {
  if (filtersOn(agent) <= leafFilters(leaf)) {
    for (let filter = load<u32>(agentAt(agent), 24); filter != 0; ) {
      const record = filterAt(filter - 1);
      if (load<u32>(record) == leaf) return true;
      filter = load<u32>(record, 16);
    }
    return false;
  }
  for (let filter = load<u32>(leafAt(leaf), 28); filter != 0; ) {
    const record = filterAt(filter - 1);
    if (load<u32>(record, 4) == agent) return true;
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
  if (previousOfAgent == 0) store<u32>(agentAt(agent), nextOfAgent, 24);
  else store<u32>(filterAt(previousOfAgent - 1), nextOfAgent, 16);
  if (nextOfAgent != 0) store<u32>(filterAt(nextOfAgent - 1), previousOfAgent, 20);
  const nextOfLeaf = load<u32>(at, 24);
  const previousOfLeaf = load<u32>(at, 28);
  if (previousOfLeaf == 0) store<u32>(leafAt(leaf), nextOfLeaf, 28);
  else store<u32>(filterAt(previousOfLeaf - 1), nextOfLeaf, 24);
  if (nextOfLeaf != 0) store<u32>(filterAt(nextOfLeaf - 1), previousOfLeaf, 28);
  forget(load<usize>(at, 8));
  const left = filtersOn(agent) - 1;
  store<u32>(agentAt(agent), left, 28);
  store<u32>(leafAt(leaf), leafFilters(leaf) - 1, 32);
  store<u32>(at, load<u32>(slot(SLOT_FILTER_FREE)), 16);
  store<u32>(slot(SLOT_FILTER_FREE), filter + 1);
  const doubled = (agentFlags(agent) & AGENT_DOUBLE_FILTERS) != 0;
  if (left < MANY_FILTERS) bitsFree(agent, FILTERED);
  else if (!doubled || !isListed(agent, leaf)) setBit(agent, FILTERED, leaf, false);
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
  while (load<u32>(agentAt(agent), 24) != 0) removeFilter(load<u32>(agentAt(agent), 24) - 1);
}

export function dropFiltersOfLeaf(leaf: u32): void {
  while (load<u32>(leafAt(leaf), 28) != 0) removeFilter(load<u32>(leafAt(leaf), 28) - 1);
}

/** Ends every filter whose time is up to `until`. */
export function expireFilters(until: f64): void {
  while (tableCount(SLOT_HEAP) != 0) {
    const first = load<u32>(heapAt(0));
    if (endOf(first) > until) break;
    removeFilter(first);
  }
}

export function filterCount(): u32 {
  return tableCount(SLOT_HEAP);
}

/** What hides the agent must be worked out again: its total, its kinds or a leaf's abilities changed. */
export function forgetSeen(agent: u32): void {
  freeSeen(agent);
}

export function freeBits(agent: u32): void {
  bitsFree(agent, HIDDEN);
  freeSeen(agent);
}
