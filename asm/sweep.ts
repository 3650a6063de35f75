// The sweep of kinds: frees the numbers of kinds that nothing refers to any more, since frameworks
// make new kinds at will (labels of reservations, ids of volumes). The module marks the kinds that
// its state refers to; the host drops the others, between calls, when no list is in its hands.
import { REFUSED_HEAD } from './allocator/filters/refused-lists';
import { clearOffers } from './allocator/run/offering';
import { agentAt, agentExists } from './allocator/tables/agents';
import { HELD_SIZE, heldCount, heldList } from './allocator/tables/allocation-order';
import { ENTRY_SIZE, entriesOf, entryCount } from './allocator/tables/entries';
import {
  firstHolding,
  holdingCount,
  holdingItems,
  nextHolding,
  usedRow,
} from './allocator/tables/holdings';
import { countKindOfRole } from './allocator/tables/roles';
import { BAD_HANDLE, BAD_STATE, OK } from './constants';
import {
  dropKindRecord,
  dropNameRecord,
  isLiveKind,
  kindCount,
  kindName,
  kindRole,
  nameCount,
} from './kinds';
import { alloc, CHECKED, free, slot, tableBase, tableCount } from './memory';
import { ITEM_SIZE, itemKind, rowClear, rowCount, rowItems, scratch } from './rows';
import { SLOT_AGENTS, SLOT_MARKS, SLOT_REFUSED_LISTS, SLOT_ROLES, SLOT_ROWS } from './slots';

function mark(kind: u32): void {
  if (CHECKED) {
    assert(isLiveKind(kind), 'a kind that was dropped and is in use');
  }
  const at = load<usize>(slot(SLOT_MARKS)) + ((<usize>(kind >> 5)) << 2);
  store<u32>(at, load<u32>(at) | (1 << (kind & 31)));
}

function markItems(items: usize, count: u32, size: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    mark(itemKind(items + <usize>i * size));
  }
}

function markAgent(agent: u32): void {
  markItems(entriesOf(agent), entryCount(agent), ENTRY_SIZE);
  for (let at = firstHolding(agent); at != 0; at = nextHolding(at)) {
    markItems(holdingItems(at), holdingCount(at), ITEM_SIZE);
    markItems(rowItems(usedRow(at)), rowCount(usedRow(at)), ITEM_SIZE);
  }
  const record = agentAt(agent);
  markItems(load<usize>(record, 40), load<u32>(record, 44), ITEM_SIZE);
  markItems(heldList(agent), heldCount(agent), HELD_SIZE);
}

/**
 * Marks every kind in use: the address of a bit a kind. Offers of the last run are void afterwards.
 */
export function markKinds(): usize {
  clearOffers();
  const words = (kindCount() + 31) >> 5;
  free(load<usize>(slot(SLOT_MARKS)), (<usize>load<u32>(slot(SLOT_MARKS + 1))) << 2);
  store<usize>(slot(SLOT_MARKS), alloc((<usize>max<u32>(words, 1)) << 2));
  store<u32>(slot(SLOT_MARKS + 1), max<u32>(words, 1));
  memory.fill(load<usize>(slot(SLOT_MARKS)), 0, (<usize>max<u32>(words, 1)) << 2);
  for (let i = 0; i < 9; i++) {
    rowClear(scratch(i));
  }
  for (let i: u32 = 0; i < tableCount(SLOT_ROWS); i++) {
    const row = tableBase(SLOT_ROWS) + ((<usize>i) << 4);
    if (load<u32>(row, 12) == 1) {
      markItems(rowItems(row), rowCount(row), ITEM_SIZE);
    }
  }
  for (let agent: u32 = 0; agent < tableCount(SLOT_AGENTS); agent++) {
    if (agentExists(agent)) {
      markAgent(agent);
    }
  }
  const buckets = load<u32>(slot(SLOT_REFUSED_LISTS + 1));
  for (let i: u32 = 0; i < buckets; i++) {
    let row = load<usize>(load<usize>(slot(SLOT_REFUSED_LISTS)) + ((<usize>i) << 2));
    while (row != 0) {
      markItems(row + REFUSED_HEAD, load<u32>(row, 4), ITEM_SIZE);
      row = load<usize>(row, 12);
    }
  }
  return load<usize>(slot(SLOT_MARKS));
}

/** Frees the number of a kind that the last markKinds() did not mark. */
export function dropKind(kind: u32): i32 {
  if (kind >= kindCount() || !isLiveKind(kind)) {
    return BAD_HANDLE;
  }
  const marks = load<usize>(slot(SLOT_MARKS));
  if (marks == 0 || kind >> 5 >= load<u32>(slot(SLOT_MARKS + 1))) {
    return BAD_STATE;
  }
  if ((load<u32>(marks + ((<usize>(kind >> 5)) << 2)) & (1 << (kind & 31))) != 0) {
    return BAD_STATE;
  }
  countKindOfRole(kindRole(kind), -1);
  dropKindRecord(kind);
  return OK;
}

/**
 * Frees a name that no kind has. Not in an instance with an allocator, which keeps sums over the
 * cluster by name.
 */
export function dropName(name: u32): i32 {
  if (name >= nameCount()) {
    return BAD_HANDLE;
  }
  if (tableCount(SLOT_ROLES) != 0) {
    return BAD_STATE;
  }
  for (let kind: u32 = 0; kind < kindCount(); kind++) {
    if (isLiveKind(kind) && kindName(kind) == name) {
      return BAD_STATE;
    }
  }
  return dropNameRecord(name);
}
