// Checks of kinds, lists of resources and sets of numbers: a list has a kind once, and a set as
// many references as it counts.
import { ROW_SIZE } from '../algebra';
import { REFUSED_HEAD } from '../allocator/filters/refused-lists';
import { OFFER_SIZE } from '../allocator/run/offering';
import { agentAt, agentExists } from '../allocator/tables/agents';
import { HELD_SIZE, heldCount, heldList } from '../allocator/tables/allocation-order';
import { ENTRY_SIZE, entriesOf, entryCount, freeSetOf } from '../allocator/tables/entries';
import {
  firstHolding,
  holdingCount,
  holdingItems,
  nextHolding,
  usedRow,
} from '../allocator/tables/holdings';
import { MAX_AMOUNT } from '../constants';
import { rangeAmount, rangeBegin, rangeCount, rangeEnd } from '../intervals';
import {
  isLiveKind,
  isScalar,
  KIND_SIZE,
  kindCount,
  kindFlags,
  kindName,
  NAME_SIZE,
  nameCount,
} from '../kinds';
import { checkFreeNumbers, slot, tableBase, tableCount } from '../memory';
import {
  find,
  ITEM_SIZE,
  itemAmount,
  itemKind,
  itemSet,
  rowCount,
  rowItems,
  SCRATCH_ROWS,
  scratch,
} from '../rows';
import {
  SLOT_AGENTS,
  SLOT_KINDS,
  SLOT_KINDS_FREE,
  SLOT_NAMES,
  SLOT_NAMES_FREE,
  SLOT_OFFERS,
  SLOT_REFUSED_LISTS,
  SLOT_ROWS,
  SLOT_SETS,
} from '../slots';

export function checkKinds(): void {
  let live: u32 = 0;
  for (let kind: u32 = 0; kind < kindCount(); kind++) {
    if (!isLiveKind(kind)) {
      continue;
    }
    live++;
    assert(kindName(kind) < nameCount(), 'a kind without a name');
  }
  const free = checkFreeNumbers(SLOT_KINDS, KIND_SIZE, SLOT_KINDS_FREE, 8);
  assert(live + free == kindCount(), 'kinds that are lost');
  checkFreeNumbers(SLOT_NAMES, NAME_SIZE, SLOT_NAMES_FREE, 4);
}

/** Asserts that a list has each kind once, and of each a right amount. */
export function checkItems(items: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const item = items + <usize>i * ITEM_SIZE;
    const kind = itemKind(item);
    assert(isLiveKind(kind), 'an item of a kind that was dropped');
    assert(find(items, count, kind) == item, 'a kind that stands twice');
    assert(itemAmount(item) > 0 && itemAmount(item) <= MAX_AMOUNT, 'an item without an amount');
    if (isScalar(kindFlags(kind))) {
      assert(itemSet(item) == 0, 'a scalar with numbers');
    } else {
      assert(itemAmount(item) == rangeAmount(itemSet(item)), 'an amount of other numbers');
    }
  }
}

/** What a walk over all references to sets does with each. */
const TAKE_OFF: i32 = 0;
const CHECK: i32 = 1;
const PUT_BACK: i32 = 2;

function meetSet(set: usize, step: i32): void {
  if (set == 0) {
    return;
  }
  if (step == TAKE_OFF) {
    assert(load<u32>(set) != 0, 'a set with fewer references than it has');
    store<u32>(set, load<u32>(set) - 1);
  } else if (step == PUT_BACK) {
    store<u32>(set, load<u32>(set) + 1);
  } else {
    assert(load<u32>(set) == 0, 'a set with more references than it has');
    let amount: f64 = 0;
    for (let i: u32 = 0; i < rangeCount(set); i++) {
      assert(rangeBegin(set, i) <= rangeEnd(set, i), 'a range that ends before it begins');
      if (i != 0) {
        assert(rangeEnd(set, i - 1) + 1 < rangeBegin(set, i), 'ranges out of order');
      }
      amount += rangeEnd(set, i) - rangeBegin(set, i) + 1;
    }
    assert(amount == rangeAmount(set) && amount > 0, 'numbers that are not counted');
  }
}

function meetItems(items: usize, count: u32, step: i32): void {
  for (let i: u32 = 0; i < count; i++) {
    meetSet(itemSet(items + <usize>i * ITEM_SIZE), step);
  }
}

function meetAgent(agent: u32, step: i32): void {
  for (let i: u32 = 0; i < entryCount(agent); i++) {
    const entry = entriesOf(agent) + <usize>i * ENTRY_SIZE;
    meetSet(load<usize>(entry, 24), step);
    meetSet(freeSetOf(entry), step);
  }
  for (let at = firstHolding(agent); at != 0; at = nextHolding(at)) {
    meetItems(holdingItems(at), holdingCount(at), step);
    meetItems(rowItems(usedRow(at)), rowCount(usedRow(at)), step);
  }
  meetItems(load<usize>(agentAt(agent), 40), load<u32>(agentAt(agent), 44), step);
  for (let i: u32 = 0; i < heldCount(agent); i++) {
    meetSet(load<usize>(heldList(agent) + <usize>i * HELD_SIZE, 8), step);
  }
}

function meetAll(step: i32): void {
  const shared = load<usize>(slot(SLOT_SETS));
  for (let i: usize = 0; shared != 0 && i < 256; i++) {
    meetSet(load<usize>(shared + (i << 2)), step);
  }
  for (let i = 0; i < SCRATCH_ROWS; i++) {
    meetItems(rowItems(scratch(i)), rowCount(scratch(i)), step);
  }
  for (let i: u32 = 0; i < tableCount(SLOT_ROWS); i++) {
    const row = tableBase(SLOT_ROWS) + <usize>i * ROW_SIZE;
    if (load<u32>(row, 12) == 1) {
      meetItems(rowItems(row), rowCount(row), step);
    }
  }
  for (let agent: u32 = 0; agent < tableCount(SLOT_AGENTS); agent++) {
    if (agentExists(agent)) {
      meetAgent(agent, step);
    }
  }
  for (let i: u32 = 0; i < load<u32>(slot(SLOT_REFUSED_LISTS + 1)); i++) {
    let row = load<usize>(load<usize>(slot(SLOT_REFUSED_LISTS)) + ((<usize>i) << 2));
    for (; row != 0; row = load<usize>(row, 12)) {
      meetItems(row + REFUSED_HEAD, load<u32>(row, 4), step);
    }
  }
  for (let i: u32 = 0; i < tableCount(SLOT_OFFERS); i++) {
    const offer = tableBase(SLOT_OFFERS) + <usize>i * OFFER_SIZE;
    if (load<u32>(offer, 20) != 0) {
      meetItems(load<usize>(offer, 8), load<u32>(offer, 12), step);
    }
  }
}

/** Asserts that every set has as many references as it counts, and is in order. */
export function checkSets(): void {
  meetAll(TAKE_OFF);
  meetAll(CHECK);
  meetAll(PUT_BACK);
  for (let i: u32 = 0; i < tableCount(SLOT_ROWS); i++) {
    const row = tableBase(SLOT_ROWS) + <usize>i * ROW_SIZE;
    if (load<u32>(row, 12) == 1) {
      checkItems(rowItems(row), rowCount(row));
    }
  }
}
