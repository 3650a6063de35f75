// Accounting: what is held, added up for leaves, roles and all. Shares, quotas and headroom follow
// from these sums.
//
// A shared volume counts once for a leaf, and once for each role in which it is held, on each
// agent, however many copies there are.
import { RESERVED, REVOCABLE, SHARED } from '../../constants';
import { isScalar, kindFlags, kindName, kindUnit } from '../../kinds';
import { find, ITEM_SIZE, itemAmount, itemKind, itemSet, rowCount, rowItems } from '../../rows';
import { addValue } from '../../vectors';
import { AGENT_ORDERED, agentFlags } from './agents';
import { heldAdd, heldSubtract } from './allocation-order';
import { hold, unhold } from './entries';
import { countEarlyHolding, leafAt, leafFramework, leafNode, leafRole } from './frameworks';
import { touch } from './groups';
import {
  findHolding,
  firstHolding,
  holdingAdd,
  holdingCount,
  holdingItems,
  holdingLeaf,
  holdingRole,
  holdingSubtract,
  newHolding,
  nextHolding,
  setHoldingLeaf,
} from './holdings';
import { nodeCount, nodeVector, setNodeCount } from './nodes';
import {
  consumedOf,
  heldPlainOf,
  heldReservedOf,
  ownNode,
  roleNode,
  roleParent,
  usedPlainOf,
} from './roles';

/** True when a known framework holds the kind in the role on the agent. */
function isHeldInRole(agent: u32, role: u32, kind: u32): bool {
  for (let at = firstHolding(agent); at != 0; at = nextHolding(at)) {
    if (holdingRole(at) != role || holdingLeaf(at) == 0) {
      continue;
    }
    if (find(holdingItems(at), holdingCount(at), kind) != 0) {
      return true;
    }
  }
  return false;
}

/** The sum of everything held, kept in the root's otherwise unused vector. */
// @ts-ignore: decorator
@inline
export function heldInAll(): u32 {
  return consumedOf(0);
}

/**
 * Counts items for a leaf, or takes them off again (sign -1): called while the holding does not
 * have them, before adding or after subtracting.
 */
function countItems(agent: u32, leaf: u32, items: usize, count: u32, sign: f64): void {
  const role = leafRole(leaf);
  const leafVector = nodeVector(leafNode(leaf));
  const own = ownNode(role);
  for (let i: u32 = 0; i < count; i++) {
    const item = items + <usize>i * ITEM_SIZE;
    const kind = itemKind(item);
    const flags = kindFlags(kind);
    if (!isScalar(flags)) {
      continue;
    }
    const name = kindName(kind);
    let amount = itemAmount(item) * kindUnit(kind) * sign;
    if ((flags & SHARED) != 0) {
      amount = kindUnit(kind) * sign;
      const holding = findHolding(agent, leafFramework(leaf), role);
      const held = holding != 0 && find(holdingItems(holding), holdingCount(holding), kind) != 0;
      if (!held) {
        addValue(leafVector, name, amount);
      }
      if (isHeldInRole(agent, role, kind)) {
        continue;
      }
    } else {
      addValue(leafVector, name, amount);
    }
    if (own != 0) {
      addValue(nodeVector(own - 1), name, amount);
    }
    countInTree(role, flags, name, amount);
    for (let at = role; at != 0; at = roleParent(at)) {
      addValue(nodeVector(roleNode(at) - 1), name, amount);
    }
    addValue(heldInAll(), name, amount);
  }
}

/** Adds to the sums of a role and its ancestors from which quotas and headroom follow. */
function countInTree(role: u32, flags: u32, name: u32, amount: f64): void {
  if ((flags & RESERVED) != 0) {
    for (let at = role; ; at = roleParent(at)) {
      addValue(heldReservedOf(at), name, amount);
      if (at == 0) {
        break;
      }
    }
  } else if ((flags & REVOCABLE) == 0) {
    for (let at = role; at != 0; at = roleParent(at)) {
      addValue(heldPlainOf(at), name, amount);
    }
  }
}

/** Marks the nodes of a leaf and its roles as changed, and counts so many allocations. */
function touchAll(leaf: u32, allocations: i32): void {
  const role = leafRole(leaf);
  touchOne(leafNode(leaf), allocations);
  if (ownNode(role) != 0) {
    touchOne(ownNode(role) - 1, allocations);
  }
  for (let at = role; at != 0; at = roleParent(at)) {
    touchOne(roleNode(at) - 1, allocations);
  }
}

// @ts-ignore: decorator
@inline
function touchOne(node: u32, allocations: i32): void {
  if (allocations != 0) {
    setNodeCount(node, nodeCount(node) + <u64>(<i64>allocations));
  }
  touch(node);
}

/**
 * Counts an allocation that is no holding of the agent (a loan), or takes it off again (sign -1).
 */
export function countLoan(agent: u32, leaf: u32, items: usize, count: u32, sign: f64): void {
  countItems(agent, leaf, items, count, sign);
  touchAll(leaf, <i32>sign);
}

/** Books an allocation of items to a leaf on an agent; answers the holding. */
export function book(agent: u32, leaf: u32, items: usize, count: u32): usize {
  touchAll(leaf, 1);
  return rebook(agent, leaf, items, count);
}

/** Books what the leaf was given before in another form: no further allocation is counted. */
export function rebook(agent: u32, leaf: u32, items: usize, count: u32): usize {
  const framework = leafFramework(leaf);
  const role = leafRole(leaf);
  const earlier = findHolding(agent, framework, role);
  if (earlier != 0 && holdingLeaf(earlier) == 0) {
    countHolding(agent, earlier, leaf);
  }
  countItems(agent, leaf, items, count, 1);
  touchAll(leaf, 0);
  return take(agent, framework, role, leaf + 1, items, count);
}

/** Marks items as held on the agent, without counting them for a leaf or role. */
export function take(
  agent: u32,
  framework: u32,
  role: u32,
  leaf: u32,
  items: usize,
  count: u32,
): usize {
  let holding = findHolding(agent, framework, role);
  if (holding == 0) {
    holding = newHolding(agent, framework, role, leaf, count);
    if (leaf != 0) {
      countLink(leaf - 1);
    } else {
      countEarlyHolding(framework, 1);
    }
  }
  const ordered = (agentFlags(agent) & AGENT_ORDERED) != 0;
  for (let i: u32 = 0; i < count; i++) {
    const item = items + <usize>i * ITEM_SIZE;
    const kind = itemKind(item);
    hold(agent, kind, itemSet(item), itemAmount(item));
    holding = holdingAdd(agent, holding, kind, itemSet(item), itemAmount(item));
    if (ordered) {
      heldAdd(agent, role, kind, itemSet(item), itemAmount(item));
    }
  }
  return holding;
}

/** Takes items out of a holding and counts them off; the holding stays, even empty. */
export function unbook(agent: u32, holding: usize, row: usize): void {
  const role = holdingRole(holding);
  const ordered = (agentFlags(agent) & AGENT_ORDERED) != 0;
  for (let i: u32 = 0; i < rowCount(row); i++) {
    const item = rowItems(row) + <usize>i * ITEM_SIZE;
    const kind = itemKind(item);
    unhold(agent, role, kind, itemSet(item), itemAmount(item));
    holdingSubtract(holding, kind, itemSet(item), itemAmount(item));
    if (ordered) {
      heldSubtract(agent, role, kind, itemSet(item), itemAmount(item));
    }
  }
  const leaf = holdingLeaf(holding);
  if (leaf == 0) {
    return;
  }
  countItems(agent, leaf - 1, rowItems(row), rowCount(row), -1);
  touchAll(leaf - 1, 0);
}

/** One more holding counts for the leaf. */
function countLink(leaf: u32): void {
  const at = leafAt(leaf);
  store<u32>(at, load<u32>(at, 48) + 1, 48);
}

/** Counts what a holding already has for a leaf that was not known when it was made. */
export function countHolding(agent: u32, holding: usize, leaf: u32): void {
  const role = holdingRole(holding);
  const leafVector = nodeVector(leafNode(leaf));
  const own = ownNode(role);
  for (let i: u32 = 0; i < holdingCount(holding); i++) {
    const item = holdingItems(holding) + <usize>i * ITEM_SIZE;
    const kind = itemKind(item);
    const flags = kindFlags(kind);
    if (!isScalar(flags)) {
      continue;
    }
    const name = kindName(kind);
    const copies = (flags & SHARED) != 0 ? 1 : itemAmount(item);
    const amount = copies * kindUnit(kind);
    addValue(leafVector, name, amount);
    if ((flags & SHARED) != 0 && isHeldInRole(agent, role, kind)) {
      continue;
    }
    if (own != 0) {
      addValue(nodeVector(own - 1), name, amount);
    }
    countInTree(role, flags, name, amount);
    for (let at = role; at != 0; at = roleParent(at)) {
      addValue(nodeVector(roleNode(at) - 1), name, amount);
    }
    addValue(heldInAll(), name, amount);
  }
  setHoldingLeaf(holding, leaf + 1);
  countEarlyHolding(leafFramework(leaf), -1);
  countLink(leaf);
  touchAll(leaf, 1);
}

/** Adds the plain scalars of a list to what a role and its ancestors use for tasks. */
export function countUsed(role: u32, items: usize, count: u32, sign: f64): void {
  for (let i: u32 = 0; i < count; i++) {
    const item = items + <usize>i * ITEM_SIZE;
    const flags = kindFlags(itemKind(item));
    if (!isScalar(flags) || (flags & (RESERVED | REVOCABLE)) != 0) {
      continue;
    }
    const amount = sign * itemAmount(item) * kindUnit(itemKind(item));
    for (let at = role; at != 0; at = roleParent(at)) {
      addValue(usedPlainOf(at), kindName(itemKind(item)), amount);
    }
  }
}
