// What is hidden by filters: of each agent with filters, the free items that were looked at last
// (the seen items) and a bit a leaf, set where a filter of the leaf contains all of them that the
// leaf may be offered. The bits are made anew when what is free has changed.
import { RESERVED } from '../../constants';
import { equalSets, release, retain } from '../../intervals';
import { kindFlags, kindRole } from '../../kinds';
import { alloc, CHECKED, free } from '../../memory';
import {
  containsItems,
  ITEM_SIZE,
  itemAmount,
  itemKind,
  itemSet,
  rowCount,
  rowItems,
} from '../../rows';
import { AGENT_COMPLEX, agentAt, agentFlags } from '../tables/agents';
import { ENTRY_SIZE, entriesOf, entryCount, freeAmount, freeSetOf } from '../tables/entries';
import { leafRole, leafStrip } from '../tables/frameworks';
import { isWithin } from '../tables/roles';
import { filterAt, firstFilterOn } from './filter-lists';
import { bitsFree, bitsReserve, HIDDEN, hiddenWords, setBit } from './leaf-bits';
import { REFUSED_HEAD } from './refused-lists';

/**
 * Forgets the seen items of an agent: its total, its kinds or a leaf's capabilities have changed.
 */
export function forgetSeen(agent: u32): void {
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

/** Frees the bits of an agent that has no filters left, or goes. */
export function freeHidden(agent: u32): void {
  bitsFree(agent, HIDDEN);
  forgetSeen(agent);
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
  if (CHECKED) {
    assert(count != 0, 'nothing to hide');
  }
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
  forgetSeen(agent);
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
  for (let filter = firstFilterOn(agent); filter != 0; ) {
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

/** A filter of the leaf for these items is new: the bits that were made stay right. */
export function hideRefused(agent: u32, leaf: u32, refused: usize): void {
  const seenCount = load<u32>(agentAt(agent), 44);
  if (seenCount == 0) {
    return;
  }
  const plain = (agentFlags(agent) & AGENT_COMPLEX) == 0;
  const seen = load<usize>(agentAt(agent), 40);
  if (covers(refused, seen, seenCount, leaf, plain)) {
    setBit(agent, HIDDEN, leaf, true);
  }
}
