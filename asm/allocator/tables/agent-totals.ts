// The total of an agent, and what follows from it: what is free, the sums of the cluster, the
// reservations of roles, and whether a run can treat the agent as plain.
import { RESERVED, REVOCABLE, SHARED } from '../../constants';
import { retain } from '../../intervals';
import { isScalar, kindName, kindRole, kindUnit } from '../../kinds';
import { free, slot } from '../../memory';
import {
  ITEM_SIZE,
  itemAmount,
  itemKind,
  itemSet,
  rowClear,
  rowCount,
  rowItems,
  rowPush,
  scratch,
} from '../../rows';
import { SLOT_AGENT_FREE, SLOT_COMPLEX_AGENTS, SLOT_GPU_NAME, SLOT_TOTALS } from '../../slots';
import { addValue } from '../../vectors';
import {
  AGENT_COMPLEX,
  AGENT_GPU,
  AGENT_HAS_SHARED,
  AGENT_ORDERED,
  agentAt,
  agentFlags,
  setAgentFlags,
  updateDenies,
} from './agents';
import { clearHeld, collectOrdered, rebuildHeld } from './allocation-order';
import {
  clearEntries,
  ENTRY_SIZE,
  entriesOf,
  entryCount,
  entryFlags,
  entryTotal,
  freeAmount,
  freeEntries,
  holdQuietly,
  noteRevocable,
  pushEntry,
} from './entries';
import { firstHolding, HOLDING_HEAD, holdingCount, holdingItems, nextHolding } from './holdings';
import { addUp, OFFSET_RESERVED } from './roles';
import { totalsChanged } from './shares';

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
    if (amount > 0) {
      rowPush(row, load<u32>(entry), retain(load<usize>(entry, 28)), amount);
    }
  }
  return row;
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
    if (!isScalar(flags) || entryTotal(entry) == 0) {
      continue;
    }
    const kind = load<u32>(entry);
    const copies = (flags & SHARED) != 0 ? 1 : entryTotal(entry);
    const amount = sign * copies * kindUnit(kind);
    addValue(totals, kindName(kind), amount);
    if ((flags & RESERVED) != 0) {
      addUp(kindRole(kind), OFFSET_RESERVED, kindName(kind), amount);
    }
    noteRevocable(kind, flags, sign * freeAmount(entry));
  }
}

/**
 * Makes the agent keep the order of allocations from now on, before its total is replaced: only the
 * old total tells in which order its resources were offered.
 */
export function keepHeldOrder(agent: u32): void {
  const flags = agentFlags(agent);
  if ((flags & AGENT_ORDERED) != 0) {
    return;
  }
  rebuildHeld(agent);
  setAgentFlags(agent, flags | AGENT_ORDERED);
}

/**
 * Replaces an agent's total by a row (not one of the scratch rows 4, 5 unless it is `row` itself).
 */
export function replaceTotal(agent: u32, row: usize): void {
  keepHeldOrder(agent);
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

/** Sets the flags of an agent that follow from its kinds. */
function classify(agent: u32): void {
  const before = agentFlags(agent);
  let flags = before & ~(AGENT_GPU | AGENT_COMPLEX | AGENT_ORDERED | AGENT_HAS_SHARED);
  const entries = entriesOf(agent);
  const count = entryCount(agent);
  const gpu = load<u32>(slot(SLOT_GPU_NAME));
  for (let i: u32 = 0; i < count; i++) {
    const entry = entries + <usize>i * ENTRY_SIZE;
    if (entryTotal(entry) == 0) {
      continue;
    }
    const kind = load<u32>(entry);
    const own = entryFlags(entry);
    if ((own & (RESERVED | REVOCABLE | SHARED)) != 0) {
      flags |= AGENT_COMPLEX;
    }
    if ((own & SHARED) != 0) {
      flags |= AGENT_HAS_SHARED;
    }
    if (!isScalar(own)) {
      continue;
    }
    if (kindName(kind) + 1 == gpu) {
      flags |= AGENT_GPU;
    }
    for (let j: u32 = 0; j < i; j++) {
      const other = entries + <usize>j * ENTRY_SIZE;
      if (entryTotal(other) == 0 || !isScalar(entryFlags(other))) {
        continue;
      }
      if (kindName(load<u32>(other)) == kindName(kind)) {
        flags |= AGENT_ORDERED;
      }
    }
  }
  const complex = load<u32>(slot(SLOT_COMPLEX_AGENTS));
  const change = <i32>((flags & AGENT_COMPLEX) != 0) - <i32>((before & AGENT_COMPLEX) != 0);
  store<u32>(slot(SLOT_COMPLEX_AGENTS), complex + change);
  setAgentFlags(agent, flags);
  if ((flags & AGENT_ORDERED) == 0) {
    clearHeld(agent);
  }
  updateDenies(agent);
}

/** Forgets an agent whose holdings, filters and bits are gone. */
export function unmakeAgent(agent: u32): void {
  countTotal(agent, -1);
  freeEntries(agent);
  clearHeld(agent);
  const at = agentAt(agent);
  const spare = load<usize>(at, 16);
  if (spare != 0) {
    free(spare, HOLDING_HEAD + <usize>load<u32>(spare, 20) * ITEM_SIZE);
  }
  if ((agentFlags(agent) & AGENT_COMPLEX) != 0) {
    store<u32>(slot(SLOT_COMPLEX_AGENTS), load<u32>(slot(SLOT_COMPLEX_AGENTS)) - 1);
  }
  store<u32>(at, 0);
  store<u32>(at, load<u32>(slot(SLOT_AGENT_FREE)), 4);
  store<u32>(slot(SLOT_AGENT_FREE), agent + 1);
  totalsChanged();
}
