// Checks of sums over the cluster: the sums of leaves and roles are those of what agents have and
// what is held of them.
import { heldInAll } from '../allocator/tables/accounting';
import { agentExists } from '../allocator/tables/agents';
import {
  ENTRY_SIZE,
  entriesOf,
  entryCount,
  entryTotal,
  freeAmount,
} from '../allocator/tables/entries';
import { LEAF_EXISTS, leafFlags, leafNode } from '../allocator/tables/frameworks';
import {
  firstHolding,
  holdingCount,
  holdingItems,
  holdingLeaf,
  holdingRole,
  nextHolding,
  usedRow,
} from '../allocator/tables/holdings';
import { nodeVector } from '../allocator/tables/nodes';
import {
  heldPlainOf,
  heldReservedOf,
  isWithin,
  ownNode,
  reservedOf,
  roleExists,
  roleNode,
  usedPlainOf,
} from '../allocator/tables/roles';
import { RESERVED, REVOCABLE, SHARED } from '../constants';
import { isPlainScalar, isScalar, kindFlags, kindName, kindRole, kindUnit } from '../kinds';
import { slot, tableCount } from '../memory';
import { find, ITEM_SIZE, itemAmount, itemKind, rowCount, rowItems } from '../rows';
import { SLOT_AGENTS, SLOT_LEAVES, SLOT_REVOCABLE_FREE, SLOT_ROLES, SLOT_TOTALS } from '../slots';
import { valueOf } from '../vectors';

/** What a sum over holdings counts. */
const ALL: i32 = 0;
const PLAIN: i32 = 1;
const OF_RESERVATIONS: i32 = 2;

function counts(flags: u32, what: i32): bool {
  if (what == PLAIN) {
    return isPlainScalar(flags);
  }
  return what == ALL || (flags & RESERVED) != 0;
}

/**
 * True for the first holding of its role on the agent, among those that count for a leaf, to have
 * the kind.
 */
function isFirstOfRole(agent: u32, holding: usize, kind: u32): bool {
  for (let at = firstHolding(agent); at != holding; at = nextHolding(at)) {
    if (holdingLeaf(at) == 0 || holdingRole(at) != holdingRole(holding)) {
      continue;
    }
    if (find(holdingItems(at), holdingCount(at), kind) != 0) {
      return false;
    }
  }
  return true;
}

/**
 * What is held of a name in a role, and below it where `below`. A shared volume counts once for
 * each role in which it is held on an agent.
 */
function heldIn(role: u32, below: bool, name: u32, what: i32): f64 {
  let sum: f64 = 0;
  for (let agent: u32 = 0; agent < tableCount(SLOT_AGENTS); agent++) {
    if (!agentExists(agent)) {
      continue;
    }
    for (let at = firstHolding(agent); at != 0; at = nextHolding(at)) {
      if (holdingLeaf(at) == 0) {
        continue;
      }
      if (below ? !isWithin(holdingRole(at), role) : holdingRole(at) != role) {
        continue;
      }
      for (let i: u32 = 0; i < holdingCount(at); i++) {
        const item = holdingItems(at) + <usize>i * ITEM_SIZE;
        const kind = itemKind(item);
        const flags = kindFlags(kind);
        if (kindName(kind) != name || !isScalar(flags) || !counts(flags, what)) {
          continue;
        }
        if ((flags & SHARED) == 0) {
          sum += itemAmount(item) * kindUnit(kind);
        } else if (isFirstOfRole(agent, at, kind)) {
          sum += kindUnit(kind);
        }
      }
    }
  }
  return sum;
}

/** What a leaf holds of a name; a shared volume counts once an agent. */
function heldByLeaf(leaf: u32, name: u32): f64 {
  let sum: f64 = 0;
  for (let agent: u32 = 0; agent < tableCount(SLOT_AGENTS); agent++) {
    if (!agentExists(agent)) {
      continue;
    }
    for (let at = firstHolding(agent); at != 0; at = nextHolding(at)) {
      if (holdingLeaf(at) != leaf + 1) {
        continue;
      }
      for (let i: u32 = 0; i < holdingCount(at); i++) {
        const item = holdingItems(at) + <usize>i * ITEM_SIZE;
        const kind = itemKind(item);
        if (kindName(kind) != name || !isScalar(kindFlags(kind))) {
          continue;
        }
        const copies = (kindFlags(kind) & SHARED) != 0 ? 1 : itemAmount(item);
        sum += copies * kindUnit(kind);
      }
    }
  }
  return sum;
}

/** What tasks use of the plain part of a name in a role and below it. */
function usedIn(role: u32, name: u32): f64 {
  let sum: f64 = 0;
  for (let agent: u32 = 0; agent < tableCount(SLOT_AGENTS); agent++) {
    if (!agentExists(agent)) {
      continue;
    }
    for (let at = firstHolding(agent); at != 0; at = nextHolding(at)) {
      if (holdingLeaf(at) == 0 || !isWithin(holdingRole(at), role)) {
        continue;
      }
      const used = usedRow(at);
      for (let i: u32 = 0; i < rowCount(used); i++) {
        const item = rowItems(used) + <usize>i * ITEM_SIZE;
        const kind = itemKind(item);
        if (kindName(kind) != name || !isPlainScalar(kindFlags(kind))) {
          continue;
        }
        sum += itemAmount(item) * kindUnit(kind);
      }
    }
  }
  return sum;
}

/** What agents have of a name: all of it (role 0), or what is reserved for a role and below it. */
function totalOf(role: u32, name: u32, reserved: bool): f64 {
  let sum: f64 = 0;
  for (let agent: u32 = 0; agent < tableCount(SLOT_AGENTS); agent++) {
    if (!agentExists(agent)) {
      continue;
    }
    for (let i: u32 = 0; i < entryCount(agent); i++) {
      const entry = entriesOf(agent) + <usize>i * ENTRY_SIZE;
      const kind = load<u32>(entry);
      const flags = kindFlags(kind);
      if (!isScalar(flags) || kindName(kind) != name || entryTotal(entry) == 0) {
        continue;
      }
      if (reserved && ((flags & RESERVED) == 0 || !isWithin(kindRole(kind), role))) {
        continue;
      }
      const copies = (flags & SHARED) != 0 ? 1 : entryTotal(entry);
      sum += copies * kindUnit(kind);
    }
  }
  return sum;
}

function revocableFree(name: u32): f64 {
  let sum: f64 = 0;
  for (let agent: u32 = 0; agent < tableCount(SLOT_AGENTS); agent++) {
    if (!agentExists(agent)) {
      continue;
    }
    for (let i: u32 = 0; i < entryCount(agent); i++) {
      const entry = entriesOf(agent) + <usize>i * ENTRY_SIZE;
      const kind = load<u32>(entry);
      if ((kindFlags(kind) & REVOCABLE) == 0 || !isScalar(kindFlags(kind))) {
        continue;
      }
      if (kindName(kind) == name) {
        sum += freeAmount(entry) * kindUnit(kind);
      }
    }
  }
  return sum;
}

export function checkSums(name: u32): void {
  const totals = load<u32>(slot(SLOT_TOTALS));
  assert(valueOf(totals, name) == totalOf(0, name, false), 'a total of the cluster');
  const revocable = valueOf(load<u32>(slot(SLOT_REVOCABLE_FREE)), name);
  assert(revocable == revocableFree(name), 'what is free and revocable');
  assert(valueOf(heldInAll(), name) == heldIn(0, true, name, ALL), 'what is held in all');
  for (let role: u32 = 0; role < tableCount(SLOT_ROLES); role++) {
    if (role != 0 && !roleExists(role)) {
      continue;
    }
    assert(
      valueOf(reservedOf(role), name) == totalOf(role, name, true),
      'what is reserved for a role',
    );
    const reserved = heldIn(role, true, name, OF_RESERVATIONS);
    assert(valueOf(heldReservedOf(role), name) == reserved, 'what a role holds of reservations');
    if (role == 0) {
      continue;
    }
    assert(
      valueOf(heldPlainOf(role), name) == heldIn(role, true, name, PLAIN),
      'what a role holds',
    );
    assert(valueOf(usedPlainOf(role), name) == usedIn(role, name), 'what a role uses');
    if (roleNode(role) != 0) {
      const held = valueOf(nodeVector(roleNode(role) - 1), name);
      assert(held == heldIn(role, true, name, ALL), 'the share of a role');
    }
    if (ownNode(role) != 0) {
      const held = valueOf(nodeVector(ownNode(role) - 1), name);
      assert(held == heldIn(role, false, name, ALL), 'the share of a virtual leaf');
    }
  }
  for (let leaf: u32 = 0; leaf < tableCount(SLOT_LEAVES); leaf++) {
    if ((leafFlags(leaf) & LEAF_EXISTS) == 0) {
      continue;
    }
    const held = valueOf(nodeVector(leafNode(leaf)), name);
    assert(held == heldByLeaf(leaf, name), 'the share of a leaf');
  }
}
