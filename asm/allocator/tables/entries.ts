// Entries: what an agent has of each kind, and what of it is held.
//
//   kind u32 | flags u16, name u16 | total f64 | held f64 | total set u32 | free set u32
//
// Entries are in the order of the agent's total. Those with a total of 0 are of kinds that are held
// but are no longer part of the agent.
import { REVOCABLE, SHARED } from '../../constants';
import { difference, rangeAmount, release, retain, union } from '../../intervals';
import { isScalar, kindFlags, kindName, kindUnit } from '../../kinds';
import { arrayAppend, arrayFree, CHECKED, slot } from '../../memory';
import { find, itemSet } from '../../rows';
import { SLOT_REVOCABLE_FREE } from '../../slots';
import { addValue } from '../../vectors';
import { agentAt } from './agents';
import { firstHolding, holdingCount, holdingItems, holdingRole, nextHolding } from './holdings';

// @ts-ignore: decorator
@inline
export const ENTRY_SIZE: usize = 32;

// @ts-ignore: decorator
@inline
export function entriesOf(agent: u32): usize {
  return load<usize>(agentAt(agent), 8);
}

// @ts-ignore: decorator
@inline
export function entryCount(agent: u32): u32 {
  return load<u32>(agentAt(agent), 12);
}

// @ts-ignore: decorator
@inline
export function entryFlags(entry: usize): u32 {
  return load<u32>(entry, 4);
}

// @ts-ignore: decorator
@inline
export function entryTotal(entry: usize): f64 {
  return load<f64>(entry, 8);
}

// @ts-ignore: decorator
@inline
export function freeSetOf(entry: usize): usize {
  return load<usize>(entry, 28);
}

/** What is free of an entry: thousandths, copies, or numbers. Shared volumes always are. */
// @ts-ignore: decorator
@inline
export function freeAmount(entry: usize): f64 {
  const flags = load<u32>(entry, 4);
  if (!isScalar(flags)) {
    return rangeAmount(load<usize>(entry, 28));
  }
  const total = load<f64>(entry, 8);
  return (flags & SHARED) != 0 ? total : max<f64>(total - load<f64>(entry, 16), 0);
}

export function findEntry(agent: u32, kind: u32): usize {
  const entries = entriesOf(agent);
  const end = entries + <usize>entryCount(agent) * ENTRY_SIZE;
  for (let entry = entries; entry < end; entry += ENTRY_SIZE) {
    if (load<u32>(entry) == kind) {
      return entry;
    }
  }
  return 0;
}

export function pushEntry(agent: u32, kind: u32, total: f64, set: usize): usize {
  if (CHECKED) {
    assert(findEntry(agent, kind) == 0, 'two entries of one kind');
  }
  const entry = arrayAppend(agentAt(agent), 8, 12, 104, ENTRY_SIZE);
  store<u32>(entry, kind);
  store<u32>(entry, kindFlags(kind) | (kindName(kind) << 16), 4);
  store<f64>(entry, total, 8);
  store<f64>(entry, 0, 16);
  store<usize>(entry, retain(set), 24);
  store<usize>(entry, retain(set), 28);
  return entry;
}

export function clearEntries(agent: u32): void {
  const entries = entriesOf(agent);
  const count = entryCount(agent);
  for (let i: u32 = 0; i < count; i++) {
    const entry = entries + <usize>i * ENTRY_SIZE;
    release(load<usize>(entry, 24));
    release(load<usize>(entry, 28));
  }
  store<u32>(agentAt(agent), 0, 12);
}

export function freeEntries(agent: u32): void {
  clearEntries(agent);
  arrayFree(agentAt(agent), 8, 12, 104, ENTRY_SIZE);
}

// @ts-ignore: decorator
@inline
function replaceFree(entry: usize, set: usize): void {
  release(load<usize>(entry, 28));
  store<usize>(entry, set, 28);
}

/** Keeps the sum of free revocable resources, which quota headroom cannot count on. */
// @ts-ignore: decorator
@inline
export function noteRevocable(kind: u32, flags: u32, change: f64): void {
  if ((flags & REVOCABLE) == 0 || !isScalar(flags) || change == 0) {
    return;
  }
  addValue(load<u32>(slot(SLOT_REVOCABLE_FREE)), kindName(kind), change * kindUnit(kind));
}

/** Marks an amount of a kind as held. */
export function hold(agent: u32, kind: u32, set: usize, amount: f64): void {
  if (CHECKED) {
    assert(amount > 0, 'nothing to hold');
  }
  let entry = findEntry(agent, kind);
  if (entry == 0) {
    entry = pushEntry(agent, kind, 0, 0);
  }
  const flags = load<u32>(entry, 4);
  const before = freeAmount(entry);
  store<f64>(entry, load<f64>(entry, 16) + amount, 16);
  if (!isScalar(flags)) {
    replaceFree(entry, difference(load<usize>(entry, 28), set));
  } else {
    noteRevocable(kind, flags, freeAmount(entry) - before);
  }
}

/** Marks an amount as free again. Numbers that another role holds too stay held. */
export function unhold(agent: u32, role: u32, kind: u32, set: usize, amount: f64): void {
  const entry = findEntry(agent, kind);
  if (entry == 0) {
    return;
  }
  const flags = load<u32>(entry, 4);
  const before = freeAmount(entry);
  if (CHECKED) {
    assert(load<f64>(entry, 16) >= amount, 'more comes back than was held');
  }
  store<f64>(entry, max<f64>(load<f64>(entry, 16) - amount, 0), 16);
  if (!isScalar(flags)) {
    const total = load<usize>(entry, 24);
    const lost = difference(set, total);
    let back = difference(set, lost);
    release(lost);
    for (let at = firstHolding(agent); at != 0; at = nextHolding(at)) {
      if (holdingRole(at) == role) {
        continue;
      }
      const item = find(holdingItems(at), holdingCount(at), kind);
      if (item == 0) {
        continue;
      }
      const less = difference(back, itemSet(item));
      release(back);
      back = less;
    }
    replaceFree(entry, union(load<usize>(entry, 28), back));
    release(back);
  } else {
    noteRevocable(kind, flags, freeAmount(entry) - before);
  }
}

/**
 * Marks an amount as held without changing the sum of free revocable resources, which the caller
 * does for the whole agent.
 */
export function holdQuietly(agent: u32, kind: u32, set: usize, amount: f64): void {
  let entry = findEntry(agent, kind);
  if (entry == 0) {
    entry = pushEntry(agent, kind, 0, 0);
  }
  store<f64>(entry, load<f64>(entry, 16) + amount, 16);
  if (!isScalar(load<u32>(entry, 4))) {
    replaceFree(entry, difference(load<usize>(entry, 28), set));
  }
}
