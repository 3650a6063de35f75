// Agents: what each has, what of it is free, and who holds what.
//
//   agent ── entries: one a kind, in the order of its total, with what is held of it
//         └─ holdings: one a (framework, role) that has anything there
//
// An agent whose kinds are all plain (unreserved, not revocable, not shared, one a name) takes the
// short way through a run. One with several scalar kinds of one name keeps, beside its entries, what is
// held in the order in which Apache Mesos would keep it: that order decides what quotas chop first.
import {
  AGENT_ACTIVE,
  AGENT_FLAT_ROLES,
  AGENT_REMOTE,
  AGENT_SINGLE_ROLE,
  AGENT_WHITELISTED,
  BAD_HANDLE,
  MAX_AGENTS,
  OK,
  RESERVED,
  REVOCABLE,
  SHARED,
  SOLID,
  TOO_MANY,
} from '../constants';
import { difference, includes, rangeAmount, release, retain, union } from '../intervals';
import { isScalar, kindFlags, kindName, kindRole, kindUnit } from '../kinds';
import { alloc, free, resize, slot, tableBase, tableCount, tablePush } from '../memory';
import {
  ITEM_SIZE,
  find,
  itemAmount,
  itemKind,
  itemSet,
  rowClear,
  rowCount,
  rowItems,
  rowPush,
  rowSubtract,
  scratch,
} from '../rows';
import {
  SLOT_AGENTS,
  SLOT_AGENT_FREE,
  SLOT_COMPLEX_AGENTS,
  SLOT_GPU_NAME,
  SLOT_OPTIONS,
  SLOT_QUIET,
  SLOT_REVOCABLE_FREE,
  SLOT_TOTALS,
} from '../slots';
import { addValue } from '../vectors';
import { IS_HIERARCHICAL, IS_MULTI_ROLE, LACKS_GPU, LACKS_REGION } from './frameworks';
import { totalsChanged } from './groups';
import { OFFSET_RESERVED, addUp } from './roles';

// Agent: flags u32 | denies u32 | entries u32 | entry count u32 | entry capacity u32 | first holding u32 |
//        first filter + 1 u32 | filters u32 | hidden bits u32 | hidden words u32 | seen items u32 |
//        seen count u32 | excluded bits u32 | excluded words u32 | held list u32 | held count u32 |
//        held capacity u32 | available items u32 | available count u32 | available capacity u32 |
//        place f64 | last offer + 1 u32 | run u32 | sequence u32 | first inverse record + 1 u32 |
//        spare holding u32 | unused, to 128 bytes: two cache lines
// @ts-ignore: decorator
@inline const AGENT_SIZE: usize = 128;

export const AGENT_PRESENT: u32 = 256;
export const AGENT_GPU: u32 = 512;
/** Has reserved, revocable or shared kinds. */
export const AGENT_COMPLEX: u32 = 1024;
/** Has several scalar kinds of one name. */
export const AGENT_ORDERED: u32 = 2048;
export const AGENT_HAS_SHARED: u32 = 4096;
export const AGENT_MAINTENANCE: u32 = 8192;
/** Someone has more than one filter here. */
export const AGENT_DOUBLE_FILTERS: u32 = 16384;
const HOST_FLAGS: u32 = 255;

// Options.
export const OPTION_FILTER_GPU: u32 = 1;
export const OPTION_RANDOM_ROLES: u32 = 2;
export const OPTION_RANDOM_FRAMEWORKS: u32 = 4;

// @ts-ignore: decorator
@inline export function agentAt(agent: u32): usize {
  return tableBase(SLOT_AGENTS) + <usize>agent * AGENT_SIZE;
}
// @ts-ignore: decorator
@inline export function agentFlags(agent: u32): u32 {
  return load<u32>(agentAt(agent));
}
// @ts-ignore: decorator
@inline export function setAgentFlags(agent: u32, flags: u32): void {
  store<u32>(agentAt(agent), flags);
}
export function agentExists(agent: u32): bool {
  return agent < tableCount(SLOT_AGENTS) && (agentFlags(agent) & AGENT_PRESENT) != 0;
}

// --- Entries ---
//
//   kind u32 | flags u16, name u16 | total f64 | held f64 | total set u32 | free set u32
//
// Entries with a total of 0 are of kinds that are held but no longer part of the agent.
// @ts-ignore: decorator
@inline export const ENTRY_SIZE: usize = 32;

// @ts-ignore: decorator
@inline export function entriesOf(agent: u32): usize {
  return load<usize>(agentAt(agent), 8);
}
// @ts-ignore: decorator
@inline export function entryCount(agent: u32): u32 {
  return load<u32>(agentAt(agent), 12);
}
// @ts-ignore: decorator
@inline export function entryFlags(entry: usize): u32 {
  return load<u32>(entry, 4);
}
// @ts-ignore: decorator
@inline export function entryTotal(entry: usize): f64 {
  return load<f64>(entry, 8);
}
// @ts-ignore: decorator
@inline export function freeSetOf(entry: usize): usize {
  return load<usize>(entry, 28);
}

/** What is free of an entry: thousandths, copies, or numbers. Shared volumes always are. */
// @ts-ignore: decorator
@inline export function freeAmount(entry: usize): f64 {
  const flags = load<u32>(entry, 4);
  if (!isScalar(flags)) return rangeAmount(load<usize>(entry, 28));
  const total = load<f64>(entry, 8);
  return (flags & SHARED) != 0 ? total : max<f64>(total - load<f64>(entry, 16), 0);
}

export function findEntry(agent: u32, kind: u32): usize {
  const entries = entriesOf(agent);
  const end = entries + <usize>entryCount(agent) * ENTRY_SIZE;
  for (let entry = entries; entry < end; entry += ENTRY_SIZE) {
    if (load<u32>(entry) == kind) return entry;
  }
  return 0;
}

function pushEntry(agent: u32, kind: u32, total: f64, set: usize): usize {
  const at = agentAt(agent);
  const count = load<u32>(at, 12);
  const capacity = load<u32>(at, 16);
  if (count == capacity) {
    const next: u32 = capacity == 0 ? 4 : capacity << 1;
    store<usize>(
      at,
      resize(
        load<usize>(at, 8),
        <usize>capacity * ENTRY_SIZE,
        <usize>count * ENTRY_SIZE,
        <usize>next * ENTRY_SIZE,
      ),
      8,
    );
    store<u32>(at, next, 16);
  }
  store<u32>(at, count + 1, 12);
  const entry = load<usize>(at, 8) + <usize>count * ENTRY_SIZE;
  store<u32>(entry, kind);
  store<u32>(entry, kindFlags(kind) | (kindName(kind) << 16), 4);
  store<f64>(entry, total, 8);
  store<f64>(entry, 0, 16);
  store<usize>(entry, retain(set), 24);
  store<usize>(entry, retain(set), 28);
  return entry;
}

function clearEntries(agent: u32): void {
  const entries = entriesOf(agent);
  const count = entryCount(agent);
  for (let i: u32 = 0; i < count; i++) {
    const entry = entries + <usize>i * ENTRY_SIZE;
    release(load<usize>(entry, 24));
    release(load<usize>(entry, 28));
  }
  store<u32>(agentAt(agent), 0, 12);
}

// @ts-ignore: decorator
@inline function replaceFree(entry: usize, set: usize): void {
  release(load<usize>(entry, 28));
  store<usize>(entry, set, 28);
}

/** Keeps the sum of free revocable resources, which quota headroom cannot count on. */
// @ts-ignore: decorator
@inline function noteRevocable(kind: u32, flags: u32, change: f64): void {
  if ((flags & REVOCABLE) == 0 || !isScalar(flags) || change == 0) return;
  addValue(load<u32>(slot(SLOT_REVOCABLE_FREE)), kindName(kind), change * kindUnit(kind));
}

/** Marks an amount of a kind as held. */
export function hold(agent: u32, kind: u32, set: usize, amount: f64): void {
  let entry = findEntry(agent, kind);
  if (entry == 0) entry = pushEntry(agent, kind, 0, 0);
  const flags = load<u32>(entry, 4);
  const before = freeAmount(entry);
  store<f64>(entry, load<f64>(entry, 16) + amount, 16);
  if (!isScalar(flags)) replaceFree(entry, difference(load<usize>(entry, 28), set));
  else noteRevocable(kind, flags, freeAmount(entry) - before);
}

/** Gives a held amount back. Numbers that another role holds too stay held. */
export function unhold(agent: u32, role: u32, kind: u32, set: usize, amount: f64): void {
  const entry = findEntry(agent, kind);
  if (entry == 0) return;
  const flags = load<u32>(entry, 4);
  const before = freeAmount(entry);
  store<f64>(entry, max<f64>(load<f64>(entry, 16) - amount, 0), 16);
  if (!isScalar(flags)) {
    const total = load<usize>(entry, 24);
    const lost = difference(set, total);
    let back = difference(set, lost);
    release(lost);
    for (let at = firstHolding(agent); at != 0; at = nextHolding(at)) {
      if (holdingRole(at) == role) continue;
      const item = find(holdingItems(at), holdingCount(at), kind);
      if (item == 0) continue;
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

// --- Holdings ---
//
//   next u32 | framework u32 | role u32 | leaf + 1 u32 | count u32 | capacity u32 | used items u32 |
//   used count u32 | used capacity u32 | - | - | - , then the items: all that is held, offered or used
// @ts-ignore: decorator
@inline export const HOLDING_HEAD: usize = 48;

// @ts-ignore: decorator
@inline export function firstHolding(agent: u32): usize {
  return load<usize>(agentAt(agent), 20);
}
// @ts-ignore: decorator
@inline export function nextHolding(holding: usize): usize {
  return load<usize>(holding);
}
// @ts-ignore: decorator
@inline export function holdingFramework(holding: usize): u32 {
  return load<u32>(holding, 4);
}
// @ts-ignore: decorator
@inline export function holdingRole(holding: usize): u32 {
  return load<u32>(holding, 8);
}
/** The leaf plus one that the holding counts for; 0 when the allocator does not know the framework. */
// @ts-ignore: decorator
@inline export function holdingLeaf(holding: usize): u32 {
  return load<u32>(holding, 12);
}
// @ts-ignore: decorator
@inline export function setHoldingLeaf(holding: usize, leaf: u32): void {
  store<u32>(holding, leaf, 12);
}
// @ts-ignore: decorator
@inline export function holdingCount(holding: usize): u32 {
  return load<u32>(holding, 16);
}
// @ts-ignore: decorator
@inline export function holdingItems(holding: usize): usize {
  return holding + HOLDING_HEAD;
}

export function findHolding(agent: u32, framework: u32, role: u32): usize {
  for (let at = firstHolding(agent); at != 0; at = nextHolding(at)) {
    if (load<u32>(at, 4) == framework && load<u32>(at, 8) == role) return at;
  }
  return 0;
}

/** A new holding with room for `capacity` items, first in the agent's list. */
export function newHolding(agent: u32, framework: u32, role: u32, leaf: u32, capacity: u32): usize {
  const record = agentAt(agent);
  let holding = load<usize>(record, 104);
  if (holding != 0 && load<u32>(holding, 20) >= capacity) {
    capacity = load<u32>(holding, 20);
    store<usize>(record, 0, 104);
  } else {
    holding = alloc(HOLDING_HEAD + <usize>capacity * ITEM_SIZE);
  }
  store<u64>(holding, 0, 16);
  store<u64>(holding, 0, 24);
  store<u64>(holding, 0, 32);
  store<usize>(holding, firstHolding(agent));
  store<u32>(holding, framework, 4);
  store<u32>(holding, role, 8);
  store<u32>(holding, leaf, 12);
  store<u32>(holding, capacity, 20);
  store<usize>(agentAt(agent), holding, 20);
  return holding;
}

function linkTo(agent: u32, holding: usize): usize {
  let link = agentAt(agent) + 20;
  while (load<usize>(link) != holding) link = load<usize>(link);
  return link;
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
  if (item == 0) return;
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
  if (left > 0) return;
  release(itemSet(item));
  const last = items + <usize>(count - 1) * ITEM_SIZE;
  if (last != item) memory.copy(item, last, ITEM_SIZE);
  store<u32>(holding, count - 1, 16);
}

/** The head of a row over the holding's used items, so that row functions work on it. */
// @ts-ignore: decorator
@inline export function usedRow(holding: usize): usize {
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
  rowClear(used);
  free(rowItems(used), <usize>load<u32>(used, 8) * ITEM_SIZE);
  // The agent keeps one block for its next holding: near in time, and no search for it.
  const record = agentAt(agent);
  if (load<usize>(record, 104) == 0) {
    store<usize>(record, holding, 104);
    return;
  }
  free(holding, HOLDING_HEAD + <usize>load<u32>(holding, 20) * ITEM_SIZE);
}

// --- The order in which things are held (ordered agents only) ---
//
//   kind u32 | role u32 | set u32 | - | amount f64
// @ts-ignore: decorator
@inline const HELD_SIZE: usize = 24;

export function heldAdd(agent: u32, role: u32, kind: u32, set: usize, amount: f64): void {
  const at = agentAt(agent);
  const list = load<usize>(at, 56);
  const count = load<u32>(at, 60);
  const flags = kindFlags(kind);
  if ((flags & (SOLID | SHARED)) != SOLID) {
    for (let i: u32 = 0; i < count; i++) {
      const one = list + <usize>i * HELD_SIZE;
      if (load<u32>(one) != kind || load<u32>(one, 4) != role) continue;
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
  const capacity = load<u32>(at, 64);
  if (count == capacity) {
    const next: u32 = capacity == 0 ? 4 : capacity << 1;
    store<usize>(
      at,
      resize(list, <usize>capacity * HELD_SIZE, <usize>count * HELD_SIZE, <usize>next * HELD_SIZE),
      56,
    );
    store<u32>(at, next, 64);
  }
  const one = load<usize>(at, 56) + <usize>count * HELD_SIZE;
  store<u32>(one, kind);
  store<u32>(one, role, 4);
  store<usize>(one, retain(set), 8);
  store<f64>(one, amount, 16);
  store<u32>(at, count + 1, 60);
}

export function heldSubtract(agent: u32, role: u32, kind: u32, set: usize, amount: f64): void {
  const at = agentAt(agent);
  const list = load<usize>(at, 56);
  const count = load<u32>(at, 60);
  for (let i: u32 = 0; i < count; i++) {
    const one = list + <usize>i * HELD_SIZE;
    if (load<u32>(one) != kind || load<u32>(one, 4) != role) continue;
    let gone: bool;
    if (isScalar(kindFlags(kind))) {
      const left = load<f64>(one, 16) - amount;
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
      const last = list + <usize>(count - 1) * HELD_SIZE;
      if (last != one) memory.copy(one, last, HELD_SIZE);
      store<u32>(at, count - 1, 60);
    }
    return;
  }
}

function clearHeld(agent: u32): void {
  const at = agentAt(agent);
  const list = load<usize>(at, 56);
  for (let i: u32 = 0; i < load<u32>(at, 60); i++) release(load<usize>(list + <usize>i * HELD_SIZE, 8));
  free(list, <usize>load<u32>(at, 64) * HELD_SIZE);
  store<usize>(at, 0, 56);
  store<u32>(at, 0, 60);
  store<u32>(at, 0, 64);
}

/** Rebuilds the held order from the holdings, oldest first. */
function rebuildHeld(agent: u32): void {
  let count = 0;
  for (let at = firstHolding(agent); at != 0; at = nextHolding(at)) count++;
  for (let index = count - 1; index >= 0; index--) {
    let at = firstHolding(agent);
    for (let i = 0; i < index; i++) at = nextHolding(at);
    for (let i: u32 = 0; i < holdingCount(at); i++) {
      const item = holdingItems(at) + <usize>i * ITEM_SIZE;
      heldAdd(agent, holdingRole(at), itemKind(item), itemSet(item), itemAmount(item));
    }
  }
}

/** What is free on an agent, in order, as a row in scratch 4. */
export function collectFree(agent: u32): usize {
  const row = scratch(4);
  rowClear(row);
  const entries = entriesOf(agent);
  const count = entryCount(agent);
  if ((agentFlags(agent) & AGENT_ORDERED) != 0) {
    collectOrdered(agent, row);
    return row;
  }
  for (let i: u32 = 0; i < count; i++) {
    const entry = entries + <usize>i * ENTRY_SIZE;
    const amount = freeAmount(entry);
    if (amount > 0) rowPush(row, load<u32>(entry), retain(load<usize>(entry, 28)), amount);
  }
  return row;
}

/** Total without shared, less what is held one by one, then the shared volumes: as Mesos does it. */
function collectOrdered(agent: u32, row: usize): void {
  const entries = entriesOf(agent);
  const count = entryCount(agent);
  for (let i: u32 = 0; i < count; i++) {
    const entry = entries + <usize>i * ENTRY_SIZE;
    if (entryTotal(entry) > 0 && (entryFlags(entry) & SHARED) == 0) {
      rowPush(row, load<u32>(entry), retain(load<usize>(entry, 24)), entryTotal(entry));
    }
  }
  const list = load<usize>(agentAt(agent), 56);
  const held = load<u32>(agentAt(agent), 60);
  for (let i: u32 = 0; i < held; i++) {
    const one = list + <usize>i * HELD_SIZE;
    if ((kindFlags(load<u32>(one)) & SHARED) != 0) continue;
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

/** The total as a row in scratch 5, in order. */
export function collectTotal(agent: u32): usize {
  const row = scratch(5);
  rowClear(row);
  const entries = entriesOf(agent);
  for (let i: u32 = 0; i < entryCount(agent); i++) {
    const entry = entries + <usize>i * ENTRY_SIZE;
    if (entryTotal(entry) > 0) {
      rowPush(row, load<u32>(entry), retain(load<usize>(entry, 24)), entryTotal(entry));
    }
  }
  return row;
}

// --- Totals ---

/** Adds (or takes away) an agent's total to the cluster's and to the reservations of roles. */
function countTotal(agent: u32, sign: f64): void {
  const totals = load<u32>(slot(SLOT_TOTALS));
  const entries = entriesOf(agent);
  const count = entryCount(agent);
  for (let i: u32 = 0; i < count; i++) {
    const entry = entries + <usize>i * ENTRY_SIZE;
    const flags = entryFlags(entry);
    if (!isScalar(flags) || entryTotal(entry) == 0) continue;
    const kind = load<u32>(entry);
    const copies = (flags & SHARED) != 0 ? 1 : entryTotal(entry);
    const amount = sign * copies * kindUnit(kind);
    addValue(totals, kindName(kind), amount);
    if ((flags & RESERVED) != 0) addUp(kindRole(kind), OFFSET_RESERVED, kindName(kind), amount);
    noteRevocable(kind, flags, sign * freeAmount(entry));
  }
}

/** Replaces an agent's total by a row (not one of the scratch rows 4, 5 unless it is `row` itself). */
export function replaceTotal(agent: u32, row: usize): void {
  countTotal(agent, -1);
  clearEntries(agent);
  for (let i: u32 = 0; i < rowCount(row); i++) {
    const item = rowItems(row) + <usize>i * ITEM_SIZE;
    pushEntry(agent, itemKind(item), itemAmount(item), itemSet(item));
  }
  for (let at = firstHolding(agent); at != 0; at = nextHolding(at)) {
    for (let i: u32 = 0; i < holdingCount(at); i++) {
      const item = holdingItems(at) + <usize>i * ITEM_SIZE;
      holdQuietly(agent, itemKind(item), itemSet(item), itemAmount(item));
    }
  }
  countTotal(agent, 1);
  classify(agent);
  totalsChanged();
}

/** As hold(), without the revocable sum: the caller counts the whole agent. */
function holdQuietly(agent: u32, kind: u32, set: usize, amount: f64): void {
  let entry = findEntry(agent, kind);
  if (entry == 0) entry = pushEntry(agent, kind, 0, 0);
  store<f64>(entry, load<f64>(entry, 16) + amount, 16);
  if (!isScalar(load<u32>(entry, 4))) replaceFree(entry, difference(load<usize>(entry, 28), set));
}

/** Which way an agent takes through a run. */
function classify(agent: u32): void {
  const before = agentFlags(agent);
  let flags = before & ~(AGENT_GPU | AGENT_COMPLEX | AGENT_ORDERED | AGENT_HAS_SHARED);
  const entries = entriesOf(agent);
  const count = entryCount(agent);
  const gpu = load<u32>(slot(SLOT_GPU_NAME));
  for (let i: u32 = 0; i < count; i++) {
    const entry = entries + <usize>i * ENTRY_SIZE;
    if (entryTotal(entry) == 0) continue;
    const kind = load<u32>(entry);
    const own = entryFlags(entry);
    if ((own & (RESERVED | REVOCABLE | SHARED)) != 0) flags |= AGENT_COMPLEX;
    if ((own & SHARED) != 0) flags |= AGENT_HAS_SHARED;
    if (!isScalar(own)) continue;
    if (kindName(kind) + 1 == gpu) flags |= AGENT_GPU;
    for (let j: u32 = 0; j < i; j++) {
      const other = entries + <usize>j * ENTRY_SIZE;
      if (entryTotal(other) == 0 || !isScalar(entryFlags(other))) continue;
      if (kindName(load<u32>(other)) == kindName(kind)) flags |= AGENT_ORDERED;
    }
  }
  const complex = load<u32>(slot(SLOT_COMPLEX_AGENTS));
  const change = <i32>((flags & AGENT_COMPLEX) != 0) - <i32>((before & AGENT_COMPLEX) != 0);
  store<u32>(slot(SLOT_COMPLEX_AGENTS), complex + change);
  setAgentFlags(agent, flags);
  if ((flags & AGENT_ORDERED) != 0 && (before & AGENT_ORDERED) == 0) rebuildHeld(agent);
  else if ((flags & AGENT_ORDERED) == 0 && (before & AGENT_ORDERED) != 0) clearHeld(agent);
  updateDenies(agent);
}

/** Bits of the traits of a framework that keep the agent from it. */
export function updateDenies(agent: u32): void {
  const flags = agentFlags(agent);
  let denies: u32 = 0;
  if ((flags & AGENT_GPU) != 0 && (load<u32>(slot(SLOT_OPTIONS)) & OPTION_FILTER_GPU) != 0) {
    denies |= LACKS_GPU;
  }
  if ((flags & AGENT_REMOTE) != 0) denies |= LACKS_REGION;
  if ((flags & AGENT_SINGLE_ROLE) != 0) denies |= IS_MULTI_ROLE;
  if ((flags & AGENT_FLAT_ROLES) != 0) denies |= IS_HIERARCHICAL;
  store<u32>(agentAt(agent), denies, 4);
}

// --- Coming and going ---

export function makeAgent(flags: u32, place: f64): i32 {
  const head = load<u32>(slot(SLOT_AGENT_FREE));
  let agent: u32;
  if (head != 0) {
    agent = head - 1;
    store<u32>(slot(SLOT_AGENT_FREE), load<u32>(agentAt(agent), 4));
    memory.fill(agentAt(agent), 0, AGENT_SIZE);
  } else {
    if (tableCount(SLOT_AGENTS) >= <u32>MAX_AGENTS) return -TOO_MANY;
    agent = tablePush(SLOT_AGENTS, AGENT_SIZE);
  }
  setAgentFlags(agent, (flags & HOST_FLAGS) | AGENT_PRESENT);
  store<f64>(agentAt(agent), place, 80);
  return <i32>agent;
}

/** Forgets an agent whose holdings, filters and bits are gone. */
export function unmakeAgent(agent: u32): void {
  countTotal(agent, -1);
  clearEntries(agent);
  const at = agentAt(agent);
  free(load<usize>(at, 8), <usize>load<u32>(at, 16) * ENTRY_SIZE);
  clearHeld(agent);
  const spare = load<usize>(at, 104);
  if (spare != 0) free(spare, HOLDING_HEAD + <usize>load<u32>(spare, 20) * ITEM_SIZE);
  if ((agentFlags(agent) & AGENT_COMPLEX) != 0) {
    store<u32>(slot(SLOT_COMPLEX_AGENTS), load<u32>(slot(SLOT_COMPLEX_AGENTS)) - 1);
  }
  store<u32>(at, 0);
  store<u32>(at, load<u32>(slot(SLOT_AGENT_FREE)), 4);
  store<u32>(slot(SLOT_AGENT_FREE), agent + 1);
  totalsChanged();
}

export function setHostFlags(agent: u32, flags: u32): i32 {
  if (!agentExists(agent)) return BAD_HANDLE;
  setAgentFlags(agent, (agentFlags(agent) & ~HOST_FLAGS) | (flags & HOST_FLAGS));
  updateDenies(agent);
  wake(agent);
  return OK;
}

// @ts-ignore: decorator
@inline export function mayBeOffered(flags: u32): bool {
  return (flags & (AGENT_ACTIVE | AGENT_WHITELISTED)) == (AGENT_ACTIVE | AGENT_WHITELISTED);
}

// --- Quiet agents: a visit would offer nothing to anyone until something happens to them ---

function quietWord(agent: u32): usize {
  const word = agent >> 5;
  const have = load<u32>(slot(SLOT_QUIET + 1));
  if (word >= have) {
    let next: u32 = have == 0 ? 64 : have << 1;
    while (next <= word) next <<= 1;
    const bits = resize(
      load<usize>(slot(SLOT_QUIET)),
      <usize>have << 2,
      <usize>have << 2,
      <usize>next << 2,
    );
    memory.fill(bits + (<usize>have << 2), 0, <usize>(next - have) << 2);
    store<usize>(slot(SLOT_QUIET), bits);
    store<u32>(slot(SLOT_QUIET + 1), next);
  }
  return load<usize>(slot(SLOT_QUIET)) + (<usize>word << 2);
}

export function wake(agent: u32): void {
  const at = quietWord(agent);
  store<u32>(at, load<u32>(at) & ~(1 << (agent & 31)));
}

export function quieten(agent: u32): void {
  const at = quietWord(agent);
  store<u32>(at, load<u32>(at) | (1 << (agent & 31)));
}

export function isQuiet(agent: u32): bool {
  return (load<u32>(quietWord(agent)) & (1 << (agent & 31))) != 0;
}

export function wakeAll(): void {
  memory.fill(load<usize>(slot(SLOT_QUIET)), 0, <usize>load<u32>(slot(SLOT_QUIET + 1)) << 2);
}

/** True when the items are part of what a holding has (of its used part when `used`). */
export function holdingHas(holding: usize, row: usize, used: bool): bool {
  const items = used ? rowItems(usedRow(holding)) : holdingItems(holding);
  const count = used ? rowCount(usedRow(holding)) : holdingCount(holding);
  for (let i: u32 = 0; i < rowCount(row); i++) {
    const item = rowItems(row) + <usize>i * ITEM_SIZE;
    const found = find(items, count, itemKind(item));
    if (found == 0) return false;
    if (itemSet(item) == 0) {
      if (itemAmount(found) < itemAmount(item)) return false;
    } else if (!includes(itemSet(found), itemSet(item))) return false;
  }
  return true;
}
