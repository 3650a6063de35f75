// The exports that tell what is held: on an agent, by a framework in a role, and in the whole
// cluster. They change nothing.
import { BAD_HANDLE, RESERVED, REVOCABLE, SHARED } from '../../constants';
import { isScalar, kindFlags, kindName, kindUnit, nameCount } from '../../kinds';
import { tableCount } from '../../memory';
import {
  find,
  ITEM_SIZE,
  ioReserve,
  itemAmount,
  itemKind,
  rowAddAll,
  rowClear,
  rowCount,
  rowItems,
  rowSubtractAll,
  scratch,
  writeItems,
} from '../../rows';
import { SLOT_AGENTS } from '../../slots';
import { valueOf } from '../../vectors';
import { endOf, firstFilterOf, nextFilterOf } from '../filters/filter-lists';
import { agentExists, agentFlags, mayBeOffered } from '../tables/agents';
import { ENTRY_SIZE, entriesOf, entryCount, entryFlags, entryTotal } from '../tables/entries';
import { findLeaf, frameworkKnown, leafFilters, leafNode } from '../tables/frameworks';
import {
  firstHolding,
  holdingCount,
  holdingFramework,
  holdingItems,
  holdingRole,
  nextHolding,
  usedRow,
} from '../tables/holdings';
import { nodeVector } from '../tables/nodes';
import { roleExists, roleNode } from '../tables/roles';
import { writePart } from '../tables/shares';

/**
 * Writes who holds what of an agent: for each framework and role there `framework u32 | role u32 |
 * offered items u32 | used items u32`, then what is on offer, then what is used. Answers how many
 * there are, or minus a status.
 */
export function readHoldings(agent: u32): i32 {
  if (!agentExists(agent)) {
    return -BAD_HANDLE;
  }
  let count = 0;
  let offset: usize = 0;
  for (let at = firstHolding(agent); at != 0; at = nextHolding(at)) {
    const used = usedRow(at);
    const offered = scratch(3);
    rowClear(offered);
    rowAddAll(offered, holdingItems(at), holdingCount(at));
    rowSubtractAll(offered, rowItems(used), rowCount(used));
    const head = ioReserve(offset + 16) + offset;
    store<u32>(head, holdingFramework(at));
    store<u32>(head, holdingRole(at), 4);
    store<u32>(head, rowCount(offered), 8);
    store<u32>(head, rowCount(used), 12);
    offset = writeItems(rowItems(offered), rowCount(offered), offset + 16);
    offset = writeItems(rowItems(used), rowCount(used), offset);
    count++;
  }
  return count;
}

/**
 * Writes what a framework holds in a role, offered or used: one f64 a name. Answers how many names;
 * 0 where it has no leaf there.
 */
export function readLeaf(framework: u32, role: u32): i32 {
  if (!frameworkKnown(framework) || !roleExists(role)) {
    return -BAD_HANDLE;
  }
  const leaf = findLeaf(framework, role);
  if (leaf == 0) {
    return 0;
  }
  const names = nameCount();
  const to = ioReserve((<usize>names) << 3);
  for (let name: u32 = 0; name < names; name++) {
    store<f64>(to + ((<usize>name) << 3), valueOf(nodeVector(leafNode(leaf - 1)), name));
  }
  return <i32>names;
}

/**
 * Writes the greatest part of anything in the cluster that a role and the roles below it hold:
 * `part f64 | name f64`. Answers 0 where they hold nothing that counts.
 */
export function readRoleShare(role: u32): i32 {
  if (!roleExists(role)) {
    return -BAD_HANDLE;
  }
  const node = roleNode(role);
  return node == 0 ? 0 : <i32>writePart(ioReserve(16), nodeVector(node - 1));
}

/**
 * Writes the greatest part of anything in the cluster that a framework holds in a role, how many
 * refusals of agents are in force there, and when the first and the last of them end: `part f64 |
 * name f64 | refusals f64 | first f64 | last f64`. Answers 0 where it has no leaf.
 */
export function readLeafShare(framework: u32, role: u32): i32 {
  if (!frameworkKnown(framework) || !roleExists(role)) {
    return -BAD_HANDLE;
  }
  const found = findLeaf(framework, role);
  if (found == 0) {
    return 0;
  }
  const leaf = found - 1;
  const to = ioReserve(40);
  writePart(to, nodeVector(leafNode(leaf)));
  store<f64>(to, <f64>leafFilters(leaf), 16);
  let first: f64 = Infinity;
  let last: f64 = 0;
  for (let filter = firstFilterOf(leaf); filter != 0; filter = nextFilterOf(filter)) {
    first = min<f64>(first, endOf(filter - 1));
    last = max<f64>(last, endOf(filter - 1));
  }
  store<f64>(to, first, 24);
  store<f64>(to, last, 32);
  return 1;
}

/** The sums of a name in readCluster: six f64. */
// @ts-ignore: decorator
@inline
const SUMS: usize = 48;

// @ts-ignore: decorator
@inline
const TOTAL: usize = 0;

// @ts-ignore: decorator
@inline
const OFFERED: usize = 8;

// @ts-ignore: decorator
@inline
const USED: usize = 16;

// @ts-ignore: decorator
@inline
const RESERVED_TOTAL: usize = 24;

// @ts-ignore: decorator
@inline
const REVOCABLE_TOTAL: usize = 32;

// @ts-ignore: decorator
@inline
const REVOCABLE_USED: usize = 40;

/**
 * Writes sums over all agents, or over those that may be offered (`active` 1): six f64 a name, in
 * thousandths: the total, what is on offer, what is used, and what is reserved, all without what is
 * revocable; what is revocable, and what of that is used. Shared volumes count once an agent.
 */
export function readCluster(active: u32): i32 {
  const names = nameCount();
  const to = ioReserve(<usize>names * SUMS);
  memory.fill(to, 0, <usize>names * SUMS);
  const agents = tableCount(SLOT_AGENTS);
  for (let agent: u32 = 0; agent < agents; agent++) {
    if (agentExists(agent) && (active == 0 || mayBeOffered(agentFlags(agent)))) {
      addTotals(to, agent);
      addHeld(to, agent);
    }
  }
  return <i32>names;
}

// @ts-ignore: decorator
@inline
function addSum(to: usize, kind: u32, sum: usize, copies: f64): void {
  const at = to + <usize>kindName(kind) * SUMS + sum;
  store<f64>(at, load<f64>(at) + copies * kindUnit(kind));
}

function addTotals(to: usize, agent: u32): void {
  const entries = entriesOf(agent);
  const count = entryCount(agent);
  for (let i: u32 = 0; i < count; i++) {
    const entry = entries + <usize>i * ENTRY_SIZE;
    const flags = entryFlags(entry);
    if (!isScalar(flags) || entryTotal(entry) == 0) {
      continue;
    }
    const kind = load<u32>(entry);
    const isShared = (flags & SHARED) != 0;
    const copies = isShared ? 1 : entryTotal(entry);
    if ((flags & REVOCABLE) != 0) {
      addSum(to, kind, REVOCABLE_TOTAL, copies);
      continue;
    }
    addSum(to, kind, TOTAL, copies);
    if ((flags & RESERVED) != 0) {
      addSum(to, kind, RESERVED_TOTAL, copies);
    }
    if (isShared) {
      addShared(to, agent, kind);
    }
  }
}

/** A shared volume is used where anybody uses it, and on offer where it is only offered. */
function addShared(to: usize, agent: u32, kind: u32): void {
  let isHeld = false;
  for (let at = firstHolding(agent); at != 0; at = nextHolding(at)) {
    const used = usedRow(at);
    if (find(rowItems(used), rowCount(used), kind) != 0) {
      addSum(to, kind, USED, 1);
      return;
    }
    isHeld = isHeld || find(holdingItems(at), holdingCount(at), kind) != 0;
  }
  if (isHeld) {
    addSum(to, kind, OFFERED, 1);
  }
}

function addHeld(to: usize, agent: u32): void {
  for (let at = firstHolding(agent); at != 0; at = nextHolding(at)) {
    const used = usedRow(at);
    const count = holdingCount(at);
    for (let i: u32 = 0; i < count; i++) {
      const item = holdingItems(at) + <usize>i * ITEM_SIZE;
      const kind = itemKind(item);
      const flags = kindFlags(kind);
      if (!isScalar(flags) || (flags & SHARED) != 0) {
        continue;
      }
      const found = find(rowItems(used), rowCount(used), kind);
      const taken = found == 0 ? 0.0 : itemAmount(found);
      const isRevocable = (flags & REVOCABLE) != 0;
      addSum(to, kind, isRevocable ? REVOCABLE_USED : USED, taken);
      if (!isRevocable) {
        addSum(to, kind, OFFERED, itemAmount(item) - taken);
      }
    }
  }
}
