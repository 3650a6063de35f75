// Minimums: the least that is worth offering. Counted in units and item after item, as Mesos
// counts: the rounding of the differences is part of the rule.
import { SHARED, SOLID } from '../../constants';
import { isPlainScalar, isScalar, kindFlags, kindName, kindUnit, nameCount } from '../../kinds';
import { CHECKED } from '../../memory';
import { ITEM_SIZE, itemAmount, itemKind, rowCount, rowItems } from '../../rows';
import { ENTRY_SIZE, freeAmount } from '../tables/entries';
import { Run } from './run-state';

/**
 * In units and item after item, as Mesos counts: the rounding of the differences is part of the
 * rule.
 */
export function meets(minimum: usize, row: usize): bool {
  return meetsInOrder(minimum, row, false);
}

/**
 * The same for an offer of the fair stage. Mesos puts it together from what no quota counts, and
 * after that from plain scalars: the differences round in that order.
 */
export function meetsFair(minimum: usize, row: usize): bool {
  return meetsInOrder(minimum, row, true);
}

function meetsInOrder(minimum: usize, row: usize, plainLast: bool): bool {
  if (rowCount(row) == 0) {
    return false;
  }
  if (minimum == 0) {
    return true;
  }
  const alternatives = load<u32>(minimum, 4);
  if (alternatives == 0) {
    return true;
  }
  let at = minimum + 8;
  for (let i: u32 = 0; i < alternatives; i++) {
    const names = load<u32>(at);
    at += 8;
    if (CHECKED) {
      assert(at + <usize>names * 16 <= minimum + load<u32>(minimum), 'a minimum beyond its block');
    }
    let met = true;
    for (let j: u32 = 0; j < names; j++) {
      if (met && !hasUnits(row, load<u32>(at), load<f64>(at, 8), plainLast)) {
        met = false;
      }
      at += 16;
    }
    if (met) {
      return true;
    }
  }
  return false;
}

function hasUnits(row: usize, name: u32, units: f64, plainLast: bool): bool {
  if (CHECKED) {
    assert(name < nameCount() && units >= 0, 'a minimum of no name');
  }
  if (!plainLast) {
    return missingAfter(row, name, units, true, true) <= 0;
  }
  const missing = missingAfter(row, name, units, false, true);
  return missingAfter(row, name, missing, true, false) <= 0;
}

/** What is missing of the units when plain scalars, other items, or both have been counted. */
function missingAfter(row: usize, name: u32, units: f64, plain: bool, other: bool): f64 {
  let missing = units;
  const items = rowItems(row);
  const end = items + <usize>rowCount(row) * ITEM_SIZE;
  for (let item = items; item < end && missing > 0; item += ITEM_SIZE) {
    const kind = itemKind(item);
    if (kindName(kind) != name) {
      continue;
    }
    const flags = kindFlags(kind);
    if (!(isPlainScalar(flags) ? plain : other)) {
      continue;
    }
    if (!isScalar(flags)) {
      missing -= itemAmount(item);
    } else if ((flags & SOLID) != 0) {
      const copies = (flags & SHARED) != 0 ? 1 : itemAmount(item);
      for (let copy: f64 = 0; copy < copies; copy += 1) {
        missing -= kindUnit(kind) / 1000;
      }
    } else {
      missing -= itemAmount(item) / 1000;
    }
  }
  return missing;
}

// --- The fast path ---

/** True when the free part of plain entries meets the cluster's minimum. */
export function entriesMeet(entries: usize, end: usize): bool {
  const alternatives: u32 = Run.clusterMinimum == 0 ? 0 : load<u32>(Run.clusterMinimum, 4);
  if (alternatives == 0) {
    return true;
  }
  let at = Run.clusterMinimum + 8;
  for (let i: u32 = 0; i < alternatives; i++) {
    const names = load<u32>(at);
    at += 8;
    let met = true;
    for (let j: u32 = 0; j < names; j++) {
      let missing = load<f64>(at, 8);
      for (let entry = entries; entry < end && missing > 0; entry += ENTRY_SIZE) {
        const flags = load<u32>(entry, 4);
        if (flags >> 16 != load<u32>(at)) {
          continue;
        }
        const amount = freeAmount(entry);
        missing -= isScalar(flags) ? amount / 1000 : amount;
      }
      if (missing > 0) {
        met = false;
      }
      at += 16;
    }
    if (met) {
      return true;
    }
  }
  return false;
}
