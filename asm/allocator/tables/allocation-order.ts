// The order in which resources of an agent were allocated, kept for agents with several scalar
// kinds of one name: it decides which of them a quota chops first.
//
//   kind u32 | role u32 | set u32 | - | amount f64
import { SHARED, SOLID } from '../../constants';
import { difference, rangeAmount, release, retain, union } from '../../intervals';
import { isPlainScalar, isScalar, kindFlags } from '../../kinds';
import { arrayAppend, arrayFree, arrayRemove, CHECKED } from '../../memory';
import {
  find,
  ITEM_SIZE,
  itemAmount,
  itemKind,
  itemSet,
  rowClear,
  rowCount,
  rowItems,
  rowPush,
  rowSubtract,
  scratch,
} from '../../rows';
import { agentAt } from './agents';
import { ENTRY_SIZE, entriesOf, entryCount, entryFlags, entryTotal } from './entries';
import { firstHolding, holdingCount, holdingItems, holdingRole, nextHolding } from './holdings';

// @ts-ignore: decorator
@inline
export const HELD_SIZE: usize = 24;

// @ts-ignore: decorator
@inline
export function heldList(agent: u32): usize {
  return load<usize>(agentAt(agent), 88);
}

// @ts-ignore: decorator
@inline
export function heldCount(agent: u32): u32 {
  return load<u32>(agentAt(agent), 92);
}

export function heldAdd(agent: u32, role: u32, kind: u32, set: usize, amount: f64): void {
  const at = agentAt(agent);
  const list = load<usize>(at, 88);
  const count = load<u32>(at, 92);
  const flags = kindFlags(kind);
  if (CHECKED) {
    assert(amount > 0 && isScalar(flags) == (set == 0), 'an allocation with the wrong value');
  }
  if ((flags & (SOLID | SHARED)) != SOLID) {
    for (let i: u32 = 0; i < count; i++) {
      const one = list + <usize>i * HELD_SIZE;
      if (load<u32>(one) != kind || load<u32>(one, 4) != role) {
        continue;
      }
      if (isScalar(flags)) {
        store<f64>(one, load<f64>(one, 16) + amount, 16);
      } else {
        const whole = union(load<usize>(one, 8), set);
        release(load<usize>(one, 8));
        store<usize>(one, whole, 8);
      }
      return;
    }
  }
  const one = arrayAppend(at, 88, 92, 64, HELD_SIZE);
  store<u32>(one, kind);
  store<u32>(one, role, 4);
  store<usize>(one, retain(set), 8);
  store<f64>(one, amount, 16);
}

export function heldSubtract(agent: u32, role: u32, kind: u32, set: usize, amount: f64): void {
  const at = agentAt(agent);
  const list = load<usize>(at, 88);
  const count = load<u32>(at, 92);
  for (let i: u32 = 0; i < count; i++) {
    const one = list + <usize>i * HELD_SIZE;
    if (load<u32>(one) != kind || load<u32>(one, 4) != role) {
      continue;
    }
    let gone: bool;
    if (isScalar(kindFlags(kind))) {
      const left = load<f64>(one, 16) - amount;
      if (CHECKED) {
        assert(left >= 0, 'more comes back than was allocated');
      }
      store<f64>(one, left, 16);
      gone = left <= 0;
    } else {
      const left = difference(load<usize>(one, 8), set);
      release(load<usize>(one, 8));
      store<usize>(one, left, 8);
      gone = left == 0;
    }
    if (gone) {
      release(load<usize>(one, 8));
      arrayRemove(at, 88, 92, one, HELD_SIZE);
    }
    return;
  }
}

export function clearHeld(agent: u32): void {
  const at = agentAt(agent);
  const list = load<usize>(at, 88);
  for (let i: u32 = 0; i < load<u32>(at, 92); i++) {
    release(load<usize>(list + <usize>i * HELD_SIZE, 8));
  }
  arrayFree(at, 88, 92, 64, HELD_SIZE);
}

/**
 * Makes the list from the holdings, oldest first, as if each had been offered as a whole, in which
 * the kinds that quotas count come last. In which order parts of them came back is not known any
 * more.
 */
export function rebuildHeld(agent: u32): void {
  let count = 0;
  for (let at = firstHolding(agent); at != 0; at = nextHolding(at)) {
    count++;
  }
  for (let index = count - 1; index >= 0; index--) {
    let at = firstHolding(agent);
    for (let i = 0; i < index; i++) {
      at = nextHolding(at);
    }
    addInFairOrder(agent, at);
  }
}

function addInFairOrder(agent: u32, holding: usize): void {
  const row = scratch(8);
  rowClear(row);
  collectOrdered(agent, row);
  for (let plain = 0; plain < 2; plain++) {
    for (let i: u32 = 0; i < rowCount(row); i++) {
      const kind = itemKind(rowItems(row) + <usize>i * ITEM_SIZE);
      if (<i32>isPlainScalar(kindFlags(kind)) != plain) {
        continue;
      }
      const item = find(holdingItems(holding), holdingCount(holding), kind);
      if (item != 0) {
        heldAdd(agent, holdingRole(holding), kind, itemSet(item), itemAmount(item));
      }
    }
  }
  // Kinds that are held and no longer part of the agent stay in the list: they may be part of it
  // again.
  for (let i: u32 = 0; i < holdingCount(holding); i++) {
    const item = holdingItems(holding) + <usize>i * ITEM_SIZE;
    if (find(rowItems(row), rowCount(row), itemKind(item)) != 0) {
      continue;
    }
    heldAdd(agent, holdingRole(holding), itemKind(item), itemSet(item), itemAmount(item));
  }
}

/**
 * Collects what is free in Mesos's order: the total without shared volumes, less each allocation in
 * turn, then the shared volumes.
 */
export function collectOrdered(agent: u32, row: usize): void {
  const entries = entriesOf(agent);
  const count = entryCount(agent);
  for (let i: u32 = 0; i < count; i++) {
    const entry = entries + <usize>i * ENTRY_SIZE;
    if (entryTotal(entry) > 0 && (entryFlags(entry) & SHARED) == 0) {
      rowPush(row, load<u32>(entry), retain(load<usize>(entry, 24)), entryTotal(entry));
    }
  }
  const list = heldList(agent);
  const held = heldCount(agent);
  for (let i: u32 = 0; i < held; i++) {
    const one = list + <usize>i * HELD_SIZE;
    if ((kindFlags(load<u32>(one)) & SHARED) != 0) {
      continue;
    }
    const set = load<usize>(one, 8);
    const amount = set == 0 ? load<f64>(one, 16) : rangeAmount(set);
    rowSubtract(row, load<u32>(one), set, amount);
  }
  for (let i: u32 = 0; i < count; i++) {
    const entry = entries + <usize>i * ENTRY_SIZE;
    if (entryTotal(entry) > 0 && (entryFlags(entry) & SHARED) != 0) {
      rowPush(row, load<u32>(entry), 0, entryTotal(entry));
    }
  }
}
