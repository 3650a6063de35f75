// Holdings: a holding is what one framework holds in one role on one agent, offered or used.
//
//   next u32 | framework u32 | role u32 | leaf + 1 u32 | count u32 | capacity u32 |
//   used items u32 | used count u32 | used capacity u32 | - | - | - |
//   items: all that is held, offered or used
import { difference, includes, rangeAmount, release, retain, union } from '../../intervals';
import { isScalar, kindFlags } from '../../kinds';
import { alloc, CHECKED, free, resize } from '../../memory';
import {
  find,
  ITEM_SIZE,
  itemAmount,
  itemKind,
  itemSet,
  rowCount,
  rowFree,
  rowItems,
} from '../../rows';
import { agentAt } from './agents';

// @ts-ignore: decorator
@inline
export const HOLDING_HEAD: usize = 48;

// @ts-ignore: decorator
@inline
export function firstHolding(agent: u32): usize {
  return load<usize>(agentAt(agent), 20);
}

// @ts-ignore: decorator
@inline
export function nextHolding(holding: usize): usize {
  return load<usize>(holding);
}

// @ts-ignore: decorator
@inline
export function holdingFramework(holding: usize): u32 {
  return load<u32>(holding, 4);
}

// @ts-ignore: decorator
@inline
export function holdingRole(holding: usize): u32 {
  return load<u32>(holding, 8);
}

/**
 * The leaf plus one that the holding counts for; 0 when the allocator does not know the framework.
 */
// @ts-ignore: decorator
@inline
export function holdingLeaf(holding: usize): u32 {
  return load<u32>(holding, 12);
}

// @ts-ignore: decorator
@inline
export function setHoldingLeaf(holding: usize, leaf: u32): void {
  store<u32>(holding, leaf, 12);
}

// @ts-ignore: decorator
@inline
export function holdingCount(holding: usize): u32 {
  return load<u32>(holding, 16);
}

// @ts-ignore: decorator
@inline
export function holdingItems(holding: usize): usize {
  return holding + HOLDING_HEAD;
}

export function findHolding(agent: u32, framework: u32, role: u32): usize {
  for (let at = firstHolding(agent); at != 0; at = nextHolding(at)) {
    if (load<u32>(at, 4) == framework && load<u32>(at, 8) == role) {
      return at;
    }
  }
  return 0;
}

/** A new holding with room for `capacity` items, first in the agent's list. */
export function newHolding(agent: u32, framework: u32, role: u32, leaf: u32, capacity: u32): usize {
  if (CHECKED) {
    assert(findHolding(agent, framework, role) == 0, 'two holdings of a framework in a role');
  }
  const record = agentAt(agent);
  let holding = load<usize>(record, 16);
  if (holding != 0 && load<u32>(holding, 20) >= capacity) {
    capacity = load<u32>(holding, 20);
    store<usize>(record, 0, 16);
  } else {
    // Whole cache lines.
    const bytes = (HOLDING_HEAD + <usize>capacity * ITEM_SIZE + 63) & ~63;
    capacity = <u32>((bytes - HOLDING_HEAD) / ITEM_SIZE);
    holding = alloc(bytes);
  }
  store<u64>(holding, 0, 16);
  store<u64>(holding, 0, 24);
  store<u64>(holding, 0, 32);
  store<usize>(holding, load<usize>(record, 20));
  store<u32>(holding, framework, 4);
  store<u32>(holding, role, 8);
  store<u32>(holding, leaf, 12);
  store<u32>(holding, capacity, 20);
  store<usize>(record, holding, 20);
  return holding;
}

function linkTo(agent: u32, holding: usize): usize {
  let link = agentAt(agent) + 20;
  while (load<usize>(link) != holding) {
    link = load<usize>(link);
    if (CHECKED) {
      assert(link != 0, 'no holding of the agent');
    }
  }
  return link;
}

/**
 * Makes a holding the agent's newest, as if what comes into it now were held for the first time.
 */
export function renewHolding(agent: u32, holding: usize): void {
  store<usize>(linkTo(agent, holding), nextHolding(holding));
  const record = agentAt(agent);
  store<usize>(holding, load<usize>(record, 20));
  store<usize>(record, holding, 20);
}

/** Adds an item to a holding; answers the holding, which may have moved. */
export function holdingAdd(agent: u32, holding: usize, kind: u32, set: usize, amount: f64): usize {
  const items = holdingItems(holding);
  const count = holdingCount(holding);
  const item = find(items, count, kind);
  if (item != 0) {
    if (isScalar(kindFlags(kind))) {
      store<f64>(item, itemAmount(item) + amount, 8);
    } else {
      const whole = union(itemSet(item), set);
      release(itemSet(item));
      store<usize>(item, whole, 4);
      store<f64>(item, rangeAmount(whole), 8);
    }
    return holding;
  }
  const capacity = load<u32>(holding, 20);
  if (count == capacity) {
    const next: u32 = capacity < 2 ? 4 : capacity << 1;
    const link = linkTo(agent, holding);
    const bytes = HOLDING_HEAD + <usize>capacity * ITEM_SIZE;
    holding = resize(holding, bytes, bytes, HOLDING_HEAD + <usize>next * ITEM_SIZE);
    store<u32>(holding, next, 20);
    store<usize>(link, holding);
  }
  const to = holdingItems(holding) + <usize>count * ITEM_SIZE;
  store<u32>(to, kind);
  store<usize>(to, retain(set), 4);
  store<f64>(to, amount, 8);
  store<u32>(holding, count + 1, 16);
  return holding;
}

export function holdingSubtract(holding: usize, kind: u32, set: usize, amount: f64): void {
  const items = holdingItems(holding);
  const count = holdingCount(holding);
  const item = find(items, count, kind);
  if (CHECKED) {
    assert(item != 0, 'the holding does not have it');
  }
  if (item == 0) {
    return;
  }
  let left: f64;
  if (isScalar(kindFlags(kind))) {
    left = itemAmount(item) - amount;
    store<f64>(item, left, 8);
  } else {
    const rest = difference(itemSet(item), set);
    release(itemSet(item));
    store<usize>(item, rest, 4);
    left = rangeAmount(rest);
    store<f64>(item, left, 8);
  }
  if (left > 0) {
    return;
  }
  if (CHECKED) {
    assert(left == 0, 'the holding has less');
  }
  release(itemSet(item));
  const last = items + <usize>(count - 1) * ITEM_SIZE;
  if (last != item) {
    memory.copy(item, last, ITEM_SIZE);
  }
  store<u32>(holding, count - 1, 16);
}

/** The head of a row over the holding's used items, so that row functions work on it. */
// @ts-ignore: decorator
@inline
export function usedRow(holding: usize): usize {
  return holding + 24;
}

/** Removes a holding that is empty. */
export function dropHolding(agent: u32, holding: usize): void {
  store<usize>(linkTo(agent, holding), nextHolding(holding));
  const items = holdingItems(holding);
  for (let i: u32 = 0; i < holdingCount(holding); i++) {
    release(itemSet(items + <usize>i * ITEM_SIZE));
  }
  const used = usedRow(holding);
  rowFree(used);
  // The agent keeps one block for its next holding: near in time, and no search for it.
  const record = agentAt(agent);
  if (load<usize>(record, 16) == 0) {
    store<usize>(record, holding, 16);
    return;
  }
  free(holding, HOLDING_HEAD + <usize>load<u32>(holding, 20) * ITEM_SIZE);
}

/** True when the items are part of what a holding has (of its used part when `used`). */
export function holdingHas(holding: usize, row: usize, used: bool): bool {
  const items = used ? rowItems(usedRow(holding)) : holdingItems(holding);
  const count = used ? rowCount(usedRow(holding)) : holdingCount(holding);
  for (let i: u32 = 0; i < rowCount(row); i++) {
    const item = rowItems(row) + <usize>i * ITEM_SIZE;
    const found = find(items, count, itemKind(item));
    if (found == 0) {
      return false;
    }
    if (itemSet(item) == 0) {
      if (itemAmount(found) < itemAmount(item)) {
        return false;
      }
    } else if (!includes(itemSet(found), itemSet(item))) {
      return false;
    }
  }
  return true;
}
